//! By which phones the messages of a deleted customer are found. Messages are indexed by phone, not by customer; a customer whom
//! somebody has edited may have had phones that nobody knows any more.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

use crate::model::{CampaignId, ClinicId, CustomerId, ImportId, UserId};

/// How many campaigns one statement looks through: it reads every message of theirs.
const CAMPAIGNS: u32 = 5;

/// A customer who went with a withdrawal, at one phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// The person.
    pub user: UserId,
    /// The tenant.
    pub clinic: ClinicId,
    /// The customer who was deleted.
    pub customer: CustomerId,
    /// E.164.
    pub phone: String,
    /// Whether there may be messages with other phones.
    pub is_edited: bool,
    /// The last campaign that was looked through for other phones.
    pub campaigns_through: Option<CampaignId>,
    /// The last import that was looked through for them.
    pub imports_through: Option<ImportId>,
}

impl Gone {
    /// When joining made the customer: the id says it. Where it does not, everything may be about them.
    fn made_at(&self) -> DateTime<Utc> {
        let (seconds, nanoseconds) = self.customer.uuid().get_timestamp().map_or((0, 0), |made| made.to_unix());
        i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, nanoseconds)).unwrap_or_default()
    }
}

/// Remembers a phone of a customer who went with a withdrawal.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    user: UserId,
    (clinic, customer): (ClinicId, CustomerId),
    phone: &str,
    is_edited: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO withdrawn_customers (user_id, clinic_id, customer_id, phone, is_edited) VALUES (?, ?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE customer_id = VALUES(customer_id)",
        user,
        clinic,
        customer,
        phone,
        is_edited
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The customers who went with somebody's withdrawal.
///
/// # Errors
/// When the database does not answer.
pub async fn list(connection: &mut MySqlConnection, user: UserId) -> Result<Vec<Gone>, sqlx::Error> {
    sqlx::query_as!(
        Gone,
        r#"SELECT user_id AS "user: UserId", clinic_id AS "clinic: ClinicId", customer_id AS "customer: CustomerId", phone,
             is_edited AS "is_edited: bool", campaigns_through AS "campaigns_through: CampaignId",
             imports_through AS "imports_through: ImportId"
           FROM withdrawn_customers WHERE user_id = ? ORDER BY clinic_id, phone"#,
        user
    )
    .fetch_all(connection)
    .await
}

/// The last of so many campaigns of a clinic behind the one given, in order of their ids; none when there are none.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn campaigns_behind(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    after: CampaignId,
    count: u32,
) -> Result<Option<CampaignId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM (
             SELECT id FROM campaigns FORCE INDEX (PRIMARY) WHERE clinic_id = ? AND id > ? ORDER BY id LIMIT ?) page
           ORDER BY id DESC LIMIT 1"#,
        clinic,
        after,
        count
    )
    .fetch_optional(connection)
    .await
}

/// Looks through the messages of the next few campaigns for phones that an edited customer had. Answers how far it is through; none at
/// the end.
///
/// # Errors
/// When the database refuses.
pub async fn look_in_messages(
    connection: &mut MySqlConnection,
    gone: &Gone,
    through: Option<CampaignId>,
) -> Result<Option<CampaignId>, sqlx::Error> {
    let (after, made_at) = (through.unwrap_or(CampaignId::from_uuid(Uuid::nil())), gone.made_at());
    // What had come to its end before the customer was there is about others.
    let last = sqlx::query_scalar!(
        r#"SELECT id AS "id: CampaignId" FROM (
             SELECT id FROM campaigns FORCE INDEX (PRIMARY)
             WHERE clinic_id = ? AND id > ? AND (finished_at IS NULL OR finished_at >= ?) ORDER BY id LIMIT ?) page
           ORDER BY id DESC LIMIT 1"#,
        gone.clinic,
        after,
        made_at,
        CAMPAIGNS
    );
    let Some(last) = last.fetch_optional(&mut *connection).await? else { return Ok(None) };
    // The rows of a campaign lie side by side; there is no index by the customer, because every message would pay for it.
    let phones = sqlx::query_scalar!(
        "SELECT DISTINCT m.phone FROM campaigns c FORCE INDEX (PRIMARY)
         STRAIGHT_JOIN messages m FORCE INDEX (PRIMARY) ON m.campaign_id = c.id
         WHERE c.clinic_id = ? AND c.id > ? AND c.id <= ? AND (c.finished_at IS NULL OR c.finished_at >= ?)
           AND m.customer_id = ? AND m.phone NOT LIKE 'gone:%'",
        gone.clinic,
        after,
        last,
        made_at,
        gone.customer
    );
    for phone in phones.fetch_all(&mut *connection).await? {
        insert(connection, gone.user, (gone.clinic, gone.customer), &phone, false).await?;
    }
    sqlx::query!(
        "UPDATE withdrawn_customers SET campaigns_through = ? WHERE user_id = ? AND clinic_id = ? AND customer_id = ?",
        last,
        gone.user,
        gone.clinic,
        gone.customer
    )
    .execute(connection)
    .await?;
    Ok(Some(last))
}

/// Looks through the rows of the clinic's next import for phones that an edited customer had. Answers how far it is through; none at
/// the end.
///
/// # Errors
/// When the database refuses.
pub async fn look_in_imports(
    connection: &mut MySqlConnection,
    gone: &Gone,
    through: Option<ImportId>,
) -> Result<Option<ImportId>, sqlx::Error> {
    let next = sqlx::query_scalar!(
        r#"SELECT id AS "id: ImportId" FROM imports FORCE INDEX (PRIMARY)
           WHERE clinic_id = ? AND id > ? AND NOT rows_expired ORDER BY id LIMIT 1"#,
        gone.clinic,
        through.unwrap_or(ImportId::from_uuid(Uuid::nil()))
    );
    let Some(next) = next.fetch_optional(&mut *connection).await? else { return Ok(None) };
    let phones = sqlx::query_scalar!(
        r#"SELECT DISTINCT phone AS "phone!" FROM import_rows FORCE INDEX (PRIMARY)
           WHERE clinic_id = ? AND import_id = ? AND customer_id = ? AND phone IS NOT NULL"#,
        gone.clinic,
        next,
        gone.customer
    );
    for phone in phones.fetch_all(&mut *connection).await? {
        insert(connection, gone.user, (gone.clinic, gone.customer), &phone, false).await?;
    }
    sqlx::query!(
        "UPDATE withdrawn_customers SET imports_through = ? WHERE user_id = ? AND clinic_id = ? AND customer_id = ?",
        next,
        gone.user,
        gone.clinic,
        gone.customer
    )
    .execute(connection)
    .await?;
    Ok(Some(next))
}

/// Everything was looked through.
///
/// # Errors
/// When the database refuses.
pub async fn mark_looked_through(connection: &mut MySqlConnection, gone: &Gone) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE withdrawn_customers SET is_edited = FALSE WHERE user_id = ? AND clinic_id = ? AND customer_id = ?",
        gone.user,
        gone.clinic,
        gone.customer
    )
    .execute(connection)
    .await
    .map(drop)
}
