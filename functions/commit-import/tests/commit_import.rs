//! An approved import becomes customers, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use commit_import::{Deps, handle};
use serde_json::json;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::customers::{self, Attributes, Customer, Search, Within};
use shared::db::import_rows::{self, ImportRow};
use shared::db::imports::{self, Contents};
use shared::db::{groups, staff};
use shared::failure::Failure;
use shared::model::state::{ImportState, Verdict};
use shared::model::{ClinicId, CustomerId, ImportId};
use shared::store::Store;
use shared::testing::{Client, Graveyard, TestDatabase};

fn ambient() -> Ambient {
    Ambient::system().unwrap()
}

fn store() -> Store {
    let mut environment = Environment::of_process();
    let url = environment.text("TEST_REDIS_URL");
    environment.check().expect("tests with a store need TEST_REDIS_URL; `make test` sets it");
    Store::new(&url, Duration::from_secs(1)).unwrap()
}

fn row(number: u32, phone: &str, group: &str) -> ImportRow {
    ImportRow {
        number,
        name: format!("고객{number}"),
        phone_text: phone.to_owned(),
        phone: phone.parse().ok(),
        group_name: group.to_owned(),
        attributes: Attributes::from([("메모".to_owned(), format!("{number}행"))]),
        verdict: Verdict::New,
        duplicate_of: None,
    }
}

/// New people, one per line, in rows 2 and on.
fn people(count: u32) -> Vec<ImportRow> {
    (2..count + 2)
        .map(|number| row(number, &format!("010-1234-{number:04}"), if number % 2 == 0 { "VIP" } else { "" }))
        .collect()
}

/// One clinic with an approved import.
struct World {
    test: TestDatabase,
    clinic: ClinicId,
    import: ImportId,
}

impl World {
    async fn new(rows: &[ImportRow]) -> Self {
        let test = TestDatabase::new().await;
        let deps = register_clinic::Deps { database: test.another().await, ambient: ambient() };
        let owner = Client::signed_in("register-clinic", register_clinic::routes(deps), "owner");
        assert_eq!(owner.post("/v1/clinics", json!({"name": "새봄"})).await.status, 201);
        let import = ImportId::new(&ambient());
        let clinic = {
            let connection = &mut test.database.acquire().await.unwrap();
            let clinic = staff::find_by_subject(connection, "owner").await.unwrap().unwrap().clinic;
            imports::insert(connection, &ambient(), clinic, import, "고객.xlsx").await.unwrap();
            import_rows::insert_all(connection, clinic, import, rows).await.unwrap();
            let contents = Contents { sheet: None, columns: Vec::new(), rows_read: u32::try_from(rows.len()).unwrap() };
            imports::mark_ready(connection, &ambient(), clinic, import, &contents).await.unwrap();
            imports::set_state(connection, &ambient(), clinic, import, ImportState::Committing).await.unwrap();
            clinic
        };
        Self { test, clinic, import }
    }

    async fn deps(&self, store: Store) -> Deps<Graveyard> {
        let database = self.test.another().await;
        Deps { database, ambient: ambient(), store, dead_letters: Graveyard::default() }
    }

    fn event(&self) -> SqsEvent {
        event(self.clinic, self.import)
    }

    async fn deliver(&self) {
        let deps = self.deps(store()).await;
        let response = handle(&deps, self.event()).await.unwrap();
        assert!(response.batch_item_failures.is_empty() && deps.dead_letters.0.lock().unwrap().is_empty());
    }

    /// State and rows committed.
    async fn import(&self) -> (ImportState, u32) {
        let connection = &mut self.test.database.acquire().await.unwrap();
        let import = imports::find(connection, self.clinic, self.import).await.unwrap().unwrap();
        (import.state, import.rows_committed)
    }

    async fn add(&self, name: &str, phone: &str, attributes: &[(&str, &str)]) -> CustomerId {
        let customer = customer(name, phone, attributes);
        let connection = &mut self.test.database.acquire().await.unwrap();
        customers::insert_all(connection, self.clinic, None, std::slice::from_ref(&customer)).await.unwrap();
        customer.id
    }

