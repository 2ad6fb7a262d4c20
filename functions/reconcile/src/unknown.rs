//! Bundles nobody has an answer for: found in the provider's history and bound to their calls, or proven not to be there and put
//! back, or left unknown.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::bundles::Bundle;
use shared::db::bundles::settle::{self, Taken};
use shared::db::bundles::watch::{self, Search};
use shared::db::campaigns::{self, Campaign, progress, schedule};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::db::messages::{self, Message, results};
use shared::db::provider_gate::{self, Gate};
use shared::db::{Database, Tx, outbox};
use shared::failure::Failure;
use shared::message::{BundleAccepted, BundlePrepared};
use shared::model::link::TOKEN_LENGTH;
use shared::model::quiet;
use shared::model::result::FIRST_POLL;
use shared::model::state::{BundleState, CampaignState, MessageState};
use shared::model::template::Button;
use shared::provider::{Provider, TakenCall};
use tokio::time::Instant;

use crate::absence::{Doubt, Marks};
use crate::look::{Conclusion, look};
use crate::{Deps, Parts};

/// What the provider's history does not show after this long it will not show.
const SEARCHED_FOR: TimeDelta = TimeDelta::days(3);
/// The same for what waits to be put back, for example because its campaign is paused.
const WAITED_FOR: TimeDelta = TimeDelta::days(14);
/// What is older is looked for by itself: it needs a history of days, of which a page that cannot be read, or that there is no time
/// for, would keep the others from being proven absent.
const FRESH_FOR: TimeDelta = TimeDelta::hours(6);
/// Bundles per run and group: their messages are held in memory.
const BUNDLES: u32 = 20;
/// Those of them that are old.
const OLD_BUNDLES: u32 = 10;
/// The part of the time that is for the fresh ones.
const FRESH_SHARE: (u32, u32) = (2, 3);

/// What a run came to, in bundles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Settled {
    pub(crate) found: usize,
    pub(crate) absent: usize,
    pub(crate) unknown: usize,
}

/// An unknown bundle with what it is recognised by.
pub(crate) struct Wanted {
    pub(crate) bundle: Bundle,
    pub(crate) called_at: DateTime<Utc>,
    /// Whether its template has a link of ours.
    pub(crate) has_link: bool,
    pub(crate) messages: Vec<Message>,
    campaign: Campaign,
}

impl Wanted {
    /// What the messages are recognised by.
    pub(crate) fn marks(&self) -> Marks<'_> {
        let is_token = |message: &&Message| self.has_link && message.link.len() == TOKEN_LENGTH;
        Marks {
            tokens: self.messages.iter().filter(is_token).map(|message| message.link.as_str()).collect(),
            phones: self.messages.iter().map(|message| message.phone.e164()).collect(),
        }
    }
}

/// Looks for some unknown bundles, until the time is up, and settles those about which something is certain: first those with a link
/// that were called a short while ago, then the others.
pub(crate) async fn settle<V: Provider, P: Publisher, Q>(deps: &Deps<V, P, Q>, until: Instant) -> Result<Settled, Failure> {
    let mut run = Run { parts: Parts(None), settled: Settled::default(), doubts: BTreeMap::new(), waiting: 0 };
    let begun = Instant::now();
    let (fresh, unlinked) = list(deps, Age::Fresh).await?.into_iter().partition(|(_, campaign)| has_link(campaign));
    let (share, of) = FRESH_SHARE;
    run.settle(deps, fresh, begun + until.saturating_duration_since(begun) * share / of).await?;
    let mut others = list(deps, Age::Old).await?;
    others.extend::<Vec<_>>(unlinked);
    others.truncate(BUNDLES as usize);
    run.settle(deps, others, until).await?;

    for (doubt, count) in run.doubts {
        tracing::info!(
            event = "absence.doubted",
            doubt = doubt.as_str(),
            count,
            "the history does not prove anything about bundles"
        );
    }
    if run.waiting > 0 {
        tracing::info!(
            event = "absence.waits",
            count = run.waiting,
            "bundles are absent, and could not be handed over at present"
        );
    }
    run.parts.0.map_or(Ok(run.settled), Err)
}

/// What a run has come to so far.
struct Run {
    parts: Parts,
    settled: Settled,
    doubts: BTreeMap<Doubt, usize>,
    /// Bundles that are absent, and stay unknown for as long as they could not be handed over.
    waiting: usize,
}

