//! Lists and searches of a clinic with a million customers: `cargo test -p customers --test scale -- --ignored --nocapture`.
//! `LISTED_CUSTOMERS` makes it smaller.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the figures are what this is run for")]

use std::time::{Duration, Instant};

use customers::{Deps, routes};
use serde_json::json;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::customers::{self as table, Position, Search, Sort, Wanted, Within};
use shared::db::{groups, staff};
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, GroupId, StaffId};
use shared::testing::downloads::FakeDownloads;
use shared::testing::{Client, TestDatabase, clinic};
use sqlx::MySqlConnection;

/// Customers that one statement makes.
const PART: u32 = 50_000;
/// A page, and the one more that tells whether there is another.
const PAGE: u32 = 51;

/// Makes so many customers with names and phones as they are in Korea: two of three in the group `일반`, one of ten in `VIP`, three of
/// ten in none.
async fn fill(connection: &mut MySqlConnection, clinic: ClinicId, customers: u32, [regular, vip]: [GroupId; 2]) {
    let numbers = "WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9),
         numbers AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + ? AS n
             FROM digits a, digits b, digits c, digits e, digits f WHERE f.d < 5)";
    let id = "CAST(UNHEX(CONCAT('0199', LPAD(HEX(n), 28, '0'))) AS BINARY(16))";
    let letter = |letters: &str, salt: u32| {
        let count = letters.chars().count();
        format!("SUBSTRING('{letters}', 1 + CRC32(CONCAT(n, 'x{salt}')) % {count}, 1)")
    };
    let syllables = "민서지현준우영수진희은경호재성연하윤태아나도유혜정승원주시선";
    let name = format!(
        "CONCAT({}, {}, {})",
        letter("김김김김김김김이이이이이박박박최최정정강조윤장임한오서신권황안송전홍민하유남문", 1),
        letter(syllables, 2),
        letter(syllables, 3)
    );
    for begin in (0..customers).step_by(usize::try_from(PART).unwrap()) {
        let end = customers.min(begin + PART);
        let add = format!(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at) {numbers}
             SELECT ?, {id}, {name}, CONCAT('+8210', LPAD((n + 1) * 48271 % 99999989, 8, '0')),
                 JSON_OBJECT('생일', '1980-03-02', '메모', CONCAT('메모 ', n)), NOW(6), NOW(6)
             FROM numbers WHERE n < ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(add)).bind(begin).bind(clinic).bind(end).execute(&mut *connection).await.unwrap();
        for (group, which) in [(regular, "n % 3 > 0"), (vip, "n % 10 = 0")] {
            let join = format!(
                "INSERT INTO customer_group_members (clinic_id, group_id, customer_id) {numbers}
                 SELECT ?, ?, {id} FROM numbers WHERE n < ? AND {which}"
            );
            let join = sqlx::query(sqlx::AssertSqlSafe(join)).bind(begin).bind(clinic).bind(group).bind(end);
            join.execute(&mut *connection).await.unwrap();
        }
    }
    sqlx::query("ANALYZE TABLE customers, customer_groups, customer_group_members").fetch_all(connection).await.unwrap();
}

/// Entries of indexes that the session has read.
async fn examined(connection: &mut MySqlConnection) -> u64 {
    let status: Vec<(String, String)> =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_%'").fetch_all(connection).await.unwrap();
    let count = |wanted: fn(&str) -> bool| -> u64 {
        status.iter().filter(|(name, _)| wanted(name)).map(|(_, count)| count.parse::<u64>().unwrap()).sum()
    };
    // Those of temporary tables are left out: the question itself makes one. MariaDB counts entries that do not pass a
    // condition on the index apart from those that do.
    let read = count(|name| name.starts_with("Handler_read") && !name.contains("_rnd"));
    read + count(|name| name == "Handler_icp_attempts") - count(|name| name == "Handler_icp_match")
}

/// What a page came to.
struct Page {
    took: Duration,
    examined: u64,
    returned: u64,
}

struct Desk<'a> {
    connection: &'a mut MySqlConnection,
    clinic: ClinicId,
}

impl Desk<'_> {
    /// The best of five, in time.
    async fn page(&mut self, what: &str, within: Within, text: &str, sort: Sort, from: &Position) -> Page {
        let wanted = Wanted { within, search: Search::of(text), sort };
        let mut best: Option<Page> = None;
        for _ in 0..5 {
            let before = examined(self.connection).await;
            let begun = Instant::now();
            let found = table::list(self.connection, self.clinic, &wanted, from, PAGE).await.unwrap();
            let took = begun.elapsed();
            let examined = examined(self.connection).await - before;
            if best.as_ref().is_none_or(|best| took < best.took) {
                best = Some(Page { took, examined, returned: u64::try_from(found.customers.len()).unwrap() });
            }
        }
        let page = best.unwrap();
        let Page { took, examined, returned } = &page;
        println!("{what:44} {:8.2} ms {examined:9} examined {returned:4} returned", took.as_secs_f64() * 1000.0);
        page
    }

    async fn first(&mut self, what: &str, within: Within, text: &str, sort: Sort) -> Page {
        self.page(what, within, text, sort, &Position::default()).await
    }
}

