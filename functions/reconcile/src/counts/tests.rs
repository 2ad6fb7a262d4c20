use std::time::Duration;

use shared::clock::{Ambient, Clock};
use shared::db::campaigns::{self, Campaign};
use shared::db::clicks::{self, Click};
use shared::db::hourly_totals::{Delta, Moves};
use shared::db::messages;
use shared::db::messages::NewMessage;
use shared::model::state::{CampaignKind, CampaignState, ClickClass, MessageState};
use shared::model::{ClickId, MessageId};
use shared::testing::rollup::assert_equals_rows;
use shared::testing::{FixedClock, TestDatabase};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::finding::Kind;
use super::*;

mod beside;
mod hundred;
mod single;

/// Those who are in none, and two groups.
type Groups = [Option<GroupId>; 3];

/// Campaigns of two clinics with messages of every kind, visits and numbers that agree with them.
struct Scene {
    test: TestDatabase,
    clock: FixedClock,
    ambient: Ambient,
    /// The groups of the first clinic, and of the other.
    groups: [Groups; 2],
    campaigns: Vec<Campaign>,
}

impl Scene {
    /// Campaigns of so many messages each. The last one is another clinic's, and the one before it a test.
    async fn new(sizes: &[u32]) -> Self {
        let test = TestDatabase::new().await;
        let (ambient, clock) = shared::testing::ambient();
        let groups = [(); 2].map(|()| [None, Some(GroupId::new(&ambient)), Some(GroupId::new(&ambient))]);
        let clinics =
            [shared::testing::clinic(&test.pool, &ambient).await, shared::testing::clinic(&test.pool, &ambient).await];
        let mut scene = Self { test, clock, ambient, groups, campaigns: Vec::new() };
        for (index, size) in sizes.iter().enumerate() {
            let after = sizes.len() - index;
            let kind = if after == 2 { CampaignKind::Test } else { CampaignKind::Information };
            scene.add(clinics[usize::from(after == 1)], kind, *size).await;
        }
        assert_equals_rows(&scene.test.pool).await;
        scene
    }

    async fn add(&mut self, clinic: ClinicId, kind: CampaignKind, size: u32) {
        let created_at = self.clock.now() - TimeDelta::hours(40);
        let state = CampaignState::Sending;
        let campaign = Campaign { kind, state, created_at, ..shared::testing::campaign(&self.ambient, clinic) };
        let mut connection = self.test.pool.acquire().await.unwrap();
        campaigns::insert(&mut connection, &campaign, &[]).await.unwrap();
        let new: Vec<_> = (1..=size).map(|number| self.message(&campaign, number)).collect();
        messages::insert_all(&mut connection, &new).await.unwrap();
        for statement in [
            "UPDATE campaigns c SET prepared_messages = (SELECT COUNT(*) FROM messages WHERE campaign_id = c.id) WHERE c.id = ?",
            "UPDATE messages m JOIN campaigns c ON c.id = m.campaign_id SET m.state = 'sent', m.sent_at = c.created_at
                 + INTERVAL 1 HOUR + INTERVAL m.number * 2 SECOND WHERE c.id = ? AND m.number % 20 <> 0",
            "UPDATE messages m JOIN campaigns c ON c.id = m.campaign_id SET m.state = IF(m.number % 7 = 0, 'failed', 'delivered'),
                 m.reason = CASE WHEN m.number % 14 = 0 THEN 'blocked' WHEN m.number % 7 = 0 THEN 'no_kakaotalk' END,
                 m.resulted_at = m.sent_at + INTERVAL m.number % 5 HOUR WHERE c.id = ? AND m.sent_at IS NOT NULL AND m.number % 11 <> 0",
            "UPDATE messages SET state = 'excluded', reason = 'suppressed' WHERE campaign_id = ? AND number % 40 = 0",
        ] {
            sqlx::query(statement).bind(campaign.id).execute(&mut *connection).await.unwrap();
        }
        drop(connection);
        self.count(&campaign).await;
        self.click(&campaign, size).await;
        self.campaigns.push(campaign);
    }

    fn message(&self, campaign: &Campaign, number: u32) -> NewMessage {
        let is_others = self.campaigns.first().is_some_and(|first| first.clinic != campaign.clinic);
        let groups = &self.groups[usize::from(is_others)];
        NewMessage { group: groups[number as usize % groups.len()], ..shared::testing::message(campaign, number) }
    }

