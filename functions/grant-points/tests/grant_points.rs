//! Granting points, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aws_lambda_events::sqs::SqsEvent;
use grant_points::{Deps, handle};
use serde_json::{Value, json};
use shared::testing::{Graveyard, TestDatabase};
use uuid::Uuid;

fn earned(number: u128) -> Value {
    json!({
        "type": "points_earned.v1", "grantKey": format!("join:usr_{number:032x}"), "clinicId": format!("cli_{:032x}", 1),
        "userId": format!("usr_{:032x}", number % 3), "reason": "join", "amount": 100, "referralId": format!("ref_{number:032x}"),
    })
}

fn event(bodies: &[Value], receives: u32) -> SqsEvent {
    let records: Vec<_> = bodies
        .iter()
        .map(|body| {
            let attributes = json!({"ApproximateReceiveCount": receives.to_string()});
            json!({"messageId": Uuid::new_v4().to_string(), "body": body.to_string(), "attributes": attributes})
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

async fn deps(test: &TestDatabase) -> Deps<Graveyard> {
    Deps {
        database: test.another().await,
        ambient: shared::clock::Ambient::system().unwrap(),
        dead_letters: Graveyard::default(),
    }
}

async fn ledger(test: &TestDatabase) -> (i64, i64, i64) {
    let lines: (i64, i64) = sqlx::query_as("SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS SIGNED) FROM point_entries")
        .fetch_one(&test.pool)
        .await
        .unwrap();
    let balances: i64 = sqlx::query_scalar("SELECT CAST(COALESCE(SUM(balance), 0) AS SIGNED) FROM point_balances")
        .fetch_one(&test.pool)
        .await
        .unwrap();
    (lines.0, lines.1, balances)
}

#[tokio::test]
async fn a_batch_of_grants_moves_ledger_and_balances_together() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    let batch: Vec<_> = (0..10).map(earned).collect();
    assert!(handle(&deps, event(&batch, 1)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(ledger(&test).await, (10, 1000, 1000));
    test.finish().await;
}

#[tokio::test]
async fn a_duplicate_delivery_grants_points_once() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    let batch: Vec<_> = (0..10).map(earned).collect();
    handle(&deps, event(&batch, 1)).await.unwrap();
    // Some again, some new, one of them twice in the same batch; then everything as a redelivery.
    let mixed: Vec<_> = [5, 6, 11, 12, 11].map(earned).into();
    assert!(handle(&deps, event(&mixed, 1)).await.unwrap().batch_item_failures.is_empty());
    assert!(handle(&deps, event(&batch, 2)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(ledger(&test).await, (12, 1200, 1200));
    test.finish().await;
}

#[tokio::test]
async fn many_workers_with_the_same_grants_pay_once() {
    let test = TestDatabase::new().await;
    let worker = async |turn: usize| {
        let deps = deps(&test).await;
        let mut all: Vec<_> = (0..60).map(earned).collect();
        all.rotate_left(turn * 15);
        for chunk in all.chunks(10) {
            assert!(handle(&deps, event(chunk, 1)).await.unwrap().batch_item_failures.is_empty());
        }
    };
    tokio::join!(worker(0), worker(1), worker(2), worker(3));
    assert_eq!(ledger(&test).await, (60, 6000, 6000));
    test.finish().await;
}

#[tokio::test]
async fn a_message_that_is_no_grant_goes_to_the_dead_letters() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    let mut negative = earned(1);
    negative["amount"] = json!(-5);
    let batch = [json!({"type": "points_earned.v9"}), negative, earned(2)];
    assert!(handle(&deps, event(&batch, 1)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 2);
    assert_eq!(ledger(&test).await, (1, 100, 100));
    test.finish().await;
}

#[tokio::test]
async fn without_the_database_nothing_is_acknowledged() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    sqlx::query("DROP TABLE point_balances").execute(&test.pool).await.unwrap();
    assert!(handle(&deps, event(&[earned(1), earned(2)], 1)).await.is_err());
    // The line went with the balance: nothing is half done.
    let lines: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM point_entries").fetch_one(&test.pool).await.unwrap();
    assert_eq!(lines, 0);
    test.finish().await;
}
