//! The messages of a campaign: who got what, and what became of it, narrowed down in several ways.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::known::{Campaign, Totals, message_tone};
use crate::api::{Call, List};
use crate::form::{Errors, Form};
use crate::page::Shell;
use crate::parts::{self, Field};
use crate::site::Person;

/// How much of a text stands in the table; all of it is on the message's own page.
const EXCERPT: usize = 300;
/// How much of it is seen before one opens it.
const GLIMPSE: usize = 24;

/// Which messages.
#[derive(Debug, Default, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    group: String,
    #[serde(default)]
    clicked: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    cursor: String,
}

/// One of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    number: u32,
    customer_id: Option<String>,
    group_id: Option<String>,
    name: String,
    phone: String,
    text: Option<String>,
    state: String,
    state_text: String,
    reason: Option<String>,
    sent_at: Option<DateTime<Utc>>,
    first_click_at: Option<DateTime<Utc>>,
}

impl Wanted {
    /// Without what is no state, and no answer to a question.
    pub fn tidy(mut self) -> Self {
        if !Totals::default().by_state().iter().any(|(state, _)| *state == self.state) {
            self.state.clear();
        }
        if !["true", "false"].contains(&self.clicked.as_str()) {
            self.clicked.clear();
        }
        self.q = self.q.trim().chars().take(50).collect();
        self
    }

    /// The question to the API.
    pub fn of(&self, call: Call) -> Call {
        call.query("limit", 50)
            .maybe("state", Some(&self.state))
            .maybe("reason", Some(&self.reason))
            .maybe("groupId", Some(&self.group))
            .maybe("clicked", Some(&self.clicked))
            .maybe("q", Some(&self.q))
            .maybe("cursor", Some(&self.cursor))
    }

    fn is_narrowed(&self) -> bool {
        [&self.state, &self.reason, &self.group, &self.clicked, &self.q].iter().any(|text| !text.is_empty())
    }

    fn pairs(&self) -> [(&'static str, &str); 5] {
        [("state", &self.state), ("reason", &self.reason), ("group", &self.group), ("clicked", &self.clicked), ("q", &self.q)]
    }
}

/// The part of the page.
pub fn section(site: &Person, shell: &Shell, campaign: &Campaign, wanted: &Wanted, list: &List<Message>) -> Markup {
    let words = &site.words().campaigns;
    let path = format!("/campaigns/{}", parts::encoded(&campaign.id));
    let here = parts::address(&path, wanted.pairs());
    html! {
        section #messages {
            h2 { (words.every_message) }
            @if campaign.messages.requested == 0 && !wanted.is_narrowed() { p.muted { (words.no_messages_yet) } }
            @else {
                (filters(site, campaign, wanted, &path))
                (export(site, wanted, &path))
                @if list.items.is_empty() {
                    p.muted { @if list.next_cursor.is_some() { (words.none_in_this_part) } @else { (words.no_such_messages) } }
                } @else { (table(site, shell, campaign, &path, &list.items)) }
                (parts::pager(site, &here, wanted.cursor.is_empty(), list.next_cursor.as_deref()))
            }
        }
    }
}

fn filters(site: &Person, campaign: &Campaign, wanted: &Wanted, path: &str) -> Markup {
    let (words, common) = (&site.words().campaigns, &site.words().common);
    let states = Totals::default().by_state();
    let states = states.iter().map(|(state, _)| (*state, words.message_state(state)));
    let reasons = campaign.failures.iter().chain(&campaign.unknowns).chain(&campaign.excluded);
    let reasons: Vec<_> = reasons.map(|reason| (reason.reason_code.as_str(), reason.reason.as_str())).collect();
    let groups = campaign
        .groups
        .iter()
        .filter_map(|group| Some((group.id.as_deref()?, group.name.as_deref().unwrap_or(words.group_gone))));
    let groups: Vec<_> = groups.collect();
    let all = || std::iter::once(("", words.all));
    let form = Form::with([
        ("state", wanted.state.as_str()),
        ("reason", wanted.reason.as_str()),
        ("group", wanted.group.as_str()),
        ("clicked", wanted.clicked.as_str()),
        ("q", wanted.q.as_str()),
    ]);
    let none = Errors::none();
    html! {
        form.search.message-filters method="get" action={ (path) "#messages" } role="search" aria-label=(words.filters) {
            (Field::text("q", words.search_people, &form, &none).kind("search").max_length(50))
            (Field::text("state", common.state, &form, &none).options(all().chain(states)))
            @if !reasons.is_empty() { (Field::text("reason", words.reason, &form, &none).options(all().chain(reasons))) }
            @if groups.len() > 1 { (Field::text("group", words.group, &form, &none).options(all().chain(groups))) }
            @if campaign.destination.is_some() {
                (Field::text("clicked", words.clicked, &form, &none)
                    .options(all().chain([("true", words.did_click), ("false", words.did_not_click)])))
            }
            button.button type="submit" { (common.search) }
            @if wanted.is_narrowed() { a.plain-link href={ (path) "#messages" } { (common.reset) } }
        }
    }
}

