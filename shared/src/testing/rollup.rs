//! Whether the roll-up says what the rows say: counted anew from messages and clicks, one by one, without anything that writes it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{NaiveDateTime, Timelike};
use sqlx::mysql::MySqlPool;
use sqlx::{Executor as _, FromRow, MySqlConnection};
use uuid::Uuid;

use crate::model::{CampaignId, ClickId, ClinicId, GroupId, MessageId, TemplateId};

/// What is not as the rows say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// A number of the roll-up.
    Count {
        /// Which one.
        place: Place,
        /// What the rows say.
        expected: i64,
        /// What is stored.
        stored: i64,
    },
    /// The first click of a message is not its earliest visit of a person.
    FirstClick {
        /// The message.
        message: MessageId,
        /// The earliest visit of a person.
        expected: Option<NaiveDateTime>,
        /// What is stored.
        stored: Option<NaiveDateTime>,
    },
    /// A visit of no message of the clinic, which no number can contain, or of no class that there is.
    Stray(ClickId),
}

/// Where a number stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The tenant.
    pub clinic: ClinicId,
    /// The clinic, a template, a group or a campaign.
    pub scope: Uuid,
    /// Zeros for the whole of it.
    pub part: Uuid,
    /// UTC.
    pub hour: NaiveDateTime,
    /// The column, or `failed: ` with the reason.
    pub what: String,
}

type Numbers = BTreeMap<Place, i64>;

/// What a number is called that counts failures for a reason, in front of the reason.
const FAILED_BECAUSE: &str = "failed: ";

/// Every row of the roll-up, of all clinics, equals what the messages and clicks say.
///
/// # Panics
/// When one does not, a first click is not the earliest visit of a person, a visit belongs to no message, or the database does not
/// answer.
pub async fn assert_equals_rows(pool: &MySqlPool) {
    let found = differences(pool).await;
    let some: Vec<_> = found.iter().take(20).collect();
    assert!(found.is_empty(), "{} numbers are not those of the rows, among them {some:#?}", found.len());
}

/// Everything in which the roll-up is not what messages and clicks say. All is read at one moment, so it holds while others work.
///
/// # Panics
/// When the database does not answer.
pub async fn differences(pool: &MySqlPool) -> Vec<Difference> {
    let mut connection = pool.acquire().await.expect("the database answers");
    for begin in ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"] {
        connection.execute(begin).await.expect("a snapshot");
    }
    let rows = Rows::read(&mut connection).await;
    let stored = stored(&mut connection).await;
    connection.execute("COMMIT").await.expect("the snapshot ends");

    let (counted, mut findings) = rows.count();
    let places: BTreeSet<_> = counted.keys().chain(stored.keys()).collect();
    for place in places {
        let number = |numbers: &Numbers| numbers.get(place).copied().unwrap_or_default();
        let (expected, stored) = (number(&counted), number(&stored));
        if expected != stored {
            findings.push(Difference::Count { place: place.clone(), expected, stored });
        }
    }
    findings
}

