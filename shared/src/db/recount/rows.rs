//! What the rows of a campaign say.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::{Column, Place, Sums, add, hour};
use crate::db::hourly_totals::Owner;
use crate::model::state::ClickClass;
use crate::model::{ClickId, GroupId};

/// The rows of a campaign, at one moment. Lists hold at most one more than [`MOST`](super::MOST).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// What they say about each part of the campaign.
    pub sums: Sums,
    /// How many messages there are.
    pub numbers: Numbers,
    /// Messages whose state and times contradict each other.
    pub contradicting: Vec<Message>,
    /// Messages whose first click is not their earliest visit of a person.
    pub misplaced: Vec<Misplaced>,
    /// Visits that no number can contain.
    pub strays: Vec<Stray>,
    /// Visits that were answered and are not there.
    pub unrecorded: Vec<Unrecorded>,
}

/// How the messages of a campaign are numbered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many there should be, as the campaign says.
    pub prepared: u32,
    /// The highest number.
    pub last: u32,
    /// Numbers below it that no message has: from, to.
    pub missing: Vec<(u32, u32)>,
}

/// A message that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number.
    pub number: u32,
    /// The part of the campaign that counts it.
    pub part: Uuid,
    /// The text of its state.
    pub state: String,
    /// When it was sent.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its end was known.
    pub resulted_at: Option<DateTime<Utc>>,
}

/// A first click that is not the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// The message.
    pub number: u32,
    /// The part of the campaign that counts it.
    pub part: Uuid,
    /// The earliest visit of a person.
    pub expected: Option<DateTime<Utc>>,
    /// What the message says.
    pub found: Option<DateTime<Utc>>,
}

/// A visit of no message of the clinic, or of a class that there is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The visit.
    pub id: ClickId,
    /// The message that it names.
    pub number: u32,
    /// The part of the campaign that counts it, where the message is there.
    pub part: Option<Uuid>,
    /// The text of its class.
    pub class: String,
    /// When.
    pub clicked_at: DateTime<Utc>,
}

/// Neighbours in the numbering of a process that are none: what was between them was answered, or a number was given twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecorded {
    /// Which process.
    pub origin: u64,
    /// The number before; 0 for none.
    pub earlier: u32,
    /// The number after. The same when it was given twice.
    pub later: u32,
    /// When the visit before was answered.
    pub earlier_at: Option<DateTime<Utc>>,
    /// When the visit after was answered.
    pub later_at: DateTime<Utc>,
}

impl Unrecorded {
    /// How many are missing.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.later.saturating_sub(self.earlier).saturating_sub(1)
    }
}

/// Reads what the rows say; nothing when that takes until the end. A number that is missing among visits counts when its neighbours
/// were answered before this moment.
///
/// # Errors
/// When the database does not answer.
pub async fn rows(
    connection: &mut MySqlConnection,
    owner: Owner,
    before: DateTime<Utc>,
    until: Instant,
) -> Result<Option<Rows>, sqlx::Error> {
    let mut rows = Rows::default();
    for statement in 0..8 {
        if Instant::now() >= until {
            return Ok(None);
        }
        match statement {
            0 => count_messages(connection, owner, &mut rows.sums).await?,
            1 => count_visits(connection, owner, &mut rows.sums).await?,
            2 => count_first_clicks(connection, owner, &mut rows.sums).await?,
            3 => rows.numbers = numbers(connection, owner).await?,
            4 => rows.contradicting = contradicting(connection, owner).await?,
            5 => rows.misplaced = misplaced(connection, owner).await?,
            6 => rows.strays = strays(connection, owner).await?,
            _ => rows.unrecorded = unrecorded(connection, owner, before).await?,
        }
    }
    Ok(Some(rows))
}

fn place(owner: Owner, part: Uuid, hours: i64) -> Place {
    Place { scope: owner.campaign.uuid(), part, hour: hour(hours) }
}

async fn count_messages(connection: &mut MySqlConnection, owner: Owner, sums: &mut Sums) -> Result<(), sqlx::Error> {
    // A campaign's rows lie side by side by their numbers; any other index would fetch them one by one.
    let rows = sqlx::query!(
        r#"SELECT group_id AS "group: GroupId", state, CASE WHEN state = 'failed' THEN COALESCE(reason, 'other') END AS reason,
             TIMESTAMPDIFF(HOUR, '1970-01-01', sent_at) AS "sent: i64",
             TIMESTAMPDIFF(HOUR, '1970-01-01', resulted_at) AS "resulted: i64", COUNT(*) AS "count!: i64"
           FROM messages FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND (sent_at IS NOT NULL OR resulted_at IS NOT NULL)
           GROUP BY 1, 2, 3, 4, 5"#,
        owner.campaign
    );
    for row in rows.fetch_all(connection).await? {
        let part = row.group.map_or(owner.campaign.uuid(), GroupId::uuid);
        if let Some(sent) = row.sent {
            add(sums, place(owner, part, sent), Column::Sent, row.count);
        }
        let Some(resulted) = row.resulted else { continue };
        match row.state.as_str() {
            "delivered" => add(sums, place(owner, part, resulted), Column::Delivered, row.count),
            "failed" => {
                add(sums, place(owner, part, resulted), Column::Failed, row.count);
                let reason = row.reason.unwrap_or_default();
                add(sums, place(owner, part, resulted), Column::FailedBecause(reason), row.count);
            }
            _ => {}
        }
    }
    Ok(())
}

