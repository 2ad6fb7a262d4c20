//! Visits that older rules classified, to be classified again.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

use crate::model::state::ClickClass;
use crate::model::{CampaignId, ClickId, MessageId};

/// A visit that was passed on the way through all of them, or through those of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// The visit.
    pub id: ClickId,
    /// Whose link it was.
    pub message: MessageId,
    /// When.
    pub clicked_at: DateTime<Utc>,
    /// Whether older rules classified it, or it has no class that there is. One of a link that had ended never is: no rule was
    /// asked.
    pub is_outdated: bool,
}

fn is_outdated(class: &str, rule_version: u16, version: u16) -> bool {
    class.parse().map_or(true, |class: ClickClass| class != ClickClass::Rejected && rule_version < version)
}

/// The next visits of all campaigns behind one, by their ids. They are read by the primary key, so that those that need nothing are
/// passed quickly.
///
/// # Errors
/// When the database does not answer.
pub async fn pass(
    connection: &mut MySqlConnection,
    version: u16,
    behind: Option<&Passed>,
    limit: u32,
) -> Result<Vec<Passed>, sqlx::Error> {
    let behind = behind.map_or(uuid::Uuid::nil(), |passed| passed.id.uuid());
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ClickId", campaign_id AS "campaign: CampaignId", message_number, clicked_at, class, rule_version
           FROM clicks FORCE INDEX (PRIMARY) WHERE id > ? ORDER BY id LIMIT ?"#,
        behind,
        limit
    );
    let passed = rows.fetch_all(connection).await?.into_iter().map(|row| Passed {
        id: row.id,
        message: MessageId { campaign: row.campaign, number: row.message_number },
        clicked_at: row.clicked_at.and_utc(),
        is_outdated: is_outdated(&row.class, row.rule_version, version),
    });
    Ok(passed.collect())
}

/// The next visits of one campaign behind one of them, in the order of their index.
///
/// # Errors
/// When the database does not answer.
pub async fn pass_of_campaign(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    version: u16,
    behind: Option<&Passed>,
    limit: u32,
) -> Result<Vec<Passed>, sqlx::Error> {
    // Messages are numbered from 1.
    let (number, clicked_at, id) = behind.map_or((0, DateTime::UNIX_EPOCH, uuid::Uuid::nil()), |passed| {
        (passed.message.number, passed.clicked_at, passed.id.uuid())
    });
    let clicked_at = clicked_at.naive_utc();
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ClickId", message_number, clicked_at, class, rule_version
           FROM clicks FORCE INDEX (clicks_by_message)
           WHERE campaign_id = ? AND (message_number > ? OR message_number = ? AND (clicked_at > ? OR clicked_at = ? AND id > ?))
           ORDER BY message_number, clicked_at, id LIMIT ?"#,
        campaign,
        number,
        number,
        clicked_at,
        clicked_at,
        id,
        limit
    );
    let passed = rows.fetch_all(connection).await?.into_iter().map(|row| Passed {
        id: row.id,
        message: MessageId { campaign, number: row.message_number },
        clicked_at: row.clicked_at.and_utc(),
        is_outdated: is_outdated(&row.class, row.rule_version, version),
    });
    Ok(passed.collect())
}

/// A visit with what its class is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// The visit.
    pub id: ClickId,
    /// Whose link it was.
    pub message: MessageId,
    /// What older rules took it for; none when it has no class that there is.
    pub class: Option<ClickClass>,
    /// What the visitor's program calls itself.
    pub agent: String,
    /// HTTP method.
    pub method: String,
    /// `Sec-Purpose` or `Purpose`, empty when absent.
    pub purpose: String,
    /// When.
    pub clicked_at: DateTime<Utc>,
}

/// Those of these visits that rules older than `version` classified, or that have no class that there is. Strays of a foreign
/// clinic are left out: no number contains them. When their messages are [locked](super::lock_messages) nobody else classifies them
/// meanwhile.
///
/// # Errors
/// When the database does not answer.
pub async fn list_outdated(
    connection: &mut MySqlConnection,
    version: u16,
    ids: &BTreeSet<ClickId>,
) -> Result<Vec<Outdated>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = ids.iter().map(|id| id.uuid().simple()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id: ClickId", c.campaign_id AS "campaign: CampaignId", c.message_number, c.class, c.rule_version,
             c.agent, c.method, c.purpose, c.clicked_at
           FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) l
           STRAIGHT_JOIN clicks c FORCE INDEX (PRIMARY) ON c.id = UNHEX(l.id)
           LEFT JOIN campaigns k FORCE INDEX (campaigns_id) ON k.id = c.campaign_id
           WHERE k.id IS NULL OR k.clinic_id = c.clinic_id"#,
        Json(ids)
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    let outdated = rows.filter(|row| is_outdated(&row.class, row.rule_version, version)).map(|row| Outdated {
        id: row.id,
        message: MessageId { campaign: row.campaign, number: row.message_number },
        class: row.class.parse().ok(),
        agent: row.agent,
        method: row.method,
        purpose: row.purpose,
        clicked_at: row.clicked_at.and_utc(),
    });
    Ok(outdated.collect())
}

/// What a visit is taken for now: class and reason.
pub type Verdict = (ClickId, ClickClass, &'static str);

#[derive(Serialize)]
struct Line(Simple, &'static str, &'static str);

/// Writes down what visits are taken for by the rules of this version, in one statement.
///
/// # Errors
/// When the database refuses.
pub async fn set_classes(connection: &mut MySqlConnection, version: u16, verdicts: &[Verdict]) -> Result<(), sqlx::Error> {
    if verdicts.is_empty() {
        return Ok(());
    }
    let line = |(id, class, reason): &Verdict| Line(id.uuid().simple(), class.as_str(), reason);
    let lines: Vec<_> = verdicts.iter().map(line).collect();
    sqlx::query!(
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', class VARCHAR(10) PATH '$[1]', reason VARCHAR(40) PATH '$[2]')) l
         STRAIGHT_JOIN clicks c FORCE INDEX (PRIMARY) ON c.id = UNHEX(l.id)
         SET c.class = l.class, c.reason = l.reason, c.rule_version = ?",
        Json(lines),
        version
    )
    .execute(connection)
    .await
    .map(drop)
}
