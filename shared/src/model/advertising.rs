//! Advertising (광고) by law: marked and refusable. It goes only to those who agreed, and never in [quiet](super::quiet) hours.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::model::customer::visible;
use crate::model::draft::Draft;
use crate::model::template::{LINK_VARIABLE, NAME_VARIABLE, fill};

/// What an advertisement begins with.
pub const MARK: &str = "(광고)";
/// What it has to name: how to refuse it free of charge.
pub const OPT_OUT: &str = "수신거부";

/// What an approved text lacks to be an advertisement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unmarked {
    /// It does not begin with [`MARK`].
    NoMark,
    /// It does not name [`OPT_OUT`].
    NoOptOut,
}

impl Unmarked {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoMark => "no-advertising-mark",
            Self::NoOptOut => "no-opt-out",
        }
    }

    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::NoMark => (
                "광고로 보내려면 승인된 문구나 강조 제목이 \"(광고)\"로 시작해야 합니다.",
                "To be sent as advertising, the approved text or its title must begin with the mark of advertising (in Korean, in \
                 brackets).",
            ),
            Self::NoOptOut => (
                "광고로 보내려면 승인된 문구에 무료 수신거부 방법(\"수신거부\")이 있어야 합니다.",
                "To be sent as advertising, the approved text must say how to refuse it free of charge.",
            ),
        }
    }
}

/// Whether a message says of itself that it is an advertisement: its text or its title begins with the mark, in whatever form it is
/// written, or with a variable for which the mark stands in.
#[must_use]
pub fn is_marked(draft: &Draft<'_>) -> bool {
    let stands_in = |name: &str| {
        let source = draft.sources.get(name).filter(|_| !matches!(name, NAME_VARIABLE | LINK_VARIABLE));
        source.and_then(|source| source.default.clone()).filter(|default| !default.trim().is_empty())
    };
    [draft.content, draft.emphasis_title].into_iter().any(|text| plain(text, stands_in).starts_with(MARK))
}

/// What the message lacks to be an advertisement; none when it has all. What is approved counts: not what fills its variables, nor
/// what these are called.
#[must_use]
pub fn lack(draft: &Draft<'_>) -> Option<Unmarked> {
    let [text, title] = [draft.content, draft.emphasis_title].map(|text| plain(text, |_| None));
    if !text.starts_with(MARK) && !title.starts_with(MARK) {
        return Some(Unmarked::NoMark);
    }
    if text.contains(OPT_OUT) || title.contains(OPT_OUT) { None } else { Some(Unmarked::NoOptOut) }
}

/// The text in plain letters without white space. What has no value is a dash.
fn plain(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let filled = fill(text, |name| Some(value(name).map_or(Cow::Borrowed("-"), Cow::Owned)));
    let seen: String = filled.unwrap_or_default().nfkc().collect();
    visible(&seen).split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::draft::{Source, Sources};

    fn draft<'a>(content: &'a str, emphasis_title: &'a str, sources: &'a Sources) -> Draft<'a> {
        Draft { content, emphasis_title, buttons: &[], sources }
    }

    #[test]
    fn an_advertisement_is_marked_and_says_how_to_refuse_it() {
        let lack = |content: &str, title: &str| lack(&draft(content, title, &Sources::new()));
        assert_eq!(lack("(광고) 새봄치과\r\n#{고객명}님\r\n무료 수신 거부 080-000-0000", ""), None);
        assert_eq!(lack("새봄치과 (광고) 수신거부 080", ""), Some(Unmarked::NoMark));
        assert_eq!(lack("새봄치과 수신거부 080", "（광고）봄맞이"), None);
        assert_eq!(lack("(광고) 새봄치과", ""), Some(Unmarked::NoOptOut));
        assert_eq!(
            lack("(광고) 새봄치과 #{수신거부}", ""),
            Some(Unmarked::NoOptOut),
            "the name of a variable is nothing that is said"
        );
        assert_eq!(lack("(광고) 새봄치과 수신#{방법}거부", ""), Some(Unmarked::NoOptOut));
    }

    #[test]
    fn the_mark_is_seen_in_whatever_form_it_is_written() {
        let is_marked = |content: &str, title: &str| is_marked(&draft(content, title, &Sources::new()));
        for text in [
            "(광고)",
            " (광고) 봄",
            "（광고）",
            "﹙광고﹚",
            "( 광 고 )",
            "\u{feff}(광\u{200b}고)",
            "(\u{1100}\u{116a}\u{11bc}\u{1100}\u{1169})",
        ] {
            assert!(is_marked(text, ""), "{text}");
            assert!(is_marked("새봄치과", text), "{text}");
        }
        for text in ["[광고]", "새봄치과 (광고)", "#{고객명}(광고)", "(#{광고})", ""] {
            assert!(!is_marked(text, "제목"), "{text}");
        }
    }

    #[test]
    fn a_variable_in_front_is_read_as_what_stands_in_for_it_and_is_no_approved_mark() {
        let source = |default: &str| Source { column: None, default: Some(default.to_owned()) };
        let sources = Sources::from([("분류".to_owned(), source("(광고)")), ("반".to_owned(), source("(광"))]);
        let marked = draft("#{분류} 새봄치과 수신거부 080", "", &sources);
        assert!(is_marked(&marked) && is_marked(&draft("#{반}고) 새봄치과", "", &sources)));
        assert_eq!(lack(&marked), Some(Unmarked::NoMark));
        let empty = Sources::from([("분류".to_owned(), source(" "))]);
        assert!(!is_marked(&draft("#{분류}(광고)", "", &empty)));
    }
}
