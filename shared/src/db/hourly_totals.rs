//! Roll-up of messages and clicks per hour (UTC), for a clinic, a template, a group and a campaign with its parts. It is moved in the same
//! transaction as the rows that it counts, and says nothing that they do not:
//! `sent` counts messages by `sent_at`; `delivered` and `failed` those in that state by `resulted_at`; `unique_clicks` messages by
//! `first_click_at`; all other visits are rows of `clicks` by `clicked_at`.

mod read;

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::Uuid;

pub use self::read::{Clicks, Counts, Failures, Scope, list, list_failures, total, total_of_each};
use crate::db::campaigns::Campaign;
use crate::model::state::{CampaignKind, ClickClass};
use crate::model::{CampaignId, ClinicId, GroupId, TemplateId};

/// The part of a scope that is the whole of it.
pub const WHOLE: Uuid = Uuid::nil();

/// How much an hour changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Delta {
    /// Messages that the provider took.
    pub sent: i32,
    /// Messages that arrived.
    pub delivered: i32,
    /// Messages that did not arrive.
    pub failed: i32,
    /// Visits of people.
    pub human_clicks: i32,
    /// First visits of people, one per message at most.
    pub unique_clicks: i32,
    /// Visits of link previews.
    pub previews: i32,
    /// Visits ahead of a person's decision.
    pub prefetches: i32,
    /// Visits of programs.
    pub bots: i32,
    /// Visits of a link that had ended.
    pub rejected: i32,
}

impl Delta {
    /// So many visits of a class.
    #[must_use]
    pub fn visits(class: ClickClass, count: i32) -> Self {
        let mut delta = Self::default();
        *match class {
            ClickClass::Human => &mut delta.human_clicks,
            ClickClass::Preview => &mut delta.previews,
            ClickClass::Prefetch => &mut delta.prefetches,
            ClickClass::Bot => &mut delta.bots,
            ClickClass::Rejected => &mut delta.rejected,
        } = count;
        delta
    }
}

impl AddAssign for Delta {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.failed += other.failed;
        self.human_clicks += other.human_clicks;
        self.unique_clicks += other.unique_clicks;
        self.previews += other.previews;
        self.prefetches += other.prefetches;
        self.bots += other.bots;
        self.rejected += other.rejected;
    }
}

/// The beginning of the hour.
#[must_use]
pub fn hour_of(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment.duration_trunc(TimeDelta::hours(1)).unwrap_or(moment)
}

/// Whose numbers move when something happens to a message of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The tenant.
    pub clinic: ClinicId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The template that it was made of.
    pub template: TemplateId,
    /// A test is counted in its campaign alone.
    pub is_test: bool,
}

impl From<&Campaign> for Owner {
    fn from(campaign: &Campaign) -> Self {
        Self {
            clinic: campaign.clinic,
            campaign: campaign.id,
            template: campaign.template,
            is_test: campaign.kind == CampaignKind::Test,
        }
    }
}

impl Owner {
    /// The rows that count a message which was reached through this group: part of the campaign, campaign, and unless it is a test
    /// clinic, template and group.
    fn rows(self, group: Option<GroupId>) -> impl Iterator<Item = (Uuid, Uuid)> {
        let campaign = self.campaign.uuid();
        let group = group.map(GroupId::uuid);
        let wholes = [Some(self.clinic.uuid()), Some(self.template.uuid()), group].into_iter().flatten();
        let wholes = wholes.filter(move |_| !self.is_test).map(|scope| (scope, WHOLE));
        [(campaign, group.unwrap_or(campaign)), (campaign, WHOLE)].into_iter().chain(wholes)
    }
}

/// Rows are moved in the order of this key, so that two transactions cannot wait for each other.
type Key = (ClinicId, Uuid, Uuid, DateTime<Utc>);

/// What a transaction adds to the roll-up: collected, then [stored](Self::store) by at most two statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves {
    totals: BTreeMap<Key, Delta>,
    failures: BTreeMap<(Key, String), i32>,
}

impl Moves {
    /// Something happened to messages of a campaign that were reached through this group.
    pub fn add(&mut self, owner: Owner, group: Option<GroupId>, moment: DateTime<Utc>, delta: Delta) {
        if delta == Delta::default() {
            return;
        }
        for (scope, part) in owner.rows(group) {
            *self.totals.entry((owner.clinic, scope, part, hour_of(moment))).or_default() += delta;
        }
    }

    /// So many messages failed for this reason.
    pub fn fail(&mut self, owner: Owner, group: Option<GroupId>, moment: DateTime<Utc>, reason: &str, count: i32) {
        self.add(owner, group, moment, Delta { failed: count, ..Delta::default() });
        for (scope, part) in owner.rows(group).filter(|_| count != 0) {
            let key = (owner.clinic, scope, part, hour_of(moment));
            *self.failures.entry((key, reason.to_owned())).or_default() += count;
        }
    }

    /// One row was wrong by so much, and those that count the same messages may not have been.
    pub fn mend(&mut self, clinic: ClinicId, (scope, part, hour): (Uuid, Uuid, DateTime<Utc>), delta: Delta) {
        *self.totals.entry((clinic, scope, part, hour)).or_default() += delta;
    }