async fn count_visits(connection: &mut MySqlConnection, owner: Owner, sums: &mut Sums) -> Result<(), sqlx::Error> {
    // Its visits lie together in this index. Without the hint those of all clinics are read when one campaign has most of them.
    let rows = sqlx::query!(
        r#"SELECT m.group_id AS "group: GroupId", c.class, TIMESTAMPDIFF(HOUR, '1970-01-01', c.clicked_at) AS "clicked!: i64",
             COUNT(*) AS "count!: i64"
           FROM clicks c FORCE INDEX (clicks_by_message)
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = c.campaign_id AND m.number = c.message_number
           WHERE c.campaign_id = ? AND c.clinic_id = ? GROUP BY 1, 2, 3"#,
        owner.campaign,
        owner.clinic
    );
    for row in rows.fetch_all(connection).await? {
        let part = row.group.map_or(owner.campaign.uuid(), GroupId::uuid);
        // Those of no class that there is are strays.
        if let Ok(class) = row.class.parse() {
            add(sums, place(owner, part, row.clicked), Column::Visits(class), row.count);
        }
    }
    Ok(())
}

/// What visits say, not what messages remember of them.
async fn count_first_clicks(connection: &mut MySqlConnection, owner: Owner, sums: &mut Sums) -> Result<(), sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.group_id AS "group: GroupId", TIMESTAMPDIFF(HOUR, '1970-01-01', earliest.clicked_at) AS "clicked!: i64",
             COUNT(*) AS "count!: i64"
           FROM (
             SELECT message_number, MIN(clicked_at) AS clicked_at FROM clicks FORCE INDEX (clicks_by_message)
             WHERE campaign_id = ? AND clinic_id = ? AND class = 'human' GROUP BY message_number
           ) earliest
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = ? AND m.number = earliest.message_number GROUP BY 1, 2"#,
        owner.campaign,
        owner.clinic,
        owner.campaign
    );
    for row in rows.fetch_all(connection).await? {
        let part = row.group.map_or(owner.campaign.uuid(), GroupId::uuid);
        add(sums, place(owner, part, row.clicked), Column::Unique, row.count);
    }
    Ok(())
}

async fn numbers(connection: &mut MySqlConnection, owner: Owner) -> Result<Numbers, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT c.prepared_messages AS prepared, COUNT(m.number) AS "count!: i64", MAX(m.number) AS "last: u32"
           FROM campaigns c LEFT JOIN messages m ON m.campaign_id = c.id
           WHERE c.clinic_id = ? AND c.id = ? GROUP BY c.prepared_messages"#,
        owner.clinic,
        owner.campaign
    );
    let row = row.fetch_one(&mut *connection).await?;
    let mut numbers = Numbers { prepared: row.prepared, last: row.last.unwrap_or_default(), missing: Vec::new() };
    if row.count == i64::from(numbers.last) {
        return Ok(numbers);
    }
    let gaps = sqlx::query!(
        r#"SELECT earlier AS "earlier: u32", number AS "number!: u32" FROM (
             SELECT number, LAG(number) OVER (ORDER BY number) AS earlier FROM messages WHERE campaign_id = ?
           ) messages
           WHERE number > COALESCE(earlier, 0) + 1 ORDER BY number LIMIT 1001"#,
        owner.campaign
    );
    numbers.missing = gaps
        .fetch_all(connection)
        .await?
        .into_iter()
        .map(|gap| (gap.earlier.unwrap_or_default() + 1, gap.number - 1))
        .collect();
    Ok(numbers)
}