/// A file of them. What the API does not narrow down by is not part of the file, and the button says so.
fn export(site: &Person, wanted: &Wanted, path: &str) -> Markup {
    let words = &site.words().campaigns;
    html! {
        form method="post" action={ (path) "/export" } {
            (parts::csrf(site))
            @for (name, value) in wanted.pairs() { @if ["state", "group", "clicked"].contains(&name) { (parts::hidden(name, value)) } }
            div.actions {
                span.muted { (words.export) }
                button.button.small type="submit" name="format" value="xlsx" { "Excel" }
                button.button.small type="submit" name="format" value="csv" { "CSV" }
                @if !wanted.q.is_empty() || !wanted.reason.is_empty() { span.small.muted { (words.export_is_wider) } }
            }
        }
    }
}

fn table(site: &Person, shell: &Shell, campaign: &Campaign, path: &str, list: &[Message]) -> Markup {
    let (words, common) = (&site.words().campaigns, &site.words().common);
    let group = |id: Option<&str>| {
        let known = campaign.groups.iter().find(|group| group.id.as_deref() == id);
        known.and_then(|group| group.name.as_deref()).unwrap_or("–")
    };
    let has_groups = campaign.groups.len() > 1;
    let head = html! {
        th.number { (words.number) } th { (words.recipient) }
        @if has_groups { th { (words.group) } }
        th { (common.state) } th { (words.text) } th { (words.sent_at) } th { (words.opened_at) }
    };
    let rows = html! {
        @for message in list {
            tr {
                td.number { a href={ (path) "/messages/" (message.number) } aria-label=(words.message_number.replace("{}", &message.number.to_string())) { (message.number) } }
                th scope="row" {
                    @match &message.customer_id {
                        Some(id) => a href={ "/customers/" (id) } { (message.name) },
                        None => (message.name),
                    }
                    br; span.muted.light.nowrap { (message.phone) }
                }
                @if has_groups { td.group { (group(message.group_id.as_deref())) } }
                td.message-state {
                    (parts::badge(message_tone(&message.state), &message.state_text))
                    @if let Some(reason) = &message.reason { br; span.small { (reason) } }
                }
                td.message-text { (text(words.see_all, message, path)) }
                td.nowrap { @match message.sent_at { Some(at) => (parts::moment(at, &shell.zone)), None => "–" } }
                td.nowrap { @match message.first_click_at { Some(at) => (parts::moment(at, &shell.zone)), None => "–" } }
            }
        }
    };
    parts::table(words.every_message, &head, &rows)
}

/// The beginning of a text, which opens.
fn text(see_all: &str, message: &Message, path: &str) -> Markup {
    let Some(text) = &message.text else { return html! { "–" } };
    let text = text.replace("\r\n", "\n");
    let line = text.replace('\n', " ");
    let cut = |text: &str, most: usize| {
        let short: String = text.chars().take(most).collect();
        if short.chars().count() < text.chars().count() { format!("{}…", short.trim_end()) } else { short }
    };
    html! {
        details {
            summary { (cut(&line, GLIMPSE)) }
            p.message-body { (cut(&text, EXCERPT)) }
            a href={ (path) "/messages/" (message.number) } { (see_all) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(state: &str, clicked: &str, q: &str) -> Wanted {
        Wanted { state: state.to_owned(), clicked: clicked.to_owned(), q: q.to_owned(), ..Wanted::default() }.tidy()
    }

    #[test]
    fn what_is_no_filter_narrows_nothing() {
        assert!(!wanted("<script>", "maybe", "  ").is_narrowed());
        assert!(wanted("failed", "", "").is_narrowed() && wanted("", "false", "").is_narrowed());
        assert_eq!(wanted("", "", &"가".repeat(60)).q.chars().count(), 50);
    }

    #[test]
    fn a_long_text_is_cut_in_the_table_and_leads_to_all_of_it() {
        let message = |text: &str| Message {
            number: 7,
            customer_id: None,
            group_id: None,
            name: String::new(),
            phone: String::new(),
            text: Some(text.to_owned()),
            state: "sent".to_owned(),
            state_text: String::new(),
            reason: None,
            sent_at: None,
            first_click_at: None,
        };
        let long = text("more", &message(&"<b>가</b>".repeat(200)), "/campaigns/c").into_string();
        assert!(long.contains("…") && long.contains("/campaigns/c/messages/7") && !long.contains("<b>"), "{long}");
        assert!(!text("more", &message("짧은 글"), "/campaigns/c").into_string().contains('…'));
    }
}
