//! Whether a finished message is what its template allows.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{settings::LineBreaks, templates::Template};

/// A button, as a template stores it and as `button_N` sends it. Older samples shorten the names of the links.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Button {
    /// Its place, from 1.
    pub ordering: u32,
    /// The caption.
    pub name: String,
    /// AC, DS, WL, AL, BK or MD.
    pub link_type: String,
    /// The same in Korean.
    pub link_type_name: String,
    /// Link on a phone.
    #[serde(alias = "linkM")]
    pub link_mo: String,
    /// Link on a computer.
    #[serde(alias = "linkP")]
    pub link_pc: String,
    /// iOS scheme.
    #[serde(alias = "linkI")]
    pub link_ios: String,
    /// Android scheme.
    #[serde(alias = "linkA")]
    pub link_and: String,
}

impl Button {
    /// Its links, filled in or not: on a phone, on a computer, iOS, Android.
    #[must_use]
    pub fn links(&self) -> [&str; 4] {
        [&self.link_mo, &self.link_pc, &self.link_ios, &self.link_and]
    }
}

/// What `button_N` and `tpl_button` hold.
#[derive(Deserialize)]
struct Buttons {
    button: Vec<Button>,
}

/// Reads `{"button":[...]}`. `None` when it is no such thing.
#[must_use]
pub fn parse_buttons(json: &str) -> Option<Vec<Button>> {
    let Buttons { mut button } = serde_json::from_str(json).ok()?;
    for (ordering, button) in (1..).zip(&mut button) {
        button.ordering = ordering;
    }
    Some(button)
}

/// What Kakao shows for a type of link.
#[must_use]
pub fn link_type_name(link_type: &str) -> &'static str {
    match link_type {
        "AC" => "채널추가",
        "DS" => "배송조회",
        "WL" => "웹링크",
        "AL" => "앱링크",
        "BK" => "봇키워드",
        "MD" => "메시지전달",
        _ => "",
    }
}

/// What a sender hands over for one receiver, as far as the template has a say in it.
#[derive(Debug, Clone, Copy)]
pub struct Finished<'a> {
    /// `message_N`.
    pub message: &'a str,
    /// `emtitle_N`.
    pub emtitle: Option<&'a str>,
    /// `button_N`, read; `None` when it is no JSON of buttons, empty when there is none.
    pub buttons: Option<&'a [Button]>,
}

/// A template, taken apart once for all receivers of a call.
pub struct Pattern<'a> {
    template: &'a Template,
    line_breaks: LineBreaks,
    text: Vec<Cow<'a, str>>,
    title: Vec<Cow<'a, str>>,
    links: Vec<[Vec<Cow<'a, str>>; 4]>,
}

impl<'a> Pattern<'a> {
    /// Takes a template apart.
    #[must_use]
    pub fn new(template: &'a Template, line_breaks: LineBreaks) -> Self {
        let whole = |text: &'a str| literals(text).into_iter().map(Cow::Borrowed).collect();
        let text = match line_breaks {
            LineBreaks::Exact => whole(&template.templt_content),
            LineBreaks::Either => {
                literals(&plain(&template.templt_content)).into_iter().map(|part| part.to_owned().into()).collect()
            }
        };
        let links = template.buttons.iter().map(|button| button.links().map(whole)).collect();
        Self { template, line_breaks, text, title: whole(&template.templt_title), links }
    }

    /// Whether a finished message is what the template allows. If not, its `rslt` is U.
    #[must_use]
    pub fn allows(&self, sent: &Finished<'_>) -> bool {
        let text_agrees = match self.line_breaks {
            LineBreaks::Exact => fits_parts(&self.text, sent.message),
            LineBreaks::Either => fits_parts(&self.text, &plain(sent.message)),
        };
        let title_agrees = match (self.template.template_em_type.as_str(), sent.emtitle) {
            ("TEXT", Some(title)) => fits_parts(&self.title, title),
            ("TEXT", None) => false,
            (_, title) => title.is_none(),
        };
        text_agrees && title_agrees && sent.buttons.is_some_and(|buttons| self.allows_buttons(buttons))
    }

    fn allows_buttons(&self, sent: &[Button]) -> bool {
        let approved = &self.template.buttons;
        sent.len() == approved.len()
            && approved.iter().zip(&self.links).zip(sent).all(|((approved, links), sent)| {
                approved.name == sent.name
                    && approved.link_type == sent.link_type
                    && links.iter().zip(sent.links()).all(|(pattern, link)| fits_parts(pattern, link))
            })
    }

    /// The last path segment of the link that differs from receiver to receiver: of the first button link with a variable,
    /// otherwise of the first link in the text that is not the template's own. It is where Dangol puts the link token.
    #[must_use]
    pub fn link_token(&self, sent: &Finished<'_>) -> Option<String> {
        let sent_buttons = sent.buttons.unwrap_or_default();
        let varies = |(link, parts): &(&str, &Vec<Cow<'_, str>>)| parts.len() > 1 && !link.is_empty();
        let in_button = self.links.iter().zip(sent_buttons).find_map(|(parts, button)| {
            let links = button.links().into_iter().zip(parts);
            links.into_iter().find(varies).map(|(link, _)| link)
        });
        let in_text = || links_in(sent.message).find(|link| !self.template.templt_content.contains(link));
        last_segment(in_button.or_else(in_text)?)
    }
}

/// The token of a message whose template is not known: of its first link, in a button or in the text.
#[must_use]
pub fn any_link_token(sent: &Finished<'_>) -> Option<String> {
    let in_button = sent.buttons.unwrap_or_default().iter().flat_map(Button::links).find(|link| !link.is_empty());
    last_segment(in_button.or_else(|| links_in(sent.message).next())?)
}

fn last_segment(link: &str) -> Option<String> {
    let (_, rest) = link.split_once("://")?;
    let path = rest.split(['?', '#']).next()?;
    path.rsplit_once('/').map(|(_, segment)| segment.to_owned()).filter(|segment| !segment.is_empty())
}

/// The web links in a text.
fn links_in(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("http").filter_map(|(at, _)| {
        let link = text[at..].split(char::is_whitespace).next()?;
        (link.starts_with("https://") || link.starts_with("http://")).then_some(link)
    })
}

fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Whether `text` is `pattern` with every `#{variable}` replaced by something (or by nothing).
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    fits_parts(&literals(pattern), text)
}

