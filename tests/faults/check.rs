//! The proof: what the provider really accepted, held against what is stored. Every test ends with the same check.

use std::collections::{BTreeMap, HashMap};

use aligo_simulator::in_process::InProcess;
use chrono::{DateTime, Utc};
use shared::model::link::LinkKeys;
use shared::model::result::{self, Reason};
use shared::model::state::MessageState;
use shared::model::{BundleId, CampaignId, MessageId};
use shared::testing::rollup::{self, Difference};
use sqlx::mysql::MySqlPool;

use crate::worker::link_keys;

/// A message as the provider knows it, in one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The call.
    pub mid: String,
    /// When it was taken, by the simulator's clock.
    pub at: DateTime<Utc>,
    /// Whether the number was taken; otherwise it is one of `fcnt`.
    pub accepted: bool,
    /// To whom it goes, digits only.
    pub receiver: String,
    /// The final `rslt`, if there ever is one.
    pub letter: Option<char>,
}

/// What the provider has, by message.
pub type Truth = HashMap<MessageId, Vec<Known>>;

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The provider accepted a message more than once.
    Twice { message: MessageId, times: usize },
    /// The provider accepted several messages of a campaign for one number.
    TwiceForOneNumber { campaign: CampaignId, times: usize },
    /// The provider has messages that are not ours.
    NotOurs { messages: usize },
    /// Nobody sent it, and nobody said why.
    Lost { message: MessageId, state: String, reason: Option<String> },
    /// What is stored is not what the provider knows.
    Differs { message: MessageId, expected: String, stored: String },
    /// It is excluded for a reason that does not hold.
    BadReason { message: MessageId, reason: Option<String> },
    /// A bundle has not come to its end, or is bound to another call.
    Bundle { bundle: BundleId, state: String, why: &'static str },
    /// A campaign has not come to its end.
    Campaign { campaign: CampaignId, state: String },
    /// Somebody of the audience has no message, or somebody else has one.
    Audience { campaign: CampaignId, missing: i64, foreign: i64 },
    /// A number of an hour is not what the rows say.
    Rollup(Difference),
    /// The campaign says that it has so many messages.
    Requested { campaign: CampaignId, said: u32, rows: i64 },
    /// Facts wait in the outbox.
    Outbox { facts: i64 },
}

impl Finding {
    /// Whether somebody got a message twice.
    pub const fn is_double(&self) -> bool {
        matches!(self, Self::Twice { .. } | Self::TwiceForOneNumber { .. })
    }
}

/// What the provider has. The second is how many of its messages show none of our links.
pub fn truth(simulator: &InProcess, keys: &LinkKeys) -> (Truth, usize) {
    let (mut truth, mut foreign) = (Truth::new(), 0);
    simulator.app.read(|world, _| {
        for call in world.calls.iter().filter(|call| call.is_real()) {
            for message in &call.messages {
                let Some(id) = message.link_token.as_deref().and_then(|token| keys.read(token).ok()) else {
                    foreign += 1;
                    continue;
                };
                truth.entry(id).or_default().push(Known {
                    mid: call.mid.to_string(),
                    at: call.registered_at,
                    accepted: message.accepted,
                    receiver: message.receiver.clone(),
                    letter: message.life.fate.letter(),
                });
            }
        }
    });
    (truth, foreign)
}

#[derive(sqlx::FromRow)]
struct Row {
    campaign_id: CampaignId,
    number: u32,
    phone: String,
    state: String,
    reason: Option<String>,
    bundle_state: Option<String>,
    provider_id: Option<String>,
    campaign_state: String,
    is_suppressed: bool,
}

/// Everything that is wrong. Empty when nobody got a message twice, nobody is lost, and everything is told as it is.
pub async fn check(pool: &MySqlPool, simulator: &InProcess) -> Vec<Finding> {
    let (truth, foreign) = truth(simulator, &link_keys());
    let mut findings = doubles(&truth);
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT m.campaign_id, m.number, m.phone, m.state, m.reason, b.state AS bundle_state, b.provider_id,
             c.state AS campaign_state, s.phone IS NOT NULL AS is_suppressed
         FROM messages m JOIN campaigns c ON c.clinic_id = m.clinic_id AND c.id = m.campaign_id
         LEFT JOIN bundles b ON b.clinic_id = m.clinic_id AND b.id = m.bundle_id
         LEFT JOIN suppressions s ON s.clinic_id = m.clinic_id AND s.phone = m.phone",
    )
    .fetch_all(pool)
    .await
    .expect("the database answers");
    let mut ours = 0;
    for row in &rows {
        let message = MessageId { campaign: row.campaign_id, number: row.number };
        let known = truth.get(&message).map_or(&[][..], Vec::as_slice);
        ours += known.len();
        findings.extend(row.judge(message, known));
    }
    let all: usize = truth.values().map(Vec::len).sum();
    if all - ours + foreign > 0 {
        findings.push(Finding::NotOurs { messages: all - ours + foreign });
    }
    findings.extend(open(pool).await);
    findings.extend(audiences(pool).await);
    findings.extend(counts(pool).await);
    let facts = sqlx::query_scalar("SELECT COUNT(*) FROM outbox").fetch_one(pool).await.expect("the database answers");
    if facts > 0 {
        findings.push(Finding::Outbox { facts });
    }
    findings
}

/// Whatever the provider accepted more than once.
pub fn doubles(truth: &Truth) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut numbers: BTreeMap<(CampaignId, &str), usize> = BTreeMap::new();
    for (message, known) in truth {
        let accepted = || known.iter().filter(|known| known.accepted);
        let times = accepted().count();
        if times > 1 {
            findings.push(Finding::Twice { message: *message, times });
        }
        for known in accepted() {
            *numbers.entry((message.campaign, &known.receiver)).or_default() += 1;
        }
    }
    let several = numbers.into_iter().filter(|(_, times)| *times > 1);
    findings.extend(several.map(|((campaign, _), times)| Finding::TwiceForOneNumber { campaign, times }));
    findings
}

