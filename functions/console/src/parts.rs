//! What pages are put together from.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use maud::{Markup, PreEscaped, Render, html};

use crate::form::{CSRF_FIELD, Errors, Form};
use crate::site::Site;
use crate::visitor::Tone;

/// The hidden field that every form with `method="post"` needs.
#[must_use]
pub fn csrf(site: &Site) -> Markup {
    hidden(CSRF_FIELD, &site.visitor().csrf)
}

/// A hidden field.
#[must_use]
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A text above or between other things. Read out when it appears.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "pages write it as `notice(tone, html! { .. })`")]
pub fn notice(tone: Tone, content: Markup) -> Markup {
    let role = if tone == Tone::Bad { "alert" } else { "status" };
    html! { div.notice.(tone.class()) role=(role) { (content) } }
}

/// A word on a coloured ground: the word says what the colour says.
#[must_use]
pub fn badge(tone: Tone, word: &str) -> Markup {
    html! { span.badge.(tone.class()) { (word) } }
}

/// What stands above a form with errors: what is wrong with the whole, and links to the fields that are wrong. It takes the focus,
/// so that it is read out.
#[must_use]
pub fn error_summary(site: &Site, errors: &Errors) -> Markup {
    if errors.is_empty() {
        return html! {};
    }
    let words = &site.words().common;
    html! {
        div.notice.bad.summary role="alert" tabindex="-1" data-focus {
            @match errors.of_whole() {
                Some(text) => p { (text) },
                None => p { (words.check_the_fields) },
            }
            @if errors.fields().next().is_some() {
                ul {
                    @for (name, text) in errors.fields() { li { a href={ "#field-" (name) } { (text) } } }
                }
            }
        }
    }
}

/// Says that a form was brought back after its sender signed in again.
#[must_use]
pub fn restored(site: &Site, form: &Form) -> Markup {
    if !form.restored() {
        return html! {};
    }
    notice(Tone::Warning, html! { (site.words().common.form_restored) })
}

/// A field of a form with its label, hint and error.
#[must_use]
pub struct Field<'a> {
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    value: &'a str,
    hint: Option<&'a str>,
    error: Option<&'a str>,
    autocomplete: Option<&'a str>,
    input_mode: Option<&'a str>,
    max_length: Option<usize>,
    required: bool,
    rows: Option<u8>,
    options: Vec<(&'a str, &'a str)>,
    list: Option<&'a str>,
}

impl<'a> Field<'a> {
    /// A line of text, with what the form says about it.
    pub fn text(name: &'a str, label: &'a str, form: &'a Form, errors: &'a Errors) -> Self {
        Self {
            name,
            label,
            kind: "text",
            value: form.raw(name),
            hint: None,
            error: errors.at(name),
            autocomplete: None,
            input_mode: None,
            max_length: None,
            required: false,
            rows: None,
            options: Vec::new(),
            list: None,
        }
    }

    /// Another `type`: `email`, `password` (whose value is never shown again), `tel`, `url`, `number`, `datetime-local`, `search`.
    pub fn kind(mut self, kind: &'a str) -> Self {
        self.kind = kind;
        if kind == "password" {
            self.value = "";
        }
        self
    }

    /// Several lines.
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = Some(rows);
        self
    }

    /// A choice: values with what people read.
    pub fn options(mut self, options: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        self.options = options.into_iter().collect();
        self
    }

    /// What stands in it, when it is not what the form says.
    pub fn value(mut self, value: &'a str) -> Self {
        self.value = value;
        self
    }

    /// A word of help below the label.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// It must be filled in.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What browsers may fill in: `email`, `current-password`, `name`, `tel`, `one-time-code`.
    pub fn autocomplete(mut self, purpose: &'a str) -> Self {
        self.autocomplete = Some(purpose);
        self
    }

    /// Which keyboard a phone shows: `numeric`, `tel`.
    pub fn input_mode(mut self, mode: &'a str) -> Self {
        self.input_mode = Some(mode);
        self
    }

    /// The most characters it takes.
    pub fn max_length(mut self, characters: usize) -> Self {
        self.max_length = Some(characters);
        self
    }

    /// The id of a `datalist` with proposals.
    pub fn list(mut self, id: &'a str) -> Self {
        self.list = Some(id);
        self
    }
}