/// The same for the fixed parts of a pattern.
fn fits_parts(literals: &[impl AsRef<str>], text: &str) -> bool {
    let Some((first, others)) = literals.split_first() else {
        return text.is_empty();
    };
    let Some(mut rest) = text.strip_prefix(first.as_ref()) else {
        return false;
    };
    let Some((last, middle)) = others.split_last() else {
        return rest.is_empty();
    };
    for literal in middle {
        match rest.split_once(literal.as_ref()) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last.as_ref())
}

/// The fixed parts between the variables of a pattern; one more than there are variables.
fn literals(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut search = 0;
    while let Some(open) = pattern[search..].find("#{") {
        let open = search + open;
        let Some(close) = pattern[open..].find('}') else {
            break;
        };
        parts.push(&pattern[from..open]);
        from = open + close + 1;
        search = from;
    }
    parts.push(&pattern[from..]);
    parts
}

/// The number of variables in a text.
#[must_use]
pub fn count_variables(text: &str) -> usize {
    literals(text).len() - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_fits_when_only_variables_differ() {
        assert!(fits("#{고객명}님, #{날짜}에 뵙겠습니다.", "김단골님, 3일에 뵙겠습니다."));
        assert!(fits("안녕하세요", "안녕하세요"));
        assert!(fits("#{a}#{b}", ""));
        assert!(fits("a#{x}a", "aa"));
        assert!(fits("", ""));
    }

    #[test]
    fn a_text_with_other_words_or_breaks_does_not_fit() {
        assert!(!fits("#{고객명}님 안녕", "김단골님 안녕!"));
        assert!(!fits("가\r\n나", "가\n나"));
        assert!(!fits("a#{x}a", "a"));
        assert!(!fits("가#{x}나#{y}다", "가다나"));
        assert!(!fits("", "무언가"));
    }

    #[test]
    fn an_unclosed_variable_is_only_text() {
        assert!(fits("값: #{x", "값: #{x"));
        assert_eq!(count_variables("#{a}, #{b} #{c"), 2);
    }

    #[test]
    fn both_spellings_of_a_buttons_links_are_read() {
        let new =
            r#"{"button":[{"name":"보기","linkType":"WL","linkTypeName":"웹링크","linkMo":"https://a.kr/c/1","linkPc":""}]}"#;
        let old =
            r#"{"button":[{"name":"보기","linkType":"WL","linkTypeName":"웹링크","linkM":"https://a.kr/c/1","linkP":""}]}"#;
        assert_eq!(parse_buttons(new), parse_buttons(old));
        assert_eq!(parse_buttons("{"), None);
        assert_eq!(parse_buttons("{}"), None);
    }

    #[test]
    fn the_link_token_is_the_last_segment_of_the_path() {
        let token = |link: &str| {
            let button = Button { link_mo: link.to_owned(), ..Button::default() };
            any_link_token(&Finished { message: "", emtitle: None, buttons: Some(&[Button::default(), button]) })
        };
        assert_eq!(token("https://go.a.kr/c/Ab_9-x?u=1#f").as_deref(), Some("Ab_9-x"));
        assert_eq!(token("https://go.a.kr/"), None);
        assert_eq!(token("https://go.a.kr"), None);
        assert_eq!(token("no link"), None);
    }

    #[test]
    fn the_link_token_is_looked_for_where_the_template_varies() {
        let template: Template = serde_json::from_str(
            r#"{"templtCode":"T","templtName":"n","templtContent":"https://a.kr/home 안내 #{주소}",
                "buttons":[{"name":"홈","linkMo":"https://a.kr/home"},{"name":"보기","linkMo":"https://go.a.kr/c/#{link}"}]}"#,
        )
        .unwrap();
        let pattern = Pattern::new(&template, LineBreaks::Exact);
        let button = |link: &str| Button { link_mo: link.to_owned(), ..Button::default() };
        let message = "https://a.kr/home 안내 https://go.a.kr/c/text 끝";
        let buttons = [button("https://a.kr/home"), button("https://go.a.kr/c/button")];
        let sent = Finished { message, emtitle: None, buttons: Some(&buttons) };
        assert_eq!(pattern.link_token(&sent).as_deref(), Some("button"));
        assert_eq!(pattern.link_token(&Finished { buttons: None, ..sent }).as_deref(), Some("text"));
        assert_eq!(pattern.link_token(&Finished { buttons: None, message: "https://a.kr/home 안내", ..sent }), None);
        assert_eq!(any_link_token(&Finished { buttons: None, ..sent }).as_deref(), Some("home"));
    }
}