    async fn find(&self, id: CustomerId) -> Customer {
        let connection = &mut self.test.database.acquire().await.unwrap();
        customers::find(connection, self.clinic, id).await.unwrap().unwrap()
    }

    /// Everything that a commit writes, without ids and times, in order.
    async fn outcome(&self) -> Vec<(String, String, Attributes, Vec<String>)> {
        let connection = &mut self.test.database.acquire().await.unwrap();
        let found =
            customers::list(connection, self.clinic, Within::Everywhere, &Search::everybody(), None, 10_000).await.unwrap();
        let mut outcome = Vec::new();
        for customer in found {
            let groups = groups::list_of_customer(connection, self.clinic, customer.id).await.unwrap();
            let groups = groups.into_iter().map(|group| group.name).collect();
            outcome.push((customer.phone.to_string(), customer.name, customer.attributes, groups));
        }
        outcome.sort();
        outcome
    }

    async fn count(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.test.pool).await.unwrap()
    }
}

fn event(clinic: ClinicId, import: ImportId) -> SqsEvent {
    let body = json!({"type": "import_approved.v1", "clinicId": clinic, "importId": import}).to_string();
    serde_json::from_value(json!({"Records": [{"messageId": "m", "body": body}]})).unwrap()
}

fn customer(name: &str, phone: &str, attributes: &[(&str, &str)]) -> Customer {
    let now = ambient().now();
    Customer {
        id: CustomerId::new(&ambient()),
        name: name.to_owned(),
        phone: phone.parse().unwrap(),
        attributes: attributes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        created_at: now,
        updated_at: now,
    }
}

#[tokio::test]
async fn good_rows_become_customers_in_the_groups_of_the_file() {
    let mut rows = vec![
        row(2, "010-1111-0002", "VIP"),
        row(3, "010-1111-0003", "VIP "),
        row(4, "010-1111-0004", "vip"),
        row(5, "010-1111-0005", ""),
        row(6, "010-1111-0006", " 미지정"),
        row(7, "010-1111-0007", &"가".repeat(60)),
    ];
    for (number, verdict) in [(8, Verdict::Duplicate), (9, Verdict::Suppressed), (10, Verdict::MissingName)] {
        rows.push(ImportRow { verdict, ..row(number, &format!("010-1111-00{number:02}"), "없는 그룹") });
    }
    rows.push(ImportRow { verdict: Verdict::BadPhone, ..row(11, "없음", "없는 그룹") });
    rows.push(row(12, "010-1111-0012", "없는 그룹"));
    let world = World::new(&rows).await;
    import_rows::mark_deleted(&mut world.test.database.acquire().await.unwrap(), world.clinic, world.import, 12).await.unwrap();
    world.deliver().await;

    assert_eq!(world.import().await, (ImportState::Committed, 6));
    let outcome = world.outcome().await;
    let groups: Vec<_> = outcome.iter().map(|(_, name, _, groups)| (name.as_str(), groups.join(","))).collect();
    let long = "가".repeat(50);
    let expected =
        [("고객2", "VIP"), ("고객3", "VIP"), ("고객4", "VIP"), ("고객5", "미지정"), ("고객6", "미지정"), ("고객7", &long)];
    assert_eq!(groups, expected.map(|(name, group)| (name, group.to_owned())));
    assert_eq!(outcome[0].2, Attributes::from([("메모".to_owned(), "2행".to_owned())]));
    assert_eq!(world.count("customer_groups").await, 3);
    world.test.finish().await;
}

