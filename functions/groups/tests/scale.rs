//! A clinic with a million customers in a thousand groups: `cargo test -p groups --test scale -- --ignored --nocapture`.
//! `GROUP_CUSTOMERS` makes it smaller.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "the figures are what this is run for")]

use std::time::{Duration, Instant};

use groups::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::{groups as table, staff};
use shared::model::person::Staff;
use shared::model::state::Role;
use shared::model::{ClinicId, CustomerId, GroupId, StaffId};
use shared::testing::{Answer, Client, TestDatabase, clinic};
use sqlx::MySqlConnection;

/// Customers that one statement makes.
const PART: u64 = 50_000;
const GROUPS: u64 = 1000;

/// Makes so many customers: nine of ten in one group, each fifth of those in another one too, and all but the last tenth in
/// the group `모두`.
async fn fill(connection: &mut MySqlConnection, clinic: ClinicId, everybody: GroupId, customers: u64) {
    for begin in (0..customers).step_by(usize::try_from(PART).unwrap()) {
        let numbers = "WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9),
             numbers AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + ? AS n
                 FROM digits a, digits b, digits c, digits e, digits f WHERE f.d < 5)";
        let customer = "CAST(UNHEX(CONCAT('0199', LPAD(HEX(n), 28, '0'))) AS BINARY(16))";
        let end = customers.min(begin + PART);
        let add = format!(
            "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at) {numbers}
             SELECT ?, {customer}, CONCAT('고객 ', n), CONCAT('+8210', LPAD(n, 8, '0')), '{{\"예약일\": \"3월 2일\"}}', NOW(), NOW()
             FROM numbers WHERE n < ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(add)).bind(begin).bind(clinic).bind(end).execute(&mut *connection).await.unwrap();
        for (which, step) in [("n % 10 <> 0", 1), ("n % 10 <> 0 AND n % 5 = 1", 7)] {
            let join = format!(
                "INSERT INTO customer_group_members (clinic_id, group_id, customer_id) {numbers}
                 SELECT ?, g.id, {customer} FROM numbers JOIN customer_groups g
                   ON g.clinic_id = ? AND g.name = CONCAT('그룹 ', (n + {step}) % {GROUPS}) WHERE n < ? AND {which}"
            );
            let join = sqlx::query(sqlx::AssertSqlSafe(join)).bind(begin).bind(clinic).bind(clinic).bind(end);
            join.execute(&mut *connection).await.unwrap();
        }
        let everybody_joins = format!(
            "INSERT INTO customer_group_members (clinic_id, group_id, customer_id) {numbers}
             SELECT ?, ?, {customer} FROM numbers WHERE n < ? AND n % 10 <> 0"
        );
        let joins = sqlx::query(sqlx::AssertSqlSafe(everybody_joins)).bind(begin).bind(clinic).bind(everybody).bind(end);
        joins.execute(&mut *connection).await.unwrap();
    }
    sqlx::query("ANALYZE TABLE customers, customer_groups, customer_group_members").fetch_all(connection).await.unwrap();
}

/// Sends a request and says how long it took.
async fn timed(client: &Client, what: &str, method: &str, path: &str, body: Value) -> (Answer, Duration) {
    let begun = Instant::now();
    let answer = client.send(method, path, &[], body).await;
    let took = begun.elapsed();
    println!("{what:48} {:8.1} ms", took.as_secs_f64() * 1000.0);
    assert!(answer.status < 300, "{answer:?}");
    (answer, took)
}

