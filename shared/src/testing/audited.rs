//! A look at the audit log, past the route that shows it.

use sqlx::MySqlPool;
use uuid::Uuid;

use crate::model::StaffId;

/// A line of the audit log: who, what, and whose.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Line {
    /// Who.
    pub staff_id: StaffId,
    /// What.
    pub action: String,
    /// What kind of thing the subject is.
    pub subject_kind: String,
    /// The subject, when it was about one.
    pub subject_id: Option<Uuid>,
    /// How many people it was about.
    pub people: u32,
}

impl Line {
    /// The line without who: action, kind of subject, subject and people.
    #[must_use]
    pub fn told(&self) -> (&str, &str, Option<Uuid>, u32) {
        (&self.action, &self.subject_kind, self.subject_id, self.people)
    }
}

/// All lines, in the order in which they were written.
///
/// # Panics
/// When the database does not answer.
pub async fn lines(pool: &MySqlPool) -> Vec<Line> {
    let lines = "SELECT staff_id, action, subject_kind, subject_id, people FROM audit_entries ORDER BY created_at, id";
    sqlx::query_as(lines).fetch_all(pool).await.expect("the database answers")
}

/// Takes all lines away, so that a test sees those of its next step alone.
///
/// # Panics
/// When the database does not answer.
pub async fn take(pool: &MySqlPool) -> Vec<Line> {
    let taken = lines(pool).await;
    sqlx::query("DELETE FROM audit_entries").execute(pool).await.expect("the database answers");
    taken
}

/// That no column of no line holds any of these texts: names, phones, and whatever else is personal.
///
/// # Panics
/// When one does.
pub async fn assert_nothing_of(pool: &MySqlPool, personal: &[&str]) {
    let whole = "SELECT CONCAT_WS('|', HEX(clinic_id), HEX(id), HEX(staff_id), action, subject_kind, HEX(subject_id), people, created_at)
                 FROM audit_entries";
    let whole: Vec<String> = sqlx::query_scalar(whole).fetch_all(pool).await.expect("the database answers");
    assert!(!whole.is_empty(), "there is no line to look at");
    for line in whole {
        assert!(!personal.iter().any(|text| line.contains(text)), "{line}");
    }
}