#[tokio::test]
async fn a_known_customer_is_updated_and_stays_in_their_groups() {
    let world =
        World::new(&[ImportRow { verdict: Verdict::Updates, ..row(2, "010-1111-0002", "VIP") }, row(3, "010-1111-0003", "")])
            .await;
    let known = world.add("옛 이름", "010-1111-0002", &[("메모", "옛 메모"), ("생일", "3월 2일")]).await;
    // Added after the preview called the row new.
    let meanwhile = world.add("고객3", "010-1111-0003", &[("메모", "3행")]).await;
    {
        let connection = &mut world.test.database.acquire().await.unwrap();
        let (regular, _) = groups::insert(connection, &ambient(), world.clinic, "재방문").await.unwrap();
        groups::insert_customers(connection, world.clinic, regular, &[known, meanwhile]).await.unwrap();
    }
    world.deliver().await;

    assert_eq!(world.import().await, (ImportState::Committed, 2));
    let texts = |pairs: &[(&str, &str)]| pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let expected = [
        ("010-1111-0002", "고객2", texts(&[("메모", "2행"), ("생일", "3월 2일")]), vec!["VIP", "재방문"]),
        ("010-1111-0003", "고객3", texts(&[("메모", "3행")]), vec!["재방문"]),
    ];
    let expected = expected.map(|(phone, name, attributes, groups): (_, _, Attributes, _)| {
        (phone.to_owned(), name.to_owned(), attributes, groups.into_iter().map(str::to_owned).collect())
    });
    assert_eq!(world.outcome().await, expected);
    let untouched = world.find(meanwhile).await;
    assert_eq!(untouched.updated_at, untouched.created_at, "a row that says nothing new changes nothing");
    world.test.finish().await;
}

/// A bucket that holds the reference list.
struct Reference;

impl parse_import::Files for Reference {
    async fn fetch(&self, _: &str, _: u64) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(include_bytes!("../../../tests/fixtures/customers-3000.xlsx").to_vec()))
    }
}