impl Row {
    /// What should be stored of a message of which the provider knows this.
    fn judge(&self, message: MessageId, known: &[Known]) -> Option<Finding> {
        let stored = format!("{} {}", self.state, self.reason.as_deref().unwrap_or_default());
        let differs = |expected: String| Some(Finding::Differs { message, expected, stored: stored.clone() });
        if let Some(accepted) = known.iter().find(|known| known.accepted) {
            if self.provider_id.as_deref() != Some(&accepted.mid) {
                return differs(format!("bound to the call {}", accepted.mid));
            }
            let (state, reason) = match accepted.letter {
                Some(letter) => {
                    let reading = result::read(&letter.to_string());
                    (reading.state, reading.reason.map(Reason::as_str))
                }
                None => (MessageState::Unknown, Some("no_result")),
            };
            let expected = format!("{state} {}", reason.unwrap_or_default());
            return if expected == stored { None } else { differs(expected) };
        }
        if !known.is_empty() {
            // A number that the provider counted as malformed, and shows or does not show.
            let told = self.state == "failed" && matches!(self.reason.as_deref(), Some("not_taken" | "bad_number"));
            return if told { None } else { differs("failed not_taken or bad_number".to_owned()) };
        }
        if self.state != "excluded" {
            return Some(Finding::Lost { message, state: self.state.clone(), reason: self.reason.clone() });
        }
        let holds = match self.reason.as_deref() {
            Some("suppressed") => self.is_suppressed,
            Some("safe_number") => self.phone.starts_with("+8250"),
            Some("canceled") => self.campaign_state == "canceled",
            Some("campaign_stopped") => self.campaign_state == "failed",
            _ => false,
        };
        let bundle_ended = self.bundle_state.as_deref().is_none_or(|state| matches!(state, "accepted" | "rejected"));
        (!holds || !bundle_ended).then(|| Finding::BadReason { message, reason: self.reason.clone() })
    }
}

/// Bundles and campaigns that have not come to their end.
async fn open(pool: &MySqlPool) -> Vec<Finding> {
    let bundles: Vec<(BundleId, String)> =
        sqlx::query_as("SELECT id, state FROM bundles WHERE state NOT IN ('accepted', 'rejected') OR poll_at IS NOT NULL")
            .fetch_all(pool)
            .await
            .expect("the database answers");
    let campaigns: Vec<(CampaignId, String)> = sqlx::query_as(
        "SELECT id, state FROM campaigns WHERE state NOT IN ('finished', 'canceled', 'failed') OR finished_at IS NULL",
    )
    .fetch_all(pool)
    .await
    .expect("the database answers");
    let bundles = bundles.into_iter().map(|(bundle, state)| Finding::Bundle { bundle, state, why: "not at its end" });
    bundles.chain(campaigns.into_iter().map(|(campaign, state)| Finding::Campaign { campaign, state })).collect()
}

/// Whether exactly the customers of its groups have a message of each campaign.
async fn audiences(pool: &MySqlPool) -> Vec<Finding> {
    let of_campaigns: Vec<(CampaignId, i64, i64)> = sqlx::query_as(
        "SELECT c.id,
             (SELECT COUNT(DISTINCT g.customer_id) FROM campaign_groups cg
                 JOIN customer_group_members g ON g.clinic_id = cg.clinic_id AND g.group_id = cg.group_id
                 LEFT JOIN messages m ON m.campaign_id = c.id AND m.clinic_id = c.clinic_id
                     AND m.phone = (SELECT phone FROM customers p WHERE p.clinic_id = g.clinic_id AND p.id = g.customer_id)
                 WHERE cg.clinic_id = c.clinic_id AND cg.campaign_id = c.id AND m.number IS NULL),
             (SELECT COUNT(*) FROM messages m WHERE m.clinic_id = c.clinic_id AND m.campaign_id = c.id AND NOT EXISTS (
                 SELECT 1 FROM customer_group_members g JOIN campaign_groups cg
                     ON cg.clinic_id = g.clinic_id AND cg.group_id = g.group_id
                 WHERE g.clinic_id = c.clinic_id AND g.customer_id = m.customer_id AND cg.campaign_id = c.id))
         FROM campaigns c WHERE c.state IN ('sending', 'finished')",
    )
    .fetch_all(pool)
    .await
    .expect("the database answers");
    let wrong = of_campaigns.into_iter().filter(|(_, missing, foreign)| missing + foreign > 0);
    wrong.map(|(campaign, missing, foreign)| Finding::Audience { campaign, missing, foreign }).collect()
}

/// Whether the counters of each campaign and the roll-up are what the rows are: true at every moment, not only at the end.
pub async fn counts(pool: &MySqlPool) -> Vec<Finding> {
    let of_campaigns: Vec<(CampaignId, u32, i64)> = sqlx::query_as(
        "SELECT c.id, c.prepared_messages, COALESCE(m.requested, 0) FROM campaigns c
         LEFT JOIN (SELECT campaign_id, COUNT(*) AS requested FROM messages GROUP BY campaign_id) m ON m.campaign_id = c.id",
    )
    .fetch_all(pool)
    .await
    .expect("the database answers");
    let wrong = of_campaigns.into_iter().filter(|(_, said, rows)| i64::from(*said) != *rows);
    let mut findings: Vec<_> = wrong.map(|(campaign, said, rows)| Finding::Requested { campaign, said, rows }).collect();
    findings.extend(rollup::differences(pool).await.into_iter().map(Finding::Rollup));
    findings
}
