//! What a campaign would come to.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::model::approval::Described;
use shared::testing::Answer;

use crate::scene::{Clinic, Scene, button, described, problem};

const PATH: &str = "/v1/campaigns/preflight";

async fn preflight(clinic: &Clinic, wish: &Value) -> Answer {
    let answer = clinic.staff.post(PATH, wish.clone()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

/// The outcomes of all comparisons.
fn checks(answer: &Answer) -> Vec<(&str, &str)> {
    let checks = answer.json["checks"].as_array().unwrap();
    checks.iter().map(|check| (check["check"].as_str().unwrap(), check["outcome"].as_str().unwrap())).collect()
}

fn warnings(answer: &Answer) -> Vec<&str> {
    answer.json["warnings"].as_array().unwrap().iter().map(|warning| warning["kind"].as_str().unwrap()).collect()
}

/// A text with a variable of its own.
fn with_date() -> Described {
    Described { content: "#{고객명}님,\r\n#{검진일}에 뵙겠습니다.".to_owned(), ..described() }
}

/// How many lines the tables have that asking writes to.
async fn lines(scene: &Scene) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in ["campaigns", "campaign_groups", "messages", "bundles", "outbox", "idempotency_keys"] {
        let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
        counts.push(count.fetch_one(&scene.test.pool).await.unwrap());
    }
    counts
}

#[tokio::test]
async fn everybody_is_rendered_and_who_gets_nothing_is_named() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    scene.approve(&with_date());
    let template = scene.described(&clinic, with_date()).await;
    let date = json!({"검진일": "3월 2일"});
    let fine = scene.customer(&clinic, "김단골", "010-1111-0001", date.clone()).await;
    let missing = scene.customer(&clinic, "이단골", "010-1111-0002", json!({})).await;
    let safe = scene.customer(&clinic, "박단골", "0505-111-0003", date.clone()).await;
    let refuses = scene.customer(&clinic, "최단골", "010-1111-0004", date.clone()).await;
    scene.suppress(&clinic, "010-1111-0004").await;
    scene.customer(&clinic, "정단골", "010-1111-0005", json!({"검진일": "가".repeat(1000)})).await;
    let vip = scene.group(&clinic, "VIP", &[fine, missing, safe, refuses]).await;
    let mut wish = clinic.wish(&template);
    wish["groupIds"] = json!([vip, clinic.group]);

    let before = lines(&scene).await;
    let answer = preflight(&clinic, &wish).await;
    assert_eq!(lines(&scene).await, before, "nothing is written");
    let excluded = json!({"total": 4, "byReason": {"missing_variable": 1, "safe_number": 1, "suppressed": 1, "too_long": 1}});
    assert_eq!(answer.json["excluded"], excluded);
    let shown = &answer.json;
    assert_eq!((&shown["recipients"], &shown["sendable"], &shown["ready"]), (&json!(5), &json!(1), &json!(true)));
    assert_eq!(shown["complete"], true);
    assert_eq!(shown["characters"]["longest"], "김단골님,\r\n3월 2일에 뵙겠습니다.".chars().count());
    assert_eq!(shown["cost"], json!({"unitPrice": 6.5, "total": 6.5, "currency": "KRW"}));
    assert_eq!((&shown["balance"], &shown["balanceProblem"]), (&json!({"messages": 1_538_461, "enough": true}), &json!(null)));
    assert_eq!(
        checks(&answer),
        [("template", "same"), ("text", "same"), ("title", "same"), ("buttons", "same"), ("link_host", "same")]
    );
    assert_eq!(warnings(&answer), [""; 0]);

    let problems = shown["problems"]["items"].as_array().unwrap();
    assert_eq!((problems.len(), shown["problems"].get("nextCursor")), (4, None));
    assert_eq!(
        problems[0],
        json!({
            "customerId": missing, "name": "이단골", "phone": "010-1111-0002", "groupId": vip, "missing": ["검진일"],
            "reason": "문구의 변수에 채울 값이 없습니다.", "reasonCode": "missing_variable",
        })
    );
    let codes: Vec<_> = problems.iter().map(|problem| problem["reasonCode"].as_str().unwrap()).collect();
    assert_eq!(codes, ["missing_variable", "safe_number", "suppressed", "too_long"]);
    assert_eq!(problems[3]["groupId"], clinic.group);
    let english = clinic.staff.send("POST", PATH, &[("accept-language", "en")], wish).await;
    assert_eq!(english.json["problems"]["items"][0]["reason"], "The text has a variable for which this customer has no value.");
    scene.test.finish().await;
}

