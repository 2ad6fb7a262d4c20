//! The log of what staff did with whose data.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::audit::{self, Filter, Subject};
use shared::db::staff;
use shared::model::CustomerId;
use shared::model::id::InvitationId;
use shared::testing::audited::{assert_nothing_of, lines, take};

use crate::world::{World, change, items, kind, remove};

/// Whole list, page by page.
async fn walk(world: &World, query: &str) -> Vec<Value> {
    let (path, mut seen) = (format!("/v1/audit?limit=3&{query}"), Vec::new());
    let mut next = path.clone();
    loop {
        let page = world.owner.get(&next).await;
        seen.extend(items(&page));
        let Some(cursor) = page.json["nextCursor"].as_str() else { return seen };
        next = format!("{path}&cursor={cursor}");
    }
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_done_with_colleagues_is_written_down_with_who_when_whose_and_what() {
    let world = World::new().await;
    let owner = world.owner_id().await;
    take(&world.test.pool).await;
    let step = || world.clock.advance(TimeDelta::milliseconds(1));
    let nurse = {
        let token = world.invite("박간호사", "staff").await;
        step();
        let accepted = crate::world::accept(&world.owner.with_subject("nurse"), &token).await;
        accepted.json["staffId"].as_str().unwrap().to_owned()
    };
    step();
    change(&world.owner, &nurse, json!({"name": "박수간호사"})).await;
    step();
    remove(&world.owner, &nurse).await;
    step();
    let page = world.owner.send("GET", "/v1/audit", &[("accept-language", "en")], Value::Null).await;
    let found = items(&page);
    assert_eq!(actions(&found), ["staff.remove", "staff.change", "staff.accept", "staff.invite"]);
    assert_eq!(
        found[0],
        json!({
            "id": found[0]["id"], "at": "2026-03-02T01:00:00.003Z", "staff": {"id": owner, "name": "이름 owner", "removed": false},
            "action": "staff.remove", "actionText": "Took a colleague off the staff",
            "subject": {"kind": "staff", "id": nurse, "name": "박수간호사"}, "people": 1,
        })
    );
    assert_eq!(found[2]["staff"], json!({"id": nurse, "name": "박수간호사", "removed": true}), "who is gone is still named");
    let (invited, id) = (&found[3]["subject"], found[3]["subject"]["id"].as_str().unwrap());
    assert_eq!((&invited["kind"], &invited["name"]), (&json!("invitation"), &json!("박수간호사")));
    assert_nothing_of(&world.test.pool, &["간호사", "nurse", "owner의"]).await;
    // To look at the log is a line of it, too.
    let last = lines(&world.test.pool).await.pop().unwrap();
    assert_eq!(last.told(), ("audit.list", "many", None, 4));
    assert_eq!(actions(&walk(&world, &format!("subject={id}")).await), ["staff.invite"]);
    world.test.finish().await;
}

#[tokio::test]
async fn lists_of_colleagues_and_of_invitations_are_written_down_and_refusals_are_not() {
    let world = World::new().await;
    let nurse = world.hire("nurse", "staff").await;
    let invitation = world.invite("박", "staff").await;
    take(&world.test.pool).await;
    world.owner.get("/v1/staff").await;
    assert_eq!(take(&world.test.pool).await[0].told(), ("staff.list", "many", None, 2));
    let list = world.owner.get("/v1/staff/invitations").await;
    assert_eq!(take(&world.test.pool).await[0].told(), ("staff.list_invitations", "many", None, 2));
    let open = items(&list).into_iter().find(|item| item["state"] == "open").unwrap();
    let path = format!("/v1/staff/invitations/{}", open["id"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(world.owner.send("DELETE", &path, &[], Value::Null).await.status, 204);
    }
    let revoked = take(&world.test.pool).await;
    let id = open["id"].as_str().unwrap().parse::<InvitationId>().unwrap().uuid();
    assert_eq!((revoked.len(), revoked[0].told()), (1, ("staff.revoke_invitation", "invitation", Some(id), 1)));
    let client = world.owner.with_subject("nurse");
    assert_eq!(kind(&client.get("/v1/audit").await), (403, "not-owner"));
    assert_eq!(kind(&client.with_subject("nobody").get("/v1/audit").await), (403, "not-staff"));
    assert_eq!(change(&client, &nurse, json!({"role": "owner"})).await.status, 403);
    assert_eq!(remove(&world.other, &nurse).await.status, 404);
    assert_eq!(crate::world::accept(&world.owner.with_subject("late"), &invitation).await.status, 404);
    assert_eq!(lines(&world.test.pool).await, []);
    world.test.finish().await;
}

/// Eight lines of two colleagues about two customers, a minute apart.
async fn filled(world: &World) -> (String, [CustomerId; 2]) {
    let nurse = world.hire("nurse", "staff").await;
    take(&world.test.pool).await;
    let ambient = Ambient::seeded(world.clock.clone(), 77);
    let customers = [CustomerId::new(&ambient), CustomerId::new(&ambient)];
    let mut connection = world.test.database.acquire().await.unwrap();
    for number in 0..8 {
        let who = if number % 2 == 0 { "owner" } else { "nurse" };
        let staff = staff::find_by_subject(&mut connection, who).await.unwrap().unwrap();
        let (action, customer) = (["customer.show", "customer.export"][number / 4], customers[number / 2 % 2]);
        audit::record(&mut connection, &ambient, &staff, action, Subject::Customer(customer), number + 1).await.unwrap();
        world.clock.advance(TimeDelta::minutes(1));
    }
    (nurse, customers)
}

fn people(entries: &[Value]) -> Vec<u64> {
    entries.iter().map(|entry| entry["people"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_log_is_found_by_colleague_subject_action_and_time() {
    let world = World::new().await;
    let (nurse, [one, two]) = filled(&world).await;
    let own = "action=customer.show";
    assert_eq!(people(&walk(&world, own).await), [4, 3, 2, 1]);
    assert_eq!(people(&walk(&world, "action=customer.export").await), [8, 7, 6, 5]);
    assert_eq!(people(&walk(&world, &format!("staffId={nurse}")).await), [8, 6, 4, 2]);
    assert_eq!(people(&walk(&world, &format!("subject={one}")).await), [6, 5, 2, 1]);
    assert_eq!(people(&walk(&world, &format!("subject={two}&staffId={nurse}&action=customer.show")).await), [4]);
    let span = "from=2026-03-02T01:02:00Z&to=2026-03-02T01:05:00Z&action=customer.";
    assert_eq!(people(&walk(&world, &format!("{span}show")).await), [4, 3]);
    assert_eq!(people(&walk(&world, &format!("{span}export")).await), [5], "`to` itself is outside");
    let missing = "cus_00000000000070008000000000000000";
    assert_eq!(people(&walk(&world, &format!("subject={missing}")).await), Vec::<u64>::new());
    for (query, field) in [
        ("subject=cli_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e", "subject"),
        ("action=", "action"),
        ("staffId=1", "staffId"),
        ("from=yesterday", "from"),
        ("from=1969-12-31T23:59:59Z", "from"),
        ("from=%2B12026-03-02T00:00:00Z", "from"),
        ("to=%2B10000-01-01T00:00:00Z", "to"),
        ("to=-0001-01-01T00:00:00Z", "to"),
        ("to=%2B262142-12-31T23:59:59.999999999Z", "to"),
        ("cursor=Zm9v", "cursor"),
        ("who=me", "who"),
    ] {
        let refused = world.owner.get(&format!("/v1/audit?{query}")).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)), "{query}");
    }
    world.test.finish().await;
}

/// A line's time is taken after its id, so the moment between two spans may lie between the two.
#[tokio::test]
async fn spans_that_meet_show_every_line_once() {
    let world = World::new().await;
    filled(&world).await;
    sqlx::query("UPDATE audit_entries SET created_at = created_at + INTERVAL 700000 MICROSECOND")
        .execute(&world.test.pool)
        .await
        .unwrap();
    let own = "action=customer.show";
    let spans =
        ["to=2026-03-02T01:01:00.7Z", "from=2026-03-02T01:01:00.7Z&to=2026-03-02T01:03:00.7Z", "from=2026-03-02T01:03:00.7Z"];
    let mut seen = Vec::new();
    for span in spans {
        seen.push(people(&walk(&world, &format!("{own}&{span}")).await));
    }
    assert_eq!(seen, [vec![1], vec![3, 2], vec![4]]);
    let ends = "from=1970-01-01T00:00:00Z&to=9999-12-31T23:59:59Z";
    assert_eq!(people(&walk(&world, &format!("{own}&{ends}")).await), [4, 3, 2, 1]);
    world.test.finish().await;
}

#[tokio::test]
async fn the_log_of_another_clinic_is_not_shown_whatever_is_asked() {
    let world = World::new().await;
    let (nurse, [one, _]) = filled(&world).await;
    for query in
        ["limit=200".to_owned(), format!("staffId={nurse}"), format!("subject={one}"), "action=customer.show".to_owned()]
    {
        let found = items(&world.other.get(&format!("/v1/audit?{query}")).await);
        assert!(
            found.iter().all(|entry| entry["action"] == "audit.list" && entry["staff"]["name"] == "이름 other"),
            "{found:?}"
        );
    }
    world.test.finish().await;
}

/// A busy clinic writes some hundred thousand lines a year.
#[tokio::test]
async fn a_page_of_a_long_log_is_found_by_an_index_whatever_is_asked() {
    let world = World::new().await;
    let (nurse, [one, _]) = filled(&world).await;
    for _ in 0..14 {
        sqlx::query(
            "INSERT INTO audit_entries (clinic_id, id, staff_id, action, subject_kind, subject_id, people, created_at)
             SELECT clinic_id, RANDOM_BYTES(16), staff_id, 'message.list', 'many', NULL, people, created_at FROM audit_entries",
        )
        .execute(&world.test.pool)
        .await
        .unwrap();
    }
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM audit_entries").fetch_one(&world.test.pool).await.unwrap();
    assert!(rows > 100_000, "{rows}");
    sqlx::query("ANALYZE TABLE audit_entries").execute(&world.test.pool).await.unwrap();
    let mut connection = world.test.pool.acquire().await.unwrap();
    let filters = [
        Filter::default(),
        Filter { staff: Some(nurse.parse().unwrap()), ..Filter::default() },
        Filter { subject: Some(one.uuid()), ..Filter::default() },
        Filter { action: Some("customer.show"), ..Filter::default() },
        Filter { from: Some("2026-03-02T01:00:00Z".parse().unwrap()), action: Some("message.list"), ..Filter::default() },
    ];
    for wanted in filters {
        let before = rows_read(&mut connection).await;
        audit::list(&mut connection, world.clinic, &wanted, None, 4).await.unwrap();
        let read = rows_read(&mut connection).await - before;
        assert!(read < 200, "{wanted:?} reads {read} of {rows} rows");
    }
    drop(connection);
    world.test.finish().await;
}

/// How many rows this connection has read by indexes and otherwise.
async fn rows_read(connection: &mut sqlx::MySqlConnection) -> u64 {
    let status: Vec<(String, String)> =
        sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_read%'").fetch_all(connection).await.unwrap();
    status.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum()
}
