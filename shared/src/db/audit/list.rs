//! Reading the audit log, newest first.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use uuid::Uuid;

use crate::model::id::AuditId;
use crate::model::{ClinicId, StaffId};

/// Which lines are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Who did it.
    pub staff: Option<StaffId>,
    /// Whose data, or which list: the id without its prefix, which no two things share.
    pub subject: Option<Uuid>,
    /// What was done.
    pub action: Option<&'a str>,
    /// Not before. Both moments are of the years that the database knows.
    pub from: Option<DateTime<Utc>>,
    /// Before.
    pub to: Option<DateTime<Utc>>,
}

/// One line, with the names that its ids have today.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Entry {
    /// The line.
    pub id: AuditId,
    /// Who.
    pub staff_id: StaffId,
    /// What the clinic calls them.
    pub staff_name: String,
    /// When they ceased to work for the clinic, if they did.
    pub staff_removed_at: Option<NaiveDateTime>,
    /// What they did.
    pub action: String,
    /// What kind of thing the subject is.
    pub subject_kind: String,
    /// The subject, when it was about one.
    pub subject_id: Option<Uuid>,
    /// What the subject is called, as long as it is there.
    pub subject_name: Option<String>,
    /// How many people it was about.
    pub people: u32,
    /// When.
    pub created_at: NaiveDateTime,
}

/// The lines of a clinic that were written before the line `before`, newest first.
///
/// The lines of the page are found by an index first and get their names afterwards.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    wanted: &Filter<'_>,
    before: Option<AuditId>,
    limit: u32,
) -> Result<Vec<Entry>, sqlx::Error> {
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT a.id, a.staff_id, COALESCE(s.name, '') AS staff_name, s.removed_at AS staff_removed_at, a.action, a.subject_kind,
             a.subject_id, COALESCE(c.name, NULLIF(u.name, ''), o.name, w.name, v.name, g.name, k.name, i.file_name) AS subject_name, a.people, a.created_at
         FROM (SELECT clinic_id, id, staff_id, action, subject_kind, subject_id, people, created_at FROM audit_entries
               WHERE clinic_id = ",
    );
    query.push_bind(clinic);
    if let Some(staff) = wanted.staff {
        query.push(" AND staff_id = ").push_bind(staff);
    }
    if let Some(subject) = wanted.subject {
        query.push(" AND subject_id = ").push_bind(subject);
    }
    if let Some(action) = wanted.action {
        query.push(" AND action = ").push_bind(action);
    }
    // Ids begin with the time in milliseconds, so that every index is walked within the span only. The time of a line is taken after its
    // id: the line itself says whether it is within.
    if let Some(from) = wanted.from {
        query.push(" AND id >= ").push_bind(first_of(from - ID_BEFORE_LINE)).push(" AND created_at >= ").push_bind(from);
    }
    if let Some(to) = wanted.to {
        query.push(" AND id < ").push_bind(first_after(to)).push(" AND created_at < ").push_bind(to);
    }
    if let Some(before) = before {
        query.push(" AND id < ").push_bind(before);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    query.push(
        ") a
         LEFT JOIN staff s ON s.id = a.staff_id AND s.clinic_id = a.clinic_id
         LEFT JOIN customers c ON a.subject_kind = 'customer' AND c.clinic_id = a.clinic_id AND c.id = a.subject_id
         LEFT JOIN memberships m ON a.subject_kind = 'user' AND m.clinic_id = a.clinic_id AND m.user_id = a.subject_id
         LEFT JOIN users u ON u.id = m.user_id
         LEFT JOIN staff o ON a.subject_kind = 'staff' AND o.clinic_id = a.clinic_id AND o.id = a.subject_id
         LEFT JOIN staff_invitations v ON a.subject_kind = 'invitation' AND v.clinic_id = a.clinic_id AND v.id = a.subject_id
         LEFT JOIN staff w ON w.clinic_id = v.clinic_id AND w.id = v.accepted_by
         LEFT JOIN customer_groups g ON a.subject_kind = 'group' AND g.clinic_id = a.clinic_id AND g.id = a.subject_id
         LEFT JOIN campaigns k ON a.subject_kind = 'campaign' AND k.clinic_id = a.clinic_id AND k.id = a.subject_id
         LEFT JOIN imports i ON a.subject_kind = 'import' AND i.clinic_id = a.clinic_id AND i.id = a.subject_id
         ORDER BY a.id DESC",
    );
    query.build_query_as().fetch_all(connection).await
}

/// How far apart the time in a line's id and that of the line can be: they are taken one after the other.
const ID_BEFORE_LINE: TimeDelta = TimeDelta::seconds(1);

/// The least id of that millisecond.
fn first_of(at: DateTime<Utc>) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(u128::from(milliseconds) << 80)
}

/// The least id of the millisecond after that one.
fn first_after(at: DateTime<Utc>) -> Uuid {
    first_of(at + TimeDelta::milliseconds(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Ambient;
    use crate::testing::FixedClock;

    #[test]
    fn an_id_lies_between_the_bounds_of_its_moment() {
        let ambient = Ambient::seeded(FixedClock::new(), 1);
        let (id, now) = (AuditId::new(&ambient).uuid(), ambient.now());
        assert!(first_of(now) <= id && id < first_after(now));
        assert!(id < first_of(now + chrono::TimeDelta::milliseconds(1)));
        assert_eq!(first_of(DateTime::UNIX_EPOCH - chrono::TimeDelta::days(1)), Uuid::nil());
    }
}