async fn contradicting(connection: &mut MySqlConnection, owner: Owner) -> Result<Vec<Message>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT number, group_id AS "group: GroupId", state, sent_at, resulted_at
           FROM messages FORCE INDEX (PRIMARY) WHERE campaign_id = ? AND NOT CASE state
             WHEN 'queued' THEN sent_at IS NULL AND resulted_at IS NULL
             WHEN 'sent' THEN sent_at IS NOT NULL AND resulted_at IS NULL
             WHEN 'delivered' THEN sent_at IS NOT NULL AND resulted_at IS NOT NULL
             WHEN 'failed' THEN resulted_at IS NOT NULL
             WHEN 'excluded' THEN sent_at IS NULL
             WHEN 'unknown' THEN (sent_at IS NULL) = (resulted_at IS NULL)
             ELSE FALSE END
           ORDER BY number LIMIT 1001"#,
        owner.campaign
    );
    let messages = rows.fetch_all(connection).await?.into_iter().map(|row| Message {
        number: row.number,
        part: row.group.map_or(owner.campaign.uuid(), GroupId::uuid),
        state: row.state,
        sent_at: row.sent_at.map(|at| at.and_utc()),
        resulted_at: row.resulted_at.map(|at| at.and_utc()),
    });
    Ok(messages.collect())
}

async fn misplaced(connection: &mut MySqlConnection, owner: Owner) -> Result<Vec<Misplaced>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.number, m.group_id AS "group: GroupId", m.first_click_at AS found,
             earliest.clicked_at AS "expected: DateTime<Utc>"
           FROM messages m FORCE INDEX (PRIMARY) LEFT JOIN (
             SELECT message_number, MIN(clicked_at) AS clicked_at FROM clicks FORCE INDEX (clicks_by_message)
             WHERE campaign_id = ? AND clinic_id = ? AND class = 'human' GROUP BY message_number
           ) earliest ON earliest.message_number = m.number
           WHERE m.campaign_id = ? AND NOT (m.first_click_at <=> earliest.clicked_at) ORDER BY m.number LIMIT 1001"#,
        owner.campaign,
        owner.clinic,
        owner.campaign
    );
    let misplaced = rows.fetch_all(connection).await?.into_iter().map(|row| Misplaced {
        number: row.number,
        part: row.group.map_or(owner.campaign.uuid(), GroupId::uuid),
        expected: row.expected,
        found: row.found.map(|at| at.and_utc()),
    });
    Ok(misplaced.collect())
}

async fn strays(connection: &mut MySqlConnection, owner: Owner) -> Result<Vec<Stray>, sqlx::Error> {
    let [human, preview, prefetch, bot, rejected] = CLASSES;
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id: ClickId", c.message_number, c.class, c.clicked_at, m.number IS NOT NULL AS "is_known!: bool",
             m.group_id AS "group: GroupId"
           FROM clicks c FORCE INDEX (clicks_by_message)
           LEFT JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = c.campaign_id AND m.number = c.message_number
           WHERE c.campaign_id = ? AND (m.number IS NULL OR c.clinic_id <> ? OR c.class NOT IN (?, ?, ?, ?, ?))
           ORDER BY c.id LIMIT 1001"#,
        owner.campaign,
        owner.clinic,
        human,
        preview,
        prefetch,
        bot,
        rejected
    );
    let strays = rows.fetch_all(connection).await?.into_iter().map(|row| Stray {
        id: row.id,
        number: row.message_number,
        part: row.is_known.then(|| row.group.map_or(owner.campaign.uuid(), GroupId::uuid)),
        class: row.class,
        clicked_at: row.clicked_at.and_utc(),
    });
    Ok(strays.collect())
}

const CLASSES: [&str; ClickClass::ALL.len()] = [
    ClickClass::Human.as_str(),
    ClickClass::Preview.as_str(),
    ClickClass::Prefetch.as_str(),
    ClickClass::Bot.as_str(),
    ClickClass::Rejected.as_str(),
];

async fn unrecorded(
    connection: &mut MySqlConnection,
    owner: Owner,
    before: DateTime<Utc>,
) -> Result<Vec<Unrecorded>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT origin AS "origin!", sequence AS "sequence!", clicked_at AS "clicked_at!: DateTime<Utc>",
             earlier AS "earlier: u32", earlier_at AS "earlier_at: DateTime<Utc>"
           FROM (
             SELECT origin, sequence, clicked_at, LAG(sequence) OVER numbers AS earlier, LAG(clicked_at) OVER numbers AS earlier_at
             FROM clicks FORCE INDEX (clicks_by_message) WHERE campaign_id = ? AND origin IS NOT NULL AND sequence IS NOT NULL
             WINDOW numbers AS (PARTITION BY origin ORDER BY sequence)
           ) visits
           WHERE sequence <> COALESCE(earlier, 0) + 1 AND clicked_at < ? AND (earlier_at IS NULL OR earlier_at < ?)
           ORDER BY origin, sequence LIMIT 1001"#,
        owner.campaign,
        before.naive_utc(),
        before.naive_utc()
    );
    let unrecorded = rows.fetch_all(connection).await?.into_iter().map(|row| Unrecorded {
        origin: row.origin,
        earlier: row.earlier.unwrap_or_default(),
        later: row.sequence,
        earlier_at: row.earlier_at,
        later_at: row.clicked_at,
    });
    Ok(unrecorded.collect())
}
