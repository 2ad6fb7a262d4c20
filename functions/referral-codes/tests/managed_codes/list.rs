//! Who sees which codes.

use serde_json::json;

use crate::world::{CONSOLE, World, items, kind, refusal, texts};

#[tokio::test]
async fn the_clinics_own_codes_come_newest_first_with_their_uses_and_links() {
    let world = World::new().await;
    let (desk, leaflet) = (world.code("접수대 QR").await, world.code("봄 전단지").await);
    world.join(&desk, "김단골").await;
    world.join(&desk, "박친구").await;

    let page = world.nurse.get("/v1/referral-codes").await;
    let codes = items(&page);
    // The last one was made with the clinic, and has no name yet.
    assert_eq!(texts(&codes, "label"), ["봄 전단지", "접수대 QR", ""]);
    assert_eq!(codes.iter().map(|code| code["uses"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 2, 0]);
    assert_eq!(codes[0]["inviteLink"], format!("{CONSOLE}/i/{leaflet}"));
    assert_eq!((&codes[0]["state"], &codes[0]["owner"]), (&json!("usable"), &json!("clinic")));
    assert!(codes[0].get("member").is_none() && codes[2].get("label").is_none());
    assert!(world.audited().await.is_empty(), "nobody's data");
    world.test.finish().await;
}

#[tokio::test]
async fn pages_of_own_codes_hold_every_code_once() {
    let world = World::new().await;
    let mut made = Vec::new();
    for number in 0..6 {
        made.insert(0, world.code(&format!("자리 {number}")).await);
    }
    // Two of them at the same moment.
    sqlx::query("UPDATE referral_codes SET created_at = (SELECT * FROM (SELECT MAX(created_at) FROM referral_codes) latest) WHERE code IN (?, ?)")
        .bind(&made[0])
        .bind(&made[1])
        .execute(&world.test.pool)
        .await
        .unwrap();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = world.owner.get(&format!("/v1/referral-codes?limit=1{cursor}")).await;
        seen.extend(texts(&items(&page), "code"));
        let Some(next) = page.json["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen.len(), 7);
    let whole = texts(&items(&world.owner.get("/v1/referral-codes").await), "code");
    assert_eq!(seen, whole);
    world.test.finish().await;
}

#[tokio::test]
async fn codes_of_members_have_names_without_those_who_have_withdrawn_and_leave_a_line() {
    let world = World::new().await;
    let (anna, code) = world.member("안나").await;
    world.join(&code, "친구").await;
    let (gone, gone_code) = world.member("").await;
    sqlx::query("UPDATE users SET withdrawn_at = NOW(6) WHERE id = ?").bind(gone).execute(&world.test.pool).await.unwrap();
    let (left, _) = world.member("떠난이").await;
    sqlx::query("UPDATE memberships SET state = 'ended', ended_at = NOW(6), ended_because = 'left' WHERE user_id = ?")
        .bind(left)
        .execute(&world.test.pool)
        .await
        .unwrap();

    let codes = items(&world.owner.get("/v1/referral-codes?owner=member").await);
    let names: Vec<_> = codes.iter().map(|code| code["member"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["떠난이", "친구", "안나"]);
    assert_eq!(texts(&codes, "state"), ["ownerNotMember", "usable", "usable"]);
    assert_eq!((&codes[2]["uses"], &codes[2]["member"]["userId"]), (&json!(1), &json!(anna)));
    let first = world.owner.get("/v1/referral-codes?owner=member&limit=2").await;
    let cursor = first.json["nextCursor"].as_str().unwrap();
    let rest = items(&world.owner.get(&format!("/v1/referral-codes?owner=member&limit=2&cursor={cursor}")).await);
    assert_eq!(texts(&rest, "code"), [code.as_str()]);

    let shown = world.nurse.get(&format!("/v1/referral-codes/{code}")).await;
    assert_eq!((shown.status, &shown.json["member"]["name"]), (200, &json!("안나")));
    assert_eq!(world.nurse.get(&format!("/v1/referral-codes/{gone_code}")).await.status, 404);
    let line = |action: &str, kind: &str, user, people| (action.to_owned(), kind.to_owned(), user, people);
    let lists = [3, 2, 1].map(|people| line("referral_code.list", "many", None, people));
    let mut expected = lists.to_vec();
    expected.push(line("referral_code.show", "user", Some(anna), 1));
    assert_eq!(world.audited().await, expected);
    world.test.finish().await;
}

#[tokio::test]
async fn a_foreign_code_answers_like_one_that_does_not_exist() {
    let world = World::new().await;
    let own = world.code("접수대 QR").await;
    let (_, members) = world.member("안나").await;
    let missing = "00000000";
    let asked = [(&world.other, own.as_str()), (&world.other, members.as_str())];
    let asked =
        asked.into_iter().chain([&world.other, &world.owner].into_iter().flat_map(|who| [(who, missing), (who, "no-code")]));
    for (client, code) in asked {
        let shown = client.get(&format!("/v1/referral-codes/{code}")).await;
        let changed = crate::world::patch(client, code, json!({"disabled": true})).await;
        assert_eq!((shown.status, kind(&shown)), (404, "not-found"), "{code}");
        assert_eq!((changed.status, kind(&changed)), (404, "not-found"), "{code}");
        assert_eq!(shown.json, changed.json);
    }
    assert_eq!(texts(&items(&world.other.get("/v1/referral-codes").await), "label"), [""]);
    assert!(items(&world.other.get("/v1/referral-codes?owner=member").await).is_empty());
    // However it is typed.
    let typed = format!("{}-{}", &own[..4], &own[4..]).to_lowercase();
    assert_eq!(world.owner.get(&format!("/v1/referral-codes/{typed}")).await.json["code"], own);
    world.test.finish().await;
}

#[tokio::test]
async fn only_staff_see_codes_and_cursors_of_other_lists_are_refused() {
    let world = World::new().await;
    let (_, code) = world.member("안나").await;
    let stranger = world.owner.with_subject("stranger");
    for path in ["/v1/referral-codes".to_owned(), format!("/v1/referral-codes/{code}")] {
        assert_eq!(kind(&stranger.get(&path).await), "not-staff");
    }
    assert_eq!(kind(&crate::world::add(&stranger, "k", json!({"label": "x"})).await), "not-staff");
    assert_eq!(kind(&crate::world::patch(&stranger, &code, json!({})).await), "not-staff");
    for query in ["cursor=MQ", "owner=member&cursor=MQ", "cursor=*", "owner=somebody", "page=2"] {
        let refused = world.owner.get(&format!("/v1/referral-codes?{query}")).await;
        assert_eq!(refused.status, 422, "{query}");
    }
    assert_eq!(refusal(&world.owner.get("/v1/referral-codes?cursor=MQ").await), (422, "cursor"));
    // Cursors with moments that no database takes, or that are before all codes.
    for year in [-1, 0, 999, 1969, 10_000, 262_000] {
        let at = chrono::NaiveDate::from_ymd_opt(year, 12, 31).unwrap().and_time(chrono::NaiveTime::MIN).and_utc();
        let cursor = shared::http::Cursor(format!("{}.{code}", at.timestamp_micros()));
        let cursor = serde_json::to_value(&cursor).unwrap();
        let path = format!("/v1/referral-codes?cursor={}", cursor.as_str().unwrap());
        assert_eq!(refusal(&world.owner.get(&path).await), (422, "cursor"), "{year}");
    }
    world.test.finish().await;
}
