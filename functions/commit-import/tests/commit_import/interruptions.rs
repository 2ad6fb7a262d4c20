//! Workers that are killed, delivered twice, overtaken by somebody else, or given the impossible; and what it all costs.

use std::time::Duration;

use commit_import::{CHUNK, handle};
use serde_json::json;
use shared::db::Database;
use shared::db::imports::Options;
use shared::message::ImportApproved;
use shared::model::state::{ImportState, Verdict};
use shared::model::{ClinicId, CustomerId, GroupId, ImportId};
use shared::testing::importing::{Row, phone, row};
use shared::testing::sending;
use shared::testing::wire::Wire;
use sqlx::{MySql, Transaction};

use crate::support::{BY_FILE, World};

/// New people, one in each row from 2 on, every other of them in a group.
fn people(count: u32) -> Vec<Row> {
    (2..count + 2).map(|number| row(number).group(if number % 2 == 0 { "VIP" } else { "" }).with("메모", "단골")).collect()
}

/// New people without anything but name and phone: nothing is added to the clinic for them before they are.
fn ungrouped(count: u32) -> Vec<Row> {
    (2..count + 2).map(row).collect()
}

/// A clinic with a bit of everything, and a list that does a bit of everything to it.
async fn bit_of_everything(world: &World) -> ImportId {
    let regular = world.add("옛 이름", 3, &[("메모", "옛 메모"), ("생일", "3월 2일")]).await;
    world.join(regular, "재방문").await;
    world.add("고객5", 5, &[("메모", "단골")]).await;
    world.add("고객6", 6, &[]).await;
    world.list.suppress(8).await;
    let mut rows = people(9);
    rows[5] = row(7).judged(Verdict::MissingName);
    rows.push(row(11).group("교정"));
    world.approve(&rows).await
}

/// Takes everything of the clinic away.
async fn sweep(world: &World) {
    for table in ["import_rows", "imports", "customers", "customer_groups", "suppressions", "customer_columns", "clinics"] {
        sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM {table}"))).execute(&world.test.pool).await.unwrap();
    }
}

