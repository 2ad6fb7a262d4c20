//! Who brought whom.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use shared::model::UserId;

use crate::world::{World, path};

/// Level, place of the one who brought them, name: of everybody in the tree; and whether there are more.
async fn tree(world: &World, user: UserId) -> (Vec<(u64, Option<u64>, String)>, bool) {
    let answer = world.owner.get(&format!("{}/tree", path(user))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let people = answer.json["people"].as_array().unwrap().iter().map(|node| {
        let shown = ["userId", "name", "membership"].map(|field| node.get(field).is_some());
        assert!(shown == [true; 3] || shown == [false; 3], "{node}");
        let name = node["name"].as_str().unwrap_or("-").trim_start_matches("이름 ").to_owned();
        (node["level"].as_u64().unwrap(), node["broughtBy"].as_u64(), name)
    });
    (people.collect(), answer.json["isCut"].as_bool().unwrap())
}

fn node(level: u64, by: Option<u64>, name: &str) -> (u64, Option<u64>, String) {
    (level, by, name.to_owned())
}

#[tokio::test]
async fn everybody_stands_behind_the_one_who_brought_them_who_came_first_first() {
    let world = World::new().await;
    let root = world.member("root", world.clinic).await;
    let one = world.brought("one", world.clinic, &root).await;
    let two = world.brought("two", world.clinic, &root).await;
    world.brought("two's", world.clinic, &two).await;
    let ones = world.brought("one's", world.clinic, &one).await;
    world.brought("one's other", world.clinic, &one).await;
    world.brought("one's one", world.clinic, &ones).await;
    // Nobody of another clinic, and nobody above.
    let there = world.member("one", world.foreign).await;
    world.brought("stranger", world.foreign, &there).await;
    let expected = vec![
        node(0, None, "root"),
        node(1, Some(0), "one"),
        node(2, Some(1), "one's"),
        node(3, Some(2), "one's one"),
        node(2, Some(1), "one's other"),
        node(1, Some(0), "two"),
        node(2, Some(5), "two's"),
    ];
    assert_eq!(tree(&world, root.0).await, (expected, false));
    assert_eq!(tree(&world, ones.0).await, (vec![node(0, None, "one's"), node(1, Some(0), "one's one")], false));
    world.run("UPDATE memberships m JOIN users u ON u.id = m.user_id SET m.state = 'ended', m.ended_because = 'left' WHERE u.subject = 'two'").await;
    let answer = world.owner.get(&format!("{}/tree", path(root.0))).await.json;
    assert_eq!((&answer["people"][5]["membership"], &answer["people"][0]["joinedAt"]), (&json!("ended"), &Value::Null));
    world.test.finish().await;
}

#[tokio::test]
async fn who_has_withdrawn_is_a_place_without_a_name_where_others_came_through_them() {
    let world = World::new().await;
    let root = world.member("root", world.clinic).await;
    let gone = world.brought("gone", world.clinic, &root).await;
    let gone_too = world.brought("gone too", world.clinic, &gone).await;
    world.brought("child", world.clinic, &gone_too).await;
    let leaf = world.brought("leaf", world.clinic, &gone_too).await;
    let alone = world.brought("alone", world.clinic, &root).await;
    for person in [&gone, &gone_too, &leaf, &alone] {
        world.withdraw(person.0).await;
    }
    let expected = vec![node(0, None, "root"), node(1, Some(0), "-"), node(2, Some(1), "-"), node(3, Some(2), "child")];
    assert_eq!(tree(&world, root.0).await, (expected, false));
    assert_eq!(world.audited().await[0].3, 2, "people with a name are people whose data were seen");
    assert_eq!(world.owner.get(&path(root.0)).await.json["invitedCount"], 0);
    assert_eq!(world.owner.get(&format!("{}/tree", path(gone.0))).await.status, 404);
    world.test.finish().await;
}

#[tokio::test]
async fn a_tree_ends_after_five_levels_and_says_so() {
    let world = World::new().await;
    let root = world.member("level 0", world.clinic).await;
    let mut last = root.clone();
    for level in 1..=5 {
        last = world.brought(&format!("level {level}"), world.clinic, &last).await;
    }
    let (people, is_cut) = tree(&world, root.0).await;
    assert_eq!((people.len(), people[5].clone(), is_cut), (6, node(5, Some(4), "level 5"), false));
    world.brought("level 6", world.clinic, &last).await;
    let (people, is_cut) = tree(&world, root.0).await;
    assert_eq!((people.len(), is_cut), (6, true));
    world.test.finish().await;
}

#[tokio::test]
async fn a_tree_ends_after_five_hundred_people_and_says_so() {
    let world = World::new().await;
    let root = world.member("root", world.clinic).await;
    let first = world.brought("first", world.clinic, &root).await;
    world.brought("second", world.clinic, &root).await;
    let sql = "INSERT INTO users (id, subject, name, created_at)
        SELECT UNHEX(MD5(CONCAT('many', d.n))), CONCAT('many ', d.n), CONCAT('이름 many ', d.n), NOW(6) FROM
        (SELECT a.n + 10 * b.n + 100 * c.n AS n FROM
            (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
             UNION SELECT 8 UNION SELECT 9) a,
            (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7
             UNION SELECT 8 UNION SELECT 9) b,
            (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) c) d WHERE d.n < ?";
    let make = async |people: u32| {
        sqlx::query("DELETE FROM referrals WHERE user_id IN (SELECT id FROM users WHERE subject LIKE 'many %')")
            .execute(&world.test.pool)
            .await
            .unwrap();
        sqlx::query("DELETE FROM users WHERE subject LIKE 'many %'").execute(&world.test.pool).await.unwrap();
        sqlx::query(sql).bind(people).execute(&world.test.pool).await.unwrap();
        let refer = "INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at)
            SELECT UNHEX(CONCAT('ff', SUBSTR(HEX(id), 3))), ?, id, ?, ?, NOW(6) FROM users WHERE subject LIKE 'many %'";
        let query = sqlx::query(refer).bind(world.clinic).bind(&first.1).bind(first.0);
        query.execute(&world.test.pool).await.unwrap();
        // Staff may look at people whose membership is not there any more for whatever reason; here nobody has one.
        let answer = world.owner.get(&format!("{}/tree", path(root.0))).await.json;
        (answer["people"].as_array().unwrap().len(), answer["isCut"].as_bool().unwrap())
    };
    assert_eq!(make(498).await, (501, false));
    assert_eq!(make(499).await, (501, true));
    world.test.finish().await;
}

/// Who joined without a code may leave and come back through somebody whom they brought.
#[tokio::test]
async fn people_who_brought_each_other_are_shown_once() {
    let world = World::new().await;
    let root = world.member("root", world.clinic).await;
    let guest = world.brought("guest", world.clinic, &root).await;
    world.refer(root.0, world.clinic, &guest.1, Some(guest.0)).await;
    assert_eq!(tree(&world, root.0).await, (vec![node(0, None, "root"), node(1, Some(0), "guest")], false));
    assert_eq!(tree(&world, guest.0).await, (vec![node(0, None, "guest"), node(1, Some(0), "root")], false));
    world.test.finish().await;
}

#[tokio::test]
async fn a_member_who_brought_nobody_stands_alone() {
    let world = World::new().await;
    let user = world.stands("guest", world.clinic, "pending").await;
    assert_eq!(tree(&world, user).await, (vec![node(0, None, "guest")], false));
    world.test.finish().await;
}