impl Render for Field<'_> {
    fn render(&self) -> Markup {
        let id = format!("field-{}", self.name);
        let (hint_id, error_id) = (format!("{id}-hint"), format!("{id}-error"));
        let described: Vec<_> =
            [self.hint.map(|_| hint_id.as_str()), self.error.map(|_| error_id.as_str())].into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let invalid = self.error.map(|_| "true");
        html! {
            div.field {
                label for=(id) { (self.label) @if self.required { span.required aria-hidden="true" { " *" } } }
                @if let Some(hint) = self.hint { p.hint id=(hint_id) { (hint) } }
                @if !self.options.is_empty() {
                    select id=(id) name=(self.name) required[self.required] aria-invalid=[invalid] aria-describedby=[described.as_deref()] {
                        @for (value, text) in &self.options { option value=(value) selected[*value == self.value] { (text) } }
                    }
                } @else if let Some(rows) = self.rows {
                    textarea id=(id) name=(self.name) rows=(rows) required[self.required] maxlength=[self.max_length]
                        aria-invalid=[invalid] aria-describedby=[described.as_deref()] { "\n" (self.value) }
                } @else {
                    input id=(id) name=(self.name) type=(self.kind) value=(self.value) required[self.required] maxlength=[self.max_length]
                        autocomplete=[self.autocomplete] inputmode=[self.input_mode] list=[self.list]
                        aria-invalid=[invalid] aria-describedby=[described.as_deref()];
                }
                @if let Some(error) = self.error { p.error id=(error_id) { (error) } }
            }
        }
    }
}

/// A box to tick.
#[must_use]
pub fn tick(name: &str, label: &str, ticked: bool, hint: Option<&str>) -> Markup {
    let id = format!("field-{name}");
    let hint_id = format!("{id}-hint");
    html! {
        div.field.tick {
            input type="checkbox" id=(id) name=(name) value="yes" checked[ticked] aria-describedby=[hint.map(|_| hint_id.as_str())];
            label for=(id) { (label) }
            @if let Some(hint) = hint { p.hint id=(hint_id) { (hint) } }
        }
    }
}

/// A button that asks once more before it does what it says: its form opens in a small window of its own, also without scripts.
/// `form` holds the fields; this adds the token, the button and the way back.
#[must_use]
pub fn confirm(site: &Site, id: &str, label: &str, question: &str, action: &str, form: &Markup) -> Markup {
    confirm_as(site, "danger", id, label, question, (action, form))
}

/// The same with a button of another class.
#[must_use]
pub fn confirm_as(site: &Site, class: &str, id: &str, label: &str, question: &str, (action, form): (&str, &Markup)) -> Markup {
    let class = format!("button {class}");
    let words = &site.words().common;
    let (title, text) = (format!("{id}-title"), format!("{id}-text"));
    html! {
        button type="button" class=(class) popovertarget=(id) { (label) }
        div.dialog #(id) popover="auto" role="dialog" aria-labelledby=(title) aria-describedby=(text) {
            h2 id=(title) { (label) }
            p id=(text) { (question) }
            form method="post" action=(action) {
                (csrf(site)) (form)
                div.actions {
                    button type="submit" class=(class) { (label) }
                    button.button type="button" popovertarget=(id) popovertargetaction="hide" { (words.close) }
                }
            }
        }
    }
}

/// Nothing is there yet: says why, and what to do next.
#[must_use]
pub fn empty(title: &str, text: &str, action: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            h2 { (title) }
            p { (text) }
            @if let Some((path, label)) = action { p { a.button.primary href=(path) { (label) } } }
        }
    }
}

/// A table that can be scrolled sideways, also by keys. `caption` says what it lists.
#[must_use]
pub fn table(caption: &str, head: &Markup, rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(caption) tabindex="0" {
            table { caption.visually-hidden { (caption) } thead { tr { (head) } } tbody { (rows) } }
        }
    }
}

