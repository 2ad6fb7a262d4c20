//! The messages of a bundle on their way.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use super::{End, Message, Row, messages};
use crate::model::template::Button;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, GroupId, MessageId};

/// The messages of a bundle in order of their numbers.
///
/// # Errors
/// When the database does not answer.
pub async fn list_of_bundle(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
) -> Result<Vec<Message>, sqlx::Error> {
    messages!(connection, "WHERE bundle_id = ? AND clinic_id = ? ORDER BY number", bundle, clinic)
}

/// The messages of a bundle whose result is still to come, locked: whoever ends one of them ends it alone.
///
/// # Errors
/// When the database refuses.
pub async fn lock_sent(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
) -> Result<Vec<Message>, sqlx::Error> {
    messages!(connection, "WHERE bundle_id = ? AND clinic_id = ? AND state = 'sent' ORDER BY number FOR UPDATE", bundle, clinic)
}

/// The provider has the messages of the bundle that nobody knew the whereabouts of; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn mark_sent(connection: &mut MySqlConnection, bundle: BundleId, sent_at: DateTime<Utc>) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages SET state = 'sent', reason = NULL, sent_at = ? WHERE bundle_id = ? AND state IN ('queued', 'unknown')",
        sent_at,
        bundle
    );
    Ok(u32::try_from(done.execute(connection).await?.rows_affected()).unwrap_or(u32::MAX))
}

/// The provider may have the messages of the bundle.
///
/// # Errors
/// When the database refuses.
pub async fn mark_unknown(
    connection: &mut MySqlConnection,
    bundle: BundleId,
    reason: &'static str,
) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages SET state = 'unknown', reason = ? WHERE bundle_id = ? AND state = 'queued'",
        reason,
        bundle
    );
    Ok(u32::try_from(done.execute(connection).await?.rows_affected()).unwrap_or(u32::MAX))
}

/// The messages of the bundle will not be sent; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn mark_not_sent(
    connection: &mut MySqlConnection,
    bundle: BundleId,
    end: &End,
    at: DateTime<Utc>,
) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages SET state = ?, reason = ?, result_code = ?, result_message = ?, resulted_at = ?
         WHERE bundle_id = ? AND state IN ('queued', 'unknown')",
        end.state.as_str(),
        end.reason,
        end.code,
        end.message,
        at,
        bundle
    );
    Ok(u32::try_from(done.execute(connection).await?.rows_affected()).unwrap_or(u32::MAX))
}

/// These messages ended alike. They were [locked](lock_sent) in this transaction.
///
/// # Errors
/// When the database refuses.
pub async fn mark_ended(
    connection: &mut MySqlConnection,
    campaign: CampaignId,
    numbers: &[u32],
    end: &End,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    if numbers.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("UPDATE messages SET state = ");
    query.push_bind(end.state.as_str());
    query.push(", reason = ").push_bind(end.reason);
    query.push(", result_code = ").push_bind(end.code.as_deref());
    query.push(", result_message = ").push_bind(end.message.as_deref());
    query.push(", resulted_at = ").push_bind(at);
    query.push(" WHERE campaign_id = ").push_bind(campaign).push(" AND state = 'sent' AND number IN (");
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
    query.push(")").build().persistent(false).execute(connection).await.map(drop)
}

/// A person opened the message's link; answers whether it was the first time.
///
/// # Errors
/// When the database refuses.
pub async fn mark_clicked(
    connection: &mut MySqlConnection,
    message: MessageId,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // A row that matches is a row that changes, so the count is right although the driver counts matches.
    let done = sqlx::query!(
        "UPDATE messages SET first_click_at = ? WHERE campaign_id = ? AND number = ? AND first_click_at IS NULL",
        at,
        message.campaign,
        message.number
    );
    Ok(done.execute(connection).await?.rows_affected() == 1)
}
