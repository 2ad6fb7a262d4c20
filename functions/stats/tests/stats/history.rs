//! Made-up campaigns with everything that can become of a message, written as rows and counted as workers count them. What is kept of
//! them here is what the answers are compared with.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use shared::db::campaigns::{self, Campaign};
use shared::db::clicks::{self, Click};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::db::{bundles, groups, messages};
use shared::model::state::{CampaignKind, ClickClass, MessageState};
use shared::model::{BundleId, ClickId, ClinicId, GroupId, MessageId, TemplateId};
use shared::testing::rollup::assert_equals_rows;
use shared::testing::{campaign, message};
use sqlx::{Executor as _, MySqlConnection};

use crate::world::{World, moment};

/// One message, and the visits of its link.
pub struct Line {
    pub campaign: Campaign,
    pub number: u32,
    pub group: Option<GroupId>,
    pub state: MessageState,
    pub reason: Option<&'static str>,
    pub sent_at: Option<DateTime<Utc>>,
    pub resulted_at: Option<DateTime<Utc>>,
    pub visits: Vec<(ClickClass, DateTime<Utc>)>,
}

impl Line {
    pub fn first_click_at(&self) -> Option<DateTime<Utc>> {
        self.visits.iter().filter(|(class, _)| *class == ClickClass::Human).map(|(_, at)| *at).min()
    }
}

/// What became of the messages of a clinic.
pub struct History {
    pub groups: Vec<GroupId>,
    pub templates: Vec<TemplateId>,
    pub campaigns: Vec<Campaign>,
    pub lines: Vec<Line>,
}

impl History {
    /// Four campaigns of two templates to two groups, the last a test, between 16 February and 2 March.
    pub async fn write(world: &World, clinic: ClinicId, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut connection = world.test.pool.acquire().await.unwrap();
        let mut named = Vec::new();
        for name in ["재방문", "신규"] {
            named.push(groups::insert(&mut connection, &world.ambient, clinic, name).await.unwrap().0);
        }
        let templates = vec![TemplateId::new(&world.ambient), TemplateId::new(&world.ambient)];
        let mut history = Self { groups: named, templates, campaigns: Vec::new(), lines: Vec::new() };
        for (number, template) in [0, 1, 0, 1].into_iter().enumerate() {
            let kind = if number == 3 { CampaignKind::Test } else { CampaignKind::Information };
            let campaign = Campaign { kind, template: history.templates[template], ..campaign(&world.ambient, clinic) };
            campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
            for number in 1..=60 {
                let group = history.groups.choose(&mut rng).copied().filter(|_| rng.random_bool(0.8));
                history.lines.push(line(&mut rng, &campaign, number, group));
            }
            history.campaigns.push(campaign);
        }
        connection.execute("START TRANSACTION").await.unwrap();
        history.store(world, &mut connection).await;
        connection.execute("COMMIT").await.unwrap();
        assert_equals_rows(&world.test.pool).await;
        history
    }

    async fn store(&self, world: &World, connection: &mut MySqlConnection) {
        let mut moves = Moves::default();
        for campaign in &self.campaigns {
            // One bundle that nobody knows about, one that has its answer.
            let bundles = [(BundleId::new(&world.ambient), 0, "unknown"), (BundleId::new(&world.ambient), 1, "accepted")];
            for (bundle, position, state) in bundles {
                bundles::insert(connection, campaign.clinic, campaign.id, bundle, position, world.ambient.now()).await.unwrap();
                let set = sqlx::query("UPDATE bundles SET state = ? WHERE id = ?").bind(state).bind(bundle);
                set.execute(&mut *connection).await.unwrap();
            }
            let mine = || self.lines.iter().filter(|line| line.campaign.id == campaign.id);
            for line in mine() {
                let is_lost = line.state == MessageState::Unknown && line.sent_at.is_none();
                write(world, connection, line, bundles[usize::from(!is_lost)].0).await;
                count(&mut moves, line);
            }
            let prepared = u32::try_from(mine().count()).unwrap();
            let set = sqlx::query("UPDATE campaigns SET prepared_messages = ? WHERE id = ?").bind(prepared).bind(campaign.id);
            set.execute(&mut *connection).await.unwrap();
        }
        moves.store(connection).await.unwrap();
    }

