//! What becomes of customers and groups when an import is undone.

use shared::db::imports::Options;
use shared::model::state::{ImportState, Verdict};
use shared::testing::importing::row;

use crate::support::{BY_FILE, World};

#[tokio::test]
async fn everything_is_as_it_was_before_to_the_last_byte() {
    let world = World::new().await;
    let regular = world.add("김단골", 2, &[("메모", "\"첫째\" \\ 줄\n👩\u{200d}⚕️"), ("생일", "3월 2일")]).await;
    world.join(regular, "재방문").await;
    let unchanged = world.add("고객3", 3, &[("메모", "단골")]).await;
    world.join(unchanged, "재방문").await;
    world.add("고객4", 4, &[]).await;
    let before = world.list.people().await;
    let import = world
        .commit(&[
            row(2).named("새 이름").with("메모", "새").with("주소", "서울").group("VIP"),
            row(3).with("메모", "단골").group("재방문"),
            row(4).group("재방문"),
            row(5).group("VIP"),
            row(6).group("재방문"),
            row(7),
            row(8).judged(Verdict::BadPhone),
        ])
        .await;
    assert_eq!(world.outcomes(import).await, ["updated", "unchanged", "unchanged", "added", "added", "added", ""]);
    assert_ne!(world.list.people().await, before);
    world.undo(import).await;
    assert_eq!(world.list.people().await, before);
    // The third row found its customer just so and in the group: it did nothing.
    assert_eq!(world.outcomes(import).await, ["undone", "unchanged", "undone", "undone", "undone", "undone", ""]);
    assert_eq!((world.list.import(import).await.state, world.counts(import).await), (ImportState::Undone, (5, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_was_edited_since_is_kept_and_the_rows_say_who() {
    let world = World::new().await;
    for number in [2, 3, 4] {
        world.add("옛 이름", number, &[("메모", "옛 메모")]).await;
    }
    let rows: Vec<_> = (2..9).map(|number| row(number).with("메모", "새").group("VIP")).collect();
    let import = world.commit(&rows).await;
    world.rename(3, "직원이 고친 이름").await;
    world.rename(5, "직원이 고친 이름").await;
    // Somebody wants to have these two: in another group, or without theirs and in another one.
    world.join(world.id(6).await, "교정").await;
    sqlx::query("DELETE FROM customer_group_members WHERE customer_id = ?")
        .bind(world.id(7).await)
        .execute(&world.test.pool)
        .await
        .unwrap();
    world.join(world.id(7).await, "교정").await;
    // And this one they took out of the group.
    sqlx::query("DELETE FROM customer_group_members WHERE customer_id = ?")
        .bind(world.id(8).await)
        .execute(&world.test.pool)
        .await
        .unwrap();
    world.undo(import).await;
    assert_eq!(world.outcomes(import).await, ["undone", "kept", "undone", "kept", "kept", "kept", "kept"]);
    assert_eq!((world.list.import(import).await.state, world.counts(import).await), (ImportState::Undone, (2, 5)));
    let names =
        "SELECT CONCAT_WS('|', c.name, JSON_VALUE(c.attributes, '$.\"메모\"'), (SELECT COUNT(*) FROM customer_group_members m
           WHERE m.clinic_id = c.clinic_id AND m.customer_id = c.id)) FROM customers c ORDER BY c.phone";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&world.test.pool).await.unwrap();
    let kept = "직원이 고친 이름|새|1";
    assert_eq!(names, ["옛 이름|옛 메모|0", kept, "옛 이름|옛 메모|0", kept, "고객6|새|2", "고객7|새|1", "고객8|새|0"]);
    world.test.finish().await;
}

#[tokio::test]
async fn whoever_joined_a_group_is_known_by_the_group_and_not_by_its_name() {
    let world = World::new().await;
    let import = world.commit(&[row(2).group("VIP"), row(3).group("vip"), row(4).group("교정"), row(5)]).await;
    sqlx::query("UPDATE customer_groups SET name = '단골' WHERE name = 'VIP'").execute(&world.test.pool).await.unwrap();
    let regular = world.add("김단골", 90, &[]).await;
    world.join(regular, "VIP").await;
    // In the group that has the name now, and no longer in the one that the import meant.
    sqlx::query("UPDATE customer_group_members SET group_id = (SELECT id FROM customer_groups WHERE name = 'VIP') WHERE customer_id = ?")
        .bind(world.id(3).await)
        .execute(&world.test.pool)
        .await
        .unwrap();
    world.undo(import).await;
    assert_eq!(world.outcomes(import).await, ["undone", "kept", "undone", "undone"]);
    assert_eq!((world.count("customers").await, world.counts(import).await), (2, (3, 1)));
    world.test.finish().await;
}

#[tokio::test]
async fn imports_on_top_of_each_other_are_undone_from_the_top() {
    let world = World::new().await;
    world.add("옛 이름", 2, &[]).await;
    let before = world.list.people().await;
    let one = world.commit(&[row(2).with("메모", "하나").group("VIP"), row(3).with("메모", "하나").group("VIP")]).await;
    let between = world.list.people().await;
    let two = world
        .commit(&[row(2).with("메모", "둘").group("교정"), row(3).with("메모", "둘").group("교정"), row(4).group("VIP")])
        .await;
    world.undo(two).await;
    assert_eq!(world.list.people().await, between);
    world.undo(one).await;
    assert_eq!(world.list.people().await, before);
    assert_eq!((world.counts(one).await, world.counts(two).await), ((2, 0), (3, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn what_another_import_changed_since_is_kept_by_the_earlier_one() {
    let world = World::new().await;
    let one = world.commit(&[row(2), row(3), row(4)]).await;
    let two = world.commit(&[row(2).named("둘"), row(3).group("VIP")]).await;
    let both = world.list.people().await;
    world.undo(one).await;
    assert_eq!(world.outcomes(one).await, ["kept", "kept", "undone"]);
    let left: Vec<_> = both.iter().filter(|line| !line.contains("고객4")).cloned().collect();
    assert_eq!(world.list.people().await, left);
    world.undo(two).await;
    assert_eq!(world.outcomes(two).await, ["undone", "undone"]);
    world.test.finish().await;
}

#[tokio::test]
async fn customers_who_are_gone_already_stay_gone_and_others_with_their_phones_stay() {
    let world = World::new().await;
    world.add("옛 이름", 2, &[]).await;
    let import = world.commit(&[row(2), row(3), row(4)]).await;
    sqlx::query("DELETE FROM customers").execute(&world.test.pool).await.unwrap();
    world.add("다시 온 고객", 3, &[]).await;
    let before = world.list.people().await;
    world.list.suppress(4).await;
    world.undo(import).await;
    assert_eq!((world.list.people().await, world.counts(import).await), (before, (2, 1)));
    // The first row changed somebody who cannot be made what they were.
    assert_eq!(world.outcomes(import).await, ["kept", "undone", "undone"]);
    assert_eq!(world.count("suppressions").await, 1);
    world.test.finish().await;
}

#[tokio::test]
async fn groups_that_the_import_made_go_unless_somebody_is_in_them() {
    let world = World::new().await;
    let regular = world.add("고객9", 9, &[]).await;
    let import =
        world.commit(&[row(2).group("VIP"), row(3).group("교정"), row(4).group("임플란트"), row(5).group("재방문")]).await;
    world.join(regular, "교정").await;
    world.rename(4, "직원이 고친 이름").await;
    sqlx::query("UPDATE customer_groups SET name = '이름을 바꾼 그룹' WHERE name = '재방문'")
        .execute(&world.test.pool)
        .await
        .unwrap();
    world.undo(import).await;
    let groups = "SELECT name FROM customer_groups ORDER BY name";
    let groups: Vec<String> = sqlx::query_scalar(groups).fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(groups, ["교정", "미지정", "임플란트"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_that_staff_chose_stays_and_its_earlier_customers_stay_in_it() {
    let world = World::new().await;
    let (inside, outside) = (world.add("고객2", 2, &[]).await, world.add("고객3", 3, &[]).await);
    world.join(outside, "재방문").await;
    let chosen = world.list.join(&world.ambient, inside, "봄맞이").await;
    let before = world.list.people().await;
    let rows = [row(2), row(3), row(4)];
    let import = world.commit_with(&rows, Options { target_group: Some(chosen), ..BY_FILE }).await;
    assert_eq!(world.count("customer_group_members").await, 4);
    world.undo(import).await;
    assert_eq!((world.list.people().await, world.counts(import).await), (before, (2, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn customers_whom_the_import_left_alone_stay_alone() {
    let world = World::new().await;
    world.add("옛 이름", 2, &[]).await;
    world.list.suppress(4).await;
    let before = world.list.people().await;
    let import = world.commit_with(&[row(2), row(3), row(4)], Options { update_existing: false, ..BY_FILE }).await;
    world.undo(import).await;
    assert_eq!(world.list.people().await, before);
    assert_eq!(world.outcomes(import).await, ["left", "undone", "suppressed"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_that_work_under_way_is_about_stays() {
    let world = World::new().await;
    let one = world.commit(&[row(2).group("VIP"), row(3).group("교정")]).await;
    let vip = "SELECT id FROM customer_groups WHERE name = 'VIP'";
    let vip: shared::model::GroupId = sqlx::query_scalar(vip).fetch_one(&world.test.pool).await.unwrap();
    world.list.approve(&world.ambient, &[row(4)], Options { target_group: Some(vip), ..BY_FILE }).await;
    world.undo(one).await;
    let groups = "SELECT name FROM customer_groups ORDER BY name";
    let groups: Vec<String> = sqlx::query_scalar(groups).fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(groups, ["VIP", "미지정"]);
    world.test.finish().await;
}

#[tokio::test]
async fn columns_that_the_import_brought_go_unless_somebody_has_them() {
    let world = World::new().await;
    let import = world.commit(&[row(2).with("메모", "새").with("3월 2일", "잘못 고른 제목")]).await;
    world.add("김단골", 9, &[("메모", "단골")]).await;
    // As if they had not come with this list.
    for name in ["메모", "3월 2일", "생일 \"양력\""] {
        let sql = "INSERT INTO customer_columns (clinic_id, name, import_id, created_at) VALUES (?, ?, ?, NOW(6))
                   ON DUPLICATE KEY UPDATE import_id = VALUES(import_id)";
        sqlx::query(sql).bind(world.list.clinic).bind(name).bind(import).execute(&world.test.pool).await.unwrap();
    }
    world.undo(import).await;
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM customer_columns").fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(names, ["메모"]);
    world.test.finish().await;
}
