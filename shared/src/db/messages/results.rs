//! What became of the messages of a bundle after its call.

use chrono::{DateTime, Utc};
use sqlx::{MySqlConnection, QueryBuilder};

use super::End;
use crate::db::decode;
use crate::model::result::Reason;
use crate::model::state::MessageState;
use crate::model::{BundleId, CampaignId, ClinicId, GroupId, PhoneNumber};

/// How long lists of numbers are, filled up with the last: so there are few statements, and both sides keep them prepared.
const LENGTHS: [usize; 4] = [1, 10, 100, 500];

/// A message whose result is still to come, and what it is recognised by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// The recipient's number in the campaign.
    pub number: u32,
    /// The recipient's phone.
    pub phone: PhoneNumber,
    /// The token of its link.
    pub link: String,
    /// The group through which the recipient was reached.
    pub group: Option<GroupId>,
}

/// The messages of a bundle whose result is still to come, locked: whoever ends one of them ends it alone.
///
/// # Errors
/// When the database refuses.
pub async fn lock_awaited(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
) -> Result<Vec<Awaited>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT number, phone, link, group_id AS "group: GroupId" FROM messages
           WHERE bundle_id = ? AND clinic_id = ? AND state = 'sent' ORDER BY number FOR UPDATE"#,
        bundle,
        clinic
    );
    let awaited = rows.fetch_all(connection).await?.into_iter().map(|row| {
        let phone = PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Awaited { number: row.number, phone, link: row.link, group: row.group })
    });
    awaited.collect()
}

/// These messages ended alike. They were [locked](lock_awaited) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn end(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    numbers: &[u32],
    end: &End,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    for numbers in numbers.chunks(LENGTHS[LENGTHS.len() - 1]) {
        let Some(filler) = numbers.last() else { break };
        let length = LENGTHS.into_iter().find(|length| *length >= numbers.len()).unwrap_or(numbers.len());
        let mut query = QueryBuilder::new("UPDATE messages SET state = ");
        query.push_bind(end.state.as_str());
        query.push(", reason = ").push_bind(end.reason);
        query.push(", result_code = ").push_bind(end.code.as_deref());
        query.push(", result_message = ").push_bind(end.message.as_deref());
        query.push(", resulted_at = ").push_bind(at);
        query.push(" WHERE campaign_id = ").push_bind(campaign).push(" AND state = 'sent' AND number IN (");
        let mut list = query.separated(", ");
        for number in numbers.iter().chain(std::iter::repeat(filler)).take(length) {
            list.push_bind(*number);
        }
        query.push(")").build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// How many messages of a bundle are in this state, by the group through which recipients were reached.
///
/// # Errors
/// When the database does not answer.
pub async fn count_by_group(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
    state: MessageState,
) -> Result<Vec<(Option<GroupId>, i32)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT group_id AS "group: GroupId", CAST(COUNT(*) AS SIGNED) AS "count!: i64"
           FROM messages FORCE INDEX (messages_by_bundle) WHERE bundle_id = ? AND clinic_id = ? AND state = ? GROUP BY group_id"#,
        bundle,
        clinic,
        state.as_str()
    );
    let counted = rows.fetch_all(connection).await?.into_iter();
    Ok(counted.map(|row| (row.group, i32::try_from(row.count).unwrap_or(i32::MAX))).collect())
}

/// Remembers the SMS that the provider sent instead of the message.
///
/// # Errors
/// When the database refuses.
pub async fn set_substitute(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    number: u32,
    substitute_id: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE messages SET substitute_id = ? WHERE campaign_id = ? AND number = ?", substitute_id, campaign, number)
        .execute(connection)
        .await
        .map(drop)
}

/// Some messages of a bundle that are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alike {
    /// What became of them.
    pub state: MessageState,
    /// Why.
    pub reason: Option<Reason>,
    /// Whether their end is known.
    pub has_ended: bool,
}

/// What became of the messages of a bundle: each combination once.
///
/// # Errors
/// When the database does not answer.
pub async fn list_alike(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
) -> Result<Vec<Alike>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT state, reason, resulted_at IS NOT NULL AS "has_ended!: bool"
           FROM messages WHERE bundle_id = ? AND clinic_id = ?"#,
        bundle,
        clinic
    );
    let alike = rows.fetch_all(connection).await?.into_iter().map(|row| {
        let reason = row.reason.as_deref().and_then(Reason::named);
        Ok(Alike { state: decode(&row.state)?, reason, has_ended: row.has_ended })
    });
    alike.collect()
}

/// The provider does not have the bundle: those of whom nobody knew wait once more. Answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn mark_queued(connection: &mut MySqlConnection, bundle: BundleId) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages SET state = 'queued', reason = NULL WHERE bundle_id = ? AND state = 'unknown' AND reason = ?",
        bundle,
        Reason::NoAnswer.as_str()
    );
    Ok(u32::try_from(done.execute(connection).await?.rows_affected()).unwrap_or(u32::MAX))
}

/// The provider does not have the bundle, and nothing more of its campaign is sent: those of whom nobody knew are excluded.
/// Answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn mark_excluded(
    connection: &mut MySqlConnection,
    bundle: BundleId,
    reason: Reason,
    at: DateTime<Utc>,
) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages SET state = 'excluded', reason = ?, resulted_at = ?
         WHERE bundle_id = ? AND state = 'unknown' AND reason = ?",
        reason.as_str(),
        at,
        bundle,
        Reason::NoAnswer.as_str()
    );
    Ok(u32::try_from(done.execute(connection).await?.rows_affected()).unwrap_or(u32::MAX))
}