    /// What is to be shown for some of the messages from one moment until before another.
    pub fn numbers(&self, chosen: impl Fn(&Line) -> bool, from: DateTime<Utc>, until: DateTime<Utc>) -> Value {
        let is_in = |at: Option<DateTime<Utc>>| at.is_some_and(|at| from <= at && at < until);
        let lines = || self.lines.iter().filter(|line| chosen(line));
        let ended = |state| lines().filter(move |line| line.state == state && is_in(line.resulted_at));
        let visits = |class| {
            let visits = lines().flat_map(|line| &line.visits);
            visits.filter(|(visited, at)| *visited == class && is_in(Some(*at))).count()
        };
        let mut failures: BTreeMap<&str, usize> = BTreeMap::new();
        for line in ended(MessageState::Failed) {
            *failures.entry(line.reason.unwrap_or("other")).or_default() += 1;
        }
        json!({
            "sent": lines().filter(|line| is_in(line.sent_at)).count(),
            "delivered": ended(MessageState::Delivered).count(),
            "failed": ended(MessageState::Failed).count(),
            "humanClicks": visits(ClickClass::Human),
            "uniqueClicks": lines().filter(|line| is_in(line.first_click_at())).count(),
            "previews": visits(ClickClass::Preview),
            "prefetches": visits(ClickClass::Prefetch),
            "bots": visits(ClickClass::Bot),
            "rejected": visits(ClickClass::Rejected),
            "failures": failures,
        })
    }
}

fn line(rng: &mut StdRng, campaign: &Campaign, number: u32, group: Option<GroupId>) -> Line {
    use MessageState::{Delivered, Excluded, Failed, Queued, Sent, Unknown};
    let begin = moment("2026-02-16T00:00:00Z");
    let later =
        |rng: &mut StdRng, at: DateTime<Utc>, hours: i64| at + TimeDelta::milliseconds(rng.random_range(0..hours * 3_600_000));
    let sent_at = later(rng, begin, 14 * 24);
    let resulted_at = later(rng, sent_at, 3);
    let (state, reason, is_sent, is_ended) = match rng.random_range(0..20) {
        0 => (Queued, None, false, false),
        1 => (Excluded, Some("suppressed"), false, true),
        2 => (Excluded, Some("missing_variable"), false, false),
        3 => (Sent, None, true, false),
        4 => (Failed, Some("no_kakaotalk"), true, true),
        5 => (Failed, Some("blocked"), true, true),
        6 => (Failed, None, true, true),
        7 => (Failed, Some("rejected_by_provider"), false, true),
        8 => (Failed, Some("not_renderable"), false, true),
        9 => (Unknown, Some("no_answer"), false, false),
        10 => (Unknown, Some("receipt_unclear"), true, true),
        _ => (Delivered, None, true, true),
    };
    let mut visits = Vec::new();
    for _ in 0..if is_sent { rng.random_range(0..4) } else { 0 } {
        visits.push((*ClickClass::ALL.choose(rng).unwrap(), later(rng, sent_at, 48)));
    }
    let (sent_at, resulted_at) = (is_sent.then_some(sent_at), is_ended.then_some(resulted_at));
    Line { campaign: campaign.clone(), number, group, state, reason, sent_at, resulted_at, visits }
}

async fn write(world: &World, connection: &mut MySqlConnection, line: &Line, bundle: BundleId) {
    let new = messages::NewMessage { bundle: Some(bundle), group: line.group, ..message(&line.campaign, line.number) };
    messages::insert_all(connection, &[new]).await.unwrap();
    sqlx::query(
        "UPDATE messages SET state = ?, reason = ?, sent_at = ?, resulted_at = ?, first_click_at = ?
         WHERE campaign_id = ? AND number = ?",
    )
    .bind(line.state.as_str())
    .bind(line.reason)
    .bind(line.sent_at)
    .bind(line.resulted_at)
    .bind(line.first_click_at())
    .bind(line.campaign.id)
    .bind(line.number)
    .execute(&mut *connection)
    .await
    .unwrap();
    let visits = line.visits.iter().map(|(class, at)| visit(world, line, *class, *at));
    clicks::insert_all(connection, &visits.collect::<Vec<_>>()).await.unwrap();
}

/// A visit without a number, as those of earlier versions.
pub fn visit(world: &World, line: &Line, class: ClickClass, clicked_at: DateTime<Utc>) -> Click {
    Click {
        id: ClickId::new(&world.ambient),
        clinic: line.campaign.clinic,
        message: MessageId { campaign: line.campaign.id, number: line.number },
        class,
        reason: "made_up".to_owned(),
        rule_version: 1,
        agent: String::new(),
        method: "GET".to_owned(),
        purpose: String::new(),
        numbered: None,
        clicked_at,
    }
}

/// Counts a message as workers do.
fn count(moves: &mut Moves, line: &Line) {
    let (owner, group, zero) = (Owner::from(&line.campaign), line.group, Delta::default());
    if let Some(at) = line.sent_at {
        moves.add(owner, group, at, Delta { sent: 1, ..zero });
    }
    if let Some(at) = line.first_click_at() {
        moves.add(owner, group, at, Delta { unique_clicks: 1, ..zero });
    }
    match (line.state, line.resulted_at) {
        (MessageState::Delivered, Some(at)) => moves.add(owner, group, at, Delta { delivered: 1, ..zero }),
        (MessageState::Failed, Some(at)) => moves.fail(owner, group, at, line.reason.unwrap_or("other"), 1),
        _ => {}
    }
    for (class, at) in &line.visits {
        moves.add(owner, group, *at, Delta::visits(*class, 1));
    }
}
