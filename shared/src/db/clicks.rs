//! Visits of links, one line each.

mod first;
mod list;
mod outdated;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

pub use self::first::{Locked, list_earliest_human, lock_messages, set_first_clicks};
pub use self::list::{Found, Listed, Place, SPAN, Wanted, list};
pub use self::outdated::{Outdated, Passed, Verdict, list_outdated, pass, pass_of_campaign, set_classes};
use crate::model::state::ClickClass;
use crate::model::{ClickId, ClinicId, MessageId};

/// How much of the agent is kept, in characters.
const AGENT_LENGTH: usize = 300;
/// Characters of a header that says why a page is asked for.
const PURPOSE_LENGTH: usize = 60;
/// Characters of an HTTP method.
const METHOD_LENGTH: usize = 10;
/// Characters of a stable word.
const WORD_LENGTH: usize = 40;

/// A visit as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Made at the redirect.
    pub id: ClickId,
    /// The tenant.
    pub clinic: ClinicId,
    /// The message whose link was visited.
    pub message: MessageId,
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
    /// Which process answered it, and its number there.
    pub numbered: Option<(u64, u32)>,
    /// When.
    pub clicked_at: DateTime<Utc>,
}

/// A visit as the statement below reads it, without the names of its columns.
#[derive(Serialize)]
struct Line(Simple, Simple, Simple, u32, &'static str, String, u16, String, String, String, Option<u64>, Option<u32>, String);

impl From<&Click> for Line {
    /// Made to fit the columns.
    fn from(click: &Click) -> Self {
        let (origin, sequence) = click.numbered.unzip();
        Self(
            click.id.uuid().simple(),
            click.clinic.uuid().simple(),
            click.message.campaign.uuid().simple(),
            click.message.number,
            click.class.as_str(),
            word(&click.reason, WORD_LENGTH),
            click.rule_version,
            click.agent.chars().take(AGENT_LENGTH).collect(),
            word(&click.method, METHOD_LENGTH),
            click.purpose.chars().take(PURPOSE_LENGTH).collect(),
            origin,
            sequence,
            stored(click.clicked_at),
        )
    }
}

fn word(text: &str, length: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(length).collect()
}

/// A moment as a statement reads it out of JSON.
fn stored(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S%.6f").to_string()
}

/// Adds visits in one statement: all of them, or none when one is there already (unique key `PRIMARY`). Their messages are
/// [locked](lock_messages).
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<(), sqlx::Error> {
    if clicks.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = clicks.iter().map(Line::from).collect();
    // The list is one value, so that the text of the statement does not depend on its length: it is prepared once.
    sqlx::query!(
        "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, method, purpose, origin,
             sequence, clicked_at)
         SELECT UNHEX(l.id), UNHEX(l.clinic), UNHEX(l.campaign), l.message_number, l.class, l.reason, l.rule_version, l.agent,
             l.method, l.purpose, l.origin, l.sequence, l.clicked_at
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$[0]', clinic CHAR(32) PATH '$[1]', campaign CHAR(32) PATH '$[2]',
             message_number INT UNSIGNED PATH '$[3]', class TEXT PATH '$[4]', reason TEXT PATH '$[5]',
             rule_version SMALLINT UNSIGNED PATH '$[6]', agent TEXT PATH '$[7]', method TEXT PATH '$[8]', purpose TEXT PATH '$[9]',
             origin BIGINT UNSIGNED PATH '$[10]', sequence INT UNSIGNED PATH '$[11]', clicked_at DATETIME(6) PATH '$[12]')) l",
        Json(lines)
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Which of these visits are there already.
///
/// # Errors
/// When the database does not answer.
pub async fn list_known(connection: &mut MySqlConnection, clicks: &[Click]) -> Result<BTreeSet<ClickId>, sqlx::Error> {
    if clicks.is_empty() {
        return Ok(BTreeSet::new());
    }
    let ids: Vec<_> = clicks.iter().map(|click| click.id.uuid().simple()).collect();
    let known = sqlx::query_scalar!(
        r#"SELECT c.id AS "id: ClickId" FROM JSON_TABLE(?, '$[*]' COLUMNS (id CHAR(32) PATH '$')) l
           STRAIGHT_JOIN clicks c FORCE INDEX (PRIMARY) ON c.id = UNHEX(l.id)"#,
        Json(ids)
    );
    Ok(known.fetch_all(connection).await?.into_iter().collect())
}
