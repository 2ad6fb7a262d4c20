//! What staging asks of the database.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use parse_import::handle;
use shared::db::Database;
use shared::model::state::{ImportState, Verdict};

use crate::setting::{Setting, UPLOADED, row};

#[tokio::test]
async fn two_deliveries_at_once_stage_every_row_once() {
    let line = |number| format!("김단골,010{number:08}\n");
    let rows: String = (0..6000).map(line).collect();
    let setting = Setting::new(format!("이름,휴대폰\n{rows}").as_bytes()).await;
    let other = setting.another().await;
    let event = || serde_json::from_str::<SqsEvent>(UPLOADED).unwrap();
    let (one, two) = tokio::join!(handle(&setting.deps, event()), handle(&other, event()));
    assert!(one.unwrap().batch_item_failures.is_empty() && two.unwrap().batch_item_failures.is_empty());
    assert_eq!(setting.import().await.state, ImportState::Ready);
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 6000);
    setting.test.finish().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_at_any_moment_leaves_nothing_half_done() {
    let line = |number| format!("김단골,010{number:08}\n");
    let rows: String = (0..6000).map(line).collect();
    let setting = Setting::new(format!("이름,휴대폰\n{rows}").as_bytes()).await;
    for moment in [2, 5, 10, 20, 50, 100, 200, 400, 800] {
        let worker = setting.another().await;
        let event = serde_json::from_str::<SqsEvent>(UPLOADED).unwrap();
        drop(tokio::time::timeout(Duration::from_millis(moment), handle(&worker, event)).await);
        drop(worker);
        let staged = setting.count("SELECT COUNT(*) FROM import_rows").await;
        match setting.import().await.state {
            ImportState::Ready => assert_eq!(staged, 6000, "after {moment} ms"),
            state => assert!(staged == 0 && state != ImportState::Failed, "after {moment} ms: {staged} rows, {state}"),
        }
    }
    assert_eq!(setting.parse().await.state, ImportState::Ready);
    assert_eq!(setting.count("SELECT COUNT(*) FROM import_rows").await, 6000);
    setting.test.finish().await;
}

#[tokio::test]
async fn staging_takes_hardly_more_than_half_a_statement_for_a_thousand_rows() {
    let line = |number| format!("김단골,010{number:08},VIP,메모\n");
    let rows: String = (0..40_000).map(line).collect();
    let setting = Setting::new(format!("이름,휴대폰,그룹,메모\n{rows}").as_bytes()).await;
    setting
        .run(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
         SELECT clinic_id, id, 'x', '+821000039999', '{}', NOW(), NOW() FROM imports",
        )
        .await;
    let before = questions(&setting.deps.database).await;
    setting.parse().await;
    let statements = questions(&setting.deps.database).await - before;
    assert!((22..=45).contains(&statements), "{statements} statements for 40,000 rows");
    let settled = "SELECT COUNT(*) FROM import_rows WHERE number = 40001 AND verdict = 'updates'";
    assert_eq!(setting.count(settled).await, 1, "the last statement settles the last row");
    setting.test.finish().await;
}

/// Statements that the only connection of a pool has sent so far.
async fn questions(database: &Database) -> i64 {
    let mut connection = database.acquire().await.unwrap();
    let (_, count): (String, String) =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&mut *connection).await.unwrap();
    count.parse().unwrap()
}

#[tokio::test]
async fn staging_waits_for_nobody_who_is_changing_a_customer() {
    let setting = Setting::new("이름,휴대폰\n가,01000000001\n".as_bytes()).await;
    setting
        .run(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
         SELECT clinic_id, id, 'x', '+821000000001', '{}', NOW(), NOW() FROM imports",
        )
        .await;
    let mut somebody = setting.test.pool.begin().await.unwrap();
    sqlx::query("UPDATE customers SET name = 'y'").execute(&mut *somebody).await.unwrap();
    setting.parse().await;
    assert_eq!(setting.verdicts().await, [row(2, Verdict::Updates)]);
    somebody.rollback().await.unwrap();
    setting.test.finish().await;
}
