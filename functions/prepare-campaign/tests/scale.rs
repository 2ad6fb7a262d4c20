//! A campaign to 100,000 customers: statements, memory, time, and what the lists of recipients read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the figures are worth a look")]

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use prepare_campaign::{Deps, handle};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::recipients::{self, Position, Selection};
use shared::db::{Database, groups};
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::link::LinkKeys;
use shared::model::state::CampaignState;
use shared::model::{ClinicId, GroupId};
use shared::store::Store;
use shared::testing::{FakePublisher, Graveyard, TestDatabase, campaign, clinic, sending};
use sqlx::MySqlConnection;

const CUSTOMERS: u32 = 100_000;
/// A page of recipients.
const PAGE: u32 = 5000;

/// Makes the customers and four groups: all but the last thousand, every third of those, every five thousandth, and the unassigned one.
async fn fill(connection: &mut MySqlConnection, ambient: &Ambient, clinic: ClinicId) -> [GroupId; 4] {
    let mut own = Vec::new();
    for name in ["거의 모두", "셋 중 하나", "몇 명"] {
        own.push(groups::insert(connection, ambient, clinic, name).await.unwrap().0);
    }
    let [most, third, few] = own[..] else { panic!("three groups") };
    let numbers = "WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9),
         numbers AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
             FROM digits a, digits b, digits c, digits e, digits f)";
    let id = "CAST(UNHEX(CONCAT('0199', LPAD(HEX(n), 28, '0'))) AS BINARY(16))";
    let add = format!(
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at) {numbers}
         SELECT ?, {id}, CONCAT('고객 ', n), CONCAT('+8210', LPAD(n + 20000000, 8, '0')),
             JSON_OBJECT('예약일', '3월 2일', '담당의', '김원장', '메모', CONCAT('메모 ', n)), NOW(6), NOW(6)
         FROM numbers ORDER BY n"
    );
    sqlx::query(sqlx::AssertSqlSafe(add)).bind(clinic).execute(&mut *connection).await.unwrap();
    for (group, which) in [(most, "TRUE"), (third, "n % 3 = 0"), (few, "n % 5000 = 0")] {
        let join = format!(
            "INSERT INTO customer_group_members (clinic_id, group_id, customer_id) {numbers}
             SELECT ?, ?, {id} FROM numbers WHERE n < {} AND {which} ORDER BY n",
            CUSTOMERS - 1000
        );
        sqlx::query(sqlx::AssertSqlSafe(join)).bind(clinic).bind(group).execute(&mut *connection).await.unwrap();
    }
    sqlx::query("ANALYZE TABLE customers, customer_group_members").fetch_all(&mut *connection).await.unwrap();
    let free = groups::find_unassigned(connection, clinic).await.unwrap().unwrap();
    [most, third, few, free]
}

/// Statements of the connection so far, as the server counts them.
async fn statements(database: &Database) -> u64 {
    let mut connection = database.acquire().await.unwrap();
    let counted = "SHOW SESSION STATUS LIKE 'Questions'";
    let (_, count): (String, String) = sqlx::query_as(counted).fetch_one(&mut *connection).await.unwrap();
    count.parse().unwrap()
}

/// Entries of indexes that the session has read, without those of temporary tables.
async fn examined(connection: &mut MySqlConnection) -> u64 {
    let status: Vec<(String, String)> =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_read%'").fetch_all(connection).await.unwrap();
    status.iter().filter(|(name, _)| !name.contains("_rnd")).map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}

/// The most memory that the process has had, in MiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

fn deps(database: Database) -> Deps<FakePublisher, Graveyard> {
    let mut environment = Environment::of_process();
    let redis = environment.text("TEST_REDIS_URL");
    environment.check().expect("TEST_REDIS_URL says where Redis is; `make test` sets it");
    let secret = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
    Deps {
        database,
        store: Store::new(&redis, Duration::from_millis(300)).unwrap(),
        keys: LinkKeys::new(&secret).unwrap(),
        publisher: FakePublisher::default(),
        dead_letters: Graveyard::default(),
        ambient: Ambient::system().unwrap(),
    }
}

