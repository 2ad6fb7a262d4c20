//! What is shown of a code.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use shared::db::referral_codes::manage::{Managed, Owner};
use shared::model::UserId;
use shared::model::console::ConsoleOrigin;
use utoipa::ToSchema;

/// Whose code it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = CodeOwner)]
pub enum CodeOwner {
    /// The clinic's own: a poster, a card at the desk.
    #[default]
    Clinic,
    /// A member's, who invites friends with it.
    Member,
}

/// Whether people can join with a code now, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CodeState {
    /// People can join with it.
    Usable,
    /// Staff have disabled it.
    Disabled,
    /// Its time is over.
    Expired,
    /// Whose code it is is no confirmed member at present.
    OwnerNotMember,
}

/// A referral code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralCodeView)]
pub struct CodeView {
    /// Eight characters that people can say and type.
    #[schema(example = "7K3M9QXF")]
    pub code: String,
    /// Where somebody is invited with it. `GET /v1/invitations/{code}/qr` draws this link.
    #[schema(example = "https://app.example.com/i/7K3M9QXF")]
    invite_link: String,
    owner: CodeOwner,
    /// Whose code it is; absent on the clinic's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<MemberOfCode>,
    /// What the clinic calls it; absent when it has no name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "접수대 QR")]
    label: Option<String>,
    state: CodeState,
    /// How many people have joined the clinic through it, also those who are members no more.
    #[schema(example = 12)]
    uses: i64,
    /// Since when it is disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_at: Option<DateTime<Utc>>,
    /// From when on it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The member whose code it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberOfCode {
    /// The person.
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "김단골")]
    name: String,
}

impl CodeView {
    pub fn new(code: Managed, console: &ConsoleOrigin, now: DateTime<Utc>) -> Self {
        let state = state(&code, now);
        let Managed { code, label, member, uses, disabled_at, expires_at, created_at } = code;
        Self {
            invite_link: console.invite_link(&code),
            owner: if member.is_some() { CodeOwner::Member } else { CodeOwner::Clinic },
            member: member.map(|Owner { user, name, .. }| MemberOfCode { user_id: user, name }),
            label: Some(label).filter(|label| !label.is_empty()),
            state,
            uses,
            disabled_at,
            expires_at,
            created_at,
            code,
        }
    }
}

/// The first reason, in the order in which staff can do something about it.
fn state(code: &Managed, now: DateTime<Utc>) -> CodeState {
    if code.disabled_at.is_some() {
        CodeState::Disabled
    } else if code.expires_at.is_some_and(|at| at <= now) {
        CodeState::Expired
    } else if code.member.as_ref().is_some_and(|owner| !owner.confirmed) {
        CodeState::OwnerNotMember
    } else {
        CodeState::Usable
    }
}
