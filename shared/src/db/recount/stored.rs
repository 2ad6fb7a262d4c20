//! What the roll-up says.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

use super::{Column, Place, Sums, add};
use crate::db::hourly_totals::{Owner, WHOLE};
use crate::model::state::ClickClass;
use crate::model::{ClinicId, TemplateId};

struct TotalRow {
    scope: Uuid,
    part: Uuid,
    hour: NaiveDateTime,
    sent: i64,
    delivered: i64,
    failed: i64,
    human_clicks: i64,
    unique_clicks: i64,
    previews: i64,
    prefetches: i64,
    bots: i64,
    rejected: i64,
}

impl TotalRow {
    fn add_to(&self, sums: &mut Sums) {
        let place = Place { scope: self.scope, part: self.part, hour: self.hour.and_utc() };
        let numbers = [
            (Column::Sent, self.sent),
            (Column::Delivered, self.delivered),
            (Column::Failed, self.failed),
            (Column::Unique, self.unique_clicks),
            (Column::Visits(ClickClass::Human), self.human_clicks),
            (Column::Visits(ClickClass::Preview), self.previews),
            (Column::Visits(ClickClass::Prefetch), self.prefetches),
            (Column::Visits(ClickClass::Bot), self.bots),
            (Column::Visits(ClickClass::Rejected), self.rejected),
        ];
        for (column, count) in numbers {
            add(sums, place, column, count);
        }
    }
}

struct FailureRow {
    scope: Uuid,
    part: Uuid,
    hour: NaiveDateTime,
    reason: String,
    failed: i64,
}

impl FailureRow {
    fn add_to(self, sums: &mut Sums) {
        let place = Place { scope: self.scope, part: self.part, hour: self.hour.and_utc() };
        add(sums, place, Column::FailedBecause(self.reason), self.failed);
    }
}

/// The campaign with its parts, as it is stored.
///
/// # Errors
/// When the database does not answer.
pub async fn stored(connection: &mut MySqlConnection, owner: Owner) -> Result<Sums, sqlx::Error> {
    let mut sums = Sums::new();
    let totals = sqlx::query_as!(
        TotalRow,
        r#"SELECT scope_id AS "scope: Uuid", part_id AS "part: Uuid", hour, sent, delivered, failed, human_clicks, unique_clicks,
             previews, prefetches, bots, rejected
           FROM hourly_totals FORCE INDEX (PRIMARY) WHERE clinic_id = ? AND scope_id = ?"#,
        owner.clinic,
        owner.campaign
    );
    for row in totals.fetch_all(&mut *connection).await? {
        row.add_to(&mut sums);
    }
    let failures = sqlx::query_as!(
        FailureRow,
        r#"SELECT scope_id AS "scope: Uuid", part_id AS "part: Uuid", hour, reason, failed
           FROM hourly_failures FORCE INDEX (PRIMARY) WHERE clinic_id = ? AND scope_id = ?"#,
        owner.clinic,
        owner.campaign
    );
    for row in failures.fetch_all(connection).await? {
        row.add_to(&mut sums);
    }
    Ok(sums)
}

/// The parts of campaigns, summed up over those of one template; tests are left out. Of a part that is no group the scope is zeros.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts(BTreeMap<TemplateId, Sums>);

impl Parts {
    /// What that makes for the clinic, its templates and groups.
    #[must_use]
    pub fn wholes(self, clinic: ClinicId) -> Sums {
        let mut wholes = Sums::new();
        for (template, parts) in self.0 {
            for ((place, column), count) in parts {
                let group = Some(place.scope).filter(|group| *group != WHOLE);
                for scope in [Some(clinic.uuid()), Some(template.uuid()), group].into_iter().flatten() {
                    add(&mut wholes, Place { scope, part: WHOLE, hour: place.hour }, column.clone(), count);
                }
            }
        }
        wholes
    }

    fn of(&mut self, template: TemplateId) -> &mut Sums {
        self.0.entry(template).or_default()
    }
}

