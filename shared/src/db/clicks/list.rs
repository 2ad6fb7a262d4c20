//! The visits of a campaign, along the index of its messages. No index knows the class of a visit, so a list of one class is read
//! [so many](SPAN) visits at a time: a page costs no more, however rare what is looked for.

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::MySqlConnection;

use crate::db::decode;
use crate::model::state::ClickClass;
use crate::model::{CampaignId, ClickId, ClinicId};

/// How many visits are looked through for one page.
pub const SPAN: u32 = 10_000;

/// Which visits are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those of this class.
    pub class: Option<ClickClass>,
    /// Only those of this message.
    pub message_number: Option<u32>,
}

/// The place of a visit in the list: by message, then by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The message.
    pub message_number: u32,
    /// When.
    pub clicked_at: DateTime<Utc>,
    /// Which of those of that moment.
    pub id: ClickId,
}

impl Place {
    /// Before all visits of a message.
    const fn before(message_number: u32) -> Self {
        Self { message_number, clicked_at: DateTime::UNIX_EPOCH, id: ClickId::from_uuid(uuid::Uuid::nil()) }
    }
}

/// A visit, and who was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its place in the list.
    pub place: Place,
    /// The recipient's name when the campaign was prepared.
    pub name: String,
    /// Who visited.
    pub class: ClickClass,
    /// Why it is thought so.
    pub reason: String,
    /// By which version of the rules.
    pub rule_version: u16,
    /// What the visitor's program calls itself.
    pub agent: String,
    /// HTTP method.
    pub method: String,
    /// `Sec-Purpose` or `Purpose`, empty when absent.
    pub purpose: String,
}

/// A piece of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The visits in order.
    pub clicks: Vec<Listed>,
    /// The place behind which there may be more although fewer were found than asked for.
    pub more: Option<Place>,
}

struct Row {
    id: ClickId,
    message_number: u32,
    clicked_at: NaiveDateTime,
    name: String,
    class: String,
    reason: String,
    rule_version: u16,
    agent: String,
    method: String,
    purpose: String,
}

impl TryFrom<Row> for Listed {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            place: Place { message_number: row.message_number, clicked_at: row.clicked_at.and_utc(), id: row.id },
            name: row.name,
            class: decode(&row.class)?,
            reason: row.reason,
            rule_version: row.rule_version,
            agent: row.agent,
            method: row.method,
            purpose: row.purpose,
        })
    }
}

/// The campaign's visits behind a place that are asked for, at most so many.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    wanted: Wanted,
    after: Option<Place>,
    limit: u32,
) -> Result<Found, sqlx::Error> {
    let begin = Place::before(wanted.message_number.unwrap_or_default());
    let after = after.map_or(begin, |after| after.max(begin));
    let until = wanted.message_number.unwrap_or(u32::MAX);
    let span = if wanted.class.is_some() { SPAN.max(limit) } else { limit };
    let class = wanted.class.map(ClickClass::as_str);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.id AS "id: ClickId", c.message_number, c.clicked_at, m.name, c.class, c.reason, c.rule_version, c.agent, c.method,
             c.purpose
           FROM (SELECT id, class FROM clicks FORCE INDEX (clicks_by_message)
                 WHERE campaign_id = ? AND message_number >= ? AND message_number <= ?
                   AND (message_number > ? OR clicked_at > ? OR clicked_at = ? AND id > ?)
                 ORDER BY message_number, clicked_at, id LIMIT ?) l
           STRAIGHT_JOIN clicks c FORCE INDEX (PRIMARY) ON c.id = l.id
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = c.campaign_id AND m.number = c.message_number
           WHERE c.clinic_id = ? AND (? IS NULL OR l.class = ?)
           ORDER BY c.message_number, c.clicked_at, c.id LIMIT ?"#,
        campaign,
        after.message_number,
        until,
        after.message_number,
        after.clicked_at.naive_utc(),
        after.clicked_at.naive_utc(),
        after.id,
        span,
        clinic,
        class,
        class,
        limit
    );
    let rows = rows.fetch_all(&mut *connection).await?;
    let clicks: Vec<_> = rows.into_iter().map(Listed::try_from).collect::<Result<_, _>>()?;
    let is_full = u32::try_from(clicks.len()).is_ok_and(|found| found >= limit);
    let more = if is_full { None } else { end_of_span(connection, campaign, after, until, span).await? };
    Ok(Found { clicks, more })
}

/// Where the visits end that were looked through, none when there were not so many.
async fn end_of_span(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    after: Place,
    until: u32,
    span: u32,
) -> Result<Option<Place>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: ClickId", message_number, clicked_at FROM clicks FORCE INDEX (clicks_by_message)
           WHERE campaign_id = ? AND message_number >= ? AND message_number <= ?
             AND (message_number > ? OR clicked_at > ? OR clicked_at = ? AND id > ?)
           ORDER BY message_number, clicked_at, id LIMIT 1 OFFSET ?"#,
        campaign,
        after.message_number,
        until,
        after.message_number,
        after.clicked_at.naive_utc(),
        after.clicked_at.naive_utc(),
        after.id,
        span - 1
    );
    let row = row.fetch_optional(connection).await?;
    Ok(row.map(|row| Place { message_number: row.message_number, clicked_at: row.clicked_at.and_utc(), id: row.id }))
}
