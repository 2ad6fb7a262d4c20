//! Campaigns: what is sent, to which groups, and where its links lead.

mod again;
pub mod canary;
pub mod control;
mod list;
mod preparing;
pub mod progress;
pub mod schedule;

use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

pub use self::again::find_again;
pub use self::list::{Summary, Wanted, list, list_groups, list_named_groups};
pub use self::preparing::store_progress;
use crate::db::decode;
use crate::model::draft::Sources;
use crate::model::link::Destination;
use crate::model::quiet::{self, Hours};
use crate::model::state::{CampaignKind, CampaignPart, CampaignState};
use crate::model::template::Button;
use crate::model::{CampaignId, ClinicId, CustomerId, GroupId, PhoneNumber, StaffId, TemplateId};

/// A campaign as it is stored. Text, buttons, sources and sender are copies: what is sent is what the template was when it was
/// asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    /// Whose.
    pub clinic: ClinicId,
    /// Which.
    pub id: CampaignId,
    /// What staff call it.
    pub name: String,
    /// What it is for.
    pub kind: CampaignKind,
    /// To whom it goes.
    pub audience: Audience,
    /// The template it was made of.
    pub template: TemplateId,
    /// The provider's code of the template.
    pub template_code: String,
    /// The approved text.
    pub content: String,
    /// The approved emphasised title, empty when there is none.
    pub emphasis_title: String,
    /// The approved buttons.
    pub buttons: Vec<Button>,
    /// Where the values of variables come from.
    pub sources: Sources,
    /// The key of the clinic's `KakaoTalk` channel.
    pub sender_key: String,
    /// The number registered as the sender.
    pub sender_phone: String,
    /// Where links lead, empty when the template has none.
    pub destination: String,
    /// From then on they lead to a page that says so; none for never.
    pub link_expires_at: Option<DateTime<Utc>>,
    /// How far it has got.
    pub state: CampaignState,
    /// Why it failed or is paused: a [`Reason`](crate::model::result::Reason) as the database spells it.
    pub failure: Option<String>,
    /// The state before a pause.
    pub resumed_from: Option<CampaignState>,
    /// The hours in which its clinic sends nothing, as they are now.
    pub quiet: Option<Hours>,
    /// When it is to begin; none for at once.
    pub scheduled_at: Option<DateTime<Utc>>,
    /// Later than this it asks instead of firing.
    pub stale_after_minutes: u32,
    /// How far its messages are written.
    pub prepared: Prepared,
    /// When its first bundle had come back well, so that the others may go.
    pub released_at: Option<DateTime<Utc>>,
    /// When its time had come, when it was last resumed, or when its clinic changed the hours that held it back.
    pub resumed_at: Option<DateTime<Utc>>,
    /// When its first bundle was handed over.
    pub started_at: Option<DateTime<Utc>>,
    /// When it came to an end of any kind.
    pub finished_at: Option<DateTime<Utc>>,
    /// Who asked for it.
    pub created_by: StaffId,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl Campaign {
    /// Whether nothing of it may be handed over at this moment: advertising at night, and anything but a test in the clinic's own hours.
    #[must_use]
    pub fn is_quiet(&self, now: DateTime<Utc>) -> bool {
        quiet::is_quiet_for(self.kind, self.quiet, now)
    }

    /// Whether its links lead to a page that says so, and nowhere else any more.
    #[must_use]
    pub fn link_has_ended(&self, now: DateTime<Utc>) -> bool {
        self.link_expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

/// To whom a campaign goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// The customers of groups, which are listed by [`list_groups`].
    Groups,
    /// Some recipients of an earlier campaign.
    Part {
        /// The earlier campaign.
        source: CampaignId,
        /// Which of its recipients.
        part: CampaignPart,
    },
    /// Numbers of the staff.
    Test {
        /// The numbers.
        phones: Vec<PhoneNumber>,
        /// Whose values are shown.
        customer: Option<CustomerId>,
    },
}

/// How far the messages of a campaign are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prepared {
    /// The last customer that was looked at.
    pub through: Option<CustomerId>,
    /// The last message of the source campaign that was looked at.
    pub source_number: u32,
    /// How many messages there are; their numbers are 1 to this.
    pub messages: u32,
    /// How many bundles there are; their positions begin with 0.
    pub bundles: u32,
}

