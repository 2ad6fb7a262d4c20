//! Campaigns whose links were visited, and what is stored of it. The same seed makes the same ids in every database.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Audience, Campaign};
use shared::db::clicks::{self, Click};
use shared::db::hourly_totals::Moves;
use shared::db::{Database, messages};
use shared::model::click::{RULE_VERSION, Visit, classify};
use shared::model::state::{CampaignKind, ClickClass};
use shared::model::{CampaignId, ClickId, GroupId, MessageId};
use shared::testing::{FixedClock, TestDatabase, campaign, clinic, message};
use uuid::Uuid;

pub const PERSON: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                          Version/4.0 Chrome/129.0.0.0 Mobile Safari/537.36;KAKAOTALK 2410870";
pub const PREVIEW: &str = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984";
pub const PROGRAM: &str = "Mozilla/5.0 (compatible; Yeti/1.1; +http://naver.me/bot)";

const AGENTS: &[&str] = &[PERSON, PERSON, PREVIEW, PROGRAM, "", "curl/8.5.0", "가나다 😀"];
const MESSAGES: u32 = 12;

/// Who classified visits.
#[derive(Debug, Clone, Copy)]
pub enum Rules {
    /// The rules of today.
    OfToday,
    /// Older ones, wrong about most visits.
    Wrong(u64),
    /// Older ones, that said what the visits say.
    AsTheySay,
}

pub struct World {
    pub test: TestDatabase,
    /// Two of one clinic, the second of them a test, and one of another clinic.
    pub campaigns: Vec<Campaign>,
}

/// What a visit was taken for.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    pub class: String,
    pub reason: String,
    pub rule_version: u16,
}

/// All that depends on who came.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    pub clicks: BTreeMap<ClickId, Line>,
    pub first_clicks: BTreeMap<(CampaignId, u32), Option<DateTime<Utc>>>,
    pub totals: BTreeSet<(Uuid, Uuid, NaiveDateTime, [i32; 6])>,
}

type Total = (Uuid, Uuid, NaiveDateTime, i32, i32, i32, i32, i32, i32);

impl World {
    pub async fn new(seed: u64) -> Self {
        let test = TestDatabase::new().await;
        let ambient = Ambient::seeded(FixedClock::new(), seed);
        let (own, other) = (clinic(&test.pool, &ambient).await, clinic(&test.pool, &ambient).await);
        let mut campaigns: Vec<_> = [own, own, other].map(|clinic| campaign(&ambient, clinic)).into();
        campaigns[1].kind = CampaignKind::Test;
        campaigns[1].audience = Audience::Test { phones: Vec::new(), customer: None };
        let groups = [Some(GroupId::new(&ambient)), Some(GroupId::new(&ambient)), None];
        let mut connection = test.pool.acquire().await.unwrap();
        for campaign in &campaigns {
            campaigns::insert(&mut connection, campaign, &[]).await.unwrap();
            let mut lines: Vec<_> = (1..=MESSAGES).map(|number| message(campaign, number)).collect();
            for (line, group) in lines.iter_mut().zip(groups.iter().cycle()) {
                line.group = *group;
            }
            messages::insert_all(&mut connection, &lines).await.unwrap();
        }
        drop(connection);
        Self { test, campaigns }
    }

    pub async fn worker(&self) -> Database {
        self.test.another().await
    }

    /// Visits of all campaigns within four hours, several at one moment, a tenth of them when the link had ended.
    pub fn history(&self, seed: u64, visits: usize) -> Vec<Click> {
        let mut rng = StdRng::seed_from_u64(seed);
        let ambient = Ambient::seeded(FixedClock::new(), seed.wrapping_add(1000));
        let history = (0..visits).map(|_| {
            let campaign = self.campaigns.choose(&mut rng).unwrap();
            let clicked_at = campaign.created_at + TimeDelta::minutes(rng.random_range(0..60) * 4);
            let by = Visit {
                method: if rng.random_bool(0.1) { "HEAD" } else { "GET" },
                agent: AGENTS.choose(&mut rng).unwrap(),
                purpose: if rng.random_bool(0.1) { "prefetch" } else { "" },
            };
            let message = MessageId { campaign: campaign.id, number: rng.random_range(1..=MESSAGES) };
            let mut click = visited(ClickId::new(&ambient), campaign, message, clicked_at, by);
            if rng.random_bool(0.1) {
                // No rule was asked.
                (click.class, click.reason, click.rule_version) = (ClickClass::Rejected, "expired".to_owned(), 0);
            }
            click
        });
        history.collect()
    }

