//! A template as the provider shows it: whether it can be sent, and if not, why.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::model::template::{Button, variables};
use crate::model::wording::Wording;

/// A template falls dormant when it is not used for so long.
pub const DORMANT_AFTER: TimeDelta = TimeDelta::days(365);
/// How long before that the clinic is warned.
pub const WARNED_BEFORE: TimeDelta = TimeDelta::days(30);

/// What a template says, by the provider.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Described {
    /// The provider's code, unique within the clinic.
    pub code: String,
    /// What the clinic calls it.
    pub name: String,
    /// The text with its variables; line breaks as they were approved.
    pub content: String,
    /// The emphasised title, empty when there is none.
    pub emphasis_title: String,
    /// The buttons in their order.
    pub buttons: Vec<Button>,
    /// `REG`, `REQ`, `APR` or `REJ`.
    pub inspection: String,
    /// `S` stopped, `A` normal, `R` waiting.
    pub status: String,
    /// `BA`, `EX`, `AD` or `MI`.
    pub kind: String,
    /// `NONE`, `TEXT` or `IMAGE`.
    pub emphasis_kind: String,
    /// The line below the emphasised title, empty when there is none.
    pub emphasis_subtitle: String,
    /// What the reviewers wrote, oldest first.
    pub comments: Vec<Comment>,
    /// When the provider got it, to the second; none when it does not say.
    pub created_at: Option<DateTime<Utc>>,
}

/// What a reviewer of Kakao wrote about a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = TemplateComment)]
pub struct Comment {
    /// What is written.
    #[schema(example = "변수 #{내용}의 쓰임을 알 수 없습니다.")]
    pub text: String,
    /// The decision that it explains, in the provider's spelling; empty when there is none.
    #[schema(example = "REJ")]
    pub inspection: String,
    /// When it was written, to the second; none when the provider does not say.
    pub written_at: Option<DateTime<Utc>>,
}

/// How near a template is to falling dormant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dormancy {
    /// When it will have been a year without use.
    pub from: DateTime<Utc>,
    /// Whether that is less than 30 days away, or over.
    pub is_near: bool,
    /// Whether it is over.
    pub is_over: bool,
}

/// Why a template cannot be edited, submitted or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// It belongs to everybody.
    Shared,
    /// Kakao is looking at it.
    InReview,
    /// It is approved.
    Approved,
    /// It has a picture, which is not handled here.
    Picture,
    /// The provider says that it is not waiting.
    NotWaiting,
}

impl Fixed {
    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::Shared => {
                ("모든 병원이 함께 쓰는 템플릿은 고치거나 지울 수 없습니다.", "A shared template cannot be changed or deleted.")
            }
            Self::InReview => (
                "카카오에서 검수하고 있는 템플릿입니다. 검수가 끝난 뒤에 다시 시도해 주세요.",
                "Kakao is reviewing the template. Try again after the review.",
            ),
            Self::Approved => (
                "승인된 템플릿은 고치거나 지울 수 없습니다. 새 템플릿을 만들어 주세요.",
                "An approved template cannot be changed or deleted. Make a new one.",
            ),
            Self::Picture => (
                "이미지 강조형 템플릿은 발송 대행사 사이트에서 고쳐 주세요.",
                "A template with a picture is edited on the provider's site.",
            ),
            Self::NotWaiting => (
                "대기 상태가 아닌 템플릿은 고치거나 지울 수 없습니다. 다시 동기화해 보세요.",
                "The template is not waiting, so it cannot be changed or deleted. Synchronise again.",
            ),
        }
    }
}

/// Why a template cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Nobody has asked for its approval.
    NotSubmitted,
    /// Kakao is looking at it.
    InReview,
    /// Kakao refused it.
    Refused,
    /// It is in a state that this version does not know.
    UnknownReview,
    /// It was approved and then stopped.
    Stopped,
    /// A button's address has a variable before the end of its host: nobody knows where it would lead.
    VariableHost,
}

