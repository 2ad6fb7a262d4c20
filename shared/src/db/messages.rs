//! Messages: one line per requested recipient of a campaign. The counts of all states add up to the number requested.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::db::decode;
use crate::model::result::Reason;
use crate::model::state::MessageState;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, MessageId, PhoneNumber};

/// How many lines one statement adds: 11,000 of the 65,535 values that it may have.
const LINES_PER_STATEMENT: usize = 1000;

/// A message that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The tenant.
    pub clinic: ClinicId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The recipient's number in the campaign, from 1.
    pub number: u32,
    /// The bundle that it goes in; none when it is excluded.
    pub bundle: Option<BundleId>,
    /// The recipient.
    pub customer: CustomerId,
    /// The recipient's name at that moment.
    pub name: String,
    /// The recipient's phone at that moment.
    pub phone: PhoneNumber,
    /// The finished text.
    pub body: String,
    /// The token of its link.
    pub link: String,
    /// `queued` or `excluded`.
    pub state: MessageState,
    /// Why it is excluded, as a stable word.
    pub reason: Option<String>,
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The recipient's number in the campaign.
    pub number: u32,
    /// The recipient.
    pub customer: CustomerId,
    /// The recipient's name when the campaign was prepared.
    pub name: String,
    /// The recipient's phone when the campaign was prepared.
    pub phone: PhoneNumber,
    /// The finished text.
    pub body: String,
    /// The token of its link.
    pub link: String,
    /// What became of it.
    pub state: MessageState,
    /// Why it failed, is unknown or was excluded, as a stable word.
    pub reason: Option<String>,
    /// The provider's `rslt`, or the code with which it refused the bundle.
    pub result_code: Option<String>,
    /// The provider's words for it.
    pub result_message: Option<String>,
    /// When the provider took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When its end was learnt.
    pub resulted_at: Option<DateTime<Utc>>,
    /// When its link was first opened by a person.
    pub first_click_at: Option<DateTime<Utc>>,
}

/// How many messages there are, as the API shows them: `requested` is the sum of all states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = MessageTotals)]
pub struct Totals {
    /// All of them.
    pub requested: u64,
    /// Waiting to be handed over.
    pub queued: u64,
    /// The provider has them, no result yet.
    pub sent: u64,
    /// Arrived.
    pub delivered: u64,
    /// Did not arrive.
    pub failed: u64,
    /// May or may not have arrived.
    pub unknown: u64,
    /// Never to be sent.
    pub excluded: u64,
}

impl From<BTreeMap<MessageState, u64>> for Totals {
    fn from(counts: BTreeMap<MessageState, u64>) -> Self {
        let of = |state| counts.get(&state).copied().unwrap_or_default();
        Self {
            requested: counts.values().sum(),
            queued: of(MessageState::Queued),
            sent: of(MessageState::Sent),
            delivered: of(MessageState::Delivered),
            failed: of(MessageState::Failed),
            unknown: of(MessageState::Unknown),
            excluded: of(MessageState::Excluded),
        }
    }
}

/// How a message ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    /// Delivered, failed or unknown.
    pub state: MessageState,
    /// Why, as a stable word; none when it was delivered.
    pub reason: Option<&'static str>,
    /// The provider's code, raw.
    pub code: Option<String>,
    /// The provider's words.
    pub message: Option<String>,
}

impl End {
    /// It certainly did not arrive; `answer` is the provider's code and words, if it said any.
    #[must_use]
    pub fn failed(reason: Reason, answer: Option<(String, String)>) -> Self {
        Self::new(MessageState::Failed, Some(reason), answer)
    }

    /// Made to fit the columns.
    #[must_use]
    pub fn new(state: MessageState, reason: Option<Reason>, answer: Option<(String, String)>) -> Self {
        let (code, message) = answer.unzip();
        Self {
            state,
            reason: reason.map(Reason::as_str),
            code: code.map(|code| code.chars().filter(char::is_ascii_graphic).take(10).collect()),
            message: message.map(|message| message.chars().take(200).collect()),
        }
    }
}

struct Row {
    number: u32,
    customer: CustomerId,
    name: String,
    phone: String,
    body: String,
    link: String,
    state: String,
    reason: Option<String>,
    result_code: Option<String>,
    result_message: Option<String>,
    sent_at: Option<NaiveDateTime>,
    resulted_at: Option<NaiveDateTime>,
    first_click_at: Option<NaiveDateTime>,
}

