//! Invoked by hand, after a deployment with other rules of who counts as a person.
//! Responsible for classifying the visits of the past by them, and for making first clicks and hourly totals right again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use shared::db::clicks::{self, Outdated, Passed, Verdict};
use shared::db::hourly_totals::Moves;
use shared::db::{Database, Tx};
use shared::failure::Failure;
use shared::model::click::{RULE_VERSION, Visit, classify};
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClickId, MessageId};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Command {
    /// Only the visits of this campaign; otherwise all.
    pub campaign_id: Option<CampaignId>,
    /// Only say what would change.
    pub dry_run: bool,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reclassified {
    /// Visits that older rules had classified, or that had no class that there is.
    pub looked: u64,
    /// How many of them have another class now.
    pub changed: u64,
    /// The same by what changed.
    pub by_change: Vec<Change>,
    /// Time was up before all was done: invoke it again.
    pub left: bool,
}

/// So many visits were taken for one class and are taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// By the rules that classified them; none when they had no class that there is.
    pub from: Option<ClickClass>,
    /// By those of today.
    pub to: ClickClass,
    /// How many.
    pub count: u64,
}

/// How much is done at a time.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Visits that one statement passes.
    pub page: u32,
    /// Visits of one transaction. Their messages are locked for as long as it takes, a fraction of a second.
    pub chunk: usize,
    /// After these minutes no other transaction is begun: the function has five.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { page: 5000, chunk: 1000, patience: Duration::from_mins(4) }
    }
}

/// Classifies visits again.
///
/// # Errors
/// When the database fails. What was done until then is done, and stays done.
pub async fn handle(database: &Database, command: Command) -> Result<Reclassified, Failure> {
    handle_at(database, command, Pace::default()).await
}

/// The same at another pace.
///
/// # Errors
/// When the database fails.
pub async fn handle_at(database: &Database, command: Command, pace: Pace) -> Result<Reclassified, Failure> {
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut behind = None;
    let left = 'run: loop {
        let passed = pass(database, command, behind.as_ref(), pace.page).await?;
        let outdated: Vec<_> = passed.iter().filter(|visit| visit.is_outdated).copied().collect();
        for chunk in outdated.chunks(pace.chunk) {
            if begun.elapsed() >= pace.patience {
                break 'run true;
            }
            tally += if command.dry_run { look(database, chunk).await? } else { work_off(database, chunk).await? };
        }
        if passed.len() < pace.page as usize {
            break false;
        }
        // Also when there is nothing to do on the way.
        if begun.elapsed() >= pace.patience {
            break true;
        }
        behind = passed.last().copied();
    };
    let done = tally.finish(left);
    tracing::info!(
        event = "clicks.reclassified",
        rule_version = RULE_VERSION,
        looked = done.looked,
        changed = done.changed,
        left,
        dry_run = command.dry_run,
        "visits were classified again"
    );
    Ok(done)
}

async fn pass(database: &Database, command: Command, behind: Option<&Passed>, page: u32) -> Result<Vec<Passed>, sqlx::Error> {
    let connection = &mut *database.acquire().await?;
    match command.campaign_id {
        Some(campaign) => clicks::pass_of_campaign(connection, campaign, RULE_VERSION, behind, page).await,
        None => clicks::pass(connection, RULE_VERSION, behind, page).await,
    }
}

/// What would change, without a change.
async fn look(database: &Database, chunk: &[Passed]) -> Result<Tally, Failure> {
    let outdated = clicks::list_outdated(&mut *database.acquire().await?, RULE_VERSION, &ids(chunk)).await?;
    let mut tally = Tally::default();
    for visit in &outdated {
        tally.count(visit.class, judge(visit).1);
    }
    Ok(tally)
}

/// One transaction, which counts nothing twice however often it is begun: what somebody else has classified meanwhile is left alone.
async fn work_off(database: &Database, chunk: &[Passed]) -> Result<Tally, Failure> {
    let (visits, messages) = (&ids(chunk), &chunk.iter().map(|visit| visit.message).collect());
    database.transaction("reclassify_clicks", |tx| Box::pin(reclassify(tx, visits, messages))).await
}

fn ids(chunk: &[Passed]) -> BTreeSet<ClickId> {
    chunk.iter().map(|visit| visit.id).collect()
}

async fn reclassify(tx: &mut Tx<'_>, visits: &BTreeSet<ClickId>, messages: &BTreeSet<MessageId>) -> Result<Tally, Failure> {
    // First of all, as whoever records visits does: so neither waits for the other, and nobody counts these messages meanwhile.
    let mut messages = clicks::lock_messages(tx, messages).await?;
    let outdated = clicks::list_outdated(tx, RULE_VERSION, visits).await?;
    let verdicts: Vec<_> = outdated.iter().map(judge).collect();
    let (mut tally, mut moves, mut touched) = (Tally::default(), Moves::default(), BTreeSet::new());
    for (visit, (_, class, _)) in outdated.iter().zip(&verdicts) {
        tally.count(visit.class, *class);
        if visit.class == Some(*class) {
            continue;
        }
        // A visit of a message that is gone is in no number.
        let Some(message) = messages.get(&visit.message) else { continue };
        // Nor is one of no class.
        if let Some(before) = visit.class {
            message.count(&mut moves, before, visit.clicked_at, -1);
        }
        message.count(&mut moves, *class, visit.clicked_at, 1);
        if visit.class == Some(ClickClass::Human) || *class == ClickClass::Human {
            touched.insert(visit.message);
        }
    }
    clicks::set_classes(tx, RULE_VERSION, &verdicts).await?;

    let earliest = clicks::list_earliest_human(tx, &touched).await?;
    let mut first_clicks = BTreeMap::new();
    for id in touched {
        let first_click_at = earliest.get(&id).copied();
        if messages.get_mut(&id).is_some_and(|message| message.set_first_click(&mut moves, first_click_at)) {
            first_clicks.insert(id, first_click_at);
        }
    }
    clicks::set_first_clicks(tx, &first_clicks).await?;
    moves.store(tx).await?;
    Ok(tally)
}

fn judge(visit: &Outdated) -> Verdict {
    let (class, reason) = classify(Visit { method: &visit.method, agent: &visit.agent, purpose: &visit.purpose });
    (visit.id, class, reason)
}

/// So many visits by what they were taken for and what they are taken for.
#[derive(Debug, Default)]
struct Tally(BTreeMap<(Option<ClickClass>, ClickClass), u64>);

impl Tally {
    fn count(&mut self, from: Option<ClickClass>, to: ClickClass) {
        *self.0.entry((from, to)).or_default() += 1;
    }

    fn finish(self, left: bool) -> Reclassified {
        let looked = self.0.values().sum();
        let changes = self.0.into_iter().filter(|((from, to), _)| *from != Some(*to));
        let by_change: Vec<_> = changes.map(|((from, to), count)| Change { from, to, count }).collect();
        Reclassified { looked, changed: by_change.iter().map(|change| change.count).sum(), by_change, left }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (change, count) in other.0 {
            *self.0.entry(change).or_default() += count;
        }
    }
}
