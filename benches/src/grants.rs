//! Grants as SQS delivers them: batches of ten, two of them delivered before, and what the ledger must hold of them.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::model::state::PointReason;
use shared::model::{ClinicId, Points, ReferralId, UserId};
use sqlx::MySqlConnection;

use crate::Failed;

/// Messages of one event, as the queue is set up.
pub const BATCH: usize = 10;
/// How many of them were delivered before: 20 %.
const AGAIN: usize = 2;
/// Clinics that pay.
const CLINICS: usize = 20;
/// Members who invite others.
const INVITERS: usize = 1000;

/// So many events of ten; the same every time for the same seed.
///
/// # Errors
/// When an amount cannot be one, or a message is no JSON: a mistake in here.
pub fn events(count: usize, seed: u64) -> Result<Vec<Value>, Failed> {
    let ambient = Ambient::seeded(shared::clock::SystemClock, seed);
    let mut random = StdRng::seed_from_u64(seed);
    let clinics: Vec<_> = (0..CLINICS).map(|_| ClinicId::new(&ambient)).collect();
    let inviters: Vec<_> = (0..INVITERS).map(|_| UserId::new(&ambient)).collect();
    let (mut sent, mut events) = (Vec::<String>::new(), Vec::with_capacity(count));
    for event in 0..count {
        let again = if event == 0 { 0 } else { AGAIN };
        let mut bodies: Vec<(String, u32)> =
            (0..again).map(|_| (sent[random.random_range(0..sent.len())].clone(), 2)).collect();
        while bodies.len() < BATCH {
            // Somebody joins and earns, and every time the friend who invited them.
            let (clinic, user) = (clinics[random.random_range(0..CLINICS)], UserId::new(&ambient));
            let referral = ReferralId::new(&ambient);
            let inviter = inviters[random.random_range(0..INVITERS)];
            for (reason, earner) in [(PointReason::Join, user), (PointReason::Invite, inviter)] {
                let earned = PointsEarned::V1 {
                    grant_key: format!("{}:{user}", reason.as_str()),
                    clinic_id: clinic,
                    user_id: earner,
                    reason,
                    amount: Points::try_from(random.random_range(1..=5_u32) * 1000)?,
                    referral_id: referral,
                };
                bodies.push((serde_json::to_string(&earned)?, 1));
            }
        }
        sent.extend(bodies.iter().filter(|(_, receives)| *receives == 1).map(|(body, _)| body.clone()));
        bodies.shuffle(&mut random);
        events.push(event_of(event, &bodies));
    }
    Ok(events)
}

/// As Lambda hands it over.
fn event_of(event: usize, bodies: &[(String, u32)]) -> Value {
    let record = |(at, (body, receives)): (usize, &(String, u32))| {
        json!({
            "messageId": format!("{event:08x}-0000-4000-8000-{at:012x}"), "receiptHandle": format!("receipt-{event}-{at}"),
            "body": body, "messageAttributes": {}, "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:ap-northeast-2:123456789012:dangol-grant-points", "awsRegion": "ap-northeast-2",
            "attributes": {
                "ApproximateReceiveCount": receives.to_string(), "SentTimestamp": "1772413200000",
                "SenderId": "AIDAEXAMPLE", "ApproximateFirstReceiveTimestamp": "1772413200001",
            },
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// The messages of events, each once.
///
/// # Errors
/// When a body is no grant.
pub fn distinct(events: &[Value]) -> Result<BTreeMap<String, PointsEarned>, Failed> {
    let mut messages = BTreeMap::new();
    for record in events.iter().flat_map(|event| event["Records"].as_array().into_iter().flatten()) {
        let message: PointsEarned = serde_json::from_str(record["body"].as_str().unwrap_or_default())?;
        let PointsEarned::V1 { grant_key, .. } = &message;
        messages.insert(grant_key.clone(), message);
    }
    Ok(messages)
}

/// Compares the ledger with the messages: a line for each, nothing else since the history, and every balance the sum of its lines.
///
/// # Errors
/// When it differs.
pub async fn check(connection: &mut MySqlConnection, events: &[Value], history: i64) -> Result<usize, Failed> {
    let messages = distinct(events)?;
    let lines: Vec<(String, ClinicId, UserId, String, i32, ReferralId)> = sqlx::query_as(
        "SELECT grant_key, clinic_id, user_id, reason, amount, referral_id FROM point_entries WHERE grant_key NOT LIKE 'history:%'",
    )
    .fetch_all(&mut *connection)
    .await?;
    let found: BTreeSet<_> = lines.iter().cloned().collect();
    let mut expected = BTreeSet::new();
    for message in messages.into_values() {
        let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, referral_id } = message;
        let amount = i32::try_from(amount.get())?;
        expected.insert((grant_key, clinic_id, user_id, reason.as_str().to_owned(), amount, referral_id));
    }
    if lines.len() != expected.len() || found != expected {
        return Err(format!("{} lines instead of {}, or others", lines.len(), expected.len()).into());
    }
    let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM point_entries").fetch_one(&mut *connection).await?;
    let wrong: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM (SELECT clinic_id, user_id, SUM(amount) AS points FROM point_entries GROUP BY clinic_id, user_id) e
         LEFT JOIN point_balances b ON b.clinic_id = e.clinic_id AND b.user_id = e.user_id
         WHERE b.balance IS NULL OR b.balance <> e.points",
    )
    .fetch_one(&mut *connection)
    .await?;
    let sums: (i64, i64) = sqlx::query_as(
        "SELECT CAST((SELECT SUM(amount) FROM point_entries) AS SIGNED), CAST((SELECT SUM(balance) FROM point_balances) AS SIGNED)",
    )
    .fetch_one(connection)
    .await?;
    if all - history != i64::try_from(lines.len())? || wrong != 0 || sums.0 != sums.1 {
        return Err(format!("{all} lines with a history of {history}, {wrong} wrong balances, sums {sums:?}").into());
    }
    Ok(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_ten_were_delivered_before_and_the_list_is_the_same_for_a_seed() {
        let events = events(100, 7).unwrap();
        let bodies = events.iter().flat_map(|event| event["Records"].as_array().unwrap()).count();
        assert_eq!((bodies, distinct(&events).unwrap().len()), (100 * BATCH, 10 + 99 * (BATCH - AGAIN)));
        let mut seen = BTreeSet::new();
        for record in events.iter().flat_map(|event| event["Records"].as_array().unwrap()) {
            let first = record["attributes"]["ApproximateReceiveCount"] == "1";
            assert!(!first || seen.insert(record["body"].to_string()), "delivered for the first time twice");
        }
    }
}