impl Run {
    /// Looks for these, and settles what is certain.
    async fn settle<V: Provider, P: Publisher, Q>(
        &mut self,
        deps: &Deps<V, P, Q>,
        listed: Vec<(Bundle, Campaign)>,
        until: Instant,
    ) -> Result<(), Failure> {
        if listed.is_empty() {
            return Ok(());
        }
        let wanted = load(&deps.database, listed).await?;
        let conclusions = look(deps, &wanted, deps.ambient.now(), until).await.unwrap_or_else(|failure| {
            // Nobody knows what was not read.
            self.parts.fail("look", failure);
            wanted.iter().map(|_| Conclusion::Open { doubt: None, absent_since: None }).collect()
        });
        for (wanted, conclusion) in wanted.iter().zip(&conclusions) {
            let outgoing = self.conclude(deps, wanted, conclusion).await;
            outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
        }
        Ok(())
    }

    /// Stores what was concluded; answers what is to be published.
    async fn conclude<V, P, Q>(&mut self, deps: &Deps<V, P, Q>, wanted: &Wanted, conclusion: &Conclusion) -> Vec<Outgoing> {
        self.settled.unknown += 1;
        match conclusion {
            Conclusion::Found(call) => {
                let Some(outgoing) = self.parts.run("bind", bind(deps, wanted, call).await) else { return Vec::new() };
                self.settled.unknown -= 1;
                self.settled.found += 1;
                outgoing
            }
            Conclusion::Absent => match self.parts.run("put_back", put_back(deps, wanted).await) {
                PutBack::Done(outgoing) => {
                    self.settled.unknown -= 1;
                    self.settled.absent += 1;
                    outgoing
                }
                PutBack::Waits => {
                    self.waiting += 1;
                    Vec::new()
                }
                PutBack::Changed => Vec::new(),
            },
            Conclusion::Open { doubt, absent_since } => {
                if let Some(doubt) = doubt {
                    *self.doubts.entry(*doubt).or_default() += 1;
                }
                self.parts.run("note", note(deps, &wanted.bundle, *absent_since).await);
                Vec::new()
            }
        }
    }
}

/// How long ago a bundle was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    Old,
}

fn has_link(campaign: &Campaign) -> bool {
    campaign.buttons.iter().any(Button::is_tracked)
}

/// Some unknown bundles with their campaigns, those first about which a second look can say something.
async fn list<V, P, Q>(deps: &Deps<V, P, Q>, age: Age) -> Result<Vec<(Bundle, Campaign)>, Failure> {
    let now = deps.ambient.now();
    let mut connection = deps.database.acquire().await?;
    let (from, before, limit) = match age {
        // A clock that was set back has called some of them later than now.
        Age::Fresh => (now - FRESH_FOR, now + WAITED_FOR, BUNDLES),
        Age::Old => (now - WAITED_FOR, now - FRESH_FOR, OLD_BUNDLES),
    };
    let search = Search {
        from,
        before,
        waiting_since: now - SEARCHED_FOR,
        ripe: now - deps.absence_after,
        is_open: provider_gate::find(&mut connection).await?.closed_at(now).is_none(),
        is_night: quiet::is_quiet(now),
        minute: quiet::Minute::of(now),
    };
    let mut listed = Vec::new();
    for bundle in watch::list_unknown(&mut connection, &search, limit).await? {
        let campaign = campaigns::find(&mut connection, bundle.clinic, bundle.campaign).await?;
        listed.extend(campaign.map(|campaign| (bundle, campaign)));
    }
    Ok(listed)
}

/// The same with their messages.
async fn load(database: &Database, listed: Vec<(Bundle, Campaign)>) -> Result<Vec<Wanted>, Failure> {
    let mut connection = database.acquire().await?;
    let mut wanted = Vec::with_capacity(listed.len());
    for (bundle, campaign) in listed {
        let Some(called_at) = bundle.called_at else { continue };
        let messages = messages::list_of_bundle(&mut connection, bundle.clinic, bundle.id).await?;
        wanted.push(Wanted { bundle, called_at, has_link: has_link(&campaign), messages, campaign });
    }
    Ok(wanted)
}

