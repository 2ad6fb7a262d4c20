//! What every use case relies on: transactions that end, collisions that begin anew, connections that are clean.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use shared::clock::Ambient;
use shared::db::{self, Database, outbox};
use shared::message::BundlePrepared;
use shared::model::{BundleId, CampaignId, ClinicId};
use shared::testing::{FakePublisher, TestDatabase};
use sqlx::Executor;
use sqlx::mysql::MySqlSslMode;

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

/// What the connection has sent in so many transactions of one statement each, without the question.
async fn sent(database: &Database, transactions: u64) -> u64 {
    let count = || async {
        let mut connection = database.acquire().await.unwrap();
        let (_, questions): (String, String) =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&mut *connection).await.unwrap();
        questions.parse::<u64>().unwrap()
    };
    let before = count().await;
    for _ in 0..transactions {
        write(database, "UPDATE boxes SET content = content + 1 WHERE id = 1").await.unwrap();
    }
    count().await - before - 2
}

async fn write(database: &Database, statement: &'static str) -> Result<(), sqlx::Error> {
    database.transaction("writes", |tx| Box::pin(async move { tx.execute(statement).await.map(drop) })).await
}

#[tokio::test]
async fn a_transaction_is_begun_by_one_statement_and_ended_by_one() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    assert_eq!(sent(&database, 0).await, 0);
    assert_eq!(sent(&database, 10).await, 10 * 3);
    assert_eq!(content(&test).await, 10);
    // Afterwards every statement is committed by itself again.
    database.acquire().await.unwrap().execute("UPDATE boxes SET content = 90 WHERE id = 2").await.unwrap();
    assert_eq!(content(&test).await, 100);
    test.drop_database().await;
}

#[tokio::test]
async fn a_transaction_ends_the_one_in_which_its_connection_was_handed_back() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let mut connection = database.acquire().await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    connection.execute("UPDATE boxes SET content = 50 WHERE id = 2").await.unwrap();
    drop(connection);
    write(&database, "UPDATE boxes SET content = 7 WHERE id = 1").await.unwrap();
    assert_eq!(content(&test).await, 7);
    test.drop_database().await;
}

#[tokio::test]
async fn a_transaction_on_a_dead_connection_begins_on_another() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let id: u64 =
        sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(&mut *database.acquire().await.unwrap()).await.unwrap();
    test.pool.execute(sqlx::AssertSqlSafe(format!("KILL {id}"))).await.unwrap();
    write(&database, "UPDATE boxes SET content = 1 WHERE id = 1").await.unwrap();
    assert_eq!(content(&test).await, 1);
    test.drop_database().await;
}

/// Goes on with some work for so many more polls, and drops it then. Whether it was finished.
async fn dropped_after<T>(polls: u32, work: impl Future<Output = T>) -> bool {
    let (mut work, mut left) = (std::pin::pin!(work), polls);
    std::future::poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// `ROLLBACK AND CHAIN` hands on the level and the access of what it ends.
#[tokio::test]
async fn a_transaction_inherits_nothing_from_what_was_dropped_at_any_moment() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let mut dropped = 0;
    // How far a poll gets is not the same every time.
    for polls in (0..8).cycle().take(80) {
        let snapshot = async { database.snapshot().await.unwrap().execute("SELECT * FROM boxes").await.unwrap() };
        let repeatable = database.repeatable_transaction::<(), sqlx::Error>("is_dropped", |tx| {
            Box::pin(async move { tx.execute("UPDATE boxes SET content = 50 WHERE id = 2").await.map(drop) })
        });
        let plain = write(&database, "UPDATE boxes SET content = content + 0 WHERE id = 1");
        dropped += u32::from(!dropped_after(polls, snapshot).await);
        changes_are_seen(&test, &database).await;
        dropped += u32::from(!dropped_after(polls, repeatable).await);
        changes_are_seen(&test, &database).await;
        dropped += u32::from(!dropped_after(polls, plain).await);
        changes_are_seen(&test, &database).await;
    }
    assert!(dropped >= 30, "{dropped} were dropped in the midst of it");
    test.drop_database().await;
}

