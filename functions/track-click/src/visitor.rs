//! Who follows a link.

use axum::http::{HeaderMap, HeaderName, Method, header};
use shared::model::click::{self, Visit};
use shared::model::state::ClickClass;

/// How much of the agent is kept, in characters.
const AGENT_LENGTH: usize = 300;
/// How much is kept of what a browser says about its purpose, in characters.
const PURPOSE_LENGTH: usize = 60;
/// Where browsers say that nobody looks yet: the standard, what came before it, and what Safari and Firefox said.
const PURPOSE: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Who follows a link, as it is stored.
pub struct Visitor {
    pub method: Method,
    pub agent: String,
    pub purpose: String,
    pub class: ClickClass,
    pub reason: &'static str,
}

impl Visitor {
    /// Classes are told from what is stored and nothing else, so that history can be classified again.
    pub fn of(method: Method, headers: &HeaderMap) -> Self {
        let agent = text(headers, &header::USER_AGENT, AGENT_LENGTH);
        let purposes = PURPOSE.map(|name| text(headers, &HeaderName::from_static(name), PURPOSE_LENGTH));
        let purpose = purposes.into_iter().find(|purpose| !purpose.is_empty()).unwrap_or_default();
        let (class, reason) = click::classify(Visit { method: method.as_str(), agent: &agent, purpose: &purpose });
        Self { method, agent, purpose, class, reason }
    }
}

/// A header as text. Bytes that are none become replacement characters, and so do characters that a queue does not take: a visit
/// that cannot be queued would be parked for ever.
fn text(headers: &HeaderMap, name: &HeaderName, most: usize) -> String {
    let Some(value) = headers.get(name) else { return String::new() };
    let text = String::from_utf8_lossy(value.as_bytes());
    text.chars().take(most).map(|character| if is_taken(character) { character } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// SQS takes the characters of XML 1.0.
const fn is_taken(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(headers: &[(&'static str, &str)]) -> Visitor {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Visitor::of(Method::GET, &headers.collect())
    }

    #[test]
    fn the_purpose_is_the_first_header_that_says_one() {
        assert_eq!(visitor(&[]).purpose, "");
        assert_eq!(visitor(&[("purpose", "prefetch")]).purpose, "prefetch");
        assert_eq!(visitor(&[("x-moz", "prefetch"), ("sec-purpose", "prefetch;prerender")]).purpose, "prefetch;prerender");
    }

    #[test]
    fn what_is_kept_of_a_visitor_is_bounded_in_characters() {
        let visitor = visitor(&[("user-agent", &"가".repeat(400)), ("purpose", &"나".repeat(70))]);
        assert_eq!((visitor.agent, visitor.purpose), ("가".repeat(300), "나".repeat(60)));
    }

    #[test]
    fn characters_that_a_queue_does_not_take_are_replaced() {
        let visitor = visitor(&[("user-agent", "a\u{FFFF}\t단골\u{FFFD}\u{10FFFF}"), ("purpose", "\u{FFFE}prefetch")]);
        assert_eq!((&*visitor.agent, &*visitor.purpose), ("a\u{FFFD}\t단골\u{FFFD}\u{10FFFF}", "\u{FFFD}prefetch"));
        assert!(('\0'..' ').all(|control| is_taken(control) == matches!(control, '\t' | '\n' | '\r')));
        assert!(('\u{7F}'..='\u{D7FF}').all(is_taken) && ('\u{E000}'..='\u{FFFD}').all(is_taken));
    }
}
