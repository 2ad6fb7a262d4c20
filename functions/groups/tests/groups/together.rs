//! Two at once: each gets an answer, and what is left is right.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::db::campaigns;
use shared::db::groups;
use shared::model::{CustomerId, GroupId};
use shared::testing::{Client, campaign};
use sqlx::MySql;
use sqlx::pool::PoolConnection;

use crate::support::{World, add, copy, delete, id, kind, outcome, relocate, remove, rename};

/// Somebody else in the middle of a transaction.
async fn begin(world: &World) -> PoolConnection<MySql> {
    let mut connection = world.test.pool.acquire().await.unwrap();
    sqlx::query("START TRANSACTION").execute(&mut *connection).await.unwrap();
    connection
}

/// Ends that transaction once the other call has come to its locks.
async fn commit_soon(mut connection: PoolConnection<MySql>) {
    tokio::time::sleep(Duration::from_millis(400)).await;
    sqlx::query("COMMIT").execute(&mut *connection).await.unwrap();
}

async fn drop_customer(connection: &mut PoolConnection<MySql>, customer: CustomerId) {
    let deleted = sqlx::query("DELETE FROM customers WHERE id = ?").bind(customer).execute(&mut **connection).await.unwrap();
    assert_eq!(deleted.rows_affected(), 1);
}

