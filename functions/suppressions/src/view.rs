//! What is shown of the ledger.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::suppressions::{Lifted, Named, Suppression};
use shared::http::Language;
use shared::model::state::SuppressionReason;
use shared::model::{CustomerId, PhoneNumber, StaffId, SuppressionId};
use utoipa::ToSchema;

/// A phone that must not be written to, whoever has it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Suppression)]
pub struct SuppressionView {
    /// The line of the ledger.
    pub id: SuppressionId,
    /// The phone.
    phone: PhoneNumber,
    /// The customer who has the phone now; absent when nobody has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<CustomerView>,
    /// Why, in plain words.
    #[schema(example = "받는 분이 수신을 거부했습니다.")]
    reason: String,
    /// Why, as a stable word: `asked`, `blocked` or `forgotten`; there may be more some day.
    #[schema(example = "asked")]
    reason_code: String,
    /// In the words of whoever added it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "전화로 요청하셨습니다.")]
    note: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// By whom.
    by: Adder,
}

/// The customer who has a phone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerOfPhone)]
struct CustomerView {
    /// The customer.
    id: CustomerId,
    /// What the clinic calls them.
    #[schema(example = "김단골")]
    name: String,
}

/// Who added a phone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SuppressedBy)]
struct Adder {
    kind: AdderKind,
    /// The staff member; only of kind `staff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff_id: Option<StaffId>,
    /// The name of the staff member; absent when they are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "이원장")]
    name: Option<String>,
}

/// What kind of somebody added a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = SuppressedByKind)]
enum AdderKind {
    /// A staff member.
    Staff,
    /// The system learnt it from the provider.
    System,
    /// A staff member, in the days before the ledger kept who it was.
    Unknown,
}

/// A suppression that was lifted: the phone may be written to, unless it was suppressed again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LiftedSuppression)]
pub struct LiftedView {
    #[serde(flatten)]
    pub suppression: SuppressionView,
    /// Until when.
    pub lifted_at: DateTime<Utc>,
    /// Who lifted it.
    lifted_by: Lifter,
    /// Why, in their words.
    #[schema(example = "본인이 다시 받기를 원하셨습니다.")]
    lifted_because: String,
}

/// Who lifted a suppression.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LiftedBy)]
struct Lifter {
    /// The staff member.
    id: StaffId,
    /// Their name; absent when they are gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "이원장")]
    name: Option<String>,
}

impl SuppressionView {
    pub fn new(line: Suppression, language: Language) -> Self {
        Self {
            id: line.id,
            phone: line.phone,
            customer: line.customer.and_then(|Named { id, name }| name.map(|name| CustomerView { id, name })),
            reason: plain(&line.reason, language),
            by: Adder::new(line.by, &line.reason),
            reason_code: line.reason,
            note: line.note,
            since: line.since,
        }
    }
}

impl LiftedView {
    pub fn new(line: Lifted, language: Language) -> Self {
        let Lifted { id, phone, customer, reason, note, since, by, lifted_at, lifted_by, because } = line;
        Self {
            suppression: SuppressionView::new(Suppression { id, phone, customer, reason, note, since, by }, language),
            lifted_at,
            lifted_by: Lifter { id: lifted_by.id, name: lifted_by.name },
            lifted_because: because,
        }
    }
}

impl Adder {
    fn new(by: Option<Named<StaffId>>, reason: &str) -> Self {
        match by {
            Some(Named { id, name }) => Self { kind: AdderKind::Staff, staff_id: Some(id), name },
            // Only people are told that somebody asked; only the provider tells that somebody blocked.
            None if reason == SuppressionReason::Blocked.as_str() => {
                Self { kind: AdderKind::System, staff_id: None, name: None }
            }
            None => Self { kind: AdderKind::Unknown, staff_id: None, name: None },
        }
    }
}

/// A stored reason in the reader's words; what this version does not know is shown as it is.
fn plain(reason: &str, language: Language) -> String {
    let text = reason.parse().map(|known| match known {
        SuppressionReason::Asked => language.choose("받는 분이 수신을 거부했습니다.", "The person asked not to be written to."),
        SuppressionReason::Blocked => {
            language.choose("받는 분이 카카오톡 채널을 차단했습니다.", "The person has blocked the channel in KakaoTalk.")
        }
        SuppressionReason::Forgotten => {
            language.choose("본인 요청으로 개인정보를 삭제했습니다.", "The person asked to be forgotten and was deleted.")
        }
    });
    text.unwrap_or(reason).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_words_of_its_own_in_both_languages() {
        for reason in SuppressionReason::ALL {
            let (ko, en) = (plain(reason.as_str(), Language::Korean), plain(reason.as_str(), Language::English));
            assert!(ko.ends_with('.') && en.is_ascii() && ko != en && en != reason.as_str());
        }
        assert_eq!(plain("of_tomorrow", Language::Korean), "of_tomorrow");
    }

    #[test]
    fn nobody_is_blamed_for_what_is_not_known() {
        assert_eq!(Adder::new(None, "blocked").kind, AdderKind::System);
        assert_eq!(Adder::new(None, "forgotten").kind, AdderKind::Unknown);
    }
}
