//! Lifting, and what an import does meanwhile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::imports::Options;
use shared::message::ImportApproved;
use shared::model::ImportId;
use shared::model::state::SuppressionReason;
use shared::testing::importing::{Importing, phone, row};
use shared::testing::{Client, Graveyard, TestDatabase, sending};

use crate::world::{World, add, items, lift, path, refusal};

#[tokio::test]
async fn what_is_lifted_keeps_its_history_and_the_phone_can_be_suppressed_anew() {
    let world = World::new().await;
    world.customer("김단골", "010-1234-5678").await;
    add(&world.nurse, &["010-1234-5678"], Some("전화로 요청")).await;
    let line = world.line("010-1234-5678").await;
    assert_eq!(lift(&world.owner, &line, "  다시\n받기를 원함 ").await.status, 204);
    assert_eq!((world.owner.get(&path(&line)).await.status, world.lines().await.len()), (404, 0));
    let history = items(&world.nurse.get("/v1/suppressions/lifted").await);
    assert_eq!(history.len(), 1);
    for field in ["id", "phone", "customer", "reason", "reasonCode", "note", "since", "by"] {
        assert_eq!(history[0][field], line[field], "{field}");
    }
    assert_eq!(
        (&history[0]["liftedBecause"], &history[0]["liftedBy"]["name"]),
        (&json!("다시 받기를 원함"), &json!("이름 owner"))
    );
    let moment = |value: &Value| value.as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert!(moment(&history[0]["liftedAt"]) > moment(&line["since"]));

    assert_eq!(add(&world.owner, &["010-1234-5678"], None).await.json["added"], 1);
    let anew = world.line("010-1234-5678").await;
    assert_ne!(anew["id"], line["id"]);
    assert_eq!(lift(&world.owner, &anew, "또").await.status, 204);
    assert_eq!(items(&world.owner.get("/v1/suppressions/lifted").await).len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn nothing_is_lifted_without_a_reason_or_by_another_clinic() {
    let world = World::new().await;
    add(&world.owner, &["010-1234-5678"], None).await;
    let line = world.line("010-1234-5678").await;
    for reason in ["", " \u{200b}\n", &"가".repeat(201)] {
        assert_eq!(refusal(&lift(&world.owner, &line, reason).await), (422, "reason"));
    }
    let without = world.owner.post(&format!("{}/lift", path(&line)), json!({})).await;
    assert_eq!(refusal(&without), (422, "reason"));
    assert_eq!(lift(&world.other, &line, "남의 것").await.status, 404);
    assert_eq!(lift(&world.owner.with_subject("stranger"), &line, "남의 것").await.status, 403);
    assert_eq!((world.lines().await, world.count("lifted_suppressions").await), (vec![line.clone()], 0));
    assert_eq!(lift(&world.nurse, &line, &"가".repeat(200)).await.status, 204);
    world.test.finish().await;
}

#[tokio::test]
async fn only_the_owner_lifts_the_suppression_of_somebody_who_was_forgotten() {
    let world = World::new().await;
    world.learn("010-1234-5678", SuppressionReason::Forgotten).await;
    world.learn("010-1234-5679", SuppressionReason::Blocked).await;
    let line = world.line("010-1234-5678").await;
    let refused = lift(&world.nurse, &line, "다시 오심").await;
    assert_eq!((refused.status, refused.json["type"].as_str().unwrap().rsplit('/').next()), (403, Some("not-owner")));
    assert_eq!(world.count("lifted_suppressions").await, 0);
    assert_eq!(lift(&world.nurse, &world.line("010-1234-5679").await, "차단 해제").await.status, 204);
    assert_eq!(lift(&world.owner, &line, "다시 오심").await.status, 204);
    assert_eq!(world.count("suppressions").await, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn of_two_who_lift_at_once_one_succeeds_and_the_other_finds_nothing() {
    let world = World::new().await;
    let another = world.another().await;
    for round in 0..20 {
        let phone = format!("010-2000-{round:04}");
        add(&world.owner, &[&phone], None).await;
        let line = world.line(&phone).await;
        let (one, two) = tokio::join!(lift(&world.owner, &line, "하나"), lift(&another, &line, "둘"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!((statuses, world.count("lifted_suppressions").await), ([204, 404], round + 1));
    }
    world.test.finish().await;
}

#[tokio::test]
async fn who_adds_a_phone_while_it_is_lifted_suppresses_it_anew() {
    let world = World::new().await;
    let another = world.another().await;
    for round in 1..=20 {
        add(&world.owner, &["010-1234-5678"], None).await;
        let line = world.line("010-1234-5678").await;
        let (lifted, added) = tokio::join!(lift(&world.owner, &line, "해제"), add(&another, &["010-1234-5678"], None));
        assert_eq!((lifted.status, added.status), (204, 200));
        // Whoever was told `added` has the phone in the ledger; who was told that it is there has seen it before it was lifted.
        assert_eq!(world.count("suppressions").await, i64::try_from(added.json["added"].as_u64().unwrap()).unwrap());
        assert_eq!(world.count("lifted_suppressions").await, round);
        sqlx::query("DELETE FROM suppressions").execute(&world.test.pool).await.unwrap();
    }
    world.test.finish().await;
}

/// A clinic that imports, with staff.
async fn importing(test: &TestDatabase) -> (Importing, Client) {
    let ambient = Ambient::system().unwrap();
    let list = Importing::new(&test.pool, &ambient).await;
    let staff = "INSERT INTO staff (id, clinic_id, subject, name, role, created_at)
        VALUES (UNHEX(REPEAT('0f', 16)), ?, 'importer', '최실장', 'owner', NOW(6))";
    sqlx::query(staff).bind(list.clinic).execute(&test.pool).await.unwrap();
    let deps = suppressions::Deps { database: test.another().await, ambient };
    (list, Client::signed_in("suppressions", suppressions::routes(deps), "importer"))
}

/// Commits the import.
async fn commit(test: &TestDatabase, list: &Importing, import: ImportId) {
    let deps = commit_import::Deps {
        database: test.another().await,
        ambient: Ambient::system().unwrap(),
        dead_letters: Graveyard::default(),
        chunk: commit_import::CHUNK,
    };
    let event = sending::event(&ImportApproved::V1 { clinic_id: list.clinic, import_id: import });
    assert!(commit_import::handle(&deps, event).await.unwrap().batch_item_failures.is_empty());
}

const BY_FILE: Options = Options { target_group: None, update_existing: true };

#[tokio::test]
async fn an_import_never_lifts_a_suppression_and_brings_the_person_once_it_is_lifted() {
    let test = TestDatabase::new().await;
    let (list, staff) = importing(&test).await;
    let ambient = Ambient::system().unwrap();
    list.suppress(2).await;
    let before = items(&staff.get("/v1/suppressions").await);
    let outcomes =
        async |import| list.outcomes(import).await.into_iter().map(|(_, outcome)| outcome.unwrap()).collect::<Vec<_>>();
    let first = list.approve(&ambient, &[row(2), row(3)], BY_FILE).await;
    commit(&test, &list, first).await;
    assert_eq!(outcomes(first).await, ["suppressed", "added"]);
    assert_eq!(items(&staff.get("/v1/suppressions").await), before);
    assert_eq!(lift(&staff, &before[0], "다시 동의").await.status, 204);
    let second = list.approve(&ambient, &[row(2), row(3)], BY_FILE).await;
    commit(&test, &list, second).await;
    assert_eq!(outcomes(second).await, ["added", "unchanged"]);
    test.finish().await;
}

/// Somebody lifts, and has not committed yet, while an import is committed: the row decides, as it was before or as it is after.
#[tokio::test]
async fn a_suppression_that_is_being_lifted_holds_for_an_import_until_it_is_lifted() {
    let test = TestDatabase::new().await;
    let (list, staff) = importing(&test).await;
    let ambient = Ambient::system().unwrap();
    for (number, thinks_better) in [(2, true), (3, false)] {
        list.suppress(number).await;
        let import = list.approve(&ambient, &[row(number)], BY_FILE).await;
        let mut lifting = test.pool.begin().await.unwrap();
        let gone = sqlx::query("DELETE FROM suppressions WHERE phone = ?").bind(phone(number)).execute(&mut *lifting).await;
        assert_eq!(gone.unwrap().rows_affected(), 1);
        let end = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            if thinks_better { lifting.rollback().await.unwrap() } else { lifting.commit().await.unwrap() }
        };
        tokio::join!(commit(&test, &list, import), end);
        let outcome = list.outcomes(import).await.remove(0).1.unwrap();
        let people: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM customers").fetch_one(&test.pool).await.unwrap();
        assert_eq!((outcome == "added", outcome == "suppressed"), (people == 1, people == 0));
        assert!(!thinks_better || people == 0, "nothing was lifted");
    }
    assert_eq!(items(&staff.get("/v1/suppressions").await).len(), 1);
    test.finish().await;
}
