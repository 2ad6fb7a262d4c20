//! Messages: one line per requested recipient of a campaign. The counts of all states add up to the number requested.

mod add;
mod list;
mod progress;
mod received;
pub mod results;
mod search;
mod tally;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

pub use self::add::{insert_all, list_taken};
pub use self::list::{count_by_state, find, list};
pub use self::progress::{
    Outbound, exclude_queued, exclude_refusers, list_of_bundle, list_outbound, mark_not_sent, mark_sent, mark_unknown,
};
pub use self::received::{Received, list_of_customer};
pub use self::search::{Found, Person, SPAN, Wanted, search};
pub use self::tally::{Tally, tally};
use crate::db::decode;
use crate::model::result::Reason;
use crate::model::state::MessageState;
use crate::model::template::Button;
use crate::model::{BundleId, CampaignId, ClinicId, CustomerId, GroupId, PhoneNumber};

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
    /// The recipient; none for a test.
    pub customer: Option<CustomerId>,
    /// The group through which the recipient was reached, the first that was named.
    pub group: Option<GroupId>,
    /// The recipient's name at that moment.
    pub name: String,
    /// The recipient's phone at that moment.
    pub phone: PhoneNumber,
    /// The finished text.
    pub body: String,
    /// The finished emphasised title, when it is not the campaign's.
    pub title: Option<String>,
    /// The finished buttons, when they are not the campaign's with the link filled in.
    pub buttons: Option<Vec<Button>>,
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
    /// The bundle that it goes in; none when it was never to be sent.
    pub bundle: Option<BundleId>,
    /// The recipient; none for a test.
    pub customer: Option<CustomerId>,
    /// The group through which the recipient was reached, the first that was named.
    pub group: Option<GroupId>,
    /// The recipient's name when the campaign was prepared.
    pub name: String,
    /// The recipient's phone when the campaign was prepared.
    pub phone: PhoneNumber,
    /// The finished text.
    pub body: String,
    /// The finished emphasised title, when it is not the campaign's.
    pub title: Option<String>,
    /// The finished buttons, when they are not the campaign's with the link filled in.
    pub buttons: Option<Vec<Button>>,
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
    /// The provider's id of the SMS that was sent instead.
    pub substitute_id: Option<String>,
}

/// How many messages there are, as the API shows them: `requested` is the sum of all states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
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
    bundle: Option<BundleId>,
    customer: Option<CustomerId>,
    group: Option<GroupId>,
    name: String,
    phone: String,
    body: String,
    title: Option<String>,
    buttons: Option<Json<Vec<Button>>>,
    link: String,
    state: String,
    reason: Option<String>,
    result_code: Option<String>,
    result_message: Option<String>,
    sent_at: Option<NaiveDateTime>,
    resulted_at: Option<NaiveDateTime>,
    first_click_at: Option<NaiveDateTime>,
    substitute_id: Option<String>,
}

impl TryFrom<Row> for Message {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.number,
            bundle: row.bundle,
            customer: row.customer,
            group: row.group,
            name: row.name,
            phone: PhoneNumber::from_e164(&row.phone).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            body: row.body,
            title: row.title,
            buttons: row.buttons.map(|buttons| buttons.0),
            link: row.link,
            state: decode(&row.state)?,
            reason: row.reason,
            result_code: row.result_code,
            result_message: row.result_message,
            sent_at: row.sent_at.map(|at| at.and_utc()),
            resulted_at: row.resulted_at.map(|at| at.and_utc()),
            first_click_at: row.first_click_at.map(|at| at.and_utc()),
            substitute_id: row.substitute_id,
        })
    }
}

macro_rules! messages {
    ($connection:expr, $where:literal, $($argument:expr),*) => {{
        let rows = sqlx::query_as!(
            Row,
            r#"SELECT number, bundle_id AS "bundle: BundleId", customer_id AS "customer: CustomerId", group_id AS "group: GroupId",
                 name, phone, body, title, buttons AS "buttons: Json<Vec<Button>>", link, state, reason, result_code, result_message,
                 sent_at, resulted_at, first_click_at, substitute_id FROM messages "# + $where,
            $($argument),*
        );
        rows.fetch_all($connection).await?.into_iter().map(Message::try_from).collect()
    }};
}
use messages;