#[tokio::test]
async fn a_hundred_thousand_recipients_cost_two_statements_per_thousand_and_64_mebibytes_at_most() {
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let clinic = clinic(&test.pool, &ambient).await;
    let mut connection = test.pool.acquire().await.unwrap();
    let [most, third, few, free] = fill(&mut connection, &ambient, clinic).await;

    let content = "#{고객명}님, #{예약일}에 #{담당의} 진료가 예약되어 있습니다.\r\n변경하시려면 아래 버튼을 눌러 주세요.";
    for (what, asked) in [("one group and the unassigned", vec![most, free]), ("overlapping groups", vec![few, third, most])] {
        let wanted = Campaign { content: content.to_owned(), ..campaign(&ambient, clinic) };
        campaigns::insert(&mut connection, &wanted, &asked).await.unwrap();
        let deps = deps(test.another().await);
        let earlier = statements(&deps.database).await;
        let begun = Instant::now();
        let fact = CampaignRequested::V1 { clinic_id: clinic, campaign_id: wanted.id };
        handle(&deps, sending::event(&fact)).await.unwrap();
        let took = begun.elapsed();
        // Counting costs two itself: the look at the connection, and the question.
        let cost = statements(&deps.database).await - earlier - 2;
        println!("{what}: {cost} statements, {took:.1?}, peak of the whole test {} MiB", peak());
        let stored = campaigns::find(&mut connection, clinic, wanted.id).await.unwrap().unwrap();
        let recipients = stored.prepared.messages;
        assert_eq!(recipients, if asked.contains(&free) { CUSTOMERS } else { CUSTOMERS - 1000 });
        assert_eq!((stored.state, stored.prepared.bundles), (CampaignState::Sending, 1 + (recipients - 5).div_ceil(500)));
        assert!(cost <= u64::from(recipients / 1000 * 2), "{cost} statements");
        assert!(peak() <= 64, "{} MiB", peak());
        assert_eq!(deps.publisher.take::<BundlePrepared>().len(), 1);
    }
    drop(connection);
    test.finish().await;
}

#[tokio::test]
async fn lists_of_recipients_read_what_they_show() {
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let clinic = clinic(&test.pool, &ambient).await;
    let mut connection = test.pool.acquire().await.unwrap();
    let [most, third, few, free] = fill(&mut connection, &ambient, clinic).await;
    let late = format!("cus_0199{:028x}", CUSTOMERS / 10 * 9).parse().unwrap();
    let (all, page, clinics) = (u64::from(CUSTOMERS), u64::from(PAGE), 5);
    for (what, groups, after, found, most_read) in [
        ("a large group", vec![most], None, page, 4 * page + 500),
        ("a large group, late", vec![most], Some(late), page, 4 * page + 500),
        ("a small group", vec![few], None, 20, 200),
        ("three groups, late", vec![few, third, most], Some(late), page, 7 * page),
        // Who is in no group stands in no index: the whole clinic is read through, each customer once in a campaign.
        ("the unassigned group", vec![free], None, 1000, clinics * all),
        ("the unassigned group, late", vec![free], Some(late), 1000, clinics * all / 10),
        ("a large group and the unassigned one", vec![free, most], Some(late), page, 6 * page),
    ] {
        let after = Position { customer: after, number: 0 };
        let before = examined(&mut connection).await;
        let begun = Instant::now();
        let list = recipients::page(&mut connection, clinic, &Selection::Groups(&groups), after, PAGE).await.unwrap();
        let (took, read) = (begun.elapsed(), examined(&mut connection).await - before);
        println!("{what:40} {read:7} read, {:5} found, {took:.1?}", list.recipients.len());
        assert_eq!(list.recipients.len(), usize::try_from(found).unwrap(), "{what}");
        assert!(read <= most_read, "{what}: {read} read");
    }
    drop(connection);
    test.finish().await;
}
