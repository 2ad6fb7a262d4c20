//! A message in the shape in which KakaoTalk shows it.

use maud::{Markup, html};

/// What is shown of a message.
#[derive(Debug, Clone, Copy)]
pub struct Bubble<'a> {
    /// The name of who sends it.
    pub sender: &'a str,
    /// What stands on the yellow line above it.
    pub heading: &'a str,
    /// The emphasised title, empty when there is none.
    pub title: &'a str,
    /// The line below the title, empty when there is none.
    pub subtitle: &'a str,
    /// The text.
    pub text: &'a str,
    /// The labels of the buttons.
    pub buttons: &'a [&'a str],
}

/// Draws it. What people typed is text.
#[must_use]
pub fn bubble(message: Bubble<'_>) -> Markup {
    html! {
        div.talk {
            p.talk-sender { (message.sender) }
            div.talk-bubble {
                div.talk-head { (message.heading) }
                @if !message.title.is_empty() {
                    p.talk-emphasis {
                        (message.title)
                        @if !message.subtitle.is_empty() { small { (message.subtitle) } }
                    }
                }
                div.talk-text { (message.text.replace("\r\n", "\n")) }
                @for button in message.buttons { span.talk-button { (button) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_is_text_and_nothing_else() {
        let drawn = bubble(Bubble {
            sender: "<b>",
            heading: "알림톡",
            title: "",
            subtitle: "",
            text: "<script>alert(1)</script>\r\n둘째 줄",
            buttons: &["\"><img>"],
        })
        .into_string();
        assert!(!drawn.contains("<script") && !drawn.contains("<img") && !drawn.contains("<b>"), "{drawn}");
        assert!(drawn.contains("&lt;/script&gt;\n둘째 줄"), "{drawn}");
    }
}