/// The provider took the bundle: its answer is the only thing that was lost. Unless the bundle has been settled meanwhile.
async fn bind<V, P, Q>(deps: &Deps<V, P, Q>, wanted: &Wanted, call: &TakenCall) -> Result<Option<Vec<Outgoing>>, Failure> {
    let (ambient, bundle) = (&deps.ambient, &wanted.bundle);
    let bound = deps.database.transaction::<_, Failure>("bind_bundle", |tx| {
        Box::pin(async move {
            let now = ambient.now();
            let taken = Taken {
                provider_id: &call.provider_id,
                count: call.messages.filter(|count| *count > 0),
                answered_at: now,
                poll_at: now + FIRST_POLL,
            };
            if !settle::accept(tx, bundle.attempt_in_hand(), &taken).await? {
                return Ok(None);
            }
            let sent = messages::mark_sent(tx, bundle.id, wanted.called_at).await?;
            tracing::info!(event = "bundle.found", bundle.id = %bundle.id, sent, "the provider has the bundle");
            let fact = BundleAccepted::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
            let outgoing = outbox::insert(tx, ambient, &fact).await?;
            let (owner, mut moves) = (Owner::from(&wanted.campaign), Moves::default());
            for (group, sent) in results::count_by_group(tx, bundle.clinic, bundle.id, MessageState::Sent).await? {
                moves.add(owner, group, wanted.called_at, Delta { sent, ..Delta::default() });
            }
            moves.store(tx).await?;
            Ok(Some(vec![outgoing]))
        })
    });
    bound.await
}

/// Remembers what the look said, for the next one. Whoever looked at the same time may have been faster.
async fn note<V, P, Q>(deps: &Deps<V, P, Q>, bundle: &Bundle, absent_since: Option<DateTime<Utc>>) -> Result<(), Failure> {
    if absent_since == bundle.absent_since {
        return Ok(());
    }
    let mut connection = deps.database.acquire().await?;
    if watch::set_absent_since(&mut connection, bundle, absent_since).await? {
        let is_absent = absent_since.is_some();
        tracing::info!(event = "bundle.looked_for", bundle.id = %bundle.id, is_absent, "one look did not show it, or does not count any more");
    }
    Ok(())
}

/// What became of a bundle that was proven absent.
#[derive(Debug, Default)]
enum PutBack {
    /// Somebody else has settled it, or looked at it meanwhile.
    #[default]
    Changed,
    /// It stays unknown: it could not be handed over at once, and by the time it could, a call that is late may have appeared.
    Waits,
    /// It is put back, or rejected with its campaign.
    Done(Vec<Outgoing>),
}

/// The provider does not have the bundle: it waits once more, or goes the way of its campaign. What was certain when the history
/// was read is certain now only if nobody has touched the bundle since.
async fn put_back<V, P, Q>(deps: &Deps<V, P, Q>, wanted: &Wanted) -> Result<PutBack, Failure> {
    let (ambient, bundle) = (&deps.ambient, &wanted.bundle);
    let put_back = deps.database.transaction::<_, Failure>("put_bundle_back", |tx| {
        Box::pin(async move { put_back_locked(tx, ambient, bundle).await.map_err(Failure::from) })
    });
    put_back.await
}

async fn put_back_locked(tx: &mut Tx<'_>, ambient: &Ambient, bundle: &Bundle) -> Result<PutBack, sqlx::Error> {
    let now = ambient.now();
    let gate = provider_gate::find(tx).await?;
    let Some(campaign) = campaigns::lock(tx, bundle.clinic, bundle.campaign).await? else { return Ok(PutBack::Changed) };
    let is_over = matches!(campaign.state, CampaignState::Canceled | CampaignState::Failed);
    if !is_over && !is_claimable(bundle, &campaign, &gate, now) {
        return Ok(PutBack::Waits);
    }
    let state = if is_over { BundleState::Rejected } else { BundleState::Prepared };
    if !watch::mark_absent(tx, bundle, state, now).await? {
        return Ok(PutBack::Changed);
    }
    let count = if is_over {
        results::mark_excluded(tx, bundle.id, progress::excluded_because(campaign.state), now).await?
    } else {
        results::mark_queued(tx, bundle.id).await?
    };
    tracing::warn!(event = "bundle.absent", bundle.id = %bundle.id, %state, count, "the provider does not have the bundle");
    if is_over {
        return Ok(PutBack::Done(Vec::new()));
    }
    if campaign.state == CampaignState::Finished {
        schedule::reopen(tx, campaign.clinic, campaign.id).await?;
    }
    let fact = BundlePrepared::V1 { clinic_id: bundle.clinic, campaign_id: bundle.campaign, bundle_id: bundle.id };
    Ok(PutBack::Done(vec![outbox::insert(tx, ambient, &fact).await?]))
}

/// Whether a worker would take the bundle now, were it prepared.
fn is_claimable(bundle: &Bundle, campaign: &Campaign, gate: &Gate, now: DateTime<Utc>) -> bool {
    let is_sending = matches!(campaign.state, CampaignState::Sending | CampaignState::Finished);
    let is_held_back = campaign.is_quiet(now);
    let is_released = bundle.position == 0 || campaign.released_at.is_some();
    is_sending && is_released && !is_held_back && gate.closed_at(now).is_none()
}