/// Leads to the rest of a list, and back to its beginning. `path` has whatever filters there are.
#[must_use]
pub fn pager(site: &Site, path: &str, is_first: bool, next: Option<&str>) -> Markup {
    let words = &site.words().common;
    let joint = if path.contains('?') { '&' } else { '?' };
    html! {
        @if !is_first || next.is_some() {
            nav.pager aria-label=(words.pages) {
                @if !is_first { a.button href=(path) { (words.first_page) } }
                @if let Some(cursor) = next { a.button rel="next" href={ (path) (joint) "cursor=" (encoded(cursor)) } { (words.next_page) } }
            }
        }
    }
}

/// A value for a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A path with a query of those parameters that are not empty.
#[must_use]
pub fn address<'a>(path: &str, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = pairs.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// How far something is, with words beside the bar.
#[must_use]
pub fn progress(label: &str, done: u64, of: u64) -> Markup {
    html! {
        div.progress {
            progress max=(of.max(1)) value=(done.min(of.max(1))) aria-label=(label) {}
            span { (label) " " (number(done)) " / " (number(of)) }
        }
    }
}

/// `12,345`.
#[must_use]
pub fn number(value: impl Into<i128>) -> String {
    let value = value.into();
    let digits = value.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0 { format!("-{text}") } else { text }
}

/// `12.3%` of a numerator and a denominator; a dash when there is no denominator.
#[must_use]
pub fn share(numerator: u64, denominator: u64) -> String {
    if denominator == 0 {
        return "–".to_owned();
    }
    let tenths = (u128::from(numerator) * 1000 + u128::from(denominator) / 2) / u128::from(denominator);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// A moment on the clinic's clock: `2026-11-21 14:03`.
#[must_use]
pub fn moment(at: DateTime<Utc>, zone: &str) -> Markup {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::Asia::Seoul);
    html! { time datetime=(at.to_rfc3339()) { (at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()) } }
}

/// A day on the clinic's clock: `2026-11-21`.
#[must_use]
pub fn day(at: DateTime<Utc>, zone: &str) -> Markup {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::Asia::Seoul);
    html! { time datetime=(at.to_rfc3339()) { (at.with_timezone(&zone).format("%Y-%m-%d").to_string()) } }
}

/// A drawing that was made elsewhere (a chart, a QR code): it is put into the page as it is, so it must come from us.
#[must_use]
pub fn drawing(svg: String) -> Markup {
    PreEscaped(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0, 999, 1000, -1_234_567].map(|value: i64| number(value)), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!([share(0, 0), share(1, 3), share(2, 3), share(5, 5)], ["–", "33.3%", "66.7%", "100.0%"]);
    }

    #[test]
    fn a_moment_is_told_on_the_clinics_clock() {
        let at = "2026-11-20T15:30:00Z".parse().unwrap();
        assert!(moment(at, "Asia/Seoul").into_string().contains(">2026-11-21 00:30<"));
        assert!(day(at, "no zone").into_string().contains(">2026-11-21<"));
    }

    #[test]
    fn what_people_typed_stands_in_a_field_as_text() {
        let form = Form::with([("name", "\"><script>alert(1)</script>")]);
        let mut errors = Errors::none();
        errors.add("name", "<b>no</b>");
        let field = Field::text("name", "이름", &form, &errors).required().render().into_string();
        assert!(
            field.contains("value=\"&quot;&gt;&lt;script&gt;") && field.contains("&lt;b&gt;no") && !field.contains("<script")
        );
        assert!(field.contains("aria-invalid=\"true\" aria-describedby=\"field-name-error\""), "{field}");
    }

    #[test]
    fn an_address_keeps_what_is_not_empty() {
        assert_eq!(address("/customers", [("q", "김 단골"), ("group", "")]), "/customers?q=%EA%B9%80+%EB%8B%A8%EA%B3%A8");
        assert_eq!(address("/customers", [("q", "")]), "/customers");
    }
}