/// No line without its customer and its group, and everybody is counted once in the unassigned group or is in another.
async fn assert_sound(world: &World) {
    let (lines, known, customers, assigned): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM customer_group_members),
             (SELECT COUNT(*) FROM customer_group_members JOIN customers c USING (clinic_id)
                 JOIN customer_groups g USING (clinic_id) WHERE c.id = customer_id AND g.id = group_id AND g.unassigned IS NULL),
             (SELECT COUNT(*) FROM customers WHERE clinic_id = ?),
             (SELECT COUNT(DISTINCT customer_id) FROM customer_group_members WHERE clinic_id = ?)",
    )
    .bind(world.clinic)
    .bind(world.clinic)
    .fetch_one(&world.test.pool)
    .await
    .unwrap();
    assert_eq!(lines, known);
    let list = world.list().await;
    let sum = |unassigned: bool| {
        let groups = list.iter().filter(|group| group["unassigned"] == unassigned);
        groups.map(|group| group["customers"].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!((sum(true), sum(false)), (customers - assigned, lines));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_movers_in_opposite_directions_both_succeed() {
    let world = World::new().await;
    let ids = world.customers(3000).await;
    let (a, b) = (world.group("가", &ids).await, world.group("나", &ids).await);
    let (first, second) = (world.worker().await, world.worker().await);
    for round in 0..10 {
        let (there, back) = tokio::join!(relocate(&first, a, b, &ids[..2000]), relocate(&second, b, a, &ids[1000..]));
        assert_eq!((there.status, back.status), (200, 200), "round {round}: {there:?} {back:?}");
        assert_sound(&world).await;
        let (one, other) = tokio::join!(add(&first, a, &ids), add(&second, b, &ids));
        assert_eq!((one.status, other.status), (200, 200), "round {round}: {one:?} {other:?}");
        assert_eq!(world.counts().await, [("가".to_owned(), 3000), ("나".to_owned(), 3000), ("미지정".to_owned(), 0)]);
    }
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_of_two_takes_a_customer_out_of_the_unassigned_group() {
    let world = World::new().await;
    let ids = world.customers(300).await;
    let (a, b, unassigned) = (world.group("가", &[]).await, world.group("나", &[]).await, world.unassigned().await);
    let (first, second) = (world.worker().await, world.worker().await);
    for chosen in ids.chunks(30) {
        let (one, other) = tokio::join!(relocate(&first, unassigned, a, chosen), relocate(&second, unassigned, b, chosen));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
    }
    assert_sound(&world).await;
    assert_eq!(world.list().await.iter().map(|group| group["customers"].as_u64().unwrap()).sum::<u64>(), 300);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_deleted_while_customers_are_added_takes_them_or_never_had_them() {
    let world = World::new().await;
    let ids = world.customers(300).await;
    let other = world.group("남는 그룹", &ids).await;
    let (first, second) = (world.worker().await, world.worker().await);
    let mut seen = [0; 2];
    let begun = Instant::now();
    add(&first, world.group("VIP", &[]).await, &ids).await;
    let usual = begun.elapsed();
    for round in 0..30 {
        let group = world.group("다른 VIP", &[]).await;
        // From "at once" to "when it is long over".
        let pause = usual * (round % 15) / 6;
        let (added, deleted) = tokio::join!(
            async { if round % 2 == 0 { add(&first, group, &ids).await } else { copy(&first, other, group, &ids).await } },
            async {
                tokio::time::sleep(pause).await;
                delete(&second, group).await
            }
        );
        assert_eq!(deleted.status, 204, "{deleted:?}");
        match added.status {
            200 => seen[0] += 1,
            404 => seen[1] += 1,
            _ => panic!("{added:?}"),
        }
        assert_sound(&world).await;
    }
    assert_eq!(world.counts().await, [("VIP".to_owned(), 300), ("남는 그룹".to_owned(), 300), ("미지정".to_owned(), 0)]);
    assert!(seen[0] > 0, "nobody was ever added before the deletion: {seen:?}");
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_whose_deletion_is_under_way_is_not_there_for_an_adder() {
    let world = World::new().await;
    let ids = world.customers(2).await;
    let (vip, again) = (world.group("VIP", &ids).await, world.group("재방문", &ids).await);
    let mut deletion = begin(&world).await;
    groups::lock(&mut deletion, world.clinic, &[vip]).await.unwrap();
    groups::delete(&mut deletion, world.clinic, vip).await.unwrap();
    let (moved, ()) = tokio::join!(relocate(&world.groups, again, vip, &ids), commit_soon(deletion));
    assert_eq!((moved.status, &moved.json["field"]), (404, &json!("to")));
    assert_eq!(world.counts().await, [("미지정".to_owned(), 0), ("재방문".to_owned(), 2)]);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_who_is_deleted_meanwhile_stops_the_call() {
    let world = World::new().await;
    let ids = world.customers(5).await;
    let (vip, again) = (world.group("VIP", &ids).await, world.group("재방문", &[]).await);
    for (victim, left) in [(ids[0], 4_u64), (ids[1], 3), (ids[2], 2)] {
        let before = world.groups_of(ids[4]).await;
        let mut deletion = begin(&world).await;
        drop_customer(&mut deletion, victim).await;
        let chosen = [victim, ids[3], ids[4]];
        let call = async {
            match left {
                4 => add(&world.groups, again, &chosen).await,
                3 => relocate(&world.groups, vip, again, &chosen).await,
                _ => remove(&world.groups, vip, &chosen).await,
            }
        };
        let (refused, ()) = tokio::join!(call, commit_soon(deletion));
        assert_eq!((refused.status, &refused.json["unknown"]), (422, &json!(1)), "{refused:?}");
        assert_eq!(world.groups_of(ids[4]).await, before);
        let unchanged = [("VIP".to_owned(), left), ("미지정".to_owned(), 0), ("재방문".to_owned(), 0)];
        assert_eq!(world.counts().await, unchanged);
    }
    world.test.finish().await;
}

/// As an import does it: customers first, then the lines, which lock the groups.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_the_same_groups_and_a_mover_wait_for_each_other() {
    let world = World::new().await;
    let ids = world.customers(500).await;
    let (a, b) = (world.group("가", &ids).await, world.group("나", &[]).await);
    for round in 0..5 {
        let mut import = begin(&world).await;
        let update = "UPDATE customers SET updated_at = NOW(6) WHERE clinic_id = ?";
        sqlx::query(update).bind(world.clinic).execute(&mut *import).await.unwrap();
        let (moved, ()) = tokio::join!(relocate(&world.groups, a, b, &ids), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let lines: Vec<_> = ids.iter().flat_map(|id| [(a, *id), (b, *id)]).collect();
            groups::insert_members(&mut import, world.clinic, &lines).await.unwrap();
            sqlx::query("COMMIT").execute(&mut *import).await.unwrap();
        });
        assert_eq!(outcome(&moved), (0, Some(0), Some(500)), "round {round}");
        assert_sound(&world).await;
        drop(import);
        assert_eq!(outcome(&relocate(&world.groups, b, a, &ids).await), (500, Some(0), Some(500)));
    }
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_asked_for_while_its_group_is_deleted_keeps_the_group_or_does_not_find_it() {
    let world = World::new().await;
    let vip = world.group("VIP", &world.customers(2).await).await;
    let asked = campaign(&world.ambient, world.clinic);
    let mut asking = begin(&world).await;
    assert!(groups::hold(&mut asking, world.clinic, vip).await.unwrap());
    campaigns::insert(&mut asking, &asked, &[vip]).await.unwrap();
    let (refused, ()) = tokio::join!(delete(&world.groups, vip), commit_soon(asking));
    assert_eq!((refused.status, kind(&refused)), (409, "group-in-use"), "the campaign was first");

    let again = world.group("재방문", &[]).await;
    let mut deletion = begin(&world).await;
    groups::lock(&mut deletion, world.clinic, &[again]).await.unwrap();
    groups::delete(&mut deletion, world.clinic, again).await.unwrap();
    let mut asking = begin(&world).await;
    let (held, ()) = tokio::join!(groups::hold(&mut asking, world.clinic, again), commit_soon(deletion));
    assert!(!held.unwrap(), "the deletion was first");
    sqlx::query("ROLLBACK").execute(&mut *asking).await.unwrap();
    drop(asking);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_who_want_the_same_name_get_twelve_names() {
    let world = World::new().await;
    let mut workers = Vec::new();
    for _ in 0..12 {
        workers.push(world.worker().await);
    }
    let makers = workers.into_iter().enumerate().map(|(number, worker)| {
        tokio::spawn(async move {
            let made = worker.post("/v1/groups", json!({"name": format!("임시 {number}")})).await;
            let renamed = rename(&worker, id(&made), "VIP").await;
            let second = worker.post("/v1/groups", json!({"name": "VIP"})).await;
            assert_eq!((made.status, renamed.status, second.status), (201, 200, 201), "{made:?} {renamed:?} {second:?}");
        })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.unwrap();
    }
    let mut expected: Vec<_> = (1..24).map(|number| (format!("VIP({number})"), 0)).collect();
    expected.extend([("VIP".to_owned(), 0), ("미지정".to_owned(), 0)]);
    expected.sort();
    assert_eq!(world.counts().await, expected);
    world.test.finish().await;
}

/// Everything at once, from four workers: no call fails for the others' sake.
#[tokio::test(flavor = "multi_thread")]
async fn four_workers_at_everything_leave_the_groups_sound() {
    let world = World::new().await;
    let ids = world.customers(400).await;
    let mut groups = Vec::new();
    for (place, name) in ["가", "나", "다", "라"].into_iter().enumerate() {
        groups.push(world.group(name, &ids[place * 50..place * 50 + 200]).await);
    }
    let unassigned = world.unassigned().await;
    let mut tasks = Vec::new();
    for number in 0..4_usize {
        let (worker, ids, groups) = (world.worker().await, ids.clone(), groups.clone());
        tasks.push(tokio::spawn(async move { work(&worker, number, &ids, &groups, unassigned).await }));
    }
    for number in 0..40 {
        let mut deletion = begin(&world).await;
        drop_customer(&mut deletion, ids[number * 10]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        sqlx::query("COMMIT").execute(&mut *deletion).await.unwrap();
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_sound(&world).await;
    world.test.finish().await;
}

async fn work(worker: &Client, number: usize, ids: &[CustomerId], groups: &[GroupId], unassigned: GroupId) {
    for round in 0..60 {
        let (from, to) = (groups[(number + round) % 4], groups[(number + 3 * round + 1) % 4]);
        let start = (round * 37 + number * 90) % 380;
        let chosen = &ids[start..start + 1 + round % 20];
        let answer = match (round + number) % 6 {
            0 => add(worker, to, chosen).await,
            1 => remove(worker, from, chosen).await,
            2 => copy(worker, from, to, chosen).await,
            3 => relocate(worker, from, to, chosen).await,
            4 => relocate(worker, from, unassigned, chosen).await,
            _ => {
                let made = worker.post("/v1/groups", json!({"name": "임시", "customerIds": chosen})).await;
                if made.status == 201 { delete(worker, id(&made)).await } else { made }
            }
        };
        assert!(matches!(answer.status, 200 | 204 | 422), "{answer:?}");
    }
}
