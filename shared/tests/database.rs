//! What every use case relies on: transactions that end, collisions that begin anew, connections that are clean.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicU32, Ordering};

use shared::clock::Ambient;
use shared::db::outbox;
use shared::message::BundlePrepared;
use shared::model::{BundleId, CampaignId, ClinicId};
use shared::testing::{FakePublisher, TestDatabase};
use sqlx::Executor;

async fn table(test: &TestDatabase) {
    test.pool.execute("CREATE TABLE boxes (id INT PRIMARY KEY, content INT NOT NULL)").await.unwrap();
    test.pool.execute("INSERT INTO boxes VALUES (1, 0), (2, 0)").await.unwrap();
}

async fn content(test: &TestDatabase) -> i64 {
    sqlx::query_scalar("SELECT CAST(SUM(content) AS SIGNED) FROM boxes").fetch_one(&test.pool).await.unwrap()
}

#[tokio::test]
async fn a_failed_transaction_leaves_nothing() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let failed = database.transaction::<(), sqlx::Error>("fails", |tx| {
        Box::pin(async move {
            tx.execute("UPDATE boxes SET content = content + 1").await?;
            Err(sqlx::Error::RowNotFound)
        })
    });
    assert!(matches!(failed.await, Err(sqlx::Error::RowNotFound)));
    assert_eq!(content(&test).await, 0);
    test.drop_database().await;
}

#[tokio::test]
async fn a_deadlock_begins_anew_and_both_sides_get_their_way() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let tries = AtomicU32::new(0);
    let meeting = tokio::sync::Barrier::new(2);
    let worker = async |order: [i32; 2]| {
        let database = test.another().await;
        let (tries, meeting) = (&tries, &meeting);
        let work = database.transaction::<(), sqlx::Error>("collides", |tx| {
            Box::pin(async move {
                let first_tries = tries.fetch_add(1, Ordering::SeqCst) < 2;
                sqlx::query("UPDATE boxes SET content = content + 1 WHERE id = ?").bind(order[0]).execute(&mut **tx).await?;
                if first_tries {
                    meeting.wait().await;
                }
                sqlx::query("UPDATE boxes SET content = content + 1 WHERE id = ?").bind(order[1]).execute(&mut **tx).await?;
                Ok(())
            })
        });
        work.await.unwrap();
    };
    tokio::join!(worker([1, 2]), worker([2, 1]));
    assert_eq!(content(&test).await, 4);
    assert!(tries.load(Ordering::SeqCst) > 2, "the two did not collide");
    test.drop_database().await;
}

/// Later inserts on a connection that was handed back inside an open transaction answer Ok and vanish.
#[tokio::test]
async fn a_connection_handed_back_inside_a_transaction_is_cleaned_before_use() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    // What a cancelled `begin()` leaves behind, in the pool's only connection.
    database.acquire().await.unwrap().execute("BEGIN").await.unwrap();
    database.acquire().await.unwrap().execute("UPDATE boxes SET content = 7 WHERE id = 1").await.unwrap();
    drop(database);
    assert_eq!(content(&test).await, 7);
    test.drop_database().await;
}

#[tokio::test]
async fn a_dead_connection_is_replaced() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let id: u64 =
        sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *database.acquire().await.unwrap()).await.unwrap();
    test.pool.execute(sqlx::AssertSqlSafe(format!("KILL {id}"))).await.unwrap();
    database.acquire().await.unwrap().execute("UPDATE boxes SET content = 1 WHERE id = 1").await.unwrap();
    assert_eq!(content(&test).await, 1);
    test.drop_database().await;
}

#[tokio::test]
async fn facts_written_together_are_published_and_forgotten() {
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let prepared = |bundle_id| BundlePrepared::V1 {
        clinic_id: ClinicId::new(&ambient),
        campaign_id: CampaignId::new(&ambient),
        bundle_id,
    };
    let bundles: Vec<_> = (0..300).map(|_| BundleId::new(&ambient)).collect();
    let facts: Vec<_> = bundles.iter().copied().map(prepared).collect();
    let mut connection = test.pool.acquire().await.unwrap();
    assert!(outbox::insert_all::<BundlePrepared>(&mut connection, &ambient, &[]).await.unwrap().is_empty());
    let outgoing = outbox::insert_all(&mut connection, &ambient, &facts).await.unwrap();
    assert_eq!(test.outbox_size().await, 300);
    // What is stored is what relay-outbox would publish.
    let later = ambient.now() + chrono::TimeDelta::seconds(1);
    let stored = outbox::lock_older_than(&mut connection, later, None, 1000).await.unwrap();
    let mut by_id = outgoing.clone();
    by_id.sort_unstable_by_key(|line| line.id);
    assert_eq!((stored.known, stored.unknown), (by_id, 0));
    drop(connection);
    let publisher = FakePublisher::default();
    outbox::publish(&test.database, &publisher, &outgoing).await;
    let told: Vec<_> = publisher.take().into_iter().map(|BundlePrepared::V1 { bundle_id, .. }| bundle_id).collect();
    assert_eq!(told, bundles);
    test.finish().await;
}