    /// The same for the failures with this reason. They are not added to those of the hour.
    pub fn mend_failures(
        &mut self,
        clinic: ClinicId,
        (scope, part, hour): (Uuid, Uuid, DateTime<Utc>),
        reason: &str,
        count: i32,
    ) {
        *self.failures.entry(((clinic, scope, part, hour), reason.to_owned())).or_default() += count;
    }

    /// Moves the rows. Call last in a transaction: everybody who counts for the clinic in this hour waits for its end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn store(self, connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
        let totals: Vec<_> = self.totals.iter().filter(|(_, delta)| **delta != Delta::default()).map(total_line).collect();
        if !totals.is_empty() {
            sqlx::query!(
                "INSERT INTO hourly_totals (clinic_id, scope_id, part_id, hour, sent, delivered, failed, human_clicks, unique_clicks,
                     previews, prefetches, bots, rejected)
                 SELECT UNHEX(l.clinic), UNHEX(l.scope), UNHEX(l.part), l.hour, l.sent, l.delivered, l.failed, l.human_clicks,
                     l.unique_clicks, l.previews, l.prefetches, l.bots, l.rejected
                 FROM JSON_TABLE(?, '$[*]' COLUMNS (clinic CHAR(32) PATH '$[0]', scope CHAR(32) PATH '$[1]', part CHAR(32) PATH '$[2]',
                     hour DATETIME PATH '$[3]', sent INT PATH '$[4].sent', delivered INT PATH '$[4].delivered',
                     failed INT PATH '$[4].failed', human_clicks INT PATH '$[4].human_clicks',
                     unique_clicks INT PATH '$[4].unique_clicks', previews INT PATH '$[4].previews',
                     prefetches INT PATH '$[4].prefetches', bots INT PATH '$[4].bots', rejected INT PATH '$[4].rejected')) l
                 ON DUPLICATE KEY UPDATE sent = hourly_totals.sent + VALUES(sent),
                     delivered = hourly_totals.delivered + VALUES(delivered), failed = hourly_totals.failed + VALUES(failed),
                     human_clicks = hourly_totals.human_clicks + VALUES(human_clicks),
                     unique_clicks = hourly_totals.unique_clicks + VALUES(unique_clicks),
                     previews = hourly_totals.previews + VALUES(previews),
                     prefetches = hourly_totals.prefetches + VALUES(prefetches), bots = hourly_totals.bots + VALUES(bots),
                     rejected = hourly_totals.rejected + VALUES(rejected)",
                Json(totals)
            )
            .execute(&mut *connection)
            .await?;
        }
        let failures: Vec<_> = self.failures.iter().filter(|(_, count)| **count != 0).map(failure_line).collect();
        if failures.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO hourly_failures (clinic_id, scope_id, part_id, hour, reason, failed)
             SELECT UNHEX(l.clinic), UNHEX(l.scope), UNHEX(l.part), l.hour, l.reason, l.failed
             FROM JSON_TABLE(?, '$[*]' COLUMNS (clinic CHAR(32) PATH '$[0]', scope CHAR(32) PATH '$[1]', part CHAR(32) PATH '$[2]',
                 hour DATETIME PATH '$[3]', reason VARCHAR(40) PATH '$[4]', failed INT PATH '$[5]')) l
             ON DUPLICATE KEY UPDATE failed = hourly_failures.failed + VALUES(failed)",
            Json(failures)
        )
        .execute(connection)
        .await
        .map(drop)
    }
}

fn total_line((key, delta): (&Key, &Delta)) -> impl Serialize + use<> {
    let (clinic, scope, part, hour) = line(key);
    (clinic, scope, part, hour, *delta)
}

fn failure_line(((key, reason), count): (&(Key, String), &i32)) -> impl Serialize + use<> {
    let (clinic, scope, part, hour) = line(key);
    (clinic, scope, part, hour, reason.clone(), *count)
}

fn line((clinic, scope, part, hour): &Key) -> (String, String, String, String) {
    let hex = |id: Uuid| id.simple().to_string();
    (hex(clinic.uuid()), hex(*scope), hex(*part), hour.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_counted_in_its_part_campaign_clinic_template_and_group_and_a_test_in_its_campaign_alone() {
        let id = Uuid::from_u128;
        let owner = Owner {
            clinic: ClinicId::from_uuid(id(1)),
            campaign: CampaignId::from_uuid(id(2)),
            template: TemplateId::from_uuid(id(3)),
            is_test: false,
        };
        let rows = |owner: Owner, group: Option<u128>| {
            owner.rows(group.map(|group| GroupId::from_uuid(id(group)))).collect::<Vec<_>>()
        };
        assert_eq!(rows(owner, Some(4)), [(id(2), id(4)), (id(2), WHOLE), (id(1), WHOLE), (id(3), WHOLE), (id(4), WHOLE)]);
        assert_eq!(rows(owner, None), [(id(2), id(2)), (id(2), WHOLE), (id(1), WHOLE), (id(3), WHOLE)]);
        let test = Owner { is_test: true, ..owner };
        assert_eq!(rows(test, Some(4)), [(id(2), id(4)), (id(2), WHOLE)]);
    }
}