#[tokio::test]
#[ignore = "makes a million customers, which takes minutes"]
async fn a_million_customers_in_a_thousand_groups_are_listed_and_moved_in_seconds() {
    let customers: u64 = Environment::of_process().text_or("GROUP_CUSTOMERS", "1000000").parse().unwrap();
    let test = TestDatabase::new().await;
    let ambient = Ambient::system().unwrap();
    let clinic = clinic(&test.pool, &ambient).await;
    let person = Staff { id: StaffId::new(&ambient), clinic, role: Role::Owner };
    let mut connection = test.pool.acquire().await.unwrap();
    staff::insert(&mut connection, &ambient, &person, "owner", "원장").await.unwrap();
    let unassigned = table::find_unassigned(&mut connection, clinic).await.unwrap().unwrap();
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let name = format!("그룹 {number}");
        groups.push(table::find_or_insert(&mut connection, &ambient, clinic, &name).await.unwrap().id);
    }
    let everybody = table::find_or_insert(&mut connection, &ambient, clinic, "모두").await.unwrap().id;
    fill(&mut connection, clinic, everybody, customers).await;

    let deps = Deps { database: test.another().await, ambient };
    let client = Client::signed_in("groups", routes(deps), "owner");
    for _ in 0..2 {
        let (page, took) = timed(&client, "first page, 50 groups", "GET", "/v1/groups", Value::Null).await;
        assert_eq!(page.json["items"][0]["customers"], customers / 10);
        assert!(took < Duration::from_secs(3), "{took:?}");
        let next = format!("/v1/groups?limit=200&cursor={}", page.json["nextCursor"].as_str().unwrap());
        timed(&client, "next page, 200 groups", "GET", &next, Value::Null).await;
        timed(&client, "first page, 200 groups", "GET", "/v1/groups?limit=200", Value::Null).await;
        timed(&client, "groups whose name holds 99", "GET", "/v1/groups?limit=200&q=99", Value::Null).await;
        timed(&client, "the unassigned group", "GET", &format!("/v1/groups/{unassigned}"), Value::Null).await;
        timed(&client, "nine of ten customers", "GET", &format!("/v1/groups/{everybody}"), Value::Null).await;
        timed(&client, "a usual group", "GET", &format!("/v1/groups/{}", groups[500]), Value::Null).await;
    }
    let ids = "SELECT customer_id FROM customer_group_members WHERE clinic_id = ? AND group_id = ? ORDER BY RAND() LIMIT 10000";
    let ids: Vec<CustomerId> = sqlx::query_scalar(ids).bind(clinic).bind(everybody).fetch_all(&mut *connection).await.unwrap();
    for (what, from, action, to) in [
        ("10,000 added to a usual group", groups[1], "add", None),
        ("10,000 removed from it", groups[1], "remove", None),
        ("10,000 copied to it", everybody, "copy", Some(groups[2])),
        ("10,000 moved to another", groups[2], "move", Some(groups[3])),
        ("10,000 out of all groups", groups[3], "move", Some(unassigned)),
        ("10,000 from the unassigned group", unassigned, "move", Some(groups[4])),
    ] {
        let body = if let Some(to) = to { json!({"customerIds": ids, "to": to}) } else { json!({ "customerIds": ids }) };
        timed(&client, what, "POST", &format!("/v1/groups/{from}/{action}"), body).await;
    }
    for (what, from, action, body) in [
        ("everybody added to a usual group", groups[6], "add", json!({"all": {}})),
        ("of a search moved to another", groups[6], "move", json!({"all": {"q": "고객 1"}, "to": groups[7]})),
        ("all moved to another", groups[6], "move", json!({"all": {}, "to": groups[7]})),
        ("all removed from it", groups[7], "remove", json!({"all": {}})),
    ] {
        let (mut body, mut calls) = (body, 0);
        let begun = Instant::now();
        loop {
            let (answer, took) = timed(&client, what, "POST", &format!("/v1/groups/{from}/{action}"), body.clone()).await;
            assert!(took < Duration::from_secs(15), "{took:?}");
            calls += 1;
            let Some(cursor) = answer.json.get("nextCursor") else { break };
            body["cursor"] = cursor.clone();
        }
        println!("{what}: {:.1} s in {calls} calls", begun.elapsed().as_secs_f64());
    }
    let name = json!({"name": "그룹 1"});
    timed(&client, "a group of a name that exists", "POST", "/v1/groups", name).await;
    timed(&client, "a usual group renamed", "PATCH", &format!("/v1/groups/{}", groups[5]), json!({"name": "VIP"})).await;
    timed(&client, "nine of ten customers' group deleted", "DELETE", &format!("/v1/groups/{everybody}"), Value::Null).await;
    drop(connection);
    test.finish().await;
}
