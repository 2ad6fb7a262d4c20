//! Joining a clinic by a code, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use register_clinic::Deps as ClinicDeps;
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::testing::{Answer, Client, FakePublisher, PublishMode, TestDatabase};
use signup_with_referral::{Deps, routes};

struct World {
    test: TestDatabase,
    publisher: Arc<FakePublisher>,
    client: Client,
}

impl World {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let publisher = Arc::<FakePublisher>::default();
        let deps = Deps { database: test.another().await, ambient: Ambient::system().unwrap(), publisher: publisher.clone() };
        let client = Client::anonymous("signup-with-referral", routes(deps));
        Self { test, publisher, client }
    }

    /// Registers a clinic and returns its own code.
    async fn clinic(&self, owner: &str) -> String {
        let deps = ClinicDeps { database: self.test.another().await, ambient: Ambient::system().unwrap() };
        let staff = Client::signed_in("register-clinic", register_clinic::routes(deps), owner);
        let clinic = staff.post("/v1/clinics", json!({"name": format!("{owner} 의원")})).await;
        clinic.json["referralCode"].as_str().unwrap().to_owned()
    }

    async fn join(&self, who: &str, code: &str) -> Answer {
        self.client.with_subject(who).post("/v1/signups", json!({"referralCode": code})).await
    }

    /// What was published, as (grant key's kind, amount).
    fn earned(&self) -> Vec<(String, u32)> {
        let earned = self.publisher.take::<PointsEarned>().into_iter();
        let pairs = earned
            .map(|PointsEarned::V1 { grant_key, amount, .. }| (grant_key.split(':').next().unwrap().into(), amount.get()));
        pairs.collect()
    }
}

fn kind(answer: &Answer) -> (u16, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.rsplit('/').next().unwrap_or_default())
}

fn code(answer: &Answer) -> String {
    answer.json["referralCode"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_new_user_becomes_a_member_with_a_code_and_earns_join_points() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    let joined = world.join("first", &clinics_code).await;
    assert_eq!(
        (joined.status, &joined.json["membership"], &joined.json["joinPoints"]),
        (201, &json!("confirmed"), &json!(1000))
    );
    assert_ne!(code(&joined), clinics_code);
    assert_eq!(world.earned(), [("join".to_owned(), 1000)]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_friends_code_earns_both_of_them_points() {
    let world = World::new().await;
    let first = world.join("first", &world.clinic("clinic").await).await;
    world.earned();
    assert_eq!(world.join("friend", &code(&first).to_lowercase()).await.status, 201);
    assert_eq!(world.earned(), [("join".to_owned(), 1000), ("invite".to_owned(), 1000)]);
    world.test.finish().await;
}

#[tokio::test]
async fn the_same_request_again_gives_the_same_answer_and_no_points() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    let first = world.join("first", &clinics_code).await;
    world.earned();
    let again = world.join("first", &clinics_code).await;
    assert_eq!((again.status, code(&again), &again.json["joinPoints"]), (200, code(&first), &json!(0)));
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn points_for_joining_come_once_in_a_lifetime() {
    let world = World::new().await;
    let host = world.join("host", &world.clinic("one").await).await;
    let (two, three) = (world.clinic("two").await, world.clinic("three").await);
    world.earned();
    assert_eq!(world.join("guest", &two).await.status, 201);
    assert_eq!(world.earned(), [("join".to_owned(), 1000)]);
    // Not new any more: neither the guest nor the friend who invites them to another clinic earns anything.
    assert_eq!(world.join("guest", &code(&host)).await.status, 201);
    assert_eq!(world.join("guest", &three).await.status, 201);
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn a_refused_code_says_why() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    let first = world.join("first", &clinics_code).await;
    let friend = world.join("friend", &clinics_code).await;
    world.earned();
    assert_eq!(kind(&world.join("first", &code(&first)).await), (409, "own-code"));
    assert_eq!(kind(&world.join("first", &code(&friend)).await), (409, "already-referred"));
    let unknown = shared::model::ReferralCode::new(&Ambient::seeded(shared::testing::FixedClock::new(), 9));
    assert_eq!(kind(&world.join("first", unknown.as_str()).await), (404, "unknown-code"));
    let mut typo = clinics_code.clone().into_bytes();
    typo[0] = if typo[0] == b'Z' { b'Y' } else { b'Z' };
    let typo = world.join("third", &String::from_utf8(typo).unwrap()).await;
    assert_eq!((kind(&typo), &typo.json["field"]), ((422, "invalid-input"), &json!("referralCode")));
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn ten_sign_ups_of_one_person_at_once_join_once_and_none_fails() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    let mut tasks = Vec::new();
    for _ in 0..10 {
        let deps = Deps {
            database: world.test.another().await,
            ambient: Ambient::system().unwrap(),
            publisher: world.publisher.clone(),
        };
        let client = Client::signed_in("signup-with-referral", routes(deps), "eager");
        let code = clinics_code.clone();
        tasks.push(tokio::spawn(async move { client.post("/v1/signups", json!({"referralCode": code})).await.status }));
    }
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 200, 200, 201]);
    assert_eq!(world.earned(), [("join".to_owned(), 1000)]);
    world.test.finish().await;
}

#[tokio::test]
async fn points_wait_in_the_outbox_when_the_topic_is_down() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    world.publisher.set(PublishMode::Down);
    assert_eq!(world.join("first", &clinics_code).await.status, 201);
    assert_eq!(world.test.outbox_size().await, 1);
    world.test.drop_database().await;
}

#[tokio::test]
async fn a_clinic_that_grants_no_points_still_gets_its_member() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    sqlx::query("UPDATE clinics SET points_enabled = FALSE").execute(&world.test.pool).await.unwrap();
    let joined = world.join("first", &clinics_code).await;
    assert_eq!((joined.status, &joined.json["joinPoints"]), (201, &json!(0)));
    assert_eq!(world.earned(), []);
    world.test.finish().await;
}

#[tokio::test]
async fn nobody_joins_without_signing_in() {
    let world = World::new().await;
    let clinics_code = world.clinic("clinic").await;
    let answer = world.client.post("/v1/signups", json!({"referralCode": clinics_code})).await;
    assert_eq!((answer.status, answer.json["status"].clone()), (401, Value::from(401)));
    world.test.finish().await;
}
