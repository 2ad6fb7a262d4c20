//! Looking at the ledger.

use serde_json::{Value, json};

use crate::world::World;

async fn all(world: &World, query: &str) -> Vec<Value> {
    let (mut lines, mut path) = (Vec::new(), format!("/v1/points?limit=2{query}"));
    loop {
        let mut page = world.owner.get(&path).await.json;
        lines.append(page["items"].as_array_mut().unwrap());
        let Some(cursor) = page["nextCursor"].as_str() else { return lines };
        path = format!("/v1/points?limit=2{query}&cursor={cursor}");
    }
}

#[tokio::test]
async fn the_balance_after_each_line_runs_through_all_pages() {
    let world = World::new().await;
    let (member, other) = (world.member("member", 1000).await, world.member("other", 50).await);
    let spent = world.spend(&world.owner, "k1", member, 300).await.json;
    world.adjust(&world.owner, "k2", member, 25).await;
    world.reverse(&world.owner, "k3", &spent["id"]).await;
    world.spend(&world.owner, "k4", other, 50).await;
    let lines = all(&world, &format!("&userId={member}")).await;
    let balances: Vec<_> =
        lines.iter().map(|line| (line["amount"].as_i64().unwrap(), line["balance"].as_i64().unwrap())).collect();
    assert_eq!(balances, [(300, 1025), (25, 725), (-300, 700), (1000, 1000)]);
    assert_eq!((&lines[2]["reversedBy"], &lines[0]["reverses"]), (&lines[0]["id"], &spent["id"]));
    assert_eq!((&lines[3]["member"]["name"], &lines[3].get("staff")), (&json!("이름 member"), &None));
    assert_eq!(lines[2]["staff"]["name"], "직원 owner");
    // A filter hides lines, it does not change what they say.
    let spendings = all(&world, &format!("&userId={member}&reason=spend")).await;
    assert_eq!((spendings.len(), &spendings[0]["balance"]), (1, &json!(700)));
    world.finish().await;
}

#[tokio::test]
async fn the_clinics_ledger_holds_every_line_by_reason_and_the_withdrawn_without_a_name() {
    let world = World::new().await;
    let (member, gone) = (world.member("member", 1000).await, world.member("gone", 50).await);
    world.spend(&world.owner, "k1", member, 300).await;
    sqlx::query("UPDATE users SET withdrawn_at = NOW(6), name = '' WHERE subject = 'gone'")
        .execute(&world.test.pool)
        .await
        .unwrap();
    let lines = all(&world, "").await;
    assert_eq!(lines.iter().map(|line| line["amount"].as_i64().unwrap()).collect::<Vec<_>>(), [-300, 50, 1000]);
    assert_eq!(lines[1]["member"], json!({"userId": gone.to_string()}));
    assert_eq!(lines[0].get("balance"), None);
    assert_eq!(all(&world, "&reason=join").await.len(), 2);
    assert_eq!(all(&world, "&reason=invite").await.len(), 0);
    assert_eq!(all(&world, &format!("&userId={gone}")).await.len(), 1);
    assert_eq!(world.owner.get("/v1/points?reason=gift").await.json["field"], "reason");
    assert_eq!(world.owner.get("/v1/points?cursor=!").await.json["field"], "cursor");
    world.finish().await;
}

#[tokio::test]
async fn a_strangers_ledger_is_empty_and_a_foreign_member_is_not_found() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let (_, stranger) = world.stranger().await;
    assert_eq!(stranger.get("/v1/points").await.json, json!({"items": []}));
    assert_eq!(stranger.get(&format!("/v1/points?userId={member}")).await.status, 404);
    assert_eq!(stranger.get("/v1/points/totals").await.json["outstanding"], 0);
    for path in ["/v1/points", "/v1/points/totals", "/v1/points/held"] {
        assert_eq!(world.owner.with_subject("outsider").get(path).await.status, 403);
    }
    world.finish().await;
}

#[tokio::test]
async fn the_totals_add_up() {
    let world = World::new().await;
    let (member, other) = (world.member("member", 1000).await, world.member("other", 500).await);
    let spent = world.spend(&world.owner, "k1", member, 300).await.json;
    world.spend(&world.owner, "k2", other, 100).await;
    world.reverse(&world.owner, "k3", &spent["id"]).await;
    world.adjust(&world.owner, "k4", other, -50).await;
    world.held(member, 70, "burst").await;
    world.held(member, 30, "burst").await;
    let expected = json!({
        "granted": 1500, "spent": 400, "adjusted": -50, "reversed": 300, "outstanding": 1350, "held": 100, "heldCount": 2,
    });
    assert_eq!(world.owner.with_subject("staff").get("/v1/points/totals").await.json, expected);
    world.finish().await;
}

#[tokio::test]
async fn whoever_looks_or_changes_is_remembered_without_personal_data() {
    let world = World::new().await;
    let member = world.member("member", 1000).await;
    let spent = world.spend(&world.owner, "k1", member, 300).await.json;
    world.reverse(&world.owner, "k2", &spent["id"]).await;
    world.adjust(&world.owner, "k3", member, 1).await;
    world.owner.get("/v1/points").await;
    world.owner.get(&format!("/v1/points?userId={member}")).await;
    world.owner.get("/v1/points/held").await;
    let held = world.held(member, 500, "burst").await;
    world.owner.post(&format!("/v1/points/held/{held}/refuse"), json!({"note": "같은 사람"})).await;
    let line = |action: &str, kind: &str, people: i64| (action.to_owned(), kind.to_owned(), people);
    let expected = [
        line("points.spend", "user", 1),
        line("points.reverse", "user", 1),
        line("points.adjust", "user", 1),
        line("points.list", "many", 1),
        line("points.list", "user", 1),
        line("points.held", "many", 0),
        line("points.refuse", "user", 1),
    ];
    assert_eq!(world.audited().await, expected);
    world.finish().await;
}
