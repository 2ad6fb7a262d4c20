//! Messages to somebody who has withdrawn: those that wait are not sent, and all of them forget whose they were as soon as nobody
//! needs to recognise them any more. What they count for stays: their number, state, reason, times, group and link.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use super::phones::{self, Gone, campaigns_behind};
use crate::db::Database;
use crate::model::result::Reason;
use crate::model::{BundleId, CampaignId, PhoneNumber, UserId};

/// How many campaigns one statement looks through.
const CAMPAIGNS: u32 = 500;
/// An unknown bundle is looked for in the provider's history for two weeks at most, by the links, phones and texts of its messages.
/// After that nothing changes it any more.
const LOOKED_FOR: TimeDelta = TimeDelta::days(15);

/// A message that waits to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// The campaign.
    pub campaign: CampaignId,
    /// The recipient's number in it.
    pub number: u32,
    /// The bundle that it goes in.
    pub bundle: BundleId,
}

/// The messages to a deleted customer that wait to be handed over.
///
/// # Errors
/// When the database does not answer.
pub async fn list_queued(connection: &mut MySqlConnection, gone: &Gone) -> Result<Vec<Queued>, sqlx::Error> {
    sqlx::query_as!(
        Queued,
        r#"SELECT m.campaign_id AS "campaign: CampaignId", m.number, m.bundle_id AS "bundle!: BundleId"
           FROM campaigns c FORCE INDEX (PRIMARY)
           STRAIGHT_JOIN messages m FORCE INDEX (messages_phone) ON m.campaign_id = c.id AND m.phone = ?
           WHERE c.clinic_id = ? AND c.state IN ('preparing', 'sending', 'paused') AND m.state = 'queued'
             AND m.customer_id = ? AND m.bundle_id IS NOT NULL"#,
        gone.phone,
        gone.clinic,
        gone.customer
    )
    .fetch_all(connection)
    .await
}

/// The message is not sent any more. Unless its bundle is being called: then whoever calls has left it out, or could not any more.
/// Answers whether it is excluded now.
///
/// # Errors
/// When the database refuses.
pub async fn exclude(
    connection: &mut MySqlConnection,
    gone: &Gone,
    queued: &Queued,
    at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    // The bundle first, as everybody locks them; whoever claims it waits, and then finds the message excluded.
    let done = sqlx::query!(
        "UPDATE bundles b STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.bundle_id = b.id
         SET m.state = 'excluded', m.reason = ?, m.resulted_at = ?
         WHERE b.clinic_id = ? AND b.id = ? AND b.state = 'prepared' AND m.campaign_id = ? AND m.number = ? AND m.state = 'queued'",
        Reason::Withdrawn.as_str(),
        at,
        gone.clinic,
        queued.bundle,
        queued.campaign,
        queued.number
    );
    Ok(done.execute(connection).await?.rows_affected() > 0)
}

/// [Excludes](exclude) all messages to somebody's deleted customers that wait; answers how many.
///
/// # Errors
/// When the database refuses.
pub async fn exclude_queued(database: &Database, user: UserId, at: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let mut excluded = 0;
    // There is one connection: what is read is let go of before a transaction begins.
    let all = phones::list(&mut *database.acquire().await?, user).await?;
    for gone in &all {
        let queued = list_queued(&mut *database.acquire().await?, gone).await?;
        for one in &queued {
            let done = database
                .transaction("exclude_withdrawn", |tx| Box::pin(async move { exclude(tx, gone, one, at).await }))
                .await?;
            excluded += u64::from(done);
        }
    }
    Ok(excluded)
}

/// Messages that hold whose they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembering {
    /// Those whose end is known for good.
    pub ended: Vec<(CampaignId, u32)>,
    /// How many others there are: waiting, on their way, or looked for.
    pub open: usize,
    /// Where to go on; none at the end.
    pub next: Option<CampaignId>,
}

impl Remembering {
    /// Of messages, and whether each has ended.
    fn of(rows: impl Iterator<Item = ((CampaignId, u32), bool)>, next: Option<CampaignId>) -> Self {
        let (ended, open): (Vec<_>, Vec<_>) = rows.partition(|(_, has_ended)| *has_ended);
        Self { ended: ended.into_iter().map(|(message, _)| message).collect(), open: open.len(), next }
    }
}

