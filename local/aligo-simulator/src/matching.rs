//! Whether a finished message is what its template allows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

/// Reads `{"button":[...]}`. `None` when it is no such thing.
#[must_use]
pub fn parse_buttons(json: &str) -> Option<Vec<Button>> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    let mut buttons: Vec<Button> = serde_json::from_value(value.get_mut("button")?.take()).ok()?;
    for (ordering, button) in (1..).zip(&mut buttons) {
        button.ordering = ordering;
    }
    Some(buttons)
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
    /// `button_N`.
    pub button_json: Option<&'a str>,
}

/// The `rslt` of a message that differs from its template, or `None` when it does not.
#[must_use]
pub fn mismatch(template: &Template, sent: &Finished<'_>, line_breaks: LineBreaks) -> Option<char> {
    let text_agrees = match line_breaks {
        LineBreaks::Exact => fits(&template.templt_content, sent.message),
        LineBreaks::Either => fits(&plain(&template.templt_content), &plain(sent.message)),
    };
    let title_agrees = match (template.template_em_type.as_str(), sent.emtitle) {
        ("TEXT", Some(title)) => fits(&template.templt_title, title),
        ("TEXT", None) => false,
        (_, title) => title.is_none(),
    };
    let agrees = text_agrees && title_agrees && buttons_agree(&template.buttons, sent.button_json);
    (!agrees).then_some('U')
}

fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

fn buttons_agree(approved: &[Button], button_json: Option<&str>) -> bool {
    let sent = match button_json {
        None => Some(Vec::new()),
        Some(json) => parse_buttons(json),
    };
    sent.is_some_and(|sent| {
        sent.len() == approved.len() && approved.iter().zip(&sent).all(|(approved, sent)| button_agrees(approved, sent))
    })
}

fn button_agrees(approved: &Button, sent: &Button) -> bool {
    approved.name == sent.name
        && approved.link_type == sent.link_type
        && fits(&approved.link_mo, &sent.link_mo)
        && fits(&approved.link_pc, &sent.link_pc)
        && fits(&approved.link_ios, &sent.link_ios)
        && fits(&approved.link_and, &sent.link_and)
}

/// Whether `text` is `pattern` with every `#{variable}` replaced by something (or by nothing).
#[must_use]
pub fn fits(pattern: &str, text: &str) -> bool {
    let literals = literals(pattern);
    let Some((first, others)) = literals.split_first() else {
        return text.is_empty();
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some((last, middle)) = others.split_last() else {
        return rest.is_empty();
    };
    for literal in middle {
        match rest.split_once(literal) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
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

/// The last path segment of the first button's link: where Dangol puts the link token.
#[must_use]
pub fn link_token(buttons: &[Button]) -> Option<String> {
    let link = buttons.iter().flat_map(|button| [&button.link_mo, &button.link_pc]).find(|link| !link.is_empty())?;
    let url = url::Url::parse(link).ok()?;
    let segment = url.path_segments()?.next_back()?.to_owned();
    (!segment.is_empty()).then_some(segment)
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
        let button = |link: &str| Button { link_mo: link.to_owned(), ..Button::default() };
        let token = |link: &str| link_token(&[Button::default(), button(link)]);
        assert_eq!(token("https://go.a.kr/c/Ab_9-x?u=1#f").as_deref(), Some("Ab_9-x"));
        assert_eq!(token("https://go.a.kr/"), None);
        assert_eq!(token("no link"), None);
        assert_eq!(link_token(&[]), None);
    }
}
