//! A message in the shape in which `KakaoTalk` shows it.

use maud::{Markup, html};

use super::draft::Draft;
use crate::words::templates::Templates;

/// The message that this draft makes. Variables stand out by their names.
pub fn bubble(words: &Templates, draft: &Draft) -> Markup {
    html! {
        div.talk-bubble #preview {
            div.talk-head { (words.arrived) }
            @if !draft.title.is_empty() {
                div.talk-emphasis {
                    (marked(&draft.title))
                    @if !draft.subtitle.is_empty() { small { (draft.subtitle) } }
                }
            }
            div.talk-text {
                @if draft.content.trim().is_empty() { span.talk-nothing { (words.nothing_yet) } } @else { (marked(draft.content.trim())) }
            }
            @for button in draft.buttons.iter().filter(|button| !button.name.is_empty()) { span.talk-button { (button.name) } }
        }
    }
}

/// A text whose variables stand out.
pub fn marked(text: &str) -> Markup {
    html! {
        @for (literal, variable) in pieces(text) {
            (literal) @if let Some(variable) = variable { mark.variable { (variable) } }
        }
    }
}

/// A text in pieces: what stands as it is, and the variable after it.
pub fn pieces(text: &str) -> Vec<(&str, Option<&str>)> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((literal, after)) = rest.split_once("#{") {
        let Some((name, tail)) = after.split_once('}') else { break };
        pieces.push((literal, Some(name)));
        rest = tail;
    }
    pieces.push((rest, None));
    pieces
}

#[cfg(test)]
mod tests {
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    #[test]
    fn variables_stand_out_and_all_else_is_text() {
        let text = marked("#{고객명}님 <b>#{예약일}</b> #{").into_string();
        assert_eq!(
            text,
            "<mark class=\"variable\">고객명</mark>님 &lt;b&gt;<mark class=\"variable\">예약일</mark>&lt;/b&gt; #{"
        );
    }

    #[test]
    fn a_message_without_words_says_so() {
        let words = &Words::of(Language::English).templates;
        assert!(bubble(words, &Draft::default()).into_string().contains(words.nothing_yet));
    }
}
