//! A template as the provider shows it: whether it can be sent, and if not, why.

use crate::model::template::{Button, LINK_VARIABLE, variables};

/// What a template says, by the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The emphasised title has variables, which are not filled here.
    TitleVariables,
    /// A button's address has other variables than the link.
    ButtonVariables,
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
            Self::TitleVariables => (
                "title-variables",
                "강조 제목에 변수가 있는 템플릿은 아직 보낼 수 없습니다.",
                "Templates with variables in the emphasised title cannot be sent yet.",
            ),
            Self::ButtonVariables => (
                "button-variables",
                "버튼 링크에 #{link} 외의 변수가 있는 템플릿은 아직 보낼 수 없습니다.",
                "Templates whose buttons have variables other than #{link} cannot be sent yet.",
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
        if !variables(&self.emphasis_title).is_empty() {
            return Some(Obstacle::TitleVariables);
        }
        let others = |button: &Button| {
            let addresses = [&button.link_mo, &button.link_pc, &button.link_ios, &button.link_and];
            addresses.into_iter().any(|address| variables(address).into_iter().any(|name| name != LINK_VARIABLE))
        };
        self.buttons.iter().any(others).then_some(Obstacle::ButtonVariables)
    }
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
        }
    }

    #[test]
    fn an_approved_template_that_is_not_stopped_can_be_sent() {
        assert_eq!(template("APR", "A", "", "https://go.example.com/c/#{link}").obstacle(), None);
        assert_eq!(template("APR", "R", "예약 안내", "").obstacle(), None);
    }

    #[test]
    fn every_other_template_says_why_not() {
        for (inspection, status, title, address, why) in [
            ("REG", "R", "", "", Obstacle::NotSubmitted),
            ("REQ", "R", "", "", Obstacle::InReview),
            ("REJ", "R", "", "", Obstacle::Refused),
            ("", "A", "", "", Obstacle::UnknownReview),
            ("APR", "S", "", "", Obstacle::Stopped),
            ("APR", "A", "#{고객명}", "", Obstacle::TitleVariables),
            ("APR", "A", "", "https://a.kr/#{link}?n=#{고객명}", Obstacle::ButtonVariables),
        ] {
            assert_eq!(template(inspection, status, title, address).obstacle(), Some(why));
        }
    }
}