/// Adds a campaign with its groups, in the order in which they were named.
///
/// # Errors
/// When the database refuses.
pub async fn insert(connection: &mut MySqlConnection, campaign: &Campaign, groups: &[GroupId]) -> Result<(), sqlx::Error> {
    let (source, part, phones, customer) = match &campaign.audience {
        Audience::Groups => (None, None, None, None),
        Audience::Part { source, part } => (Some(*source), Some(part.as_str()), None, None),
        Audience::Test { phones, customer } => {
            (None, None, Some(Json(phones.iter().map(PhoneNumber::e164).collect::<Vec<_>>())), *customer)
        }
    };
    sqlx::query!(
        "INSERT INTO campaigns (clinic_id, id, name, kind, source_campaign_id, source_part, test_phones, test_customer_id,
             template_id, template_code, content, emphasis_title, buttons, sources, sender_key, sender_phone, destination, link_expires_at, state,
             failure, resumed_from, scheduled_at, stale_after_minutes, released_at, created_by, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        campaign.clinic,
        campaign.id,
        campaign.name,
        campaign.kind.as_str(),
        source,
        part,
        phones,
        customer,
        campaign.template,
        campaign.template_code,
        campaign.content,
        campaign.emphasis_title,
        Json(&campaign.buttons),
        Json(&campaign.sources),
        campaign.sender_key,
        campaign.sender_phone,
        campaign.destination,
        campaign.link_expires_at,
        campaign.state.as_str(),
        campaign.failure,
        campaign.resumed_from.map(CampaignState::as_str),
        campaign.scheduled_at,
        campaign.stale_after_minutes,
        campaign.released_at,
        campaign.created_by,
        campaign.created_at
    )
    .execute(&mut *connection)
    .await?;
    if groups.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::new("INSERT INTO campaign_groups (clinic_id, campaign_id, group_id, position) ");
    query.push_values((0_u16..).zip(groups), |mut row, (position, group)| {
        row.push_bind(campaign.clinic).push_bind(campaign.id).push_bind(*group).push_bind(position);
    });
    query.build().execute(connection).await.map(drop)
}

struct Row {
    name: String,
    kind: String,
    source: Option<CampaignId>,
    part: Option<String>,
    test_phones: Option<Json<Vec<String>>>,
    test_customer: Option<CustomerId>,
    template: TemplateId,
    template_code: String,
    content: String,
    emphasis_title: String,
    buttons: Json<Vec<Button>>,
    sources: Option<Json<Sources>>,
    sender_key: String,
    sender_phone: String,
    destination: String,
    link_expires_at: Option<NaiveDateTime>,
    state: String,
    failure: Option<String>,
    resumed_from: Option<String>,
    scheduled_at: Option<NaiveDateTime>,
    stale_after_minutes: u32,
    prepared_through: Option<CustomerId>,
    prepared_source_number: u32,
    prepared_messages: u32,
    prepared_bundles: u32,
    released_at: Option<NaiveDateTime>,
    resumed_at: Option<NaiveDateTime>,
    started_at: Option<NaiveDateTime>,
    finished_at: Option<NaiveDateTime>,
    created_by: StaffId,
    created_at: NaiveDateTime,
    quiet_from: Option<u16>,
    quiet_to: Option<u16>,
}

impl Row {
    fn audience(&mut self) -> Result<Audience, sqlx::Error> {
        if let (Some(source), Some(part)) = (self.source, &self.part) {
            return Ok(Audience::Part { source, part: decode(part)? });
        }
        let Some(Json(phones)) = self.test_phones.take() else { return Ok(Audience::Groups) };
        let phones = phones.iter().map(|phone| PhoneNumber::from_e164(phone)).collect::<Result<_, _>>();
        let phones = phones.map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
        Ok(Audience::Test { phones, customer: self.test_customer })
    }