/// Imports whose customers are not those of the chunks that are done.
const MISCOUNTED: &str = "imports WHERE rows_added + COALESCE((SELECT SUM(rows_added) FROM import_chunks), 0)
     <> (SELECT COUNT(*) FROM customers WHERE import_id IS NOT NULL)";

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
            let whole = [0, 2, 4, 6, 9, 11].contains(&left.worked_through);
            assert!(whole, "{commands} commands left row {} behind", left.worked_through);
            assert_eq!(world.count(MISCOUNTED).await, 0, "after {commands} commands");
            cut_in_state[usize::from(left.state == ImportState::Committed)] += 1;
        }
        world.deliver_by(import, 3).await;
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
    sqlx::query("UPDATE customers SET name = 'changed since'").execute(&world.test.pool).await.unwrap();
    let before = world.list.everything().await;
    world.deliver(import).await;
    for state in [ImportState::Undoing, ImportState::Undone] {
        sqlx::query("UPDATE imports SET state = ?").bind(state.as_str()).execute(&world.test.pool).await.unwrap();
        world.deliver(import).await;
    }
    sqlx::query("UPDATE imports SET state = 'committed'").execute(&world.test.pool).await.unwrap();
    assert_eq!(world.list.everything().await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn rows_of_chunks_that_are_done_are_told_apart_from_those_that_are_not() {
    let world = World::new().await;
    let import = world.approve(&people(6)).await;
    for (previous, last, done) in [(0, 3, true), (3, 5, false), (5, 7, true)] {
        let chunk = "INSERT INTO import_chunks (clinic_id, import_id, previous, last, done, rows_committed, rows_added)
             VALUES (?, ?, ?, ?, ?, ?, ?)";
        let chunk = sqlx::query(chunk).bind(world.list.clinic).bind(import).bind(previous).bind(last).bind(done);
        let rows = if done { 2 } else { 0 };
        chunk.bind(rows).bind(rows).execute(&world.test.pool).await.unwrap();
    }
    assert_eq!(world.outcomes(import).await, ["added", "added", "", "", "added", "added"]);
    let import = world.list.import(import).await;
    assert_eq!((import.worked_through, import.rows_committed, import.state), (3, 4, ImportState::Committing));
    world.test.finish().await;
}

#[tokio::test]
async fn two_deliveries_at_the_same_time_commit_once() {
    let world = World::new().await;
    let import = world.approve(&people(600)).await;
    tokio::join!(world.deliver_by(import, 25), world.deliver_by(import, 40));
    assert_eq!((world.count("customers").await, world.counts(import).await), (600, (600, 600, 0)));
    assert_eq!((world.count("customer_groups").await, world.count("customer_group_members").await), (2, 300));
    assert_eq!(world.list.import(import).await.state, ImportState::Committed);
    world.test.finish().await;
}

#[tokio::test]
async fn two_lists_with_the_same_people_at_the_same_time_add_each_of_them_once() {
    let world = World::new().await;
    let mut backwards = people(600);
    backwards.reverse();
    let numbers: Vec<_> = (2..).zip(&backwards).map(|(number, row)| row.clone().numbered(number)).collect();
    let (one, other) = (world.approve(&people(600)).await, world.approve(&numbers).await);
    tokio::join!(world.deliver_by(one, 100), world.deliver_by(other, 100));
    assert_eq!((world.count("customers").await, world.count("customer_group_members").await), (600, 300));
    let (one, other) = (world.counts(one).await, world.counts(other).await);
    assert_eq!((one.0, other.0, one.1 + other.1), (600, 600, 600));
    world.test.finish().await;
}

impl World {
    /// Waits until a worker waits within a statement that begins so.
    async fn until_waiting(&self, statement: &str) {
        let waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE CONCAT(?, '%')";
        while sqlx::query_scalar::<_, i64>(waiting).bind(statement).fetch_one(&self.test.pool).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // It has begun; now let it come to where it has to wait.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// Lets nobody add anything to the clinic for now.
    async fn closed_clinic(&self) -> Transaction<'static, MySql> {
        let mut reception = self.test.pool.begin().await.unwrap();
        sqlx::query("SELECT id FROM clinics FOR UPDATE").fetch_all(&mut *reception).await.unwrap();
        reception
    }

    /// Adds a customer with that number in a transaction of the reception.
    async fn add_in(&self, reception: &mut Transaction<'static, MySql>, number: u32) {
        let added = "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
             VALUES (?, ?, '접수대 고객', ?, '{\"생일\": \"3월 2일\"}', NOW(6), NOW(6))";
        let added = sqlx::query(added).bind(self.list.clinic).bind(CustomerId::new(&self.ambient)).bind(phone(number));
        added.execute(&mut **reception).await.unwrap();
    }
}

const FORGET: &str = "INSERT INTO suppressions (clinic_id, phone, reason, created_at) VALUES (?, ?, 'forgotten', NOW(6))";

#[tokio::test]
async fn a_customer_who_is_being_added_at_the_same_moment_is_updated_not_doubled() {
    let world = World::new().await;
    let import = world.approve(&people(20)).await;
    let mut reception = world.test.pool.begin().await.unwrap();
    world.add_in(&mut reception, 7).await;
    let add = async {
        world.until_waiting("INSERT INTO customers").await;
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), add);
    assert_eq!((world.count("customers").await, world.counts(import).await), (20, (20, 19, 1)));
    assert!(world.customers().await.contains(&"7 고객7 [메모=단골 생일=3월 2일] 미지정".to_owned()));
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_who_is_added_between_decision_and_deed_makes_the_chunk_begin_anew() {
    let world = World::new().await;
    let import = world.approve(&ungrouped(20)).await;
    let mut reception = world.closed_clinic().await;
    let add = async {
        world.until_waiting("INSERT INTO customers").await;
        world.add_in(&mut reception, 7).await;
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), add);
    assert_eq!((world.count("customers").await, world.counts(import).await), (20, (20, 19, 1)));
    assert!(world.customers().await.contains(&"7 고객7 [생일=3월 2일] 미지정".to_owned()));
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_that_is_being_made_at_the_same_moment_is_joined_and_not_the_imports_own() {
    let world = World::new().await;
    let import = world.approve(&people(20)).await;
    let mut reception = world.test.pool.begin().await.unwrap();
    let group = "INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, 'vip', NOW(6))";
    let group = sqlx::query(group).bind(world.list.clinic).bind(GroupId::new(&world.ambient));
    group.execute(&mut *reception).await.unwrap();
    let make = async {
        world.until_waiting("SELECT named.group_name").await;
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), make);
    assert_eq!((world.count("customer_groups").await, world.count("customer_group_members").await), (2, 10));
    assert_eq!(world.count("customer_groups WHERE import_id IS NOT NULL").await, 0);
    world.test.finish().await;
}