impl Obstacle {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        (self.words().1, self.words().2)
    }

    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NotSubmitted => (
                "not-submitted",
                "아직 검수를 요청하지 않은 템플릿입니다.",
                "The template has not been submitted for approval.",
            ),
            Self::InReview => ("in-review", "카카오에서 검수하고 있습니다.", "Kakao is reviewing the template."),
            Self::Refused => (
                "refused",
                "검수에서 반려되었습니다. 내용을 고쳐 다시 요청하세요.",
                "Kakao refused the template: change it and submit it again.",
            ),
            Self::UnknownReview => (
                "unknown-review",
                "검수 상태를 알 수 없습니다. 다시 동기화해 보세요.",
                "The review is in an unknown state: synchronise again.",
            ),
            Self::Stopped => ("stopped", "사용이 중지된 템플릿입니다.", "The template has been stopped."),
            Self::VariableHost => (
                "variable-host",
                "버튼 주소의 도메인까지 변수가 있는 템플릿은 보낼 수 없습니다.",
                "A button's address has a variable before the end of its host, so it cannot be sent.",
            ),
        }
    }
}

impl Described {
    /// Why it cannot be sent; none when it can. An approved template can show the status `R` and be sendable all the same.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self.inspection.as_str() {
            "APR" => {}
            "REG" => return Some(Obstacle::NotSubmitted),
            "REQ" => return Some(Obstacle::InReview),
            "REJ" => return Some(Obstacle::Refused),
            _ => return Some(Obstacle::UnknownReview),
        }
        if self.status == "S" {
            return Some(Obstacle::Stopped);
        }
        let variable_host = |button: &Button| {
            let [mobile, desktop, ios, android] = button.addresses();
            [mobile, desktop].into_iter().any(|address| begins_with_variable(address, true))
                || [ios, android].into_iter().any(|address| begins_with_variable(address, false))
        };
        self.buttons.iter().any(variable_host).then_some(Obstacle::VariableHost)
    }

    /// Why it cannot be submitted or deleted; none when it can.
    #[must_use]
    pub fn fixed(&self) -> Option<Fixed> {
        match self.inspection.as_str() {
            // The provider keeps these for all its clients.
            _ if self.code.starts_with(['D', 'P']) => Some(Fixed::Shared),
            "APR" => Some(Fixed::Approved),
            "REQ" => Some(Fixed::InReview),
            "REG" | "REJ" if self.status == "R" => None,
            _ => Some(Fixed::NotWaiting),
        }
    }

    /// Why it cannot be edited; none when it can.
    #[must_use]
    pub fn not_editable(&self) -> Option<Fixed> {
        self.fixed().or_else(|| (self.emphasis_kind == "IMAGE").then_some(Fixed::Picture))
    }

    /// When it falls dormant, if it is approved and it is known since when it waits: since it was last used, or since the provider
    /// has had it.
    #[must_use]
    pub fn dormancy(&self, last_used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<Dormancy> {
        let since = last_used_at.max(self.created_at).filter(|_| self.inspection == "APR")?;
        let from = since + DORMANT_AFTER;
        Some(Dormancy { from, is_near: now >= from - WARNED_BEFORE, is_over: now >= from })
    }

    /// What a clinic can change of it.
    #[must_use]
    pub fn wording(&self) -> Wording {
        Wording {
            name: self.name.clone(),
            content: self.content.clone(),
            kind: self.kind.clone(),
            emphasis_title: self.emphasis_title.clone(),
            emphasis_subtitle: self.emphasis_subtitle.clone(),
            buttons: self.buttons.clone(),
        }
    }

    /// The same with another wording, as the provider shows it before anybody asks for a review.
    #[must_use]
    pub fn reworded(&self, wording: &Wording) -> Self {
        let wording = wording.clone();
        Self {
            name: wording.name,
            content: wording.content,
            kind: wording.kind,
            emphasis_kind: if wording.emphasis_title.is_empty() { "NONE" } else { "TEXT" }.to_owned(),
            emphasis_title: wording.emphasis_title,
            emphasis_subtitle: wording.emphasis_subtitle,
            buttons: wording.buttons,
            inspection: "REG".to_owned(),
            status: "R".to_owned(),
            ..self.clone()
        }
    }
}

