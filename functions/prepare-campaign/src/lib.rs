//! Triggered by `CampaignRequested` on the queue of this function.
//! Responsible for one message per recipient, sendable or excluded with the reason, and the bundles they go in; each chunk of them in
//! one transaction.

mod audience;
mod chunk;
mod text;
mod writer;

use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::aws::topics::Publisher;
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::campaigns::Campaign;
use shared::db::{Database, outbox};
use shared::failure::{Failure, chain};
use shared::message::CampaignRequested;
use shared::model::link::{Destination, LinkKeys};
use shared::model::state::CampaignState;
use shared::store::Store;

use crate::chunk::{Step, Task, Tools};

/// What the use case needs.
pub struct Deps<P, D> {
    /// The database.
    pub database: Database,
    /// Where the redirect looks a destination up first.
    pub store: Store,
    /// The keys that sign links.
    pub keys: LinkKeys,
    /// Where facts are published.
    pub publisher: P,
    /// Where messages go that can never succeed.
    pub dead_letters: D,
    /// Time and randomness.
    pub ambient: Ambient,
}

/// How much is done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Recipients that one statement reads, and that are in memory together.
    pub page: u32,
    /// Pages of one transaction. Locks are held for as long as it takes, a fraction of a second.
    pub pages: u32,
    /// After this time no other transaction is begun: the function has 120 seconds.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { page: 5000, pages: 2, patience: Duration::from_secs(80) }
    }
}

/// The campaign is so large, or the database so slow, that one invocation was not enough. The queue brings the request again; the
/// function does not call itself.
#[derive(Debug, thiserror::Error)]
#[error("time is up; the next delivery goes on")]
struct TimeIsUp;

/// Prepares requested campaigns.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle<P: Publisher, D: DeadLetters>(deps: &Deps<P, D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    handle_at(deps, event, Pace::default()).await
}

/// The same at another pace.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle_at<P: Publisher, D: DeadLetters>(
    deps: &Deps<P, D>,
    event: SqsEvent,
    pace: Pace,
) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |requested: &CampaignRequested| prepare(deps, requested, pace).await).await
}

/// Whoever is killed leaves whole chunks behind, and the next delivery goes on with the next one.
async fn prepare<P: Publisher, D>(deps: &Deps<P, D>, requested: &CampaignRequested, pace: Pace) -> Result<(), Failure> {
    let begun = Instant::now();
    let CampaignRequested::V1 { clinic_id: clinic, campaign_id: id } = *requested;
    let tools = Tools { ambient: &deps.ambient, keys: &deps.keys };
    let mut task = Task { clinic, campaign: id, page: pace.page, pages: pace.pages };
    loop {
        match chunk::write(&deps.database, &tools, task).await? {
            Step::Written { page } => task.page = page,
            Step::Prepared { campaign, outgoing } => {
                let prepared = campaign.prepared;
                let (messages, bundles) = (prepared.messages, prepared.bundles);
                tracing::info!(event = "campaign.prepared", campaign.id = %id, clinic.id = %clinic, messages, bundles, "prepared");
                remember_destination(&deps.store, *campaign).await;
                outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
                return Ok(());
            }
            Step::Asks => {
                tracing::warn!(event = "campaign.stale", campaign.id = %id, "it is too late to begin without being asked");
                return Ok(());
            }
            Step::Settled { campaign } => {
                let state = campaign.state;
                tracing::info!(event = "campaign.not_to_prepare", campaign.id = %id, clinic.id = %clinic, %state, "nothing to do");
                if state == CampaignState::Sending {
                    remember_destination(&deps.store, *campaign).await;
                }
                return Ok(());
            }
        }
        if begun.elapsed() > pace.patience {
            return Err(Failure::retry(TimeIsUp));
        }
    }
}

/// Tells the redirect the way before the first click. Without it the first click of each process asks the database.
async fn remember_destination(store: &Store, campaign: Campaign) {
    let id = campaign.id;
    if campaign.destination.is_empty() {
        return;
    }
    let destination = Destination { clinic: campaign.clinic, url: campaign.destination, expires_at: campaign.link_expires_at };
    if let Err(error) = store.put_destination(id, &destination).await {
        tracing::warn!(event = "store.failed", campaign.id = %id, error = %chain(&error), "the store does not know the way yet");
    }
}