/// Messages to a phone of a deleted customer, in some campaigns of the clinic. Those to any other customer are somebody else's, be it
/// before or after this one, or the same person's who has come back. A test knows no customer: it is the person's when it was asked
/// for before they withdrew.
///
/// # Errors
/// When the database does not answer.
pub async fn list_remembering(
    connection: &mut MySqlConnection,
    gone: &Gone,
    after: CampaignId,
    (requested_at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Remembering, sqlx::Error> {
    let Some(last) = campaigns_behind(connection, gone.clinic, after, CAMPAIGNS).await? else {
        return Ok(Remembering::default());
    };
    let rows = sqlx::query!(
        r#"SELECT m.campaign_id AS "campaign: CampaignId", m.number,
             (m.state IN ('delivered', 'failed', 'excluded')
               OR m.state = 'unknown' AND (m.resulted_at IS NOT NULL OR b.called_at < ?)) AS "has_ended: bool"
           FROM campaigns c FORCE INDEX (PRIMARY)
           STRAIGHT_JOIN messages m FORCE INDEX (messages_phone) ON m.campaign_id = c.id AND m.phone = ?
           LEFT JOIN bundles b ON b.clinic_id = m.clinic_id AND b.id = m.bundle_id
           WHERE c.clinic_id = ? AND c.id > ? AND c.id <= ?
             AND (m.customer_id = ? OR m.customer_id IS NULL AND c.created_at <= ?)"#,
        now - LOOKED_FOR,
        gone.phone,
        gone.clinic,
        after,
        last,
        gone.customer,
        requested_at
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    let rows = rows.map(|row| ((row.campaign, row.number), row.has_ended == Some(true)));
    Ok(Remembering::of(rows, Some(last)))
}

/// Messages of tests that showed the name and the values of a deleted customer, to whatever phone they went.
///
/// # Errors
/// When the database does not answer.
pub async fn list_showing(
    connection: &mut MySqlConnection,
    gone: &Gone,
    now: DateTime<Utc>,
) -> Result<Remembering, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT m.campaign_id AS "campaign: CampaignId", m.number,
             (m.state IN ('delivered', 'failed', 'excluded')
               OR m.state = 'unknown' AND (m.resulted_at IS NOT NULL OR b.called_at < ?)) AS "has_ended: bool"
           FROM campaigns c FORCE INDEX (PRIMARY)
           STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = c.id AND m.phone NOT LIKE 'gone:%'
           LEFT JOIN bundles b ON b.clinic_id = m.clinic_id AND b.id = m.bundle_id
           WHERE c.clinic_id = ? AND c.kind = 'test' AND c.test_customer_id = ?"#,
        now - LOOKED_FOR,
        gone.clinic,
        gone.customer
    );
    let rows = rows.fetch_all(connection).await?.into_iter();
    Ok(Remembering::of(rows.map(|row| ((row.campaign, row.number), row.has_ended == Some(true))), None))
}

/// Messages forget whose they were.
///
/// # Errors
/// When the database refuses.
pub async fn forget(connection: &mut MySqlConnection, messages: &[(CampaignId, u32)]) -> Result<(), sqlx::Error> {
    if messages.is_empty() {
        return Ok(());
    }
    let lines = messages.iter().map(|(campaign, number)| {
        (campaign.uuid().simple().to_string(), *number, PhoneNumber::forgotten(*number).e164().to_owned())
    });
    sqlx::query!(
        "UPDATE JSON_TABLE(?, '$[*]' COLUMNS (campaign CHAR(32) PATH '$[0]', number INT UNSIGNED PATH '$[1]',
             phone VARCHAR(16) PATH '$[2]')) l
         STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = UNHEX(l.campaign) AND m.number = l.number
         SET m.name = '', m.phone = l.phone, m.body = '', m.title = NULL, m.buttons = NULL, m.result_message = NULL
         WHERE m.state NOT IN ('queued', 'sent')",
        Json(lines.collect::<Vec<_>>())
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes a phone off the tests that were sent to it before the person withdrew, and are over.
///
/// # Errors
/// When the database refuses.
pub async fn forget_tests(
    connection: &mut MySqlConnection,
    gone: &Gone,
    requested_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let tests = sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM campaigns
           WHERE clinic_id = ? AND kind = 'test' AND state IN ('finished', 'canceled', 'failed')
             AND created_at <= ? AND JSON_SEARCH(test_phones, 'one', ?) IS NOT NULL"#,
        gone.clinic,
        requested_at,
        gone.phone
    );
    for test in tests.fetch_all(&mut *connection).await? {
        sqlx::query!(
            "UPDATE campaigns SET test_phones = JSON_REMOVE(test_phones, JSON_UNQUOTE(JSON_SEARCH(test_phones, 'one', ?)))
             WHERE clinic_id = ? AND id = ?",
            gone.phone,
            gone.clinic,
            test
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