/// Makes the roll-up what the rows say, for tests that write rows past the functions which count them.
///
/// # Panics
/// When the database refuses.
pub async fn fill(pool: &MySqlPool) {
    let mut connection = pool.begin().await.expect("the database answers");
    let (counted, _) = Rows::read(&mut connection).await.count();
    for table in ["DELETE FROM hourly_totals", "DELETE FROM hourly_failures"] {
        connection.execute(table).await.expect("a table is emptied");
    }
    for (Place { clinic, scope, part, hour, what }, number) in counted {
        let insert = match what.strip_prefix(FAILED_BECAUSE) {
            Some(reason) => sqlx::query(
                "INSERT INTO hourly_failures (clinic_id, scope_id, part_id, hour, failed, reason) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(clinic)
            .bind(scope)
            .bind(part)
            .bind(hour)
            .bind(number)
            .bind(reason.to_owned()),
            None => sqlx::query(sqlx::AssertSqlSafe(format!(
                "INSERT INTO hourly_totals (clinic_id, scope_id, part_id, hour, {what}) VALUES (?, ?, ?, ?, ?)
                 ON DUPLICATE KEY UPDATE {what} = VALUES({what})"
            )))
            .bind(clinic)
            .bind(scope)
            .bind(part)
            .bind(hour)
            .bind(number),
        };
        insert.execute(&mut *connection).await.expect("a number is stored");
    }
    connection.commit().await.expect("the numbers are stored");
}

/// What is counted.
struct Rows {
    campaigns: Vec<CampaignRow>,
    messages: Vec<MessageRow>,
    clicks: Vec<ClickRow>,
}

impl Rows {
    async fn read(connection: &mut MySqlConnection) -> Self {
        let messages = "SELECT clinic_id, campaign_id, number, group_id, state, reason, sent_at, resulted_at, first_click_at
             FROM messages";
        Self {
            campaigns: all(connection, "SELECT clinic_id, id, template_id, kind FROM campaigns").await,
            messages: all(connection, messages).await,
            clicks: all(connection, "SELECT id, clinic_id, campaign_id, message_number, class, clicked_at FROM clicks").await,
        }
    }

    /// The numbers as they should be, and what is wrong in the rows themselves.
    fn count(&self) -> (Numbers, Vec<Difference>) {
        let campaigns = self.campaigns.iter().map(|campaign| (campaign.id, campaign)).collect();
        let mut count = Count { campaigns, expected: Numbers::new() };
        for message in &self.messages {
            count.message(message);
        }
        let findings = count.clicks(&self.messages, &self.clicks);
        (count.expected, findings)
    }
}

#[derive(FromRow)]
struct CampaignRow {
    clinic_id: ClinicId,
    id: CampaignId,
    template_id: TemplateId,
    kind: String,
}

#[derive(FromRow)]
struct MessageRow {
    clinic_id: ClinicId,
    campaign_id: CampaignId,
    number: u32,
    group_id: Option<GroupId>,
    state: String,
    reason: Option<String>,
    sent_at: Option<NaiveDateTime>,
    resulted_at: Option<NaiveDateTime>,
    first_click_at: Option<NaiveDateTime>,
}

#[derive(FromRow)]
struct ClickRow {
    id: ClickId,
    clinic_id: ClinicId,
    campaign_id: CampaignId,
    message_number: u32,
    class: String,
    clicked_at: NaiveDateTime,
}

#[derive(FromRow)]
struct TotalRow {
    clinic_id: ClinicId,
    scope_id: Uuid,
    part_id: Uuid,
    hour: NaiveDateTime,
    sent: i32,
    delivered: i32,
    failed: i32,
    human_clicks: i32,
    unique_clicks: i32,
    previews: i32,
    prefetches: i32,
    bots: i32,
    rejected: i32,
}

#[derive(FromRow)]
struct FailureRow {
    clinic_id: ClinicId,
    scope_id: Uuid,
    part_id: Uuid,
    hour: NaiveDateTime,
    reason: String,
    failed: i32,
}

async fn all<R>(connection: &mut MySqlConnection, statement: &'static str) -> Vec<R>
where
    R: for<'r> FromRow<'r, sqlx::mysql::MySqlRow> + Send + Unpin,
{
    sqlx::query_as(statement).fetch_all(connection).await.expect("the database answers")
}

/// The roll-up as it is stored, by number.
async fn stored(connection: &mut MySqlConnection) -> Numbers {
    let mut numbers = Numbers::new();
    let totals: Vec<TotalRow> = all(connection, "SELECT * FROM hourly_totals").await;
    for row in totals {
        let columns = [
            ("sent", row.sent),
            ("delivered", row.delivered),
            ("failed", row.failed),
            ("human_clicks", row.human_clicks),
            ("unique_clicks", row.unique_clicks),
            ("previews", row.previews),
            ("prefetches", row.prefetches),
            ("bots", row.bots),
            ("rejected", row.rejected),
        ];
        for (what, number) in columns {
            let TotalRow { clinic_id: clinic, scope_id: scope, part_id: part, hour, .. } = row;
            numbers.insert(Place { clinic, scope, part, hour, what: what.to_owned() }, number.into());
        }
    }
    let failures: Vec<FailureRow> = all(connection, "SELECT * FROM hourly_failures").await;
    for row in failures {
        let FailureRow { clinic_id: clinic, scope_id: scope, part_id: part, hour, reason, failed } = row;
        numbers.insert(Place { clinic, scope, part, hour, what: failed_because(&reason) }, failed.into());
    }
    numbers
}

fn failed_because(reason: &str) -> String {
    format!("{FAILED_BECAUSE}{reason}")
}

/// The numbers as they should be.
struct Count<'a> {
    campaigns: HashMap<CampaignId, &'a CampaignRow>,
    expected: Numbers,
}

impl Count<'_> {
    /// One more, wherever a message of this campaign and group is counted.
    fn one(&mut self, campaign: CampaignId, group: Option<GroupId>, at: NaiveDateTime, what: &str) {
        let hour = at.date().and_hms_opt(at.hour(), 0, 0).expect("an hour begins");
        let CampaignRow { clinic_id: clinic, template_id, ref kind, .. } = *self.campaigns[&campaign];
        let whole = Uuid::from_bytes([0; 16]);
        let mut scopes = vec![(campaign.uuid(), whole)];
        match group {
            Some(group) => scopes.push((campaign.uuid(), group.uuid())),
            None => scopes.push((campaign.uuid(), campaign.uuid())),
        }
        if kind != "test" {
            scopes.push((clinic.uuid(), whole));
            scopes.push((template_id.uuid(), whole));
            scopes.extend(group.map(|group| (group.uuid(), whole)));
        }
        for (scope, part) in scopes {
            *self.expected.entry(Place { clinic, scope, part, hour, what: what.to_owned() }).or_default() += 1;
        }
    }

    fn message(&mut self, message: &MessageRow) {
        let MessageRow { campaign_id: campaign, group_id: group, .. } = *message;
        if let Some(at) = message.sent_at {
            self.one(campaign, group, at, "sent");
        }
        if let Some(at) = message.first_click_at {
            self.one(campaign, group, at, "unique_clicks");
        }
        match (message.resulted_at, message.state.as_str()) {
            (Some(at), "delivered") => self.one(campaign, group, at, "delivered"),
            (Some(at), "failed") => {
                self.one(campaign, group, at, "failed");
                self.one(campaign, group, at, &failed_because(message.reason.as_deref().unwrap_or("other")));
            }
            _ => {}
        }
    }

    /// Counts the visits; answers those that belong nowhere, and the first clicks that are not the first.
    fn clicks(&mut self, messages: &[MessageRow], clicks: &[ClickRow]) -> Vec<Difference> {
        let by_id: HashMap<_, _> = messages.iter().map(|message| ((message.campaign_id, message.number), message)).collect();
        let mut earliest: HashMap<(CampaignId, u32), NaiveDateTime> = HashMap::new();
        let mut findings = Vec::new();
        for click in clicks {
            let id = (click.campaign_id, click.message_number);
            let message = by_id.get(&id).filter(|message| message.clinic_id == click.clinic_id);
            let column = match click.class.as_str() {
                "human" => Some("human_clicks"),
                "preview" => Some("previews"),
                "prefetch" => Some("prefetches"),
                "bot" => Some("bots"),
                "rejected" => Some("rejected"),
                _ => None,
            };
            let (Some(message), Some(column)) = (message, column) else {
                findings.push(Difference::Stray(click.id));
                continue;
            };
            self.one(click.campaign_id, message.group_id, click.clicked_at, column);
            if column == "human_clicks" {
                earliest.entry(id).and_modify(|first| *first = click.clicked_at.min(*first)).or_insert(click.clicked_at);
            }
        }
        for message in messages {
            let (stored, id) = (message.first_click_at, (message.campaign_id, message.number));
            let expected = earliest.get(&id).copied();
            if stored != expected {
                let message = MessageId { campaign: id.0, number: id.1 };
                findings.push(Difference::FirstClick { message, expected, stored });
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests;