/// In a transaction that may write, and in which what others commit is seen.
async fn changes_are_seen(test: &TestDatabase, database: &Database) {
    let seen = database.transaction::<_, sqlx::Error>("reads_twice", |tx| {
        let others = test.pool.clone();
        Box::pin(async move {
            let read = "SELECT content FROM boxes WHERE id = 1";
            let before: i32 = sqlx::query_scalar(read).fetch_one(&mut **tx).await?;
            others.execute("UPDATE boxes SET content = content + 1 WHERE id = 1").await?;
            let after: i32 = sqlx::query_scalar(read).fetch_one(&mut **tx).await?;
            tx.execute("UPDATE boxes SET content = 0 WHERE id = 2").await?;
            Ok(after - before)
        })
    });
    assert_eq!(seen.await.unwrap(), 1);
}

#[tokio::test]
async fn a_repeatable_transaction_and_a_snapshot_see_one_moment() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let database = test.another().await;
    let read = "SELECT content FROM boxes WHERE id = 1";
    let others = test.pool.clone();
    let seen = database.repeatable_transaction::<(i32, i32), sqlx::Error>("reads_twice", |tx| {
        let others = others.clone();
        Box::pin(async move {
            let before = sqlx::query_scalar(read).fetch_one(&mut **tx).await?;
            others.execute("UPDATE boxes SET content = content + 1 WHERE id = 1").await?;
            Ok((before, sqlx::query_scalar(read).fetch_one(&mut **tx).await?))
        })
    });
    assert_eq!(seen.await.unwrap(), (0, 0));
    let mut snapshot = database.snapshot().await.unwrap();
    test.pool.execute("UPDATE boxes SET content = 5 WHERE id = 1").await.unwrap();
    assert_eq!(sqlx::query_scalar::<_, i32>(read).fetch_one(&mut *snapshot).await.unwrap(), 1);
    snapshot.end().await.unwrap();
    changes_are_seen(&test, &database).await;
    test.drop_database().await;
}

/// Hands everything through to the database, until it is silent: then the connections that are there get no answer any more, as if the
/// server were frozen for them. New ones do. Its port, and the switch.
fn silenced_wire(test: &TestDatabase) -> (u16, Arc<AtomicU32>) {
    let options = test.pool.connect_options();
    let server = (options.get_host().to_owned(), options.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, silent) = (listener.local_addr().unwrap().port(), Arc::new(AtomicU32::new(0)));
    let told = Arc::clone(&silent);
    thread::spawn(move || {
        for (number, client) in (1_u32..).zip(listener.incoming().flatten()) {
            let (mut client, mut server) = (client, TcpStream::connect(server.clone()).unwrap());
            let (mut answers, mut back, silent) = (server.try_clone().unwrap(), client.try_clone().unwrap(), Arc::clone(&told));
            thread::spawn(move || io::copy(&mut client, &mut server));
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = answers.read(&mut bytes) {
                    if silent.load(Ordering::SeqCst) < number && back.write_all(&bytes[..length]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    (port, silent)
}

#[tokio::test]
async fn a_connection_that_does_not_answer_is_replaced_after_half_a_second() {
    let test = TestDatabase::empty().await;
    table(&test).await;
    let (port, silent) = silenced_wire(&test);
    let options = (*test.pool.connect_options()).clone().host("127.0.0.1").port(port).ssl_mode(MySqlSslMode::Disabled);
    let database = Database::from_pool(db::pool_options(1).connect_with(options).await.unwrap());
    for round in 1..=2 {
        write(&database, "UPDATE boxes SET content = content + 1 WHERE id = 1").await.unwrap();
        // Whoever has handed it back has heard that it is well.
        drop(database.acquire().await.unwrap());
        tokio::time::sleep(Duration::from_millis(100)).await;
        silent.store(round, Ordering::SeqCst);
        let begun = Instant::now();
        if round == 1 {
            write(&database, "UPDATE boxes SET content = content + 1 WHERE id = 1").await.unwrap();
        } else {
            database.acquire().await.unwrap().execute("UPDATE boxes SET content = content + 1 WHERE id = 1").await.unwrap();
        }
        assert!((500..2000).contains(&begun.elapsed().as_millis()), "{round}: {:?}", begun.elapsed());
        assert_eq!(content(&test).await, i64::from(round) * 2);
    }
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
