//! The clinic's list of members, page by page, and in numbers.

use serde_json::{Value, json};

use crate::world::{Lines, World, items, names, path, refused};

async fn found(world: &World, query: &str) -> Vec<String> {
    let answer = world.owner.get(&format!("/v1/members?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let mut found: Vec<_> = names(&answer.json["items"]).into_iter().map(str::to_owned).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn a_member_is_found_by_a_part_of_the_name_or_of_the_phone_by_state_and_by_code() {
    let world = World::new().await;
    let poster = world.code(world.clinic, None, "접수대").await;
    let others = world.code(world.foreign, None, "접수대").await;
    for (number, (name, phone, state, code)) in [
        ("김단골", Some("+821012345678"), "confirmed", Some(&poster)),
        ("김단골2", Some("+821056781111"), "pending", None),
        ("50%_할인", None, "ended", Some(&poster)),
        ("박새봄", Some("+821155551234"), "confirmed", None),
        ("최지난", Some("+821056782222"), "ended", None),
    ]
    .into_iter()
    .enumerate()
    {
        let user = world.stands(&format!("subject {number}"), world.clinic, state).await;
        let sql = "UPDATE users SET name = ?, phone = ? WHERE id = ?";
        sqlx::query(sql).bind(name).bind(phone).bind(user).execute(&world.test.pool).await.unwrap();
        if let Some(code) = code {
            world.refer(user, world.clinic, code, None).await;
        }
    }
    let stranger = world.stands("stranger", world.foreign, "confirmed").await;
    world.refer(stranger, world.foreign, &others, None).await;
    world.run("UPDATE users SET name = '김단골', phone = '+821012345678' WHERE subject = 'stranger'").await;

    assert_eq!(found(&world, "").await.len(), 5);
    assert_eq!(found(&world, "q=%EB%8B%A8%EA%B3%A8").await, ["김단골", "김단골2"]);
    assert_eq!(found(&world, "q=5678").await, ["김단골", "김단골2"], "nobody is found by a phone that is not shown");
    assert_eq!(found(&world, "q=%EC%A7%80%EB%82%9C").await, ["최지난"]);
    assert_eq!(found(&world, "q=010-1234").await, ["김단골"]);
    assert_eq!(found(&world, "q=010-1234-5678").await, ["김단골"]);
    assert_eq!(found(&world, "q=2").await, ["김단골", "김단골2", "박새봄"], "a digit is in phones and in names");
    assert_eq!(found(&world, "q=%25_").await, ["50%_할인"], "signs of patterns are letters");
    assert_eq!(found(&world, "q=%20").await.len(), 5);
    assert_eq!(found(&world, "state=confirmed").await, ["김단골", "박새봄"]);
    assert_eq!(found(&world, "state=ended").await, ["50%_할인", "최지난"]);
    assert_eq!(found(&world, "state=pending&q=%EA%B9%80").await, ["김단골2"]);
    let by_code = format!("code={}", poster.to_lowercase());
    assert_eq!(found(&world, &by_code).await, ["50%_할인", "김단골"]);
    assert_eq!(found(&world, &format!("{by_code}&state=confirmed")).await, ["김단골"]);
    assert_eq!(found(&world, &format!("{by_code}&q=%ED%95%A0")).await, ["50%_할인"]);
    assert_eq!(
        found(&world, &format!("code={others}")).await,
        Vec::<String>::new(),
        "the code of another clinic brought nobody"
    );
    world.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let world = World::new().await;
    for (query, field) in [
        (format!("q={}", "1".repeat(51)), "q"),
        ("state=whatever".to_owned(), "state"),
        ("code=12345678".to_owned(), "code"),
        ("cursor=Zm9v".to_owned(), "cursor"),
        ("cursor=%25".to_owned(), "cursor"),
        ("limit=x".to_owned(), "limit"),
        ("order=oldest".to_owned(), "order"),
    ] {
        let answer = world.owner.get(&format!("/v1/members?{query}")).await;
        assert_eq!((refused(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!(field)), "{query}");
    }
    world.test.finish().await;
}

/// Some came in one moment, so that the ids decide; after each page somebody comes, and the last who was shown withdraws.
#[tokio::test]
async fn pages_show_everybody_once_who_came_last_first() {
    for filter in ["", "&state=confirmed", "&q=guest", "&code="] {
        let world = World::new().await;
        let code = world.code(world.clinic, None, "").await;
        let filter = if filter == "&code=" { format!("&code={code}") } else { filter.to_owned() };
        for number in 0..9 {
            let user = world.stands(&format!("guest {number}"), world.clinic, "confirmed").await;
            world.refer(user, world.clinic, &code, None).await;
        }
        world.run("UPDATE memberships SET created_at = '2026-03-02 01:00:00' ORDER BY created_at LIMIT 5").await;
        let all = items(&world.owner.get(&format!("/v1/members?limit=200{filter}")).await);
        assert_eq!(all.len(), 9);
        assert!(all.is_sorted_by(|one, next| one["since"].as_str() >= next["since"].as_str()));
        let (mut seen, mut next) = (Vec::new(), String::new());
        for number in 0.. {
            let page = world.owner.get(&format!("/v1/members?limit=3{filter}{next}")).await;
            seen.extend(items(&page));
            let Some(cursor) = page.json["nextCursor"].as_str() else { break };
            next = format!("&cursor={cursor}");
            let late = world.stands(&format!("late guest {number}"), world.clinic, "confirmed").await;
            world.refer(late, world.clinic, &code, None).await;
            world.withdraw(seen.last().unwrap()["userId"].as_str().unwrap().parse().unwrap()).await;
        }
        assert_eq!(seen, all, "{filter}");
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_list_shows_what_there_is_to_know_at_a_glance() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let (guest, _) = world.brought("guest", world.clinic, &host).await;
    world.adjust(guest, world.clinic, 300).await;
    world.adjust(guest, world.foreign, 5).await;
    world.stands("gone", world.clinic, "ended").await;
    let sql = "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
        VALUES (?, UNHEX(REPEAT('0c', 16)), '김단골', '+821012345678', '{}', NOW(6), NOW(6))";
    sqlx::query(sql).bind(world.clinic).execute(&world.test.pool).await.unwrap();
    world.run("UPDATE memberships m JOIN users u ON u.id = m.user_id SET m.customer_id = UNHEX(REPEAT('0c', 16)), u.phone = '+821012345678'
        WHERE u.subject = 'guest'").await;
    let poster = world.code(world.clinic, None, "접수대").await;
    world.refer(host.0, world.clinic, &poster, None).await;
    let list = items(&world.owner.get("/v1/members").await);
    let [gone, guest_view, host_view] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!((&gone["membership"], &gone["endedBecause"]), (&json!("ended"), &json!("removed")));
    assert_eq!((&guest_view["points"], &guest_view["referralCode"]), (&json!(300), &json!(host.1)));
    assert_eq!(
        &guest_view["referralCodeOf"],
        &json!({ "owner": "member", "invitedBy": { "userId": host.0, "name": host_view["name"] } })
    );
    assert_eq!(
        (&guest_view["phone"], &guest_view["customerId"]),
        (&json!("010-1234-5678"), &json!(format!("cus_{}", "0c".repeat(16))))
    );
    assert_eq!(
        (&host_view["referralCode"], &host_view["customerId"], &host_view["phone"]),
        (&json!(poster), &Value::Null, &Value::Null)
    );
    assert_eq!((host_view.get("endedBecause"), &host_view["points"]), (None, &json!(0)));
    assert_eq!(host_view["referralCodeOf"], json!({ "owner": "clinic", "label": "접수대" }));
    assert_eq!(gone.get("referralCodeOf"), None);
    // The clinic has deleted the customer since.
    world.run("DELETE FROM customers").await;
    assert_eq!(items(&world.owner.get("/v1/members").await)[1]["customerId"], Value::Null);
    world.test.finish().await;
}

#[tokio::test]
async fn the_numbers_are_those_of_the_lists_and_who_has_withdrawn_is_in_neither() {
    let world = World::new().await;
    assert_eq!(world.owner.get("/v1/members/counts").await.json, json!({"pending": 0, "confirmed": 0, "ended": 0}));
    for (number, state) in ["pending", "confirmed", "ended", "confirmed", "ended", "confirmed", "pending"].iter().enumerate() {
        let user = world.stands(&format!("guest {number}"), world.clinic, state).await;
        if [3, 4, 6].contains(&number) {
            world.withdraw(user).await;
        }
    }
    // A withdrawal that is not finished shows nobody either.
    world.run("UPDATE users SET withdrawn_at = NOW(6) WHERE subject = 'guest 5'").await;
    world.stands("stranger", world.foreign, "pending").await;
    let counts = world.nurse.get("/v1/members/counts").await.json;
    assert_eq!(counts, json!({"pending": 1, "confirmed": 1, "ended": 1}));
    for state in ["pending", "confirmed", "ended"] {
        assert_eq!(counts[state], found(&world, &format!("state={state}")).await.len(), "{state}");
    }
    assert_eq!(found(&world, "").await.len(), 3);
    world.test.finish().await;
}

#[tokio::test]
async fn who_looked_is_in_the_audit_log_and_in_no_log_what_they_saw() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let (guest, _) = world.brought("guest", world.clinic, &host).await;
    world.run("UPDATE users SET phone = '+821012345678'").await;
    let asked = world.stands("asked", world.clinic, "pending").await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    world.owner.get("/v1/members").await;
    world.nurse.get("/v1/members?q=guest").await;
    world.owner.get("/v1/members/counts").await;
    world.nurse.get(&path(guest)).await;
    world.owner.get(&format!("{}/tree", path(host.0))).await;
    world.nurse.post(&format!("{}/decline", path(asked)), Value::Null).await;
    world.owner.post(&format!("{}/confirm", path(asked)), Value::Null).await;
    world.owner.post(&format!("{}/end", path(asked)), Value::Null).await;
    // What is refused shows nothing, and is no line.
    world.owner.post(&format!("{}/decline", path(asked)), Value::Null).await;
    world.other.get(&path(guest)).await;
    world.app.with_subject("guest").send("PATCH", "/v1/me", &[], json!({"name": "김비밀"})).await;
    drop(guard);

    let line = |who: &str, action: &str, user, people| (who.to_owned(), action.to_owned(), user, people);
    let expected = [
        line("owner", "members.list", None, 4),
        line("nurse", "members.list", None, 2),
        line("nurse", "member.show", Some(guest), 2),
        line("owner", "member.tree", Some(host.0), 2),
        line("nurse", "member.decline", Some(asked), 1),
        line("owner", "member.confirm", Some(asked), 1),
        line("owner", "member.end", Some(asked), 1),
    ];
    assert_eq!(world.audited().await, expected);
    let log = lines.text();
    for event in ["members.read", "member.read", "member.tree_read", "member.decided"] {
        let told = log.lines().find(|line| line.contains(&format!("\"event\":\"{event}\"")));
        let told = told.unwrap_or_else(|| panic!("{event} is not in the log"));
        assert!(told.contains("\"staff.id\":\"stf_"), "{told}");
        assert!(event == "members.read" || told.contains("\"user.id\":\"usr_"), "{told}");
    }
    for secret in ["이름", "12345678", "1234-5678", "김비밀", "guest"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    world.test.finish().await;
}
