//! What we would send, compared with the approved template as the provider has it now: it may have been changed or stopped there
//! since it was last fetched, and a message that differs is refused only after it was sent.

use serde::Serialize;
use shared::db::campaigns::Campaign;
use shared::http::Language;
use shared::model::approval::Described;
use shared::model::template::{Button, LINK_VARIABLE};
use shared::model::wording::with_crlf;
use utoipa::ToSchema;

use crate::plan::Plan;
use crate::provider::Silence;

/// What was compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PreflightCompared)]
pub enum Compared {
    /// Whether the provider has the template, approved and not stopped.
    Template,
    /// The text, to the line break.
    Text,
    /// The emphasised title.
    Title,
    /// The buttons.
    Buttons,
    /// The host of the links whose visits are counted is the one at which they are answered.
    LinkHost,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PreflightOutcome)]
pub enum Outcome {
    /// It is the same.
    Same,
    /// It differs: what would be sent is not what is approved.
    Differs,
    /// There was nothing to compare it with.
    NotCompared,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PreflightCheck)]
pub struct Check {
    /// What was compared.
    #[serde(rename = "check")]
    compared: Compared,
    /// What came of it.
    pub outcome: Outcome,
    /// What is wrong and what to do, or why nothing was compared, in the caller's language.
    explanation: Option<String>,
}

/// What is compared with what.
pub struct Comparison<'a> {
    /// What we would send.
    pub plan: &'a Plan,
    /// What the provider has.
    pub shown: Result<Vec<Described>, Silence>,
    /// What stands before the token in our links; empty when it is not known.
    pub link_base: &'a str,
    /// The reader's.
    pub language: Language,
}

impl Comparison<'_> {
    /// All comparisons.
    pub fn checks(&self) -> Vec<Check> {
        let mut checks = match &self.shown {
            Err(silence) => {
                let why = silence.explained(self.language);
                let none = |compared| Check { compared, outcome: Outcome::NotCompared, explanation: Some(why.clone()) };
                [Compared::Template, Compared::Text, Compared::Title, Compared::Buttons].map(none).to_vec()
            }
            Ok(shown) => match shown.iter().find(|shown| shown.code == self.plan.described.code) {
                None => vec![self.differs(
                    Compared::Template,
                    "발송 대행사에 없는 템플릿입니다. 템플릿을 동기화해 확인해 주세요.",
                    "The provider does not have this template. Synchronise the templates.",
                )],
                Some(shown) => self.compare(shown),
            },
        };
        checks.push(self.link_host());
        checks
    }

    fn compare(&self, shown: &Described) -> Vec<Check> {
        let ours = &self.plan.described;
        let template = shown.obstacle().map_or_else(
            || same(Compared::Template),
            |obstacle| {
                let (ko, en) = obstacle.explanation();
                self.differs(Compared::Template, ko, en)
            },
        );
        let text = if shown.content == ours.content {
            same(Compared::Text)
        } else if with_crlf(&shown.content) == with_crlf(&ours.content) {
            self.differs(
                Compared::Text,
                "줄바꿈이 승인된 문구와 다릅니다. 템플릿을 동기화해 주세요.",
                "The line breaks differ from the approved text. Synchronise the templates.",
            )
        } else {
            self.differs(
                Compared::Text,
                "승인된 문구가 바뀌었습니다. 템플릿을 동기화해 주세요.",
                "The approved text has changed. Synchronise the templates.",
            )
        };
        let titles = |it: &Described| (it.emphasis_title.clone(), it.emphasis_subtitle.clone());
        let title = if titles(shown) == titles(ours) {
            same(Compared::Title)
        } else {
            self.differs(
                Compared::Title,
                "승인된 강조 제목이 바뀌었습니다. 템플릿을 동기화해 주세요.",
                "The approved title has changed. Synchronise the templates.",
            )
        };
        let buttons = if shown.buttons == ours.buttons {
            same(Compared::Buttons)
        } else {
            self.differs(
                Compared::Buttons,
                "승인된 버튼이 바뀌었습니다. 템플릿을 동기화해 주세요.",
                "The approved buttons have changed. Synchronise the templates.",
            )
        };
        vec![template, text, title, buttons]
    }

    fn link_host(&self) -> Check {
        let variable = format!("#{{{LINK_VARIABLE}}}");
        let Campaign { content, buttons, .. } = &self.plan.campaign;
        if self.link_base.is_empty() {
            let (ko, en) = ("링크 도메인이 설정되지 않았습니다.", "The domain of links is not set.");
            let explanation = Some(self.language.choose(ko, en).to_owned());
            return Check { compared: Compared::LinkHost, outcome: Outcome::NotCompared, explanation };
        }
        let expected = format!("{}/{variable}", self.link_base);
        let in_buttons = buttons.iter().flat_map(Button::addresses).filter(|address| address.contains(&variable));
        let mut in_buttons = in_buttons.map(|address| address.strip_prefix(&expected));
        if in_buttons.all(|rest| rest.is_some_and(ends_there)) && leads_there(content, &variable, &expected) {
            return same(Compared::LinkHost);
        }
        self.differs(
            Compared::LinkHost,
            "템플릿의 링크가 클릭을 받는 주소가 아니어서 열리지 않습니다. 이 주소로 승인받은 템플릿을 사용해 주세요.",
            "The template's link does not lead to where clicks are answered, so it would not open. Use a template that was approved \
             with that address.",
        )
    }

    fn differs(&self, compared: Compared, ko: &str, en: &str) -> Check {
        Check { compared, outcome: Outcome::Differs, explanation: Some(self.language.choose(ko, en).to_owned()) }
    }
}

/// Whether nothing comes behind the token of a link but what is no part of it.
fn ends_there(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| matches!(next, '?' | '#'))
}

/// Whether every link in a text is the expected one. White space ends it there.
fn leads_there(text: &str, variable: &str, expected: &str) -> bool {
    text.match_indices(variable).all(|(at, _)| {
        let (before, rest) = (&text[..at + variable.len()], &text[at + variable.len()..]);
        before.ends_with(expected) && (rest.starts_with(char::is_whitespace) || ends_there(rest))
    })
}

const fn same(compared: Compared) -> Check {
    Check { compared, outcome: Outcome::Same, explanation: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_go_on_behind_its_token_only_with_what_is_no_part_of_the_token() {
        let leads_there = |text: &str| leads_there(text, "#{link}", "https://go.example.com/c/#{link}");
        for text in ["", "새봄", "https://go.example.com/c/#{link}", "예약: https://go.example.com/c/#{link}?a=b\r\n감사합니다"]
        {
            assert!(leads_there(text), "{text}");
        }
        let good = "https://go.example.com/c/#{link}#top https://go.example.com/c/#{link} 입니다";
        assert!(leads_there(good));
        for text in [
            "#{link}",
            "https://old.example.com/c/#{link}",
            "https://go.example.com/c/#{link}/x",
            "https://go.example.com/c/#{link}에서",
            "https://go.example.com/c/x#{link}",
        ] {
            assert!(!leads_there(text) && !leads_there(&format!("{good} {text}")), "{text}");
        }
        assert!(ends_there("") && ends_there("?a=b") && ends_there("#top") && !ends_there("/x") && !ends_there("&a=b"));
    }
}
