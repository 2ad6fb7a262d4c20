//! What a user's points are made of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{World, items, refused};

#[tokio::test]
async fn each_line_says_how_many_points_were_at_its_clinic_then() {
    let world = World::new().await;
    let (host, _) = world.member("host", world.clinic).await;
    world.member("host", world.foreign).await;
    let (somebody, _) = world.member("somebody", world.clinic).await;
    world.adjust(somebody, world.clinic, 77).await;
    let mut expected = Vec::new();
    let mut balances = BTreeMap::new();
    for (number, amount) in [100, 5, -30, 200, -1, 7, 40, -3].into_iter().enumerate() {
        let clinic = if number % 3 == 1 { world.foreign } else { world.clinic };
        world.adjust(host, clinic, amount).await;
        let balance = balances.entry(clinic).or_insert(0);
        *balance += i64::from(amount);
        expected.insert(0, (json!(clinic), json!(amount), json!(*balance)));
    }
    let me = world.app.with_subject("host");
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = me.get(&format!("/v1/me/points?limit=3{next}")).await;
        seen.extend(
            items(&page).into_iter().map(|line| (line["clinicId"].clone(), line["amount"].clone(), line["balance"].clone())),
        );
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(seen, expected);
    let here: Vec<_> = expected.iter().filter(|line| line.0 == json!(world.clinic)).cloned().collect();
    let only = items(&me.get(&format!("/v1/me/points?clinicId={}", world.clinic)).await);
    assert_eq!(only.len(), here.len());
    assert_eq!(only[0]["balance"], here[0].2);
    for own in me.get("/v1/me").await.json["clinics"].as_array().unwrap() {
        let last = seen.iter().find(|line| line.0 == own["clinicId"]).unwrap();
        assert_eq!(own["points"], last.2, "the balance is that after the last line");
    }
    world.test.finish().await;
}

#[tokio::test]
async fn lines_of_a_clinic_that_was_left_are_not_shown_and_are_there_again_after_coming_back() {
    let world = World::new().await;
    let (host, _) = world.member("host", world.clinic).await;
    world.adjust(host, world.clinic, 50).await;
    let me = world.app.with_subject("host");
    let at_clinic = format!("/v1/me/points?clinicId={}", world.clinic);
    me.send("DELETE", &format!("/v1/memberships/{}", world.clinic), &[], Value::Null).await;
    assert_eq!(items(&me.get("/v1/me/points").await), Vec::<Value>::new());
    assert_eq!(me.get(&at_clinic).await.status, 404);
    assert_eq!(me.post("/v1/memberships", json!({"clinicId": world.clinic})).await.status, 201);
    assert_eq!(items(&me.get(&at_clinic).await)[0]["balance"], 50);
    world.test.finish().await;
}

#[tokio::test]
async fn a_cursor_or_a_clinic_that_is_none_is_refused() {
    let world = World::new().await;
    world.member("host", world.clinic).await;
    let me = world.app.with_subject("host");
    for path in ["/v1/me/points", "/v1/me/friends"] {
        for (query, field) in [("cursor=!", "cursor"), ("cursor=Zm9v", "cursor"), ("clinicId=x", "clinicId"), ("q=1", "q")] {
            let answer = me.get(&format!("{path}?{query}")).await;
            assert_eq!((refused(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!(field)), "{path} {query}");
        }
    }
    world.test.finish().await;
}