#[tokio::test]
async fn a_group_that_is_being_renamed_at_the_same_moment_is_made_anew_and_nobody_is_left_without() {
    let world = World::new().await;
    let earlier = world.commit(&[row(90).group("VIP")]).await;
    assert_eq!(world.counts(earlier).await.0, 1);
    let import = world.approve(&people(20)).await;
    let mut reception = world.test.pool.begin().await.unwrap();
    sqlx::query("UPDATE customer_groups SET name = '단골' WHERE name = 'VIP'").execute(&mut *reception).await.unwrap();
    let rename = async {
        world.until_waiting("SELECT named.group_name").await;
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), rename);
    let members = "customer_group_members m JOIN customer_groups g ON g.id = m.group_id WHERE g.name = 'VIP'";
    assert_eq!((world.count("customer_groups").await, world.count(members).await), (3, 10));
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_who_is_being_forgotten_at_the_same_moment_does_not_come_back() {
    let world = World::new().await;
    let customer = world.add("고객2", 2, &[]).await;
    let import = world.approve(&people(20)).await;
    let mut reception = world.test.pool.begin().await.unwrap();
    sqlx::query("DELETE FROM customers WHERE id = ?").bind(customer).execute(&mut *reception).await.unwrap();
    sqlx::query(FORGET).bind(world.list.clinic).bind(phone(2)).execute(&mut *reception).await.unwrap();
    let forget = async {
        world.until_waiting("SELECT COUNT(CASE WHEN c.id").await;
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), forget);
    assert_eq!(world.outcomes(import).await[..2], ["suppressed", "added"]);
    assert_eq!((world.count("customers").await, world.counts(import).await), (19, (19, 19, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn somebody_who_asks_to_be_forgotten_between_decision_and_deed_is_not_added() {
    let world = World::new().await;
    let import = world.approve(&ungrouped(20)).await;
    let mut reception = world.closed_clinic().await;
    let forget = async {
        world.until_waiting("INSERT INTO customers").await;
        sqlx::query(FORGET).bind(world.list.clinic).bind(phone(4)).execute(&mut *reception).await.unwrap();
        reception.commit().await.unwrap();
    };
    tokio::join!(world.deliver(import), forget);
    assert_eq!(world.outcomes(import).await[1..4], ["added", "suppressed", "added"]);
    assert_eq!((world.count("customers").await, world.counts(import).await), (19, (19, 19, 0)));
    world.test.finish().await;
}

#[tokio::test]
async fn what_can_never_be_committed_goes_to_the_dead_letters() {
    let world = World::new().await;
    let import = world.approve(&people(2)).await;
    sqlx::query("UPDATE imports SET state = 'ready'").execute(&world.test.pool).await.unwrap();
    let deps = world.worker(world.test.another().await, CHUNK);
    let foreign = ImportApproved::V1 { clinic_id: ClinicId::new(&world.ambient), import_id: import };
    let unknown = ImportApproved::V1 { clinic_id: world.list.clinic, import_id: ImportId::new(&world.ambient) };
    let example = include_str!("../../../../events/commit-import/approved.json");
    let example = serde_json::from_str(example).unwrap();
    let unreadable = serde_json::from_value(json!({"Records": [{"messageId": "m", "body": "{}"}]})).unwrap();
    for event in [world.event(import), sending::event(&foreign), sending::event(&unknown), example, unreadable] {
        handle(&deps, event).await.unwrap();
    }
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 5);
    assert_eq!((world.list.import(import).await.state, world.count("customers").await), (ImportState::Ready, 0));
    world.test.finish().await;
}

/// Statements of the connection so far, as the server counts them.
async fn statements(database: &Database) -> u64 {
    let mut connection = database.acquire().await.unwrap();
    let counted = "SHOW SESSION STATUS LIKE 'Questions'";
    let (_, count): (String, String) = sqlx::query_as(counted).fetch_one(&mut *connection).await.unwrap();
    count.parse().unwrap()
}

/// The first commit adds everybody, the second changes nobody, the third changes everybody.
#[tokio::test]
async fn twenty_thousand_rows_cost_two_statements_per_thousand_at_most() {
    let world = World::new().await;
    let rows = people(20_000);
    let changed: Vec<_> = rows.iter().map(|row| row.clone().named("새 이름")).collect();
    for (rows, options, counts) in [
        (&rows, BY_FILE, (20_000, 20_000, 0)),
        (&rows, BY_FILE, (20_000, 0, 0)),
        (&changed, BY_FILE, (20_000, 0, 20_000)),
        (&rows, Options { update_existing: false, ..BY_FILE }, (0, 0, 0)),
    ] {
        let import = world.list.approve(&world.ambient, rows, options).await;
        let deps = world.worker(world.test.another().await, CHUNK);
        let before = statements(&deps.database).await;
        handle(&deps, world.event(import)).await.unwrap();
        // Counting costs two itself: the look at the connection, and the question.
        let cost = statements(&deps.database).await - before - 2;
        assert!(cost <= 40, "{cost} statements");
        assert_eq!(world.counts(import).await, counts);
    }
    world.test.finish().await;
}