#[tokio::test]
#[ignore = "makes a million customers, which takes minutes"]
async fn a_page_of_a_million_customers_reads_what_it_shows() {
    let customers: u32 = Environment::of_process().text_or("LISTED_CUSTOMERS", "1000000").parse().unwrap();
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let clinic = clinic(&test.pool, &ambient).await;
    let mut connection = test.pool.acquire().await.unwrap();
    let mut made = Vec::new();
    for name in ["일반", "VIP", "나머지"] {
        made.push(groups::find_or_insert(&mut connection, &ambient, clinic, name).await.unwrap().id);
    }
    let [regular, vip, rest] = made[..] else { unreachable!() };
    fill(&mut connection, clinic, customers, [regular, vip]).await;
    let mut desk = Desk { connection: &mut connection, clinic };

    let (all, group) = (Within::Everywhere, Within::Group(vip));
    for (what, sort) in
        [("everybody, oldest", Sort::Oldest), ("everybody, recent", Sort::Recent), ("everybody, by name", Sort::Name)]
    {
        let page = desk.first(what, all, "", sort).await;
        assert!(page.examined * 10 <= page.returned * 11, "{what}");
        assert!(page.took < Duration::from_millis(5), "{what}");
    }
    for (what, sort) in [("group of 1 in 10, oldest", Sort::Oldest), ("group of 1 in 10, recent", Sort::Recent)] {
        let page = desk.first(what, group, "", sort).await;
        assert!(page.examined <= page.returned * 2, "{what}: one line of the group and one customer each");
        assert!(page.took < Duration::from_millis(5), "{what}");
    }
    desk.first("group of 1 in 10, by name", group, "", Sort::Name).await;
    desk.first("group of 2 in 3, by name", Within::Group(regular), "", Sort::Name).await;
    for (what, sort) in [("unassigned, 3 in 10, oldest", Sort::Oldest), ("unassigned, 3 in 10, by name", Sort::Name)] {
        desk.first(what, Within::Unassigned, "", sort).await;
    }

    for text in [
        "01012345678",
        "010-1234",
        "010-1",
        "1234-5678",
        "김민수",
        "김민",
        "민수",
        "김",
        "12",
        "5678",
        "345-67",
        "없는 이름",
        "김민수 5678",
        "김 123",
    ] {
        let page = desk.first(&format!("search {text}"), all, text, Sort::Oldest).await;
        assert!(page.took < Duration::from_secs(5), "{text}");
    }
    for text in ["김민수", "5678"] {
        let further = "1".parse().unwrap();
        desk.page(&format!("search {text}, anywhere else"), all, text, Sort::Oldest, &further).await;
    }
    desk.first("search 민수, by name", all, "민수", Sort::Name).await;
    desk.first("search 5678, by name", all, "5678", Sort::Name).await;
    desk.first("search 민수 in the group of 1 in 10", group, "민수", Sort::Oldest).await;

    let crowd = "INSERT INTO customer_group_members (clinic_id, group_id, customer_id)
         SELECT c.clinic_id, ?, c.id FROM customers c WHERE c.clinic_id = ? ORDER BY c.id LIMIT ?";
    let all_but_few = customers.saturating_sub(1000);
    sqlx::query(crowd).bind(rest).bind(clinic).bind(all_but_few).execute(&mut *desk.connection).await.unwrap();
    desk.first("unassigned, only the last 1,000, oldest", Within::Unassigned, "", Sort::Oldest).await;
    desk.first("unassigned, only the last 1,000, recent", Within::Unassigned, "", Sort::Recent).await;
    delete_all(&test, &mut connection, clinic).await;
    drop(connection);
    test.finish().await;
}

/// In as many calls as it takes, each of which ends in time.
async fn delete_all(test: &TestDatabase, connection: &mut MySqlConnection, clinic: ClinicId) {
    let ambient = Ambient::system().unwrap();
    let owner = Staff { id: StaffId::new(&ambient), clinic, role: Role::Owner };
    staff::insert(connection, &ambient, &owner, "owner", "원장").await.unwrap();
    let deps = Deps { database: test.another().await, ambient, downloads: FakeDownloads::default() };
    let client = Client::signed_in("customers", routes(deps), "owner");
    for (what, filter) in [("of a search", json!({"q": "민수"})), ("everybody", json!({}))] {
        let (mut body, mut calls, mut deleted) = (json!({ "all": filter }), 0, 0);
        let (begun, mut longest) = (Instant::now(), Duration::ZERO);
        loop {
            let call = Instant::now();
            let answer = client.post("/v1/customers/delete", body.clone()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            longest = longest.max(call.elapsed());
            (calls, deleted) = (calls + 1, deleted + answer.json["deleted"].as_u64().unwrap());
            let Some(cursor) = answer.json.get("nextCursor") else { break };
            body["cursor"] = cursor.clone();
        }
        let (took, longest) = (begun.elapsed().as_secs_f64(), longest.as_secs_f64());
        println!("{what}: {deleted} deleted in {took:.1} s, {calls} calls, the longest {longest:.1} s");
        assert!(longest < 15.0, "{what}");
    }
}
