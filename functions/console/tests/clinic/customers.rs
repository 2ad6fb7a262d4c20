//! Customers: what their form tells the API, and what is done with all of a list.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Asked, Browser, problem};

fn customer(groups: &[&str]) -> Value {
    let groups: Vec<_> =
        groups.iter().map(|id| json!({ "id": id, "name": format!("이름 {id}"), "unassigned": false })).collect();
    json!({
        "id": "cus_1", "name": "김단골", "phone": "010-1234-5678", "attributes": { "생일": "3월 2일" },
        "createdAt": "2026-11-21T00:00:00Z", "updatedAt": "2026-11-21T00:00:00Z",
        "advertisingConsentAt": "2026-11-21T00:00:00Z", "groups": groups, "member": null, "suppression": null,
    })
}

/// Staff before a clinic with one customer, who is in these groups.
async fn staff(groups: &[&str]) -> Browser {
    let browser = Browser::of_clinic("staff").await;
    for (call, answer) in [
        ("GET /v1/customers/cus_1", customer(groups)),
        ("GET /v1/customers/cus_1/messages", json!({ "items": [], "nextCursor": null })),
        ("GET /v1/customers/columns", json!({ "items": [{ "name": "생일" }] })),
        ("GET /v1/groups", json!({ "items": [], "nextCursor": null })),
        ("PATCH /v1/customers/cus_1", customer(groups)),
    ] {
        browser.answers(call, 200, answer);
    }
    browser
}

/// The fields of the form in a page that somebody leaves as they are: hidden ones, lines and ticked boxes.
fn fields(page: &str) -> Vec<(String, String)> {
    let form = page.split("<form class=\"customer\"").nth(1).unwrap().split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| Some(tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?.to_owned());
    let inputs = form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap());
    let kept = inputs.filter(|tag| !tag.contains("type=\"checkbox\"") || tag.contains(" checked"));
    let named = kept.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())));
    named.filter(|(name, _)| name != "csrf").collect()
}

fn told(asked: &[Asked], method: &str) -> Vec<Value> {
    asked.iter().filter(|(call, _)| call.starts_with(method)).map(|(_, body)| body.clone()).collect()
}

