//! The proof: what visitors were answered, held against what is recorded. Every test ends with the same check.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDateTime;
use shared::model::state::ClickClass;
use shared::model::{CampaignId, MessageId};
use sqlx::FromRow;
use sqlx::mysql::MySqlPool;

use crate::visits::{Visit, number_of};

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A visit that was answered is not recorded.
    Lost { visit: u32 },
    /// A visit is recorded more than once.
    Twice { visit: u32, times: usize },
    /// Something is recorded that nobody was answered.
    Foreign { agent: String },
    /// A visit is recorded otherwise than it was.
    Differs { visit: u32, what: &'static str },
    /// The hours of a campaign do not add up to the visits.
    Counted { campaign: CampaignId, what: &'static str, counted: i64, visits: i64 },
    /// The numbers that the processes gave say that so many were answered, without a gap.
    Numbered { campaign: CampaignId, numbered: i64, present: i64, visits: i64 },
}

#[derive(FromRow)]
struct Row {
    agent: String,
    campaign_id: CampaignId,
    message_number: u32,
    class: String,
    clicked_at: NaiveDateTime,
}

/// Everything that is wrong. Empty when each visit that was answered is recorded once, as it was, and all numbers say so.
pub async fn check(pool: &MySqlPool, visits: &[Visit]) -> Vec<Finding> {
    let rows: Vec<Row> = sqlx::query_as("SELECT agent, campaign_id, message_number, class, clicked_at FROM clicks")
        .fetch_all(pool)
        .await
        .expect("the database answers");
    let mut findings = Vec::new();
    let mut recorded: HashMap<u32, Vec<Row>> = HashMap::new();
    for row in rows {
        match number_of(&row.agent) {
            Some(number) => recorded.entry(number).or_default().push(row),
            None => findings.push(Finding::Foreign { agent: row.agent }),
        }
    }
    let answered = || visits.iter().filter(|visit| visit.sent_on);
    for visit in answered() {
        let rows = recorded.remove(&visit.number).unwrap_or_default();
        findings.extend(judge(visit, &rows));
    }
    findings.extend(recorded.into_values().flatten().map(|row| Finding::Foreign { agent: row.agent }));
    let mut by_campaign: BTreeMap<CampaignId, Vec<&Visit>> = BTreeMap::new();
    for visit in answered() {
        by_campaign.entry(visit.message.campaign).or_default().push(visit);
    }
    for (campaign, visits) in by_campaign {
        findings.extend(counted(pool, campaign, &visits).await);
        findings.extend(numbered(pool, campaign, visits.len()).await);
    }
    findings
}

fn judge(visit: &Visit, rows: &[Row]) -> Vec<Finding> {
    let number = visit.number;
    let [row] = rows else {
        let times = rows.len();
        return vec![if times == 0 { Finding::Lost { visit: number } } else { Finding::Twice { visit: number, times } }];
    };
    let differs = |is_wrong: bool, what| is_wrong.then_some(Finding::Differs { visit: number, what });
    let message = MessageId { campaign: row.campaign_id, number: row.message_number };
    let clicked_at = row.clicked_at.and_utc();
    let found = [
        differs(message != visit.message, "message"),
        differs(row.class != visit.class.as_str(), "class"),
        differs(clicked_at < visit.asked || visit.answered < clicked_at, "moment"),
    ];
    found.into_iter().flatten().collect()
}

/// The hours of the whole campaign.
async fn counted(pool: &MySqlPool, campaign: CampaignId, visits: &[&Visit]) -> Vec<Finding> {
    let counted: (i64, i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(human_clicks), 0) AS SIGNED), CAST(COALESCE(SUM(unique_clicks), 0) AS SIGNED),
             CAST(COALESCE(SUM(previews), 0) AS SIGNED), CAST(COALESCE(SUM(prefetches), 0) AS SIGNED),
             CAST(COALESCE(SUM(bots), 0) AS SIGNED), CAST(COALESCE(SUM(rejected), 0) AS SIGNED)
         FROM hourly_totals WHERE scope_id = ? AND part_id = REPEAT(X'00', 16)",
    )
    .bind(campaign)
    .fetch_one(pool)
    .await
    .expect("the database answers");
    let of = |class| visits.iter().filter(|visit| visit.class == class).count();
    let people: BTreeSet<_> =
        visits.iter().filter(|visit| visit.class == ClickClass::Human).map(|visit| visit.message.number).collect();
    let numbers = [
        ("human", counted.0, of(ClickClass::Human)),
        ("unique", counted.1, people.len()),
        ("preview", counted.2, of(ClickClass::Preview)),
        ("prefetch", counted.3, of(ClickClass::Prefetch)),
        ("bot", counted.4, of(ClickClass::Bot)),
        ("rejected", counted.5, 0),
    ];
    let numbers = numbers.map(|(what, counted, visits)| (what, counted, i64::try_from(visits).expect("a small number")));
    let wrong = numbers.into_iter().filter(|(_, counted, visits)| counted != visits);
    wrong.map(|(what, counted, visits)| Finding::Counted { campaign, what, counted, visits }).collect()
}

/// What the rows say of themselves, without any log: the highest number of each process, and how many of its numbers are there.
pub async fn numbering(pool: &MySqlPool, campaign: CampaignId) -> (i64, i64) {
    sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(highest), 0) AS SIGNED), CAST(COALESCE(SUM(present), 0) AS SIGNED) FROM (
             SELECT MAX(sequence) AS highest, COUNT(DISTINCT sequence) AS present FROM clicks
             WHERE campaign_id = ? AND origin IS NOT NULL GROUP BY origin) origins",
    )
    .bind(campaign)
    .fetch_one(pool)
    .await
    .expect("the database answers")
}

async fn numbered(pool: &MySqlPool, campaign: CampaignId, visits: usize) -> Option<Finding> {
    let (numbered, present) = numbering(pool, campaign).await;
    let visits = i64::try_from(visits).expect("a small number");
    (numbered != visits || present != visits).then_some(Finding::Numbered { campaign, numbered, present, visits })
}