#[tokio::test]
async fn those_who_get_nothing_come_in_pages_without_counting_anew() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.described(&clinic, with_date()).await;
    for number in 1..=7 {
        let attributes = if number % 2 == 0 { json!({"검진일": "곧"}) } else { json!({}) };
        scene.customer(&clinic, &format!("고객 {number}"), &format!("010-1111-000{number}"), attributes).await;
    }
    let wish = clinic.wish(&template);
    let mut page = clinic.staff.post(&format!("{PATH}?limit=3"), wish.clone()).await;
    assert_eq!((&page.json["recipients"], &page.json["excluded"]["total"]), (&json!(7), &json!(4)));
    let mut names = Vec::new();
    loop {
        let items = page.json["problems"]["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.json["problems"]["nextCursor"].as_str().map(str::to_owned) else { break };
        page = clinic.staff.post(&format!("{PATH}?limit=3&cursor={cursor}"), wish.clone()).await;
        assert_eq!(page.json.as_object().unwrap().len(), 1, "only the problems");
    }
    assert_eq!(names, ["고객 1", "고객 3", "고객 5", "고객 7"]);
    let foreign = clinic.staff.post(&format!("{PATH}?cursor=bm9ib2R5"), wish).await;
    assert_eq!(problem(&foreign), (422, "invalid-input", "cursor"));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_walk_for_which_there_is_no_time_tells_what_it_found_and_goes_on_where_it_stopped() {
    let scene = Scene::reading(Duration::ZERO).await;
    let clinic = scene.ready("clinic").await;
    let template = scene.described(&clinic, with_date()).await;
    // So large that a page of customers is one of them.
    let large = "x".repeat(3 << 20);
    for (number, date) in [(1, json!("곧")), (2, json!("")), (3, json!("")), (4, json!("곧"))] {
        let attributes = json!({"검진일": date, "메모": large});
        scene.customer(&clinic, &format!("고객 {number}"), &format!("010-1111-000{number}"), attributes).await;
    }
    let wish = clinic.wish(&template);
    let whole = preflight(&clinic, &wish).await.json;
    assert_eq!((&whole["complete"], &whole["recipients"], &whole["sendable"]), (&json!(false), &json!(1), &json!(1)));
    let (mut page, mut names, mut pages) = (whole, Vec::new(), 1);
    while let Some(cursor) = page["problems"]["nextCursor"].as_str().map(str::to_owned) {
        page = clinic.staff.post(&format!("{PATH}?cursor={cursor}"), wish.clone()).await.json;
        let items = page["problems"]["items"].as_array().unwrap();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        pages += 1;
    }
    assert_eq!((names, pages > 2), (vec!["고객 2".to_owned(), "고객 3".to_owned()], true));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_in_the_same_way() {
    let scene = Scene::new().await;
    let (clinic, other) = (scene.ready("clinic").await, scene.ready("other").await);
    let (template, foreign) = (scene.template(&clinic, "APR").await, scene.template(&other, "APR").await);
    let unknown = json!("tpl_00000000000000000000000000000001");
    for (field, value) in [
        ("templateId", foreign),
        ("templateId", unknown),
        ("groupIds", json!([other.group])),
        ("groupIds", json!([])),
        ("destination", json!("https://evil.example/")),
        ("destination", json!(null)),
        ("scheduledAt", json!("2020-01-01T00:00:00Z")),
        ("staleAfterMinutes", json!(1)),
        ("kind", json!("advertising")),
        ("sources", json!({"없는 변수": {}})),
        ("clinicId", json!("x")),
    ] {
        let mut wish = clinic.wish(&template);
        wish[field] = value;
        let (asked, tried) = (clinic.ask("k1", wish.clone()).await, clinic.staff.post(PATH, wish).await);
        assert_eq!((tried.status, &tried.json), (asked.status, &asked.json), "{field}");
        assert!(matches!(tried.status, 404 | 409 | 422), "{tried:?}");
    }
    let poor = scene.clinic("poor", json!({"name": "발신 정보 없음", "linkHosts": ["www.example.com"]})).await;
    let template = scene.template(&poor, "APR").await;
    assert_eq!(problem(&poor.staff.post(PATH, poor.wish(&template)).await), (409, "sender-not-set", ""));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_does_not_hold_it_up() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    scene.approve(&described());
    let template = scene.template(&clinic, "APR").await;
    scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    let wish = clinic.wish(&template);
    for path in ["/akv10/heartinfo/", "/akv10/template/list/"] {
        scene.simulator.add_fault(json!({"kind": "latency", "path": path, "milliseconds": 60_000})).unwrap();
    }
    let silent = preflight(&clinic, &wish).await;
    let shown = &silent.json;
    assert_eq!((&shown["sendable"], &shown["ready"], &shown["balance"]), (&json!(1), &json!(true), &json!(null)));
    assert_eq!(shown["balanceProblem"], "발송 대행사가 응답하지 않습니다. 잠시 후 다시 시도해 주세요.");
    assert_eq!(
        checks(&silent),
        [
            ("template", "not_compared"),
            ("text", "not_compared"),
            ("title", "not_compared"),
            ("buttons", "not_compared"),
            ("link_host", "same")
        ]
    );
    assert_eq!(shown["checks"][0]["explanation"], shown["balanceProblem"]);
    // It refuses a channel that it does not know, and tells the balance all the same.
    let other = scene.ready("other").await;
    let template = scene.template(&other, "APR").await;
    let refused = preflight(&other, &other.wish(&template)).await;
    assert_eq!(
        (&refused.json["ready"], &refused.json["balance"]["enough"]),
        (&json!(false), &json!(true)),
        "nobody to send to"
    );
    assert_eq!(checks(&refused)[0], ("template", "not_compared"));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_was_changed_at_the_provider_stands_in_the_way() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.described(&clinic, with_date()).await;
    scene.customer(&clinic, "김단골", "010-1111-0001", json!({"검진일": "3월 2일"})).await;
    let wish = clinic.wish(&template);
    let at_provider = async |described: Option<Described>| {
        scene.simulator.app.write(|world, _| world.templates.clear());
        if let Some(described) = described {
            scene.approve(&described);
        }
        let answer = preflight(&clinic, &wish).await;
        let differing: Vec<_> = checks(&answer).into_iter().filter(|(_, outcome)| *outcome == "differs").collect();
        let names: Vec<_> = differing.into_iter().map(|(check, _)| check.to_owned()).collect();
        (answer.json["ready"] == true, names)
    };
    assert_eq!(at_provider(Some(with_date())).await, (true, Vec::new()));
    let differs = |names: &[&str]| (false, names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(at_provider(None).await, differs(&["template"]));
    assert_eq!(at_provider(Some(Described { status: "S".to_owned(), ..with_date() })).await, differs(&["template"]));
    let changed = Described { content: "#{고객명}님, #{검진일}에 뵙겠습니다.".to_owned(), ..with_date() };
    assert_eq!(at_provider(Some(changed)).await, differs(&["text"]));
    let titled = Described { emphasis_title: "검진 안내".to_owned(), ..with_date() };
    assert_eq!(at_provider(Some(titled)).await, differs(&["title"]));
    let rebuttoned = Described { buttons: vec![button("https://go.example.com/d/#{link}")], ..with_date() };
    assert_eq!(at_provider(Some(rebuttoned)).await, differs(&["buttons"]));
    // Asking stays fast and does not ask the provider.
    let requests = || scene.simulator.app.read(|world, _| world.requests.values().sum::<u64>());
    let before = requests();
    assert_eq!((clinic.ask("k1", wish.clone()).await.status, scene.told(), requests()), (202, 1, before));
    scene.test.finish().await;
}

#[tokio::test]
async fn line_breaks_that_differ_are_told_from_words_that_differ() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    scene.approve(&with_date());
    let ours = Described { content: with_date().content.replace("\r\n", "\n"), ..with_date() };
    let template = scene.described(&clinic, ours).await;
    let answer = preflight(&clinic, &clinic.wish(&template)).await;
    assert_eq!(checks(&answer)[1], ("text", "differs"));
    assert_eq!(answer.json["checks"][1]["explanation"], "줄바꿈이 승인된 문구와 다릅니다. 템플릿을 동기화해 주세요.");
    scene.test.finish().await;
}

#[tokio::test]
async fn a_link_that_is_answered_elsewhere_stands_in_the_way() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    let here = "https://go.example.com/c/#{link}";
    for (address, content, outcome) in [
        ("https://old.example.com/c/#{link}", "봄", "differs"),
        ("https://go.example.com/c/#{link}/x", "봄", "differs"),
        ("https://www.example.com/", "봄 https://old.example.com/c/#{link}", "differs"),
        (here, "봄 https://go.example.com/c/#{link}. 새봄치과", "differs"),
        ("https://go.example.com/c/#{link}?from=kakao", "봄\r\nhttps://go.example.com/c/#{link}\r\n새봄치과", "same"),
        ("https://go.example.com/c/#{link}#top", "봄", "same"),
    ] {
        let described = Described { buttons: vec![button(address)], content: content.to_owned(), ..described() };
        scene.simulator.app.write(|world, _| world.templates.clear());
        scene.approve(&described);
        let template = scene.described(&clinic, described).await;
        let answer = preflight(&clinic, &clinic.wish(&template)).await;
        let ready = json!(outcome == "same");
        assert_eq!((checks(&answer)[4], &answer.json["ready"]), (("link_host", outcome), &ready), "{address} {content}");
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn what_should_be_known_is_said() {
    let scene = Scene::new().await;
    let settings = json!({
        "name": "clinic", "senderKey": scene.simulator.options.sender_key, "senderPhone": "02-555-0101",
        "linkHosts": ["clinic.local"],
    });
    let clinic = scene.clinic("clinic", settings).await;
    let ad = Described {
        content: "(광고) #{고객명}님 #{할인}\r\n무료수신거부 080-000-0000".to_owned(),
        buttons: vec![button("https://go.example.com/c/#{link}"), button("https://www.example.com/?q=#{할인}")],
        // More than a year ago.
        created_at: Some(scene.ambient.now() - TimeDelta::days(400)),
        ..described()
    };
    let template = scene.described(&clinic, ad).await;
    let plain = scene.customer(&clinic, "김단골", "010-1111-0001", json!({"할인": "10%"})).await;
    let lines = scene.customer(&clinic, "이단골", "010-1111-0002", json!({"할인": "10%\n20%"})).await;
    let long = scene.customer(&clinic, "박단골", "010-1111-0003", json!({"할인": "가".repeat(20)})).await;
    scene.customer(&clinic, "최단골", "010-1111-0004", json!({"할인": "10%"})).await;
    scene.consent(&[plain, lines, long]).await;
    scene.simulator.app.write(|world, _| world.balance = 13.0);
    let mut wish = clinic.wish(&template);
    wish["destination"] = json!("https://clinic.local/spring");
    wish["kind"] = json!("advertising");
    let at = |text: &str| json!(format!("2026-03-{text}:00+09:00"));
    wish["scheduledAt"] = at("02T20:59");
    let answer = preflight(&clinic, &wish).await;
    assert_eq!(
        warnings(&answer),
        ["held_until_morning", "long_address", "line_breaks", "unreachable_destination", "dormant_soon", "balance_too_low"]
    );
    let shown = &answer.json["warnings"];
    assert_eq!(
        (&shown[0]["at"], &shown[1]["count"], &shown[2]["count"]),
        (&json!("2026-03-02T23:00:00Z"), &json!(1), &json!(1))
    );
    assert_eq!(answer.json["excluded"]["byReason"], json!({"no_consent": 1}));
    assert_eq!(answer.json["balance"], json!({"messages": 2, "enough": false}));
    assert_eq!(answer.json["cost"]["total"], 19.5);
    wish["scheduledAt"] = at("02T20:58");
    assert!(!warnings(&preflight(&clinic, &wish).await).contains(&"held_until_morning"));
    scene.test.finish().await;
}

#[tokio::test]
async fn what_waits_for_the_end_of_the_clinics_quiet_hours_is_said_beforehand() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let template = scene.template(&clinic, "APR").await;
    scene.customer(&clinic, "김단골", "010-1111-0001", json!({})).await;
    // It is 10:00.
    sqlx::query("UPDATE clinics SET quiet_from = 570, quiet_to = 630").execute(&scene.test.pool).await.unwrap();
    let mut wish = clinic.wish(&template);
    let answer = preflight(&clinic, &wish).await;
    assert_eq!(warnings(&answer)[0], "held_by_quiet_hours");
    assert_eq!(answer.json["warnings"][0]["at"], "2026-03-02T01:30:00Z");
    wish["scheduledAt"] = json!("2026-03-02T10:30:00+09:00");
    assert_eq!(warnings(&preflight(&clinic, &wish).await), [""; 0]);
    // The others wait for the first five, and meanwhile the quiet hours may begin again.
    wish["scheduledAt"] = json!("2026-03-03T09:25:00+09:00");
    assert_eq!(warnings(&preflight(&clinic, &wish).await), [""; 0]);
    for number in 2..=6 {
        scene.customer(&clinic, "이단골", &format!("010-1111-000{number}"), json!({})).await;
    }
    let answer = preflight(&clinic, &wish).await;
    assert_eq!(
        (warnings(&answer), &answer.json["warnings"][0]["at"]),
        (vec!["stopped_by_quiet_hours"], &json!("2026-03-03T01:30:00Z"))
    );
    // A link that ends before anybody gets it.
    wish["scheduledAt"] = json!("2026-03-03T09:45:00+09:00");
    wish["linkExpiresAt"] = json!("2026-03-03T10:15:00+09:00");
    let refused = clinic.staff.post_once("one", "/v1/campaigns", wish).await;
    assert_eq!(problem(&refused), (422, "invalid-input", "linkExpiresAt"));
    scene.test.finish().await;
}