    /// As the workers count that sent the messages and collected their results.
    async fn count(&self, campaign: &Campaign) {
        type Row = (u32, Option<GroupId>, String, Option<String>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
        let rows = sqlx::query_as::<_, Row>(
            "SELECT number, group_id, state, reason, sent_at, resulted_at FROM messages WHERE campaign_id = ?",
        );
        let mut moves = Moves::default();
        for (_, group, state, reason, sent_at, resulted_at) in rows.bind(campaign.id).fetch_all(&self.test.pool).await.unwrap()
        {
            if let Some(at) = sent_at {
                moves.add(campaign.into(), group, at, Delta { sent: 1, ..Delta::default() });
            }
            match (state.parse().unwrap(), resulted_at) {
                (MessageState::Delivered, Some(at)) => {
                    moves.add(campaign.into(), group, at, Delta { delivered: 1, ..Delta::default() });
                }
                (MessageState::Failed, Some(at)) => moves.fail(campaign.into(), group, at, &reason.unwrap(), 1),
                _ => {}
            }
        }
        moves.store(&mut self.test.pool.acquire().await.unwrap()).await.unwrap();
    }

    /// Two visits for every second message, over thirty hours, answered by three processes.
    async fn click(&self, campaign: &Campaign, size: u32) {
        let begun = campaign.created_at + TimeDelta::hours(5);
        let seconds = 30 * 3600 / i64::from(size);
        let mut sequences = [0; 3];
        let clicks: Vec<_> = (0..size)
            .map(|visit| {
                let class = if visit % 9 == 0 { ClickClass::Preview } else { ClickClass::Human };
                let origin = visit as usize % sequences.len();
                sequences[origin] += 1;
                let number = (visit * 2) % size + 1;
                let at = begun + TimeDelta::seconds(seconds * i64::from(visit));
                self.visit(campaign, number, class, (origin as u64 + 100, sequences[origin]), at)
            })
            .collect();
        for clicks in clicks.chunks(500) {
            record(&self.test.database, clicks).await;
        }
    }

    fn visit(&self, campaign: &Campaign, number: u32, class: ClickClass, numbered: (u64, u32), at: DateTime<Utc>) -> Click {
        Click {
            id: ClickId::new(&self.ambient),
            clinic: campaign.clinic,
            message: MessageId { campaign: campaign.id, number },
            class,
            reason: "browser".to_owned(),
            rule_version: 1,
            agent: "Mozilla/5.0".to_owned(),
            method: "GET".to_owned(),
            purpose: String::new(),
            numbered: Some(numbered),
            clicked_at: at,
        }
    }

    /// The first run of the next minute. All is compared, however slow the machine is.
    async fn run(&self) -> Checked {
        self.clock.advance(TimeDelta::minutes(1));
        check(&self.test.database, self.clock.now(), Instant::now() + Duration::from_mins(1)).await.unwrap()
    }

    async fn execute(&self, statement: &str) -> u64 {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&self.test.pool).await.unwrap().rows_affected()
    }

    /// Does damage to one row.
    async fn damage(&self, statement: &str) {
        assert_eq!(self.execute(statement).await, 1, "{statement}");
    }
}

/// As record-clicks does.
async fn record(database: &Database, clicks: &[Click]) {
    let recorded = database.transaction::<_, sqlx::Error>("record", |tx| {
        Box::pin(async move {
            let mut messages = clicks::lock_messages(tx, &clicks.iter().map(|click| click.message).collect()).await?;
            clicks::insert_all(tx, clicks).await?;
            let (mut moves, mut first_clicks) = (Moves::default(), std::collections::BTreeMap::new());
            for click in clicks {
                let message = messages.get_mut(&click.message).unwrap();
                message.count(&mut moves, click.class, click.clicked_at, 1);
                let is_earlier = message.first_click_at.is_none_or(|first| click.clicked_at < first);
                if click.class == ClickClass::Human && is_earlier {
                    message.set_first_click(&mut moves, Some(click.clicked_at));
                    first_clicks.insert(click.message, Some(click.clicked_at));
                }
            }
            clicks::set_first_clicks(tx, &first_clicks).await?;
            moves.store(tx).await
        })
    });
    recorded.await.unwrap();
}

fn hex(id: Uuid) -> String {
    format!("X'{}'", id.simple())
}
