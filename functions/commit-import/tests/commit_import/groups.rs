//! Which groups customers are in after an import, against a real database.

use crate::support::{BY_FILE, World};
use shared::db::groups;
use shared::db::imports::Options;
use shared::model::GroupId;
use shared::model::state::Verdict;
use shared::testing::importing::row;

#[tokio::test]
async fn customers_join_the_groups_of_the_file_which_are_made_where_they_are_missing() {
    let world = World::new().await;
    let regular = world.add("고객9", 9, &[]).await;
    world.join(regular, "재방문").await;
    let import = world
        .commit(&[
            row(2).group("Vip"),
            row(3).group("VIP"),
            row(4).group("vip"),
            row(5),
            row(6).group("미지정"),
            row(7).group(&"가".repeat(50)),
            row(8).group("없는 그룹").judged(Verdict::BadPhone),
            row(9).group("VIP"),
            row(10).group("재방문"),
            row(11).group("안 쓰는 그룹").deleted(),
        ])
        .await;
    let long = "가".repeat(50);
    let expected = [
        "2 고객2 [] Vip",
        "3 고객3 [] Vip",
        "4 고객4 [] Vip",
        "5 고객5 [] 미지정",
        "6 고객6 [] 미지정",
        &format!("7 고객7 [] {long}"),
        // Whoever is in a group stays in it.
        "9 고객9 [] Vip,재방문",
        "10 고객10 [] 재방문",
    ];
    let (mut expected, mut customers) = (expected.map(str::to_owned), world.customers().await);
    expected.sort();
    customers.sort();
    assert_eq!(customers, expected);
    let made = "SELECT name FROM customer_groups WHERE import_id = ? ORDER BY name";
    let made: Vec<String> = sqlx::query_scalar(made).bind(import).fetch_all(&world.test.pool).await.unwrap();
    assert_eq!(made, ["Vip".to_owned(), long]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_that_an_earlier_chunk_made_is_the_group_of_the_later_ones() {
    let world = World::new().await;
    let rows: Vec<_> = (2..30).map(|number| row(number).group(["VIP", "vip", "교정"][number as usize % 3])).collect();
    let import = world.approve(&rows).await;
    world.deliver_by(import, 4).await;
    assert_eq!((world.count("customer_groups").await, world.count("customer_group_members").await), (3, 28));
    assert_eq!(world.counts(import).await, (28, 28, 0));
    world.test.finish().await;
}

#[tokio::test]
async fn everybody_goes_into_the_group_that_staff_chose_whatever_the_file_says() {
    let world = World::new().await;
    let (updated, unchanged) = (world.add("옛 이름", 2, &[]).await, world.add("고객3", 3, &[]).await);
    world.join(updated, "재방문").await;
    world.join(unchanged, "봄맞이").await;
    let chosen = world.list.join(&world.ambient, unchanged, "봄맞이").await;
    let options = Options { target_group: Some(chosen), ..BY_FILE };
    let import = world.commit_with(&[row(2).group("VIP"), row(3).group("VIP"), row(4).group("VIP"), row(5)], options).await;
    assert_eq!(
        world.customers().await,
        ["2 고객2 [] 봄맞이,재방문", "3 고객3 [] 봄맞이", "4 고객4 [] 봄맞이", "5 고객5 [] 봄맞이"]
    );
    assert_eq!(world.outcomes(import).await, ["updated", "unchanged", "added", "added"]);
    assert_eq!(world.count("customer_groups").await, 3);
    world.test.finish().await;
}

#[tokio::test]
async fn the_unassigned_group_and_one_that_is_gone_are_no_group() {
    let world = World::new().await;
    let unassigned = {
        let connection = &mut world.test.database.acquire().await.unwrap();
        groups::find_unassigned(connection, world.list.clinic).await.unwrap()
    };
    world.commit_with(&[row(2).group("VIP")], Options { target_group: unassigned, ..BY_FILE }).await;
    let gone = Some(GroupId::new(&world.ambient));
    world.commit_with(&[row(3).group("VIP")], Options { target_group: gone, ..BY_FILE }).await;
    assert_eq!(world.customers().await, ["2 고객2 [] 미지정", "3 고객3 [] 미지정"]);
    assert_eq!((world.count("customer_groups").await, world.count("customer_group_members").await), (1, 0));
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_of_another_clinic_is_neither_found_nor_joined() {
    let world = World::new().await;
    let other = shared::testing::importing::Importing::new(&world.test.pool, &world.ambient).await;
    let theirs = other.add(&world.ambient, "남의 고객", 2, &[]).await;
    let chosen = other.join(&world.ambient, theirs, "VIP").await;
    let before: Vec<_> = world.list.people().await;
    world.commit(&[row(2).group("VIP")]).await;
    world.commit_with(&[row(3)], Options { target_group: Some(chosen), ..BY_FILE }).await;
    assert_eq!(world.customers().await, ["2 고객2 [] VIP", "3 고객3 [] 미지정"]);
    let after = world.list.people().await;
    assert!(before.iter().all(|line| after.contains(line)), "nothing of the other clinic changed");
    world.test.finish().await;
}
