//! Making codes, and what becomes of them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::model::ReferralCode;

use crate::world::{World, add, items, kind, patch, refusal};

#[tokio::test]
async fn a_code_is_made_with_a_label_and_an_end() {
    let world = World::new().await;
    let made = add(&world.nurse, "k", json!({"label": " 봄  전단지 ", "expiresAt": "2026-03-03T00:00:00+09:00"})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let code = made.json["code"].as_str().unwrap();
    assert!(code.parse::<ReferralCode>().is_ok());
    assert_eq!(
        (&made.json["label"], &made.json["state"], &made.json["uses"]),
        (&json!("봄 전단지"), &json!("usable"), &json!(0))
    );
    assert_eq!(world.nurse.get(&format!("/v1/referral-codes/{code}")).await.json, made.json);

    world.clock.advance(TimeDelta::days(1));
    let expired = world.nurse.get(&format!("/v1/referral-codes/{code}")).await;
    assert_eq!(expired.json["state"], "expired");
    let again = patch(&world.nurse, code, json!({"expiresAt": null})).await;
    assert_eq!((&again.json["state"], again.json.get("expiresAt")), (&json!("usable"), None));
    world.test.finish().await;
}

#[tokio::test]
async fn a_code_asked_for_again_under_one_key_is_the_same_code() {
    let world = World::new().await;
    let end = "2026-03-02T02:00:00Z";
    let asked = json!({"label": "접수대 QR", "expiresAt": end});
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (client, asked) = (world.another().await, json!({"label": "창구"}));
        requests.spawn(async move { add(&client, "window", asked).await.json["code"].clone() });
    }
    let codes = requests.join_all().await;
    assert!(codes[0].is_string() && codes.iter().all(|code| *code == codes[0]), "{codes:?}");

    let first = add(&world.owner, "desk", asked.clone()).await;
    assert_eq!(first.status, 201, "{first:?}");
    // Also when the end that was asked for is over by then.
    world.clock.advance(TimeDelta::days(1));
    let again = add(&world.owner, "desk", asked.clone()).await;
    assert_eq!((again.status, &again.json, again.headers.contains_key("idempotent-replayed")), (201, &first.json, true));
    assert_eq!(kind(&add(&world.owner, "desk", json!({"label": "다른 곳"})).await), "idempotency-key-reused");
    assert_eq!(kind(&world.owner.post("/v1/referral-codes", asked).await), "idempotency-key-required");
    assert_eq!(items(&world.owner.get("/v1/referral-codes").await).len(), 3);
    // What was refused is not remembered.
    assert_eq!(refusal(&add(&world.owner, "next", json!({"label": "a", "expiresAt": end})).await), (422, "expiresAt"));
    assert_eq!(add(&world.owner, "next", json!({"label": "a"})).await.status, 201);
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_not_named_stays_as_it_is() {
    let world = World::new().await;
    let code = world.code("접수대 QR").await;
    let end = "2026-05-01T00:00:00Z";
    patch(&world.owner, &code, json!({"expiresAt": end, "disabled": true})).await;
    let before = world.owner.get(&format!("/v1/referral-codes/{code}")).await.json;
    assert_eq!((&before["state"], &before["expiresAt"]), (&json!("disabled"), &json!(end)));

    world.clock.advance(TimeDelta::hours(1));
    assert_eq!(patch(&world.owner, &code, json!({})).await.json, before);
    // Since when it is disabled does not move.
    assert_eq!(patch(&world.owner, &code, json!({"disabled": true})).await.json, before);
    let renamed = patch(&world.owner, &code, json!({"label": "창구"})).await.json;
    assert_eq!((&renamed["label"], &renamed["disabledAt"]), (&json!("창구"), &before["disabledAt"]));
    let enabled = patch(&world.owner, &code, json!({"disabled": false})).await.json;
    assert_eq!((&enabled["state"], &enabled["expiresAt"], enabled.get("disabledAt")), (&json!("usable"), &json!(end), None));
    assert!(world.audited().await.is_empty());
    world.test.finish().await;
}

#[tokio::test]
async fn a_members_code_is_disabled_but_not_labelled_and_the_member_is_in_the_log() {
    let world = World::new().await;
    let (user, code) = world.member("안나").await;
    let disabled = patch(&world.nurse, &code, json!({"disabled": true})).await;
    assert_eq!(
        (disabled.status, &disabled.json["state"], &disabled.json["owner"]),
        (200, &json!("disabled"), &json!("member"))
    );
    let labelled = patch(&world.nurse, &code, json!({"label": "안나의 코드", "disabled": false})).await;
    assert_eq!(refusal(&labelled), (422, "label"));
    assert_eq!(world.audited().await, [("referral_code.change".to_owned(), "user".to_owned(), Some(user), 1)]);
    let stored: Option<chrono::NaiveDateTime> = sqlx::query_scalar("SELECT disabled_at FROM referral_codes WHERE code = ?")
        .bind(&code)
        .fetch_one(&world.test.pool)
        .await
        .unwrap();
    assert!(stored.is_some(), "a refused change changes nothing");

    sqlx::query("UPDATE users SET withdrawn_at = NOW(6) WHERE id = ?").bind(user).execute(&world.test.pool).await.unwrap();
    assert_eq!(patch(&world.nurse, &code, json!({"disabled": false})).await.status, 404);
    assert_eq!(world.audited().await.len(), 1);
    world.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_with_the_field() {
    let world = World::new().await;
    let code = world.code("접수대 QR").await;
    let long = "가".repeat(61);
    let late = (world.ambient.now() + TimeDelta::days(3660)).to_rfc3339();
    let cases: [(Value, &str); 7] = [
        (json!({"label": ""}), "label"),
        (json!({"label": "\u{200b}\u{202e} "}), "label"),
        (json!({"label": long}), "label"),
        (json!({"label": "a", "expiresAt": "2026-03-01T00:00:00Z"}), "expiresAt"),
        (json!({"label": "a", "expiresAt": late}), "expiresAt"),
        (json!({"label": "a", "expiresAt": "tomorrow"}), "expiresAt"),
        (json!({"label": "a", "clinicId": "cli_1"}), "clinicId"),
    ];
    for (body, field) in cases {
        assert_eq!(refusal(&add(&world.owner, "k", body.clone()).await), (422, field), "{body}");
        assert_eq!(refusal(&patch(&world.owner, &code, body.clone()).await), (422, field), "{body}");
    }
    assert_eq!(refusal(&add(&world.owner, "k", json!({})).await), (422, "label"));
    assert_eq!(items(&world.owner.get("/v1/referral-codes").await).len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_has_two_hundred_codes_of_its_own_however_many_are_asked_for_at_once() {
    let world = World::new().await;
    {
        let mut connection = world.test.database.acquire().await.unwrap();
        for number in 1..196 {
            let label = format!("자리 {number}");
            shared::db::referral_codes::manage::insert_labelled(&mut connection, &world.ambient, world.clinic, &label, None)
                .await
                .unwrap();
        }
    }
    let (mut made, mut refused) = (0, 0);
    let mut requests = tokio::task::JoinSet::new();
    for number in 0..10 {
        let client = world.another().await;
        requests.spawn(async move { add(&client, &format!("k{number}"), json!({"label": format!("마지막 {number}")})).await });
    }
    while let Some(answer) = requests.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 201 {
            made += 1;
        } else {
            assert_eq!((answer.status, kind(&answer)), (409, "too-many-codes"));
            refused += 1;
        }
    }
    assert_eq!((made, refused), (4, 6));
    // One that is disabled still counts, and another clinic is not concerned.
    let first = items(&world.owner.get("/v1/referral-codes?limit=1").await)[0]["code"].as_str().unwrap().to_owned();
    patch(&world.owner, &first, json!({"disabled": true})).await;
    assert_eq!(add(&world.owner, "more", json!({"label": "더"})).await.status, 409);
    assert_eq!(add(&world.other, "more", json!({"label": "하나"})).await.status, 201);
    world.test.finish().await;
}

#[tokio::test]
async fn changes_of_one_code_at_once_leave_both() {
    let world = World::new().await;
    let code = world.code("접수대 QR").await;
    for round in 0..10 {
        let label = format!("이름 {round}");
        let (one, two) = (world.another().await, world.another().await);
        let (named, stopped) = (json!({"label": label}), json!({"disabled": round % 2 == 0}));
        let (named, stopped) = tokio::join!(patch(&one, &code, named), patch(&two, &code, stopped));
        assert_eq!((named.status, stopped.status), (200, 200));
        let now = world.owner.get(&format!("/v1/referral-codes/{code}")).await.json;
        assert_eq!((&now["label"], now.get("disabledAt").is_some()), (&json!(label), round % 2 == 0));
    }
    world.test.finish().await;
}
