//! One transaction of the work: so many recipients become messages, or nothing has happened.

use shared::aws::topics::Outgoing;
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign, progress};
use shared::db::recipients::{Page, Position};
use shared::db::{Database, DatabaseFailure, Tx, bundles, messages, outbox, violates};
use shared::failure::Failure;
use shared::message::BundlePrepared;
use shared::model::link::LinkKeys;
use shared::model::result::Reason;
use shared::model::state::{CampaignKind, CampaignState};
use shared::model::{BundleId, CampaignId, ClinicId, GroupId};

use crate::audience;
use crate::writer::Writer;

/// The request names a campaign that the clinic does not have.
#[derive(Debug, thiserror::Error)]
#[error("the clinic has no such campaign")]
struct NoCampaign;

/// A campaign has bundles, but not the one that is to go first.
#[derive(Debug, thiserror::Error)]
#[error("the campaign has no first bundle")]
struct NoFirstBundle;

/// What is written with.
pub struct Tools<'a> {
    pub ambient: &'a Ambient,
    pub keys: &'a LinkKeys,
}

/// What is written, and how much at a time.
#[derive(Clone, Copy)]
pub struct Task {
    pub clinic: ClinicId,
    pub campaign: CampaignId,
    /// Recipients that one statement reads.
    pub page: u32,
    /// Pages of one transaction.
    pub pages: u32,
}

/// How far one transaction came.
pub enum Step {
    /// There may be more to do. Pages turned out to hold so many recipients.
    Written { page: u32 },
    /// That was all.
    Prepared { campaign: Box<Campaign>, outgoing: Vec<Outgoing> },
    /// It is so late that somebody has to say whether it still should.
    Asks,
    /// There is nothing to do, or not now.
    Settled { campaign: Box<Campaign> },
}

/// Why a chunk was not written.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    /// One of the phones has a message of the campaign already: it has changed hands since an earlier chunk.
    #[error("a phone has changed hands")]
    PhoneTaken,
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        if violates(&error, "messages_phone") { Self::PhoneTaken } else { Self::Failed(error.into()) }
    }
}

impl DatabaseFailure for Stopped {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::PhoneTaken => None,
            Self::Failed(failure) => failure.database(),
        }
    }
}

/// Writes the next chunk. Whether a phone has its message already is asked only when it turns out that one has, because that is rare
/// and would be asked for every recipient.
pub async fn write(database: &Database, tools: &Tools<'_>, task: Task) -> Result<Step, Failure> {
    for careful in [false, true] {
        let written = database
            .transaction::<_, Stopped>("prepare_campaign", |tx| Box::pin(async move { work(tx, tools, task, careful).await }));
        match written.await {
            Ok(step) => return Ok(step),
            Err(Stopped::Failed(failure)) => return Err(failure),
            Err(Stopped::PhoneTaken) => {}
        }
    }
    Err(Failure::retry(Stopped::PhoneTaken))
}

/// Another delivery of the same request waits for the lock of the campaign, and then goes on with the next chunk. Who pauses or calls
/// off the campaign waits for it too, and the next chunk finds it so.
async fn work(tx: &mut Tx<'_>, tools: &Tools<'_>, task: Task, careful: bool) -> Result<Step, Stopped> {
    let mut campaign = campaigns::lock(tx, task.clinic, task.campaign).await?.ok_or_else(|| Failure::reject(NoCampaign))?;
    if !campaign.is_to_be_prepared() {
        return Ok(Step::Settled { campaign: Box::new(campaign) });
    }
    if campaign.is_to_ask(tools.ambient.now()) {
        progress::pause_for(tx, task.clinic, task.campaign, Reason::Stale).await?;
        return Ok(Step::Asks);
    }
    let open = match campaign.prepared.bundles.checked_sub(1) {
        Some(last) => bundles::find_at(tx, task.clinic, task.campaign, last).await?,
        None => None,
    };
    let groups = audience::groups(tx, &campaign).await?;
    let mut reading = Reading {
        groups,
        position: Position { customer: campaign.prepared.through, number: campaign.prepared.source_number },
        page: task.page,
        has_ended: false,
    };
    let mut writer = Writer::new(tools.ambient, tools.keys, &campaign, open);
    for _ in 0..task.pages {
        let Page { mut recipients, next } = reading.next(tx, &campaign).await?;
        if careful {
            let phones = recipients.iter().map(|recipient| &recipient.phone);
            let taken = messages::list_taken(tx, campaign.id, phones).await?;
            recipients.retain(|recipient| !taken.contains(recipient.phone.e164()));
        }
        let written: Vec<_> = recipients.into_iter().map(|recipient| writer.write(recipient)).collect();
        messages::insert_all(tx, &written).await?;
        if next.is_none() {
            break;
        }
    }
    let (written, added) = writer.finish();
    bundles::insert_all(tx, task.clinic, task.campaign, campaign.prepared.bundles, &added).await?;
    let first = if campaign.prepared.bundles == 0 { added.first().copied() } else { None };
    campaign.prepared.messages = written;
    campaign.prepared.bundles += u32::try_from(added.len()).unwrap_or(u32::MAX);
    campaign.prepared.through = reading.position.customer;
    campaign.prepared.source_number = reading.position.number;
    if reading.has_ended {
        return Ok(end(tx, tools, campaign, first).await?);
    }
    campaign.state = CampaignState::Preparing;
    campaigns::store_progress(tx, &campaign).await?;
    Ok(Step::Written { page: reading.page })
}

/// A list of recipients that is being read.
struct Reading {
    groups: Vec<GroupId>,
    position: Position,
    page: u32,
    has_ended: bool,
}

impl Reading {
    async fn next(&mut self, tx: &mut Tx<'_>, campaign: &Campaign) -> Result<Page, sqlx::Error> {
        let page = audience::page(tx, campaign, &self.groups, self.position, self.page).await?;
        match page.next {
            Some(next) => {
                self.position = next;
                // A page that ended early was read in vain from there on.
                self.page = u32::try_from(page.recipients.len()).unwrap_or(u32::MAX).clamp(1, self.page);
            }
            None => self.has_ended = true,
        }
        Ok(page)
    }
}

/// Everybody has a message: the first bundle may go, if there is any.
async fn end(tx: &mut Tx<'_>, tools: &Tools<'_>, mut campaign: Campaign, first: Option<BundleId>) -> Result<Step, Failure> {
    let now = tools.ambient.now();
    let mut outgoing = Vec::new();
    if campaign.prepared.bundles == 0 {
        campaign.state = CampaignState::Finished;
        campaign.finished_at = Some(now);
    } else {
        campaign.state = CampaignState::Sending;
        if campaign.kind == CampaignKind::Test {
            campaign.released_at.get_or_insert(now);
        }
        let first = match first {
            Some(first) => Some(first),
            None => bundles::find_at(tx, campaign.clinic, campaign.id, 0).await?.map(|bundle| bundle.id),
        };
        let bundle_id = first.ok_or_else(|| Failure::retry(NoFirstBundle))?;
        let fact = BundlePrepared::V1 { clinic_id: campaign.clinic, campaign_id: campaign.id, bundle_id };
        outgoing.push(outbox::insert(tx, tools.ambient, &fact).await?);
    }
    campaigns::store_progress(tx, &campaign).await?;
    Ok(Step::Prepared { campaign: Box::new(campaign), outgoing })
}
