//! The first click of a message: its earliest visit by a person, in whatever order visits are written down.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

use super::stored;
use crate::db::decode;
use crate::db::hourly_totals::{Delta, Moves, Owner};
use crate::model::state::{CampaignKind, ClickClass};
use crate::model::{CampaignId, ClinicId, GroupId, MessageId, TemplateId};

/// A message that nobody else counts clicks of until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Locked {
    /// Whose numbers move with it.
    pub owner: Owner,
    /// The group through which the recipient was reached.
    pub group: Option<GroupId>,
    /// When a person first opened its link, as the row says.
    pub first_click_at: Option<DateTime<Utc>>,
}

impl Locked {
    /// One more visit, or with -1 one less. It does not touch the first click.
    pub fn count(&self, moves: &mut Moves, class: ClickClass, clicked_at: DateTime<Utc>, visits: i32) {
        moves.add(self.owner, self.group, clicked_at, Delta::visits(class, visits));
    }

    /// The first click is at this moment, or there is none: counts it in its hour and no longer in that of the one before.
    /// Answers whether that changes anything; then it is to be [stored](set_first_clicks).
    pub fn set_first_click(&mut self, moves: &mut Moves, first_click_at: Option<DateTime<Utc>>) -> bool {
        if self.first_click_at == first_click_at {
            return false;
        }
        for (moment, unique_clicks) in [(self.first_click_at, -1), (first_click_at, 1)] {
            if let Some(moment) = moment {
                moves.add(self.owner, self.group, moment, Delta { unique_clicks, ..Delta::default() });
            }
        }
        self.first_click_at = first_click_at;
        true
    }
}

#[derive(serde::Serialize)]
struct Number(Simple, u32);

impl From<&MessageId> for Number {
    fn from(id: &MessageId) -> Self {
        Self(id.campaign.uuid().simple(), id.number)
    }
}

/// Locks messages in the order of their ids, so that two transactions cannot wait for each other; those that do not exist are
/// absent. Whoever writes, classifies or counts clicks locks their messages first: the visits of a message are worked on by one
/// transaction at a time. Two statements, however many messages.
///
/// # Errors
/// When the database refuses.
pub async fn lock_messages(
    connection: &mut MySqlConnection,
    messages: &BTreeSet<MessageId>,
) -> Result<BTreeMap<MessageId, Locked>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(BTreeMap::new());
    }
    let numbers: Vec<_> = messages.iter().map(Number::from).collect();
    let rows = sqlx::query!(
        r#"SELECT m.campaign_id AS "campaign: CampaignId", m.number, m.group_id AS "group: GroupId", m.first_click_at
           FROM JSON_TABLE(?, '$[*]' COLUMNS (campaign CHAR(32) PATH '$[0]', number INT UNSIGNED PATH '$[1]')) l
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = UNHEX(l.campaign) AND m.number = l.number FOR UPDATE"#,
        Json(numbers)
    );
    let rows = rows.fetch_all(&mut *connection).await?;
    let owners = list_owners(connection, rows.iter().map(|row| row.campaign).collect()).await?;
    let locked = rows.into_iter().filter_map(|row| {
        let owner = *owners.get(&row.campaign)?;
        let first_click_at = row.first_click_at.map(|at| at.and_utc());
        let id = MessageId { campaign: row.campaign, number: row.number };
        Some((id, Locked { owner, group: row.group, first_click_at }))
    });
    Ok(locked.collect())
}

/// What is asked never changes, so it is read without a lock.
async fn list_owners(
    connection: &mut MySqlConnection,
    campaigns: BTreeSet<CampaignId>,
) -> Result<BTreeMap<CampaignId, Owner>, sqlx::Error> {
    let ids: Vec<_> = campaigns.into_iter().map(|id| id.uuid().simple()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "campaign: CampaignId", c.template_id AS "template: TemplateId", c.kind
           FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) l
           STRAIGHT_JOIN campaigns c FORCE INDEX (campaigns_id) ON c.id = UNHEX(l.id)"#,
        Json(ids)
    );
    let owners = rows.fetch_all(connection).await?.into_iter().map(|row| {
        let is_test = decode::<CampaignKind>(&row.kind)? == CampaignKind::Test;
        Ok((row.campaign, Owner { clinic: row.clinic, campaign: row.campaign, template: row.template, is_test }))
    });
    owners.collect()
}

/// When each of these messages was first visited by a person, as the rows of clicks say; those that never were are absent. Strays
/// of a foreign clinic do not count. The messages are [locked](lock_messages), otherwise the answer may be old.
///
/// # Errors
/// When the database does not answer.
pub async fn list_earliest_human(
    connection: &mut MySqlConnection,
    messages: &BTreeSet<MessageId>,
) -> Result<BTreeMap<MessageId, DateTime<Utc>>, sqlx::Error> {
    if messages.is_empty() {
        return Ok(BTreeMap::new());
    }
    let numbers: Vec<_> = messages.iter().map(Number::from).collect();
    let rows = sqlx::query!(
        r#"SELECT c.campaign_id AS "campaign: CampaignId", c.message_number, MIN(c.clicked_at) AS "first!"
           FROM JSON_TABLE(?, '$[*]' COLUMNS (campaign CHAR(32) PATH '$[0]', number INT UNSIGNED PATH '$[1]')) l
           STRAIGHT_JOIN campaigns k FORCE INDEX (campaigns_id) ON k.id = UNHEX(l.campaign)
           STRAIGHT_JOIN clicks c FORCE INDEX (clicks_by_message)
               ON c.campaign_id = k.id AND c.message_number = l.number AND c.clinic_id = k.clinic_id
           WHERE c.class = 'human' GROUP BY c.campaign_id, c.message_number"#,
        Json(numbers)
    );
    let rows = rows.fetch_all(connection).await?;
    let earliest = rows.into_iter().map(|row| {
        let id = MessageId { campaign: row.campaign, number: row.message_number };
        (id, row.first.and_utc())
    });
    Ok(earliest.collect())
}

#[derive(serde::Serialize)]
struct First(Simple, u32, Option<String>);

/// Writes first clicks down, in one statement. The messages were [locked](lock_messages) in this transaction, and the change is
/// [counted](Locked::set_first_click) in it.
///
/// # Errors
/// When the database refuses.
pub async fn set_first_clicks(
    connection: &mut MySqlConnection,
    first_clicks: &BTreeMap<MessageId, Option<DateTime<Utc>>>,
) -> Result<(), sqlx::Error> {
    if first_clicks.is_empty() {
        return Ok(());
    }
    let line = |(id, at): (&MessageId, &Option<DateTime<Utc>>)| First(id.campaign.uuid().simple(), id.number, at.map(stored));
    let lines: Vec<_> = first_clicks.iter().map(line).collect();
    sqlx::query!(
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (campaign CHAR(32) PATH '$[0]', number INT UNSIGNED PATH '$[1]',
             first_click_at DATETIME(6) PATH '$[2]')) l
         STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = UNHEX(l.campaign) AND m.number = l.number
         SET m.first_click_at = l.first_click_at",
        Json(lines)
    )
    .execute(connection)
    .await
    .map(drop)
}
