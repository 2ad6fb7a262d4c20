//! Workers that are killed, delivered twice, or given the impossible; and what it all costs.

use serde_json::json;
use shared::db::Database;
use shared::message::ImportRevoked;
use shared::model::state::ImportState;
use shared::model::{ClinicId, ImportId};
use shared::testing::importing::{Row, row};
use shared::testing::sending;
use shared::testing::wire::Wire;
use undo_import::{CHUNK, handle};

use crate::support::World;

/// People in the rows from 2 on, every other of them in a group.
fn people(count: u32) -> Vec<Row> {
    (2..count + 2).map(|number| row(number).group(if number % 2 == 0 { "VIP" } else { "" }).with("메모", "단골")).collect()
}

/// An import that did a bit of everything and is revoked.
async fn bit_of_everything(world: &World) -> ImportId {
    let regular = world.add("옛 이름", 3, &[("메모", "옛 메모"), ("생일", "3월 2일")]).await;
    world.join(regular, "재방문").await;
    world.add("고객4", 4, &[("메모", "단골")]).await;
    world.add("고객5", 5, &[("메모", "단골")]).await;
    world.add("옛 이름", 6, &[]).await;
    let import = world.commit(&people(9)).await;
    world.rename(6, "직원이 고친 이름").await;
    world.rename(8, "직원이 고친 이름").await;
    world.list.revoke(&world.ambient, import).await;
    import
}

/// Takes everything of the clinic away.
async fn sweep(world: &World) {
    for table in ["import_rows", "imports", "customers", "customer_groups", "suppressions", "customer_columns", "clinics"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&world.test.pool).await.unwrap();
    }
}

#[tokio::test]
async fn a_worker_cut_off_at_any_moment_leaves_whole_chunks_and_the_next_one_comes_to_the_same() {
    let mut world = World::new().await;
    let wire = Wire::new(&world.test);
    let mut expected = Vec::new();
    let mut cut_in_state = [0; 2];
    for commands in 0.. {
        // The same surroundings give the same ids and times.
        sweep(&world).await;
        world = world.anew().await;
        let import = bit_of_everything(&world).await;
        if commands > 0 {
            let deps = world.worker(wire.cut_after(commands).await, 3);
            let answer = handle(&deps, world.event(import)).await;
            assert!(wire.is_cut() || answer.is_ok(), "a failure without a cause");
            let left = world.list.import(import).await;
            let whole = [0, 4, 7, 10].contains(&left.worked_through);
            assert!(whole, "{commands} commands left row {} behind", left.worked_through);
            cut_in_state[usize::from(left.state == ImportState::Undone)] += 1;
        }
        world.deliver(import, 3).await;
        let everything = world.list.everything().await;
        if commands == 0 {
            expected = everything;
        } else {
            assert_eq!(everything, expected, "cut after {commands} commands");
            if !wire.is_cut() {
                break;
            }
        }
    }
    assert!(cut_in_state[0] > 30 && cut_in_state[1] > 0, "{cut_in_state:?}");
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let world = World::new().await;
    let import = world.commit(&people(20)).await;
    world.undo(import).await;
    world.commit(&people(20)).await;
    let before = world.list.everything().await;
    world.deliver(import, CHUNK).await;
    assert_eq!(world.list.everything().await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn two_deliveries_at_the_same_time_undo_once() {
    let world = World::new().await;
    let before = world.list.people().await;
    let import = world.commit(&people(600)).await;
    world.list.revoke(&world.ambient, import).await;
    tokio::join!(world.deliver(import, 25), world.deliver(import, 40));
    assert_eq!((world.list.people().await, world.counts(import).await), (before, (600, 0)));
    assert_eq!(world.list.import(import).await.state, ImportState::Undone);
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_of_which_nobody_knows_what_it_did_stays_committed() {
    let world = World::new().await;
    let import = world.commit(&people(20)).await;
    sqlx::query("DELETE FROM import_rows").execute(&world.test.pool).await.unwrap();
    let before = world.list.people().await;
    world.undo(import).await;
    assert_eq!((world.list.people().await, world.counts(import).await), (before, (0, 0)));
    assert_eq!(world.list.import(import).await.state, ImportState::Committed);
    // A second delivery finds it so.
    world.deliver(import, CHUNK).await;
    world.test.finish().await;
}

#[tokio::test]
async fn an_import_that_did_nothing_is_undone_by_nothing() {
    let world = World::new().await;
    world.list.suppress(2).await;
    let import = world.commit(&[row(2)]).await;
    world.undo(import).await;
    assert_eq!((world.list.import(import).await.state, world.counts(import).await), (ImportState::Undone, (0, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn what_can_never_be_undone_goes_to_the_dead_letters() {
    let world = World::new().await;
    let import = world.commit(&people(2)).await;
    sqlx::query("UPDATE imports SET state = 'committing'").execute(&world.test.pool).await.unwrap();
    let deps = world.worker(world.test.another().await, CHUNK);
    let foreign = ImportRevoked::V1 { clinic_id: ClinicId::new(&world.ambient), import_id: import };
    let unknown = ImportRevoked::V1 { clinic_id: world.list.clinic, import_id: ImportId::new(&world.ambient) };
    let example = include_str!("../../../../events/undo-import/revoked.json");
    let example = serde_json::from_str(example).unwrap();
    let unreadable = serde_json::from_value(json!({"Records": [{"messageId": "m", "body": "{}"}]})).unwrap();
    for event in [world.event(import), sending::event(&foreign), sending::event(&unknown), example, unreadable] {
        handle(&deps, event).await.unwrap();
    }
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 5);
    assert_eq!((world.list.import(import).await.state, world.count("customers").await), (ImportState::Committing, 2));
    world.test.finish().await;
}

/// Statements of the connection so far, as the server counts them.
async fn statements(database: &Database) -> u64 {
    let mut connection = database.acquire().await.unwrap();
    let counted = "SHOW SESSION STATUS LIKE 'Questions'";
    let (_, count): (String, String) = sqlx::query_as(counted).fetch_one(&mut *connection).await.unwrap();
    count.parse().unwrap()
}

#[tokio::test]
async fn twenty_thousand_rows_cost_two_statements_per_thousand_at_most() {
    let world = World::new().await;
    let before = world.list.people().await;
    let import = world.commit(&people(20_000)).await;
    world.list.revoke(&world.ambient, import).await;
    let deps = world.worker(world.test.another().await, CHUNK);
    let earlier = statements(&deps.database).await;
    handle(&deps, world.event(import)).await.unwrap();
    // Counting costs two itself: the look at the connection, and the question.
    let cost = statements(&deps.database).await - earlier - 2;
    assert!(cost <= 40, "{cost} statements");
    assert_eq!((world.list.people().await, world.counts(import).await), (before, (20_000, 0)));
    world.test.finish().await;
}