/// The parts of the clinic's campaigns from an hour on.
///
/// # Errors
/// When the database does not answer.
pub async fn parts_of_clinic(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    since: DateTime<Utc>,
) -> Result<Parts, sqlx::Error> {
    let mut parts = Parts::default();
    let totals = sqlx::query!(
        r#"SELECT c.template_id AS "template: TemplateId", NULLIF(t.part_id, t.scope_id) AS "group: Uuid", t.hour,
             CAST(SUM(t.sent) AS SIGNED) AS "sent!: i64", CAST(SUM(t.delivered) AS SIGNED) AS "delivered!: i64",
             CAST(SUM(t.failed) AS SIGNED) AS "failed!: i64", CAST(SUM(t.human_clicks) AS SIGNED) AS "human_clicks!: i64",
             CAST(SUM(t.unique_clicks) AS SIGNED) AS "unique_clicks!: i64", CAST(SUM(t.previews) AS SIGNED) AS "previews!: i64",
             CAST(SUM(t.prefetches) AS SIGNED) AS "prefetches!: i64", CAST(SUM(t.bots) AS SIGNED) AS "bots!: i64",
             CAST(SUM(t.rejected) AS SIGNED) AS "rejected!: i64"
           FROM hourly_totals t JOIN campaigns c ON c.clinic_id = t.clinic_id AND c.id = t.scope_id
           WHERE t.clinic_id = ? AND t.hour >= ? AND t.part_id <> ? AND c.kind <> 'test' GROUP BY 1, 2, 3"#,
        clinic,
        since.naive_utc(),
        WHOLE
    );
    for row in totals.fetch_all(&mut *connection).await? {
        let total = TotalRow {
            scope: row.group.unwrap_or(WHOLE),
            part: WHOLE,
            hour: row.hour,
            sent: row.sent,
            delivered: row.delivered,
            failed: row.failed,
            human_clicks: row.human_clicks,
            unique_clicks: row.unique_clicks,
            previews: row.previews,
            prefetches: row.prefetches,
            bots: row.bots,
            rejected: row.rejected,
        };
        total.add_to(parts.of(row.template));
    }
    let failures = sqlx::query!(
        r#"SELECT c.template_id AS "template: TemplateId", NULLIF(t.part_id, t.scope_id) AS "group: Uuid", t.hour,
             t.reason, CAST(SUM(t.failed) AS SIGNED) AS "failed!: i64"
           FROM hourly_failures t JOIN campaigns c ON c.clinic_id = t.clinic_id AND c.id = t.scope_id
           WHERE t.clinic_id = ? AND t.hour >= ? AND t.part_id <> ? AND c.kind <> 'test' GROUP BY 1, 2, 3, 4"#,
        clinic,
        since.naive_utc(),
        WHOLE
    );
    for row in failures.fetch_all(connection).await? {
        let failure = FailureRow {
            scope: row.group.unwrap_or(WHOLE),
            part: WHOLE,
            hour: row.hour,
            reason: row.reason,
            failed: row.failed,
        };
        failure.add_to(parts.of(row.template));
    }
    Ok(parts)
}

/// What is stored from an hour on of the clinic, its templates and groups.
///
/// # Errors
/// When the database does not answer.
pub async fn wholes(connection: &mut MySqlConnection, clinic: ClinicId, since: DateTime<Utc>) -> Result<Sums, sqlx::Error> {
    let mut sums = Sums::new();
    let totals = sqlx::query_as!(
        TotalRow,
        r#"SELECT t.scope_id AS "scope: Uuid", t.part_id AS "part: Uuid", t.hour, t.sent, t.delivered, t.failed, t.human_clicks,
             t.unique_clicks, t.previews, t.prefetches, t.bots, t.rejected
           FROM hourly_totals t LEFT JOIN campaigns c ON c.clinic_id = t.clinic_id AND c.id = t.scope_id
           WHERE t.clinic_id = ? AND t.hour >= ? AND c.id IS NULL"#,
        clinic,
        since.naive_utc()
    );
    for row in totals.fetch_all(&mut *connection).await? {
        row.add_to(&mut sums);
    }
    let failures = sqlx::query_as!(
        FailureRow,
        r#"SELECT t.scope_id AS "scope: Uuid", t.part_id AS "part: Uuid", t.hour, t.reason, t.failed
           FROM hourly_failures t LEFT JOIN campaigns c ON c.clinic_id = t.clinic_id AND c.id = t.scope_id
           WHERE t.clinic_id = ? AND t.hour >= ? AND c.id IS NULL"#,
        clinic,
        since.naive_utc()
    );
    for row in failures.fetch_all(connection).await? {
        row.add_to(&mut sums);
    }
    Ok(sums)
}