    /// Writes visits down as whoever records them does.
    pub async fn record(&self, history: &[Click], rules: Rules) {
        let worker = self.worker().await;
        for batch in history.chunks(50) {
            let batch: Vec<_> = batch.iter().map(|click| classified(click, rules)).collect();
            let batch = &batch;
            let recorded = worker.transaction::<_, sqlx::Error>("record", |tx| {
                Box::pin(async move {
                    let mut messages = clicks::lock_messages(tx, &batch.iter().map(|click| click.message).collect()).await?;
                    clicks::insert_all(tx, batch).await?;
                    let (mut moves, mut first_clicks) = (Moves::default(), BTreeMap::new());
                    for click in batch {
                        let message = messages.get_mut(&click.message).unwrap();
                        message.count(&mut moves, click.class, click.clicked_at, 1);
                        let is_first = message.first_click_at.is_none_or(|first| click.clicked_at < first);
                        if click.class == ClickClass::Human && is_first {
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
    }

    pub async fn stored(&self) -> Stored {
        let pool = &self.test.pool;
        let clicks = sqlx::query_as("SELECT id, class, reason, rule_version FROM clicks");
        let clicks: Vec<(ClickId, String, String, u16)> = clicks.fetch_all(pool).await.unwrap();
        let messages = sqlx::query_as("SELECT campaign_id, number, first_click_at FROM messages");
        let messages: Vec<(CampaignId, u32, Option<NaiveDateTime>)> = messages.fetch_all(pool).await.unwrap();
        let totals = sqlx::query_as(
            "SELECT scope_id, part_id, hour, human_clicks, unique_clicks, previews, prefetches, bots, rejected FROM hourly_totals",
        );
        let totals: Vec<Total> = totals.fetch_all(pool).await.unwrap();
        let totals = totals.into_iter().map(|(scope, part, hour, human, unique, preview, prefetch, bot, rejected)| {
            (scope, part, hour, [human, unique, preview, prefetch, bot, rejected])
        });
        Stored {
            clicks: clicks
                .into_iter()
                .map(|(id, class, reason, rule_version)| (id, Line { class, reason, rule_version }))
                .collect(),
            first_clicks: messages.into_iter().map(|(id, number, at)| ((id, number), at.map(|at| at.and_utc()))).collect(),
            // An hour to which nothing is left says the same as one that was never there.
            totals: totals.filter(|(.., counts)| *counts != [0; 6]).collect(),
        }
    }
}

/// A visit of that message, as the rules of today see it.
pub fn visit(campaign: &Campaign, number: u32, clicked_at: DateTime<Utc>, agent: &str) -> Click {
    let message = MessageId { campaign: campaign.id, number };
    visited(ClickId::from_uuid(Uuid::new_v4()), campaign, message, clicked_at, Visit { method: "GET", agent, purpose: "" })
}

fn visited(id: ClickId, campaign: &Campaign, message: MessageId, clicked_at: DateTime<Utc>, by: Visit<'_>) -> Click {
    let (class, reason) = classify(by);
    Click {
        id,
        clinic: campaign.clinic,
        message,
        class,
        reason: reason.to_owned(),
        rule_version: RULE_VERSION,
        agent: by.agent.to_owned(),
        method: by.method.to_owned(),
        purpose: by.purpose.to_owned(),
        numbered: None,
        clicked_at,
    }
}

fn classified(click: &Click, rules: Rules) -> Click {
    let mut click = click.clone();
    if click.class == ClickClass::Rejected {
        return click;
    }
    match rules {
        Rules::OfToday => return click,
        Rules::AsTheySay => {}
        Rules::Wrong(seed) => {
            let classes = [ClickClass::Human, ClickClass::Preview, ClickClass::Prefetch, ClickClass::Bot];
            let (high, low) = click.id.uuid().as_u64_pair();
            click.class = *classes.choose(&mut StdRng::seed_from_u64(seed ^ high ^ low)).unwrap();
        }
    }
    (click.reason, click.rule_version) = ("guessed".to_owned(), 0);
    click
}
