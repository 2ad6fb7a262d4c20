//! The log of what staff did with whose data.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use shared::db::audit::{self, Entry, Filter, Subject};
use shared::http::{Caller, Cursor, Language, Page, Params, Problem, Staff};
use shared::model::id::{AuditId, InvitationId};
use shared::model::{CampaignId, CustomerId, GroupId, ImportId, StaffId, UserId};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Deps;
use crate::colleagues::foreign_cursor;
use crate::words::plain;

const MAX_ACTION: usize = 40;
/// Moments that a line can have.
const YEARS: RangeInclusive<i32> = 1970..=9999;

/// Which lines of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Asked {
    /// Only what this colleague did, who may work for the clinic no more.
    #[param(inline)]
    staff_id: Option<StaffId>,
    /// Only what was done with this: the id of a customer, a member, a colleague, an invitation, a group, an import or a campaign.
    subject: Option<String>,
    /// Only this action, by its stable name: `customer.export`.
    action: Option<String>,
    /// Not before this moment.
    from: Option<DateTime<Utc>>,
    /// Before this moment.
    to: Option<DateTime<Utc>>,
    /// Where the page before ended.
    cursor: Option<Cursor>,
    /// How many, at most 200; 50 unless said.
    limit: Option<u32>,
}

/// What somebody of the staff did with whose data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub struct EntryView {
    /// The line.
    id: AuditId,
    /// When.
    at: DateTime<Utc>,
    /// Who.
    staff: Actor,
    /// What, as a stable name.
    #[schema(example = "customer.export")]
    action: String,
    /// What, in the caller's language.
    #[schema(example = "고객 내보내기")]
    action_text: String,
    /// Whose data, or which list.
    subject: SubjectView,
    /// How many people it was about.
    people: u32,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct Actor {
    /// The colleague.
    id: StaffId,
    /// What the clinic calls them.
    name: String,
    /// Whether they work for the clinic no more.
    removed: bool,
}

/// Whose data it was, or which list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditSubject)]
struct SubjectView {
    /// `customer`, `user` (a member), `staff`, `invitation` (of a colleague), `group`, `import`, `campaign`, or `many` when it was
    /// about several people and no such list; there may be more some day.
    #[schema(example = "customer")]
    kind: String,
    /// Its id; null for many.
    #[schema(example = "cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e")]
    id: Option<String>,
    /// What it is called today; null when it is there no more. The log itself holds no names.
    name: Option<String>,
}

/// Lists what staff did with whose data, newest first
///
/// Only an owner may do this, and doing it is a line of the log, too. Names are those of today: the log itself holds ids.
#[utoipa::path(get, path = "/v1/audit", operation_id = "listAudit", responses((status = 200, body = Page<EntryView>)))]
pub async fn list(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    language: Language,
    Params(asked): Params<Asked>,
) -> Result<Json<Page<EntryView>>, Problem> {
    let limit = Page::<EntryView>::limit(asked.limit);
    let before = asked.cursor.as_ref().map(|cursor| cursor.0.parse()).transpose().map_err(|_| foreign_cursor())?;
    let wanted = asked.filter()?;
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    staff.require_owner()?;
    let found = audit::list(&mut connection, staff.clinic, &wanted, before, limit + 1).await?;
    let views = found.into_iter().map(|entry| EntryView::new(entry, language)).collect();
    let page = Page::cut(views, limit, |last: &EntryView| last.id.to_string());
    let count = page.items.len();
    audit::record(&mut connection, &deps.ambient, &staff, "audit.list", Subject::Many, count).await?;
    tracing::info!(event = "audit.read", staff.id = %staff.id, count, "audit log listed");
    Ok(Json(page))
}

impl Asked {
    fn filter(&self) -> Result<Filter<'_>, Problem> {
        let subject = self.subject.as_deref().map(|text| {
            uuid_of(text).ok_or_else(|| {
                let en = "the id of a customer, a member, a colleague, an invitation, a group, an import or a campaign";
                Problem::invalid("subject", "고객, 단골, 직원, 초대, 그룹, 대량 등록, 발송의 식별자를 입력해 주세요.", en)
            })
        });
        if self.action.as_deref().is_some_and(|action| !(1..=MAX_ACTION).contains(&action.len()) || !action.is_ascii()) {
            return Err(Problem::invalid("action", "작업의 이름이 아닙니다.", "not the name of an action"));
        }
        for (field, at) in [("from", self.from), ("to", self.to)] {
            if at.is_some_and(|at| !YEARS.contains(&at.year())) {
                return Err(Problem::invalid(field, "1970년부터 9999년까지 입력할 수 있습니다.", "a year from 1970 to 9999"));
            }
        }
        let (subject, action) = (subject.transpose()?, self.action.as_deref());
        Ok(Filter { staff: self.staff_id, subject, action, from: self.from, to: self.to })
    }
}

/// What stands in an id of any of the kinds that a line can be about.
fn uuid_of(text: &str) -> Option<Uuid> {
    let customer = text.parse().map(CustomerId::uuid).ok();
    customer
        .or_else(|| text.parse().map(UserId::uuid).ok())
        .or_else(|| text.parse().map(StaffId::uuid).ok())
        .or_else(|| text.parse().map(InvitationId::uuid).ok())
        .or_else(|| text.parse().map(GroupId::uuid).ok())
        .or_else(|| text.parse().map(ImportId::uuid).ok())
        .or_else(|| text.parse().map(CampaignId::uuid).ok())
}

/// The id of a line's subject as the API spells it.
fn spelled(kind: &str, id: Uuid) -> String {
    match kind {
        "customer" => CustomerId::from_uuid(id).to_string(),
        "user" => UserId::from_uuid(id).to_string(),
        "staff" => StaffId::from_uuid(id).to_string(),
        "invitation" => InvitationId::from_uuid(id).to_string(),
        "group" => GroupId::from_uuid(id).to_string(),
        "import" => ImportId::from_uuid(id).to_string(),
        "campaign" => CampaignId::from_uuid(id).to_string(),
        _ => id.simple().to_string(),
    }
}

impl EntryView {
    fn new(entry: Entry, language: Language) -> Self {
        let removed = entry.staff_removed_at.is_some();
        let id = entry.subject_id.map(|id| spelled(&entry.subject_kind, id));
        Self {
            id: entry.id,
            at: entry.created_at.and_utc(),
            staff: Actor { id: entry.staff_id, name: entry.staff_name, removed },
            action_text: plain(&entry.action, language),
            action: entry.action,
            subject: SubjectView { kind: entry.subject_kind, id, name: entry.subject_name },
            people: entry.people,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_every_kind_reads_back_what_is_spelled() {
        let id = Uuid::from_u128(0x0199_d1c0_a5f0_7b3c_8e2d_4f6a_1b3c_5d7e);
        for kind in ["customer", "user", "staff", "invitation", "group", "import", "campaign"] {
            assert_eq!(uuid_of(&spelled(kind, id)), Some(id), "{kind}");
        }
        assert_eq!(uuid_of("cli_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"), None);
        assert_eq!(uuid_of(&spelled("of tomorrow", id)), None);
    }
}
