//! What is shown of points.

use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::held_grants::Held;
use shared::db::point_entries::Line;
use shared::http::Language;
use shared::model::id::{HeldGrantId, PointEntryId};
use shared::model::state::{HeldState, HoldReason, PointReason};
use shared::model::{StaffId, UserId};
use utoipa::ToSchema;

/// A person by id and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PointsPerson)]
pub struct PersonView {
    /// The person.
    pub user_id: UserId,
    /// Their name; absent when they have withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "김단골")]
    name: Option<String>,
}

/// A member of the staff by id and name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PointsStaff)]
pub struct StaffView {
    /// The staff member.
    staff_id: StaffId,
    /// Their name; absent when nobody knows it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "이원장")]
    name: Option<String>,
}

impl StaffView {
    fn new((staff_id, name): (StaffId, Option<String>)) -> Self {
        Self { staff_id, name }
    }
}

/// A line of the ledger, as the clinic sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LedgerLine)]
pub struct LineView {
    /// The line.
    pub id: PointEntryId,
    /// Whose points.
    pub member: PersonView,
    reason: PointReason,
    /// By how much the balance moved; negative when points went away.
    #[schema(example = 1000)]
    amount: i32,
    /// What the member had after it; only where one member's lines are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3000)]
    balance: Option<i64>,
    /// Who of the staff wrote it; absent when the system did.
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<StaffView>,
    /// In the words of the staff.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "스케일링 할인")]
    note: String,
    /// The line that this one takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses: Option<PointEntryId>,
    /// The line that takes this one back; while it is absent, and `reverses` is, this one can be taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed_by: Option<PointEntryId>,
    /// When.
    at: DateTime<Utc>,
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        Self {
            id: line.id,
            member: PersonView { user_id: line.user, name: line.name },
            reason: line.reason,
            amount: line.amount,
            balance: line.balance,
            staff: line.staff.map(StaffView::new),
            note: line.note,
            reverses: line.reverses,
            reversed_by: line.reversed_by,
            at: line.created_at,
        }
    }
}

/// Points that are or were held for review.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HeldPoints)]
pub struct HeldView {
    /// Which.
    pub id: HeldGrantId,
    /// Who would earn them.
    pub member: PersonView,
    reason: PointReason,
    /// How many points.
    #[schema(example = 1000)]
    amount: u32,
    /// Whose joining they are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<PersonView>,
    /// Why somebody is to look at them, in plain words.
    #[schema(example = "하루에 지급하는 초대 수를 넘었습니다.")]
    held_because: String,
    /// The same as a stable word; there may be more some day.
    #[schema(value_type = String, example = "daily_cap")]
    held_because_code: HoldReason,
    state: HeldState,
    /// Who decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<StaffView>,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<DateTime<Utc>>,
    /// In the words of whoever decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(example = "확인했습니다.")]
    note: String,
    /// Since when they are held.
    at: DateTime<Utc>,
}

impl HeldView {
    pub fn new(held: Held, language: Language) -> Self {
        Self {
            id: held.id,
            member: PersonView { user_id: held.user, name: held.name },
            reason: held.reason,
            amount: held.amount,
            joined: held.joined.map(|(user_id, name)| PersonView { user_id, name }),
            held_because: plain(held.because, language).to_owned(),
            held_because_code: held.because,
            state: held.state,
            decided_by: held.decided_by.map(StaffView::new),
            decided_at: held.decided_at,
            note: held.note,
            at: held.created_at,
        }
    }
}

fn plain(because: HoldReason, language: Language) -> &'static str {
    let (ko, en) = match because {
        HoldReason::DailyCap => {
            ("하루에 바로 지급하는 초대 수를 넘었습니다.", "More invitations in a day than are paid without a look.")
        }
        HoldReason::TotalCap => {
            ("한 사람에게 바로 지급하는 초대 수를 넘었습니다.", "More invitations in all than are paid without a look.")
        }
        HoldReason::Burst => ("몇 분 사이에 많은 사람을 초대했습니다.", "Many people were invited within minutes."),
        HoldReason::Staff => ("초대한 사람이 병원 직원입니다.", "Whoever invited works for the clinic."),
        HoldReason::UnprovenPhone => ("새 단골이 휴대폰 번호를 인증하지 않았습니다.", "The new member has not proven a phone."),
    };
    language.choose(ko, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_to_hold_has_words_of_its_own_in_both_languages() {
        for reason in HoldReason::ALL {
            let (ko, en) = (plain(*reason, Language::Korean), plain(*reason, Language::English));
            assert!(ko.ends_with('.') && en.is_ascii() && ko != en);
        }
    }
}