#[tokio::test]
async fn a_form_that_was_left_open_gives_no_consent_back_and_undoes_nothing() {
    let mut browser = staff(&["grp_1"]).await;
    let page = browser.get("/customers/cus_1").await.body;
    let mut form = fields(&page);
    assert!(form.contains(&("consent".to_owned(), "yes".to_owned())), "{form:?}");
    // Meanwhile somebody withdrew the consent, and a colleague wrote it down. Here only the name is mended.
    form.iter_mut().filter(|(name, _)| name == "name").for_each(|(_, value)| *value = "이단골".to_owned());
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.asked();
    assert_eq!(browser.post("/customers/cus_1", &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(told(&browser.asked(), "PATCH"), [json!({ "name": "이단골" })]);

    // Shown again with an error, it still knows what it began with.
    browser.answers("PATCH /v1/customers/cus_1", 422, problem(422, "invalid-input", Some("name")));
    let again = browser.post("/customers/cus_1", &form).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (again, had) = (fields(&again.body), |name: &str, value: &str| (name.to_owned(), value.to_owned()));
    assert!(again.contains(&had("name", "이단골")) && again.contains(&had("had-name", "김단골")), "{again:?}");
    assert!(again.contains(&had("had-consent", "yes")) && again.contains(&had("had-group", "grp_1")), "{again:?}");
}

#[tokio::test]
async fn the_names_of_a_customers_groups_are_known_and_of_others_few_are_asked_for() {
    let own: Vec<_> = (0..50).map(|number| format!("grp_own{number}")).collect();
    let mut browser = staff(&own.iter().map(String::as_str).collect::<Vec<_>>()).await;
    browser.asked();
    let page = browser.get("/customers/cus_1").await.body;
    assert!(page.contains("<span>이름 grp_own49</span>"), "{page}");
    let of_one = |asked: &[Asked]| asked.iter().filter(|(call, _)| call.starts_with("GET /v1/groups/")).count();
    assert_eq!(of_one(&browser.asked()), 0);

    let others: Vec<_> = (0..300).map(|number| format!("grp_{number:03}")).collect();
    for id in &others {
        let group = json!({ "id": id, "name": format!("이름 {id}"), "unassigned": false, "customers": 3 });
        browser.answers(&format!("GET /v1/groups/{id}"), 200, group);
    }
    browser.answers("GET /v1/groups/grp_001", 404, problem(404, "not-found", None));
    browser.answers("GET /v1/groups/grp_002", 503, json!({}));
    let form: Vec<_> = others.iter().map(|id| ("group", id.as_str())).chain([("do", "find")]).collect();
    browser.asked();
    let page = browser.post("/customers/cus_1", &form).await.body;
    assert_eq!(of_one(&browser.asked()), 20);
    let chosen: Vec<_> = fields(&page).into_iter().filter(|(name, _)| name == "group").map(|(_, id)| id).collect();
    assert_eq!(chosen.len(), 299, "none is lost but the one that is gone: {chosen:?}");
    assert!(!chosen.contains(&"grp_001".to_owned()) && page.contains("<span>이름 grp_000</span>"));
}

const ALL: [(&str, &str); 5] =
    [("everything", "yes"), ("do", "delete"), ("group", "grp_1"), ("until", "2020-01-01T00:00:00.000Z"), ("total", "1")];

fn there_are(browser: &Browser, total: u64) {
    let counted = json!({ "items": [], "nextCursor": null, "total": total });
    browser.answers("GET /v1/customers?groupId=grp_1&count=true&limit=1", 200, counted);
}

/// The fields of the question, to be confirmed.
fn question(page: &str) -> Vec<(String, String)> {
    let hidden = page.split("data-work").nth(1).unwrap().split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |tag: &str| {
        tag.split('>').next().unwrap().trim_end_matches('"').split_once("\" value=\"").map(|(n, v)| (n.into(), v.into()))
    };
    hidden.filter_map(pair).filter(|(name, _): &(String, String)| name != "csrf").collect()
}

async fn confirm(browser: &mut Browser, page: &str) -> crate::standin::Shown {
    let form = question(page);
    let form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post("/customers/all", &form).await
}

#[tokio::test]
async fn who_deletes_all_confirms_the_number_of_this_moment_and_not_what_the_browser_says() {
    let mut browser = staff(&[]).await;
    browser.answers("POST /v1/customers/delete", 200, json!({ "deleted": 4998, "remaining": 0 }));
    there_are(&browser, 5000);
    let asked = browser.post("/customers/selection", &ALL).await;
    assert!(
        asked.body.contains("고객 5,000명을 모두 삭제합니다") && told(&browser.asked(), "POST").is_empty(),
        "{}",
        asked.body
    );

    there_are(&browser, 5001);
    let again = confirm(&mut browser, &asked.body).await;
    assert!(told(&browser.asked(), "POST").is_empty(), "more than were confirmed");
    assert!(again.body.contains("고객 5,001명을 모두 삭제합니다") && again.body.contains("고객이 늘어"), "{}", again.body);

    there_are(&browser, 4998);
    let done = confirm(&mut browser, &again.body).await;
    let told = told(&browser.asked(), "POST");
    let [wish] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(wish["all"]["groupId"], "grp_1");
    assert!(wish["all"]["addedUntil"].as_str().unwrap() > "2026", "those who were there when it was asked: {wish}");
    assert!(done.body.contains("4,998명을 삭제했습니다"), "{}", done.body);
}

#[tokio::test]
async fn all_of_a_list_that_are_moved_are_counted_and_a_list_that_is_gone_is_said() {
    let mut browser = staff(&[]).await;
    let group = json!({ "id": "grp_2", "name": "VIP", "unassigned": false, "customers": 3 });
    browser.answers("GET /v1/groups/grp_2", 200, group);
    browser.answers("POST /v1/groups/grp_1/move", 200, json!({ "changed": 2, "remaining": 0 }));
    there_are(&browser, 7);
    let form: Vec<_> = ALL.into_iter().filter(|(name, _)| *name != "do").chain([("do", "move"), ("to", "grp_2")]).collect();
    let done = browser.post("/customers/selection", &form).await;
    assert!(done.body.contains("7명을 ‘VIP’ 그룹으로 이동했습니다"), "{}", done.body);
    assert_eq!(told(&browser.asked(), "POST")[0]["all"]["addedUntil"], "2020-01-01T00:00:00.000Z");

    browser.answers("GET /v1/customers?groupId=grp_1&count=true&limit=1", 404, problem(404, "not-found", None));
    for form in [form.as_slice(), ALL.as_slice()] {
        let shown = browser.post("/customers/selection", form).await;
        assert_eq!((shown.status, shown.location.as_str()), (StatusCode::SEE_OTHER, "/customers"));
    }
    assert!(told(&browser.asked(), "POST").is_empty());
}

#[tokio::test]
async fn among_groups_that_are_looked_for_the_one_of_the_page_stays_marked() {
    let mut browser = staff(&[]).await;
    let group =
        json!({ "id": "grp_1", "name": "VIP", "unassigned": false, "customers": 1, "createdAt": "2026-11-21T00:00:00Z" });
    browser.answers("GET /v1/groups", 200, json!({ "items": [group], "nextCursor": null }));
    let shown = browser.get("/groups/choose?as=links&name=group&here=grp_1&q=V").await;
    assert!(shown.body.contains("aria-current=\"page\""), "{}", shown.body);
}
