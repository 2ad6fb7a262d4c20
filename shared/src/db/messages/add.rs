//! Writing messages down.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::MySqlConnection;
use sqlx::types::Json;
use uuid::fmt::Simple;

use super::NewMessage;
use crate::model::{CampaignId, PhoneNumber};

/// Bytes of one statement after which the next line goes into another one, far below what a server takes in one packet (16 MiB and
/// more).
const BYTES: usize = 2 << 20;

/// A message as the statement below reads it, without the names of its columns.
#[derive(Serialize)]
struct Line<'a>(
    u32,
    Option<Simple>,
    Option<Simple>,
    Option<Simple>,
    &'a str,
    &'a str,
    &'a str,
    Option<&'a str>,
    Option<String>,
    &'a str,
    &'a str,
    Option<&'a str>,
);

/// Adds messages, thousands per statement. A recipient's number and phone are unique within the campaign (`PRIMARY`,
/// `messages_phone`).
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, messages: &[NewMessage]) -> Result<(), sqlx::Error> {
    for of_one_campaign in messages.chunk_by(|one, other| (one.clinic, one.campaign) == (other.clinic, other.campaign)) {
        let mut rest = of_one_campaign;
        while let Some(first) = rest.first() {
            let (lines, count) = lines(rest).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
            rest = rest.get(count..).unwrap_or_default();
            insert(connection, first, lines).await?;
        }
    }
    Ok(())
}

/// The lines that fit into one statement, always one, as a JSON list; and how many they are.
fn lines(messages: &[NewMessage]) -> Result<(String, usize), serde_json::Error> {
    let mut json = String::with_capacity(BYTES.min(messages.len() * 600));
    let mut count = 0;
    for message in messages {
        if json.len() > BYTES {
            break;
        }
        json.push(if count == 0 { '[' } else { ',' });
        json.push_str(&serde_json::to_string(&line(message)?)?);
        count += 1;
    }
    json.push(']');
    Ok((json, count))
}

fn line(message: &NewMessage) -> Result<Line<'_>, serde_json::Error> {
    Ok(Line(
        message.number,
        message.bundle.map(|id| id.uuid().simple()),
        message.customer.map(|id| id.uuid().simple()),
        message.group.map(|id| id.uuid().simple()),
        &message.name,
        message.phone.e164(),
        &message.body,
        message.title.as_deref(),
        message.buttons.as_ref().map(serde_json::to_string).transpose()?,
        &message.link,
        message.state.as_str(),
        message.reason.as_deref(),
    ))
}

/// The list is one value, so that the text of the statement does not depend on its length: it is prepared once.
async fn insert(connection: &mut MySqlConnection, first: &NewMessage, lines: String) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO messages (clinic_id, campaign_id, number, bundle_id, customer_id, group_id, name, phone, body, title, buttons,
             link, state, reason)
         SELECT ?, ?, l.number, UNHEX(l.bundle), UNHEX(l.customer), UNHEX(l.reached), l.name, l.phone, l.body, l.title, l.buttons,
             l.link, l.state, l.reason
         FROM JSON_TABLE(?, '$[*]' COLUMNS (
             number INT UNSIGNED PATH '$[0]', bundle CHAR(32) PATH '$[1]', customer CHAR(32) PATH '$[2]',
             reached CHAR(32) PATH '$[3]', name TEXT PATH '$[4]', phone TEXT PATH '$[5]', body TEXT PATH '$[6]',
             title TEXT PATH '$[7]', buttons LONGTEXT PATH '$[8]', link TEXT PATH '$[9]', state TEXT PATH '$[10]',
             reason TEXT PATH '$[11]')) l",
        first.clinic,
        first.campaign,
        lines
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Those of the phones for which the campaign has a message already.
///
/// # Errors
/// When the database does not answer.
pub async fn list_taken<'a>(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    phones: impl Iterator<Item = &'a PhoneNumber>,
) -> Result<HashSet<String>, sqlx::Error> {
    let phones: Vec<_> = phones.map(PhoneNumber::e164).collect();
    let taken = sqlx::query_scalar!(
        "SELECT m.phone FROM JSON_TABLE(?, '$[*]' COLUMNS (phone VARCHAR(16) CHARACTER SET ascii PATH '$')) l
         STRAIGHT_JOIN messages m FORCE INDEX (messages_phone) ON m.campaign_id = ? AND m.phone = l.phone",
        Json(phones),
        campaign
    );
    Ok(taken.fetch_all(connection).await?.into_iter().collect())
}
