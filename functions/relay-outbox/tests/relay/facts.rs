//! Facts of the outbox.

use chrono::TimeDelta;
use relay_outbox::{Deps, Relayed, handle};
use shared::clock::Ambient;
use shared::db::outbox;
use shared::message::ImportApproved;
use shared::model::{ClinicId, ImportId};
use shared::testing::{FakePublisher, FixedClock, PublishMode, TestDatabase, ambient};

pub async fn with_facts(count: u32) -> (TestDatabase, Deps<FakePublisher>, FixedClock) {
    let test = TestDatabase::new().await;
    let (ambient, clock) = ambient();
    let mut connection = test.pool.acquire().await.unwrap();
    for _ in 0..count {
        let fact = ImportApproved::V1 { clinic_id: ClinicId::new(&ambient), import_id: ImportId::new(&ambient) };
        outbox::insert(&mut connection, &ambient, &fact).await.unwrap();
    }
    let deps = Deps { database: test.another().await, ambient, publisher: FakePublisher::default() };
    (test, deps, clock)
}

#[tokio::test]
async fn facts_whose_writer_was_killed_after_commit_are_published_once() {
    let (test, deps, clock) = with_facts(250).await;
    assert_eq!(handle(&deps).await.unwrap(), Relayed::default(), "the writer may still be publishing them");
    clock.advance(TimeDelta::seconds(6));
    assert_eq!(handle(&deps).await.unwrap(), Relayed { published: 250, left: 0 });
    assert_eq!(handle(&deps).await.unwrap(), Relayed::default());
    assert_eq!(deps.publisher.take::<ImportApproved>().len(), 250);
    test.finish().await;
}

#[tokio::test]
async fn facts_stay_until_the_topic_takes_them_and_the_run_fails_meanwhile() {
    let (test, deps, clock) = with_facts(3).await;
    clock.advance(TimeDelta::seconds(6));
    deps.publisher.set(PublishMode::Down);
    assert!(handle(&deps).await.is_err());
    assert_eq!(test.outbox_size().await, 3);
    deps.publisher.set(PublishMode::Works);
    assert_eq!(handle(&deps).await.unwrap(), Relayed { published: 3, left: 0 });
    assert_eq!(deps.publisher.take::<ImportApproved>().len(), 3);
    test.finish().await;
}

#[tokio::test]
async fn facts_of_a_newer_version_wait_and_keep_nobody_else_waiting() {
    let (test, deps, clock) = with_facts(120).await;
    sqlx::query("UPDATE outbox SET topic = 'not_invented_yet' ORDER BY id LIMIT 110").execute(&test.pool).await.unwrap();
    clock.advance(TimeDelta::seconds(6));
    assert!(handle(&deps).await.is_err());
    assert_eq!((test.outbox_size().await, deps.publisher.take::<ImportApproved>().len()), (110, 10));
    test.drop_database().await;
}

#[tokio::test]
async fn a_lost_answer_publishes_again_rather_than_never() {
    let (test, deps, clock) = with_facts(1).await;
    clock.advance(TimeDelta::seconds(6));
    deps.publisher.set(PublishMode::AnswerLost);
    assert!(handle(&deps).await.is_err());
    deps.publisher.set(PublishMode::Works);
    handle(&deps).await.unwrap();
    assert_eq!(deps.publisher.take::<ImportApproved>().len(), 2);
    test.finish().await;
}

#[tokio::test]
async fn two_relays_at_once_do_not_publish_the_same_lines() {
    let (test, one, clock) = with_facts(200).await;
    clock.advance(TimeDelta::seconds(6));
    let two = Deps {
        database: test.another().await,
        ambient: Ambient::seeded(clock.clone(), 2),
        publisher: FakePublisher::default(),
    };
    let (first, second) = tokio::join!(handle(&one), handle(&two));
    assert_eq!(first.unwrap().published + second.unwrap().published, 200);
    let taken = one.publisher.take::<ImportApproved>().len() + two.publisher.take::<ImportApproved>().len();
    assert_eq!(taken, 200);
    test.finish().await;
}