impl TryFrom<Row> for Message {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.number,
            customer: row.customer,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            body: row.body,
            link: row.link,
            state: decode(&row.state)?,
            reason: row.reason,
            result_code: row.result_code,
            result_message: row.result_message,
            sent_at: row.sent_at.map(|at| at.and_utc()),
            resulted_at: row.resulted_at.map(|at| at.and_utc()),
            first_click_at: row.first_click_at.map(|at| at.and_utc()),
        })
    }
}

macro_rules! messages {
    ($connection:expr, $where:literal, $($argument:expr),*) => {{
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT number, customer_id AS "customer: CustomerId", name, phone, body, link, state, reason, result_code,
                 result_message, sent_at, resulted_at, first_click_at FROM messages "# + $where,
            $($argument),*
        );
        rows.fetch_all($connection).await?.into_iter().map(Message::try_from).collect()
    }};
}

/// Adds messages, a thousand per statement. A recipient's number and phone are unique within the campaign (`PRIMARY`,
/// `messages_phone`).
///
/// # Errors
/// When the database refuses.
pub async fn insert_all(connection: &mut MySqlConnection, messages: &[NewMessage]) -> Result<(), sqlx::Error> {
    for chunk in messages.chunks(LINES_PER_STATEMENT) {
        let mut query = QueryBuilder::new(
            "INSERT INTO messages (clinic_id, campaign_id, number, bundle_id, customer_id, name, phone, body, link, state, reason) ",
        );
        query.push_values(chunk, |mut row, message| {
            row.push_bind(message.clinic)
                .push_bind(message.campaign)
                .push_bind(message.number)
                .push_bind(message.bundle)
                .push_bind(message.customer)
                .push_bind(&message.name)
                .push_bind(message.phone.e164())
                .push_bind(&message.body)
                .push_bind(&message.link)
                .push_bind(message.state.as_str())
                .push_bind(message.reason.as_deref());
        });
        // The text differs with the number of lines: prepared once, it would only push others out of the cache.
        query.build().persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How many messages of the campaign are in each state; states without a message are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn count_by_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
) -> Result<BTreeMap<MessageState, u64>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT state, COUNT(*) AS "count: u64" FROM messages WHERE clinic_id = ? AND campaign_id = ? GROUP BY state"#,
        clinic,
        campaign
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| Ok((decode(&row.state)?, row.count))).collect()
}

/// The campaign's messages in order of their numbers, behind the number `after`, of one state or of all.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    state: Option<MessageState>,
    after: u32,
    limit: u32,
) -> Result<Vec<Message>, sqlx::Error> {
    if let Some(state) = state {
        return messages!(
            connection,
            "WHERE clinic_id = ? AND campaign_id = ? AND state = ? AND number > ? ORDER BY number LIMIT ?",
            clinic,
            campaign,
            state.as_str(),
            after,
            limit
        );
    }
    messages!(
        connection,
        "WHERE clinic_id = ? AND campaign_id = ? AND number > ? ORDER BY number LIMIT ?",
        clinic,
        campaign,
        after,
        limit
    )
}

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

/// How many messages of the clinic are in each state, in all its campaigns; states without a message are absent.
///
/// # Errors
/// When the database does not answer.
pub async fn count_of_clinic_by_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
) -> Result<BTreeMap<MessageState, u64>, sqlx::Error> {
    let rows =
        sqlx::query!(r#"SELECT state, COUNT(*) AS "count: u64" FROM messages WHERE clinic_id = ? GROUP BY state"#, clinic)
            .fetch_all(connection)
            .await?;
    rows.into_iter().map(|row| Ok((decode(&row.state)?, row.count))).collect()
}

/// Which of these numbers are messages of the clinic's campaign.
///
/// # Errors
/// When the database does not answer.
pub async fn list_numbers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    campaign: CampaignId,
    numbers: &BTreeSet<u32>,
) -> Result<BTreeSet<u32>, sqlx::Error> {
    if numbers.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut query = QueryBuilder::new("SELECT number FROM messages WHERE clinic_id = ");
    query.push_bind(clinic).push(" AND campaign_id = ").push_bind(campaign).push(" AND number IN (");
    let mut list = query.separated(", ");
    for number in numbers {
        list.push_bind(*number);
    }
    query.push(")");
    Ok(query.build_query_scalar().persistent(false).fetch_all(connection).await?.into_iter().collect())
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
