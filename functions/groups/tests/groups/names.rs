//! What a group is called when its name exists.

use serde_json::json;
use shared::db::groups;
use sqlx::MySqlConnection;

use crate::support::{World, id};

#[tokio::test]
async fn a_name_that_exists_gets_a_number() {
    let world = World::new().await;
    for name in ["VIP", "VIP(1)", "VIP(2)"] {
        assert_eq!(world.groups.post("/v1/groups", json!({"name": "VIP"})).await.json["name"], name);
    }
    assert_eq!(world.groups.post("/v1/groups", json!({"name": "미지정"})).await.json["name"], "미지정(1)");
    assert_eq!(world.others.post("/v1/groups", json!({"name": "VIP"})).await.json["name"], "VIP");
    world.test.finish().await;
}

#[tokio::test]
async fn the_first_free_number_is_taken_however_the_name_is_written() {
    let world = World::new().await;
    for (asked, got) in [
        ("vip", "vip"),
        ("VIP(2)", "VIP(2)"),
        ("VIP", "VIP(1)"),
        ("ＶＩＰ", "ＶＩＰ(3)"),
        ("VIP(2)", "VIP(2)(1)"),
        ("VIP(01)", "VIP(01)"),
        ("50%_|(1)", "50%_|(1)"),
        ("50%_|", "50%_|"),
        ("50%_|", "50%_|(2)"),
    ] {
        assert_eq!(world.groups.post("/v1/groups", json!({ "name": asked })).await.json["name"], got);
    }
    world.test.finish().await;
}

#[tokio::test]
async fn the_number_fits_into_fifty_characters() {
    let world = World::new().await;
    let (long, emoji) = ("가".repeat(50), "😀".repeat(50));
    for name in [&long, &emoji] {
        let first = &name[..name.char_indices().nth(47).unwrap().0];
        for got in [name.clone(), format!("{first}(1)"), format!("{first}(2)")] {
            assert_eq!(world.groups.post("/v1/groups", json!({ "name": name })).await.json["name"], got);
        }
    }
    for _ in 3..10 {
        world.groups.post("/v1/groups", json!({ "name": long })).await;
    }
    assert_eq!(world.groups.post("/v1/groups", json!({ "name": long })).await.json["name"], format!("{}(10)", "가".repeat(46)));
    world.test.finish().await;
}

/// Every number up to 1,500 is taken: the next one is found by one statement, not by 1,500.
#[tokio::test]
async fn the_thousand_and_first_group_of_a_name_is_made_like_the_second() {
    let world = World::new().await;
    let taken = "INSERT INTO customer_groups (clinic_id, id, name, created_at)
         WITH digits AS (SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4
             UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9),
         numbers AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d AS n FROM digits a, digits b, digits c, digits e)
         SELECT ?, UNHEX(MD5(n)), IF(n = 0, 'VIP', CONCAT('VIP(', n, ')')), NOW() FROM numbers WHERE n <= 1500 AND n <> 700";
    sqlx::query(taken).bind(world.clinic).execute(&world.test.pool).await.unwrap();
    for got in ["vip(700)", "vip(1501)"] {
        let made = world.groups.post("/v1/groups", json!({"name": "vip"})).await;
        assert_eq!((made.status, &made.json["name"]), (201, &json!(got)));
    }
    let mut connection = world.test.pool.acquire().await.unwrap();
    let before = statements(&mut connection).await;
    let (_, name) = groups::insert(&mut connection, &world.ambient, world.clinic, "vip").await.unwrap();
    let statements = statements(&mut connection).await - before;
    assert_eq!(name, "vip(1502)");
    assert!(statements < 10, "{statements} statements");
    drop(connection);
    world.test.finish().await;
}

/// How many statements the server has carried out for this connection.
async fn statements(connection: &mut MySqlConnection) -> u64 {
    let (_, value): (String, String) =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(connection).await.unwrap();
    value.parse().unwrap()
}

#[tokio::test]
async fn a_group_is_renamed_and_keeps_its_customers() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let vip = world.group("VIP", &ids).await;
    let renamed = world.rename(vip, " 재방문\u{200b} ").await;
    let view = json!({"id": vip, "name": "재방문", "unassigned": false, "customers": 2});
    assert_eq!((renamed.status, &renamed.json), (200, &view));
    assert_eq!(world.groups.get(&format!("/v1/groups/{vip}")).await.json, view);
    assert_eq!(world.groups.post("/v1/groups", json!({"name": "VIP"})).await.json["name"], "VIP", "the old name is free");
    world.test.finish().await;
}

#[tokio::test]
async fn the_own_name_is_free_for_a_group_in_whatever_case() {
    let world = World::new().await;
    let vip = world.group("VIP", &[]).await;
    let second = id(&world.groups.post("/v1/groups", json!({"name": "VIP"})).await);
    for (group, asked, got) in [
        (vip, "VIP", "VIP"),
        (vip, "vip", "vip"),
        (second, "VIP(1)", "VIP(1)"),
        (second, "VIP", "VIP(1)"),
        (second, "vip", "vip(1)"),
        (vip, "미지정", "미지정(1)"),
        (second, "vip", "vip"),
    ] {
        let renamed = world.rename(group, asked).await;
        assert_eq!((renamed.status, &renamed.json["name"]), (200, &json!(got)), "{asked}");
    }
    world.test.finish().await;
}

/// An import makes its groups without asking who else gives names.
#[tokio::test]
async fn a_name_that_an_import_takes_in_the_same_moment_gets_the_next_number() {
    let world = World::new().await;
    world.group("VIP", &[]).await;
    let import = world.test.another().await;
    let mut import = import.acquire().await.unwrap();
    sqlx::query("START TRANSACTION").execute(&mut *import).await.unwrap();
    groups::find_or_insert(&mut import, &world.ambient, world.clinic, "VIP(1)").await.unwrap();
    let making = world.groups.post("/v1/groups", json!({"name": "VIP"}));
    let (made, ()) = tokio::join!(making, async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        sqlx::query("COMMIT").execute(&mut *import).await.unwrap();
    });
    assert_eq!((made.status, &made.json["name"]), (201, &json!("VIP(2)")));
    drop(import);
    world.test.finish().await;
}
