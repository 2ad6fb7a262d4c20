//! Triggered by `CampaignRequested` on the queue of this function.
//! Responsible for one message per recipient, sendable or excluded with the reason, and the bundles they go in: all or nothing.

mod text;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use shared::aws::topics::{Outgoing, Publisher};
use shared::batch::{self, BatchFailed, DeadLetters};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign};
use shared::db::customers::{self, Recipient};
use shared::db::messages::{self, NewMessage};
use shared::db::{Database, bundles, outbox};
use shared::failure::{Failure, chain};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::link::LinkKeys;
use shared::model::state::{CampaignState, MessageState};
use shared::model::{BundleId, MessageId};
use shared::store::{Destination, Store};
use sqlx::MySqlConnection;

/// How many recipients are read, and how many messages written, by one statement.
const CHUNK: u32 = 1000;

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

/// The request names a campaign that the clinic does not have.
#[derive(Debug, thiserror::Error)]
#[error("the clinic has no such campaign")]
struct NoCampaign;

/// Prepares requested campaigns.
///
/// # Errors
/// When no message of the batch could be worked off.
pub async fn handle<P: Publisher, D: DeadLetters>(deps: &Deps<P, D>, event: SqsEvent) -> Result<SqsBatchResponse, BatchFailed> {
    batch::each(event, &deps.dead_letters, async |requested: &CampaignRequested| prepare(deps, requested).await).await
}

/// One transaction, so that a campaign is prepared or it is not, wherever the process is killed. A campaign that is no longer
/// `requested` was prepared by an earlier delivery.
async fn prepare<P: Publisher, D>(deps: &Deps<P, D>, requested: &CampaignRequested) -> Result<(), Failure> {
    let CampaignRequested::V1 { clinic_id: clinic, campaign_id: id } = *requested;
    let (ambient, keys) = (&deps.ambient, &deps.keys);
    let prepared = deps.database.transaction::<_, Failure>("prepare_campaign", |tx| {
        Box::pin(async move {
            let campaign = campaigns::lock(tx, clinic, id).await?.ok_or_else(|| Failure::reject(NoCampaign))?;
            let outgoing = match campaign.state {
                CampaignState::Requested => expand(tx, ambient, keys, &campaign).await?,
                _ => Vec::new(),
            };
            Ok((campaign, outgoing))
        })
    });
    let (campaign, outgoing) = prepared.await?;
    remember_destination(&deps.store, campaign).await;
    outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
    Ok(())
}

/// Writes every message and bundle of the campaign and moves it on.
async fn expand(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    keys: &LinkKeys,
    campaign: &Campaign,
) -> Result<Vec<Outgoing>, sqlx::Error> {
    let mut plan = Plan { ambient, keys, campaign, number: 0, open: None, bundles: Vec::new() };
    let mut after = None;
    loop {
        let recipients = customers::list_recipients(connection, campaign.clinic, campaign.id, after, CHUNK).await?;
        let Some(last) = recipients.last() else { break };
        after = Some(last.id);
        let chunk: Vec<_> = recipients.into_iter().map(|recipient| plan.add(recipient)).collect();
        messages::insert_all(connection, &chunk).await?;
    }
    let Plan { number, bundles, .. } = plan;
    let mut outgoing = Vec::with_capacity(bundles.len());
    for (position, bundle) in (0..).zip(bundles) {
        bundles::insert(connection, campaign.clinic, campaign.id, bundle, position, ambient.now()).await?;
        let fact = BundlePrepared::V1 { clinic_id: campaign.clinic, campaign_id: campaign.id, bundle_id: bundle };
        outgoing.push(outbox::insert(connection, ambient, &fact).await?);
    }
    let state = if outgoing.is_empty() { CampaignState::Finished } else { CampaignState::Sending };
    campaigns::set_state(connection, campaign.clinic, campaign.id, state, None).await?;
    tracing::info!(event = "campaign.prepared", campaign.id = %campaign.id, messages = number, bundles = outgoing.len(), "prepared");
    Ok(outgoing)
}

/// Numbers recipients and fills bundles, in the order in which recipients come.
struct Plan<'a> {
    ambient: &'a Ambient,
    keys: &'a LinkKeys,
    campaign: &'a Campaign,
    number: u32,
    /// The bundle being filled, and how many messages it has.
    open: Option<(BundleId, usize)>,
    bundles: Vec<BundleId>,
}

impl Plan<'_> {
    fn add(&mut self, recipient: Recipient) -> NewMessage {
        self.number += 1;
        let token = self.keys.mint(MessageId { campaign: self.campaign.id, number: self.number });
        let written = text::write(&self.campaign.content, &recipient, &token);
        let (state, bundle, body, link, reason) = match written {
            Ok(body) => (MessageState::Queued, Some(self.next_place()), body, token, None),
            Err(reason) => (MessageState::Excluded, None, String::new(), String::new(), Some(reason.as_str().to_owned())),
        };
        NewMessage {
            clinic: self.campaign.clinic,
            campaign: self.campaign.id,
            number: self.number,
            bundle,
            customer: Some(recipient.id),
            group: None,
            name: recipient.name,
            phone: recipient.phone,
            body,
            title: None,
            buttons: None,
            link,
            state,
            reason,
        }
    }

    fn next_place(&mut self) -> BundleId {
        let (bundle, filled) = match self.open {
            Some((bundle, filled)) if filled < bundles::MOST_MESSAGES => (bundle, filled),
            _ => {
                let bundle = BundleId::new(self.ambient);
                self.bundles.push(bundle);
                (bundle, 0)
            }
        };
        self.open = Some((bundle, filled + 1));
        bundle
    }
}

/// Tells the redirect the way before the first click. Without it the first click of each process asks the database.
async fn remember_destination(store: &Store, campaign: Campaign) {
    let id = campaign.id;
    if campaign.destination.is_empty() {
        return;
    }
    let destination = Destination { clinic: campaign.clinic, url: campaign.destination };
    if let Err(error) = store.put_destination(id, &destination).await {
        tracing::warn!(event = "store.failed", campaign.id = %id, error = %chain(&error), "the store does not know the way yet");
    }
}