#[tokio::test]
async fn the_reference_list_becomes_exactly_its_good_customers_once() {
    let world = World::new(&[]).await;
    sqlx::query("UPDATE imports SET state = 'uploading'").execute(&world.test.pool).await.unwrap();
    let parse = parse_import::Deps {
        database: world.test.another().await,
        files: Reference,
        store: store(),
        dead_letters: Graveyard::default(),
        ambient: ambient(),
        limits: parse_import::file::Limits::default(),
    };
    let key = format!("imports/{}/{}", world.clinic, world.import);
    let record = json!({"eventSource": "aws:s3", "s3": {"bucket": {"name": "uploads"}, "object": {"key": key, "size": 1}}});
    let body = json!({"Records": [record]}).to_string();
    let uploaded = serde_json::from_value(json!({"Records": [{"messageId": "m", "body": body}]})).unwrap();
    parse_import::handle(&parse, uploaded).await.unwrap();
    assert_eq!(world.import().await.0, ImportState::Ready);
    sqlx::query("UPDATE imports SET state = 'committing'").execute(&world.test.pool).await.unwrap();
    world.deliver().await;
    assert_eq!(world.import().await, (ImportState::Committed, 2863));
    let groups = {
        let connection = &mut world.test.database.acquire().await.unwrap();
        groups::list(connection, world.clinic, None, 100).await.unwrap()
    };
    assert_eq!(groups.iter().map(|group| group.customers).sum::<u64>(), 2863);
    let mut names: Vec<_> = groups.iter().map(|group| group.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["VIP", "교정", "미지정", "스케일링", "임플란트"]);
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_changes_nothing() {
    let world = World::new(&people(20)).await;
    world.deliver().await;
    let first = world.outcome().await;
    assert_eq!((first.len(), world.count("customer_group_members").await), (20, 10));
    sqlx::query("UPDATE customers SET name = 'changed since'").execute(&world.test.pool).await.unwrap();
    world.deliver().await;
    assert_eq!((world.count("customers").await, world.count("customer_group_members").await), (20, 10));
    assert!(world.outcome().await.iter().all(|(_, name, ..)| name == "changed since"));
    assert_eq!(world.import().await, (ImportState::Committed, 20));
    world.test.finish().await;
}

#[tokio::test]
async fn two_deliveries_at_the_same_time_commit_once() {
    let world = World::new(&people(1500)).await;
    tokio::join!(world.deliver(), world.deliver());
    assert_eq!((world.count("customers").await, world.import().await), (1500, (ImportState::Committed, 1500)));
    world.test.finish().await;
}

#[tokio::test]
async fn a_worker_that_is_killed_half_way_leaves_nothing_and_the_next_one_does_it_all() {
    let world = World::new(&people(2500)).await;
    // The second thousand waits for this customer, so the worker can be killed between its steps.
    world.add("먼저 온 고객", "010-1234-1500", &[]).await;
    let mut blocker = world.test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM customers FOR UPDATE").fetch_all(&mut *blocker).await.unwrap();
    let (deps, delivered, store) = (world.deps(store()).await, world.event(), store());
    let worker = async move { handle(&deps, delivered).await };
    let half_way = async {
        while store.progress(world.import).await.unwrap().rows_committed != Some(1000) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // The worker ends here with everything it has, its connection included.
    tokio::select! {
        _ = worker => panic!("the worker ended by itself"),
        () = half_way => {}
    }
    blocker.rollback().await.unwrap();
    assert_eq!((world.count("customers").await, world.import().await), (1, (ImportState::Committing, 0)));

    world.deliver().await;
    assert_eq!((world.count("customers").await, world.import().await), (2500, (ImportState::Committed, 2500)));
    assert_eq!(store.progress(world.import).await.unwrap().rows_committed, Some(2500));
    world.test.finish().await;
}

#[tokio::test]
async fn a_customer_who_is_being_added_at_the_same_moment_is_updated_not_doubled() {
    let world = World::new(&people(20)).await;
    let walk_in = customer("접수대 고객", "010-1234-0007", &[("생일", "3월 2일")]);
    // Adding a customer looks at the clinic, so with the clinic locked the import stops after it has looked for its people and
    // before it adds them.
    let mut desk = world.test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM clinics FOR UPDATE").fetch_all(&mut *desk).await.unwrap();
    let add_in_between = async {
        let waiting = "SELECT COUNT(*) FROM information_schema.processlist
             WHERE db = DATABASE() AND info LIKE 'INSERT INTO customers %'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&world.test.pool).await.unwrap() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        customers::insert_all(&mut desk, world.clinic, None, std::slice::from_ref(&walk_in)).await.unwrap();
        desk.commit().await.unwrap();
    };
    tokio::join!(world.deliver(), add_in_between);
    assert_eq!((world.count("customers").await, world.import().await), (20, (ImportState::Committed, 20)));
    let found = world.find(walk_in.id).await;
    assert_eq!((found.name.as_str(), found.attributes.len()), ("고객7", 2));
    world.test.finish().await;
}

#[tokio::test]
async fn progress_is_not_worth_failing_for() {
    let world = World::new(&people(20)).await;
    // Nobody listens on port 1.
    let deps = world.deps(Store::new("redis://127.0.0.1:1/", Duration::from_millis(50)).unwrap()).await;
    handle(&deps, world.event()).await.unwrap();
    assert_eq!(world.import().await, (ImportState::Committed, 20));
    world.test.finish().await;
}

#[tokio::test]
async fn what_can_never_be_committed_goes_to_the_dead_letters() {
    let world = World::new(&[]).await;
    sqlx::query("UPDATE imports SET state = 'ready'").execute(&world.test.pool).await.unwrap();
    let deps = world.deps(store()).await;
    handle(&deps, world.event()).await.unwrap();
    handle(&deps, event(world.clinic, ImportId::new(&ambient()))).await.unwrap();
    handle(&deps, event(ClinicId::new(&ambient()), world.import)).await.unwrap();
    let example = include_str!("../../../events/commit-import/approved.json");
    handle(&deps, serde_json::from_str(example).unwrap()).await.unwrap();
    assert_eq!(deps.dead_letters.0.lock().unwrap().len(), 4);
    assert_eq!(world.import().await, (ImportState::Ready, 0));
    world.test.finish().await;
}
