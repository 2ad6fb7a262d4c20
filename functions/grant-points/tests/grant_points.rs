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
async fn a_batch_as_large_as_a_function_collects_is_granted_whole() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    handle(&deps, event(&(0..35).map(earned).collect::<Vec<_>>(), 1)).await.unwrap();
    let batch: Vec<_> = (0..100).rev().map(earned).collect();
    assert!(handle(&deps, event(&batch, 1)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(ledger(&test).await, (100, 10_000, 10_000));
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
    for receives in 2..=5 {
        assert!(handle(&deps, event(&batch, receives)).await.unwrap().batch_item_failures.is_empty());
    }
    assert_eq!(ledger(&test).await, (12, 1200, 1200));
    test.finish().await;
}

/// How many statements the worker's one connection has sent, and how many of them were commits.
async fn sent(deps: &Deps<Graveyard>) -> (u64, u64) {
    let mut connection = deps.database.acquire().await.unwrap();
    let mut count = async |what: &str| {
        let counted: (String, String) =
            sqlx::query_as("SHOW SESSION STATUS WHERE Variable_name = ?").bind(what).fetch_one(&mut *connection).await.unwrap();
        counted.1.parse::<u64>().unwrap()
    };
    let questions = count("Questions").await;
    (questions, count("Com_commit").await)
}

#[tokio::test]
async fn a_batch_of_ten_costs_four_statements_and_one_commit_whatever_is_known_of_it() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    handle(&deps, event(&[earned(1000)], 1)).await.unwrap();
    // Measuring costs, too: its own questions and the look at the connection.
    let (first, _) = sent(&deps).await;
    let (second, _) = sent(&deps).await;
    let own = second - first;
    for first in [0, 8, 0] {
        let batch: Vec<_> = (first..first + 10).map(earned).collect();
        let before = sent(&deps).await;
        handle(&deps, event(&batch, 2)).await.unwrap();
        let after = sent(&deps).await;
        // ROLLBACK AND CHAIN (the connection is looked at, and the transaction begun), lines, balances, COMMIT.
        assert_eq!((after.0 - before.0 - own, after.1 - before.1), (4, 1), "from {first}");
    }
    assert_eq!(ledger(&test).await, (19, 1900, 1900));
    test.finish().await;
}

#[tokio::test]
async fn a_grant_that_another_worker_is_just_writing_is_paid_once_and_its_neighbours_too() {
    let test = TestDatabase::new().await;
    let deps = deps(&test).await;
    // The other worker has written its line, and not committed yet.
    let mut other = test.pool.begin().await.unwrap();
    let line = "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
                VALUES (UNHEX(REPEAT('0a', 16)), ?, UNHEX(LPAD('1', 32, '0')), UNHEX(LPAD('2', 32, '0')), 'join', 100, NOW(6))";
    sqlx::query(line).bind(format!("join:usr_{:032x}", 5)).execute(&mut *other).await.unwrap();
    let balance = "INSERT INTO point_balances (clinic_id, user_id, balance)
                   VALUES (UNHEX(LPAD('1', 32, '0')), UNHEX(LPAD('2', 32, '0')), 100)";
    sqlx::query(balance).execute(&mut *other).await.unwrap();
    let batch: Vec<_> = (0..10).map(earned).collect();
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.commit().await.unwrap();
    };
    let (response, ()) = tokio::join!(handle(&deps, event(&batch, 1)), commit);
    assert!(response.unwrap().batch_item_failures.is_empty());
    assert_eq!(ledger(&test).await, (10, 1000, 1000));
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
    let with = |name: &str, value: Value| {
        let mut message = earned(3);
        message[name] = value;
        message
    };
    let batch = [
        json!({"type": "points_earned.v9"}),
        negative,
        earned(2),
        with("amount", json!(0)),
        with("reason", json!("spend")),
        with("grantKey", json!("x".repeat(81))),
        with("grantKey", json!("추천")),
        with("grantKey", json!("")),
    ];
    assert!(handle(&deps, event(&batch, 1)).await.unwrap().batch_item_failures.is_empty());
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 7);
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