/// Whether a variable decides where an address leads: in front of its scheme, or of the end of its host.
fn begins_with_variable(address: &str, is_web: bool) -> bool {
    if variables(address).is_empty() {
        return false;
    }
    let fixed = address.split("#{").next().unwrap_or_default();
    let host = fixed.split_once("://").map(|(_, host)| host);
    host.is_none_or(|host| is_web && !host.contains(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(inspection: &str, status: &str, title: &str, address: &str) -> Described {
        Described {
            code: "T".to_owned(),
            name: "예약 안내".to_owned(),
            content: "#{고객명}님".to_owned(),
            emphasis_title: title.to_owned(),
            buttons: vec![Button { link_mo: address.to_owned(), ..Button::default() }],
            inspection: inspection.to_owned(),
            status: status.to_owned(),
            ..Described::default()
        }
    }

    #[test]
    fn an_approved_template_that_is_not_stopped_can_be_sent() {
        assert_eq!(template("APR", "A", "", "https://go.example.com/c/#{link}").obstacle(), None);
        assert_eq!(template("APR", "R", "예약 안내", "").obstacle(), None);
        assert_eq!(template("APR", "A", "#{고객명}님", "https://a.kr/#{link}?n=#{고객명}").obstacle(), None);
        assert_eq!(template("APR", "A", "", "https://a.kr?n=#{고객명}").obstacle(), None);
    }

    #[test]
    fn every_other_template_says_why_not() {
        for (inspection, status, title, address, why) in [
            ("REG", "R", "", "", Obstacle::NotSubmitted),
            ("REQ", "R", "", "", Obstacle::InReview),
            ("REJ", "R", "", "", Obstacle::Refused),
            ("", "A", "", "", Obstacle::UnknownReview),
            ("APR", "S", "", "", Obstacle::Stopped),
            ("APR", "A", "", "https://a.#{고객명}/#{link}", Obstacle::VariableHost),
            ("APR", "A", "", "https://#{주소}", Obstacle::VariableHost),
            ("APR", "A", "", "#{주소}", Obstacle::VariableHost),
        ] {
            assert_eq!(template(inspection, status, title, address).obstacle(), Some(why));
        }
    }

    #[test]
    fn only_what_waits_for_a_review_or_was_refused_can_be_changed() {
        let fixed = |inspection: &str, status: &str| template(inspection, status, "", "").fixed();
        assert_eq!((fixed("REG", "R"), fixed("REJ", "R")), (None, None));
        assert_eq!((fixed("APR", "R"), fixed("REQ", "R")), (Some(Fixed::Approved), Some(Fixed::InReview)));
        assert_eq!((fixed("REG", "S"), fixed("", "R")), (Some(Fixed::NotWaiting), Some(Fixed::NotWaiting)));
        let shared = Described { code: "D_1".to_owned(), ..template("REG", "R", "", "") };
        assert_eq!(shared.fixed(), Some(Fixed::Shared));
        let picture = Described { emphasis_kind: "IMAGE".to_owned(), ..template("REG", "R", "", "") };
        assert_eq!((picture.fixed(), picture.not_editable()), (None, Some(Fixed::Picture)));
    }

    #[test]
    fn a_year_without_use_is_announced_thirty_days_before() {
        let day = |text: &str| format!("{text}T00:00:00Z").parse::<DateTime<Utc>>().unwrap();
        let (made, used) = (day("2025-01-01"), day("2025-03-02"));
        let approved = Described { created_at: Some(made), ..template("APR", "A", "", "") };
        let at = |now: &str| approved.dormancy(Some(used), day(now)).map(|d| (d.from, d.is_near, d.is_over)).unwrap();
        let from = day("2026-03-02");
        assert_eq!(at("2026-01-30"), (from, false, false));
        assert_eq!(at("2026-01-31"), (from, true, false));
        assert_eq!(at("2026-03-02"), (from, true, true));
        assert_eq!(approved.dormancy(None, made).unwrap().from, day("2026-01-01"));
        assert_eq!(template("APR", "A", "", "").dormancy(None, made), None);
        assert_eq!(template("REG", "R", "", "").dormancy(Some(used), made), None);
    }
}
