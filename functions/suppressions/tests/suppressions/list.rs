//! Finding lines, page by page.

use shared::model::state::SuppressionReason;

use crate::world::{Lines, World, add, items, lift, path, phones, refusal};

#[tokio::test]
async fn a_line_is_found_by_a_part_of_its_phone_and_by_its_reason() {
    let world = World::new().await;
    world.learn("010-1234-5678", SuppressionReason::Blocked).await;
    add(&world.owner, &["010-5678-1111", "011-123-4567"], None).await;
    let found = async |query: &str| {
        let mut found = phones(&items(&world.owner.get(&format!("/v1/suppressions?{query}")).await));
        found.sort_unstable();
        found
    };
    assert_eq!(found("q=5678").await, ["010-1234-5678", "010-5678-1111"]);
    assert_eq!(found("q=010-1234").await, ["010-1234-5678"]);
    assert_eq!(found("q=011").await, ["011-123-4567"]);
    assert_eq!(found("q=01056781111").await, ["010-5678-1111"]);
    assert_eq!(found("q=%2B82%2010").await, ["010-1234-5678", "010-5678-1111"]);
    assert_eq!(found("q=%20").await.len(), 3);
    assert_eq!(found("reason=blocked").await, ["010-1234-5678"]);
    assert_eq!(found("reason=asked&q=5678").await, ["010-5678-1111"]);
    assert_eq!(found("reason=forgotten").await, Vec::<String>::new());
    for (query, field) in [
        ("q=%EA%B9%80", "q"),
        ("q=12%25", "q"),
        (&format!("q={}", "1".repeat(51)), "q"),
        ("reason=whatever", "reason"),
        ("cursor=Zm9v", "cursor"),
        ("cursor=%25", "cursor"),
        ("order=oldest", "order"),
    ] {
        assert_eq!(refusal(&world.owner.get(&format!("/v1/suppressions?{query}")).await), (422, field), "{query}");
    }
    world.test.finish().await;
}

/// All in one call have one moment, so that the ids decide; after each page somebody is added in front, and one is lifted.
#[tokio::test]
async fn pages_show_every_line_once_whatever_is_added_or_lifted_meanwhile() {
    let world = World::new().await;
    let many: Vec<_> = (0..9).map(|number| format!("010-2000-{number:04}")).collect();
    add(&world.owner, &many.iter().map(String::as_str).collect::<Vec<_>>(), None).await;
    add(&world.owner, &["010-2000-0009"], None).await;
    let all = world.lines().await;
    assert_eq!((all.len(), all[0]["phone"].as_str().unwrap()), (10, "010-2000-0009"));
    let (mut seen, mut next) = (Vec::new(), String::new());
    for number in 0.. {
        let page = world.owner.get(&format!("/v1/suppressions?limit=3{next}")).await;
        seen.extend(items(&page));
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
        add(&world.owner, &[&format!("010-3000-{number:04}")], None).await;
        // The last one that was shown: the cursor stands on nothing now.
        assert_eq!(lift(&world.owner, seen.last().unwrap(), "다시 동의").await.status, 204);
    }
    assert_eq!(seen, all);
    assert_eq!(world.count("suppressions").await, 10 + 3 - 3);
    world.test.finish().await;
}

#[tokio::test]
async fn the_history_comes_in_pages_too_the_latest_first() {
    let world = World::new().await;
    let many: Vec<_> = (0..5).map(|number| format!("010-2000-{number:04}")).collect();
    add(&world.owner, &many.iter().map(String::as_str).collect::<Vec<_>>(), None).await;
    let lines = world.lines().await;
    for line in &lines {
        assert_eq!(lift(&world.owner, line, "다시 동의").await.status, 204);
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = world.nurse.get(&format!("/v1/suppressions/lifted?limit=2{next}")).await;
        seen.extend(phones(&items(&page)));
        let Some(cursor) = page.json["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    let mut latest_first = phones(&lines);
    latest_first.reverse();
    assert_eq!(seen, latest_first);
    assert_eq!(items(&world.other.get("/v1/suppressions/lifted").await).len(), 0);
    assert_eq!(refusal(&world.owner.get("/v1/suppressions/lifted?q=1").await), (422, "q"));
    world.test.finish().await;
}

#[tokio::test]
async fn who_looked_is_logged_and_nothing_of_what_they_saw() {
    let world = World::new().await;
    world.customer("김단골", "010-1234-5678").await;
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    add(&world.owner, &["010-1234-5678"], Some("남편이 대신 전화")).await;
    let line = items(&world.owner.get("/v1/suppressions?q=1234-5678").await).remove(0);
    world.owner.get(&path(&line)).await;
    lift(&world.owner, &line, "본인이 원함").await;
    world.owner.get("/v1/suppressions/lifted").await;
    drop(guard);
    let log = lines.text();
    for event in
        ["suppressions.added", "suppressions.read", "suppression.read", "suppression.lifted", "suppressions.lifted_read"]
    {
        let told = log.lines().find(|line| line.contains(&format!("\"event\":\"{event}\"")));
        let told = told.unwrap_or_else(|| panic!("{event} is not in the log"));
        assert!(told.contains("\"staff.id\":\"stf_"), "{told}");
        assert!(event == "suppressions.added" || told.contains(line["id"].as_str().unwrap()), "{told}");
    }
    for secret in ["1234-5678", "12345678", "김단골", "남편", "본인이", "이름"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    world.test.finish().await;
}
