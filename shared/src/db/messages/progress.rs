//! The messages of a bundle on their way.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::{End, Message, Row, messages};
use crate::db::bundles::settle::Attempt;
use crate::model::result::Reason;
use crate::model::template::Button;
use crate::model::{BundleId, ClinicId, CustomerId, GroupId, PhoneNumber};

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

/// What is handed over of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Who receives it.
    pub phone: PhoneNumber,
    /// The finished text.
    pub body: String,
    /// The finished emphasised title, when it is not the campaign's.
    pub title: Option<String>,
    /// The finished buttons, when they are not the campaign's with the link filled in.
    pub buttons: Option<Vec<Button>>,
    /// The token of its link.
    pub link: String,
}

/// What a bundle hands over: its queued messages in order of their numbers. None when somebody of them has asked not to be written to
/// since the campaign was prepared, has withdrawn, or has taken back the consent that `advertising` needs: they are to be
/// [excluded](exclude_refusers) first.
///
/// # Errors
/// When the database does not answer.
pub async fn list_outbound(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    bundle: BundleId,
    advertising: bool,
) -> Result<Option<Vec<Outbound>>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.phone, m.body, m.title, m.buttons AS "buttons: Json<Vec<Button>>", m.link,
             (s.phone IS NOT NULL OR w.user_id IS NOT NULL OR ? AND c.advertising_consent_at IS NULL) AS "refuses!: bool"
           FROM messages m FORCE INDEX (messages_by_bundle)
           LEFT JOIN suppressions s ON s.clinic_id = m.clinic_id AND s.phone = m.phone
           LEFT JOIN withdrawn_customers w ON w.clinic_id = m.clinic_id AND w.customer_id = m.customer_id
           LEFT JOIN customers c ON ? AND c.clinic_id = m.clinic_id AND c.id = m.customer_id
           WHERE m.bundle_id = ? AND m.clinic_id = ? AND m.state = 'queued' ORDER BY m.campaign_id, m.number"#,
        advertising,
        advertising,
        bundle,
        clinic
    );
    let rows = rows.fetch_all(connection).await?;
    if rows.iter().any(|row| row.refuses) {
        return Ok(None);
    }
    let outbound = rows.into_iter().map(|row| {
        Ok(Outbound {
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            body: row.body,
            title: row.title,
            buttons: row.buttons.map(|buttons| buttons.0),
            link: row.link,
        })
    });
    outbound.collect::<Result<_, _>>().map(Some)
}

/// Whoever of a bundle has asked not to be written to, has withdrawn, or has taken back the consent that `advertising` needs, is left
/// out while the bundle is being called by this attempt; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn exclude_refusers(
    connection: &mut MySqlConnection,
    attempt: Attempt,
    advertising: bool,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE bundles b STRAIGHT_JOIN messages m FORCE INDEX (messages_by_bundle) ON m.bundle_id = b.id
         LEFT JOIN suppressions s ON s.clinic_id = m.clinic_id AND s.phone = m.phone
         LEFT JOIN withdrawn_customers w ON w.clinic_id = m.clinic_id AND w.customer_id = m.customer_id
         LEFT JOIN customers c ON ? AND c.clinic_id = m.clinic_id AND c.id = m.customer_id
         SET m.state = 'excluded', m.resulted_at = ?,
           m.reason = CASE WHEN s.phone IS NOT NULL THEN ? WHEN w.user_id IS NOT NULL THEN ? ELSE ? END
         WHERE b.clinic_id = ? AND b.id = ? AND b.state = 'calling' AND b.attempt = ? AND m.state = 'queued'
           AND (s.phone IS NOT NULL OR w.user_id IS NOT NULL OR ? AND c.advertising_consent_at IS NULL)",
        advertising,
        at,
        Reason::Suppressed.as_str(),
        Reason::Withdrawn.as_str(),
        Reason::NoConsent.as_str(),
        attempt.clinic,
        attempt.bundle,
        attempt.number,
        advertising
    );
    Ok(done.execute(connection).await?.rows_affected())
}

/// What a bundle has not handed over is never sent, for a reason that is nobody's failure; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn exclude_queued(
    connection: &mut MySqlConnection,
    bundle: BundleId,
    reason: Reason,
    at: DateTime<Utc>,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages FORCE INDEX (messages_by_bundle) SET state = 'excluded', reason = ?, resulted_at = ? WHERE bundle_id = ? AND state = 'queued'",
        reason.as_str(),
        at,
        bundle
    );
    Ok(done.execute(connection).await?.rows_affected())
}

/// The provider has the messages of the bundle that nobody knew the whereabouts of; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn mark_sent(connection: &mut MySqlConnection, bundle: BundleId, sent_at: DateTime<Utc>) -> Result<u32, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE messages FORCE INDEX (messages_by_bundle) SET state = 'sent', reason = NULL, sent_at = ? WHERE bundle_id = ? AND state IN ('queued', 'unknown')",
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
        "UPDATE messages FORCE INDEX (messages_by_bundle) SET state = 'unknown', reason = ? WHERE bundle_id = ? AND state = 'queued'",
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
        "UPDATE messages FORCE INDEX (messages_by_bundle) SET state = ?, reason = ?, result_code = ?, result_message = ?, resulted_at = ?
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