    fn into_campaign(mut self, clinic: ClinicId, id: CampaignId) -> Result<Campaign, sqlx::Error> {
        Ok(Campaign {
            clinic,
            id,
            audience: self.audience()?,
            name: self.name,
            kind: decode(&self.kind)?,
            template: self.template,
            template_code: self.template_code,
            content: self.content,
            emphasis_title: self.emphasis_title,
            buttons: self.buttons.0,
            sources: self.sources.map(|sources| sources.0).unwrap_or_default(),
            sender_key: self.sender_key,
            sender_phone: self.sender_phone,
            destination: self.destination,
            link_expires_at: self.link_expires_at.map(|at| at.and_utc()),
            state: decode(&self.state)?,
            failure: self.failure,
            resumed_from: self.resumed_from.as_deref().map(decode).transpose()?,
            scheduled_at: self.scheduled_at.map(|at| at.and_utc()),
            stale_after_minutes: self.stale_after_minutes,
            prepared: Prepared {
                through: self.prepared_through,
                source_number: self.prepared_source_number,
                messages: self.prepared_messages,
                bundles: self.prepared_bundles,
            },
            released_at: self.released_at.map(|at| at.and_utc()),
            resumed_at: self.resumed_at.map(|at| at.and_utc()),
            started_at: self.started_at.map(|at| at.and_utc()),
            finished_at: self.finished_at.map(|at| at.and_utc()),
            created_by: self.created_by,
            created_at: self.created_at.and_utc(),
            quiet: Hours::stored(self.quiet_from, self.quiet_to),
        })
    }
}

macro_rules! campaign {
    ($connection:expr, $clinic:expr, $id:expr, $lock:literal) => {{
        let row = sqlx::query_as!(
            Row,
            r#"SELECT name, kind, source_campaign_id AS "source: CampaignId", source_part AS part,
                 test_phones AS "test_phones: Json<Vec<String>>", test_customer_id AS "test_customer: CustomerId",
                 template_id AS "template: TemplateId", template_code, content, emphasis_title,
                 buttons AS "buttons: Json<Vec<Button>>", sources AS "sources: Json<Sources>", sender_key, sender_phone,
                 destination, link_expires_at, state, failure, resumed_from, scheduled_at, stale_after_minutes,
                 prepared_through AS "prepared_through: CustomerId", prepared_source_number, prepared_messages, prepared_bundles,
                 released_at, resumed_at, started_at, finished_at, created_by AS "created_by: StaffId", created_at,
                 (SELECT k.quiet_from FROM clinics k WHERE k.id = campaigns.clinic_id) AS quiet_from,
                 (SELECT k.quiet_to FROM clinics k WHERE k.id = campaigns.clinic_id) AS quiet_to
               FROM campaigns WHERE clinic_id = ? AND id = ?"#
                + $lock,
            $clinic,
            $id
        )
        .fetch_optional($connection)
        .await?;
        row.map(|row| row.into_campaign($clinic, $id)).transpose()
    }};
}

/// A campaign of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<Option<Campaign>, sqlx::Error> {
    campaign!(connection, clinic, id, "")
}

/// A campaign of the clinic, locked until the transaction ends: two workers cannot prepare it at the same time.
///
/// # Errors
/// When the database does not answer.
pub async fn lock(connection: &mut MySqlConnection, clinic: ClinicId, id: CampaignId) -> Result<Option<Campaign>, sqlx::Error> {
    campaign!(connection, clinic, id, " FOR UPDATE")
}

/// The same, but none also when somebody else has it locked: whoever holds a lock that others wait for does not wait for this one.
///
/// # Errors
/// When the database does not answer.
pub async fn lock_unless_busy(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
) -> Result<Option<Campaign>, sqlx::Error> {
    campaign!(connection, clinic, id, " FOR UPDATE SKIP LOCKED")
}

/// Moves a campaign on; `failure` says why it was stopped.
///
/// # Errors
/// When the database refuses.
pub async fn set_state(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: CampaignId,
    state: CampaignState,
    failure: Option<&str>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE campaigns SET state = ?, failure = ? WHERE clinic_id = ? AND id = ?",
        state.as_str(),
        failure,
        clinic,
        id
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Whose campaign it is, where its links lead and until when: for the redirect, which knows the campaign from a token that we
/// signed. `None` also when its template has no link.
///
/// # Errors
/// When the database does not answer.
pub async fn find_destination(connection: &mut MySqlConnection, id: CampaignId) -> Result<Option<Destination>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT clinic_id AS "clinic: ClinicId", destination, link_expires_at FROM campaigns WHERE id = ? AND destination <> ''"#,
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Destination {
        clinic: row.clinic,
        url: row.destination,
        expires_at: row.link_expires_at.map(|at| at.and_utc()),
    }))
}
