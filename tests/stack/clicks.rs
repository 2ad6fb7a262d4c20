//! Clicks of a deployed application: in the numbers at once, also when the link ends, and conserved.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};

use crate::campaign::{DESTINATION, group, template};
use crate::clinic;
use crate::support::{Person, Stack};

const IN_APP: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 \
                      KAKAOTALK/26.8.1 (INAPP)";
const SEARCH_ENGINE: &str = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
/// From the answer to a visitor to the numbers of the clinic.
const FRESH: Duration = Duration::from_secs(5);

/// A campaign whose two recipients have it, and the link of one of them.
async fn delivered(stack: &Stack, name: &str, code: &str, extra: (&str, Value)) -> (Person, String, String) {
    let (owner, _) = clinic(stack, name).await;
    let template = template(stack, &owner, code).await;
    let group = group(&owner, "재방문", &["010-2000-0001", "010-2000-0002"]).await;
    let mut wish = json!({"groupIds": [group["id"]], "templateId": template["id"], "destination": DESTINATION});
    wish[extra.0] = extra.1;
    let campaign = owner.post_once("one", "/v1/campaigns", wish).await;
    let id = campaign["id"].as_str().expect("an id").to_owned();
    owner.wait_for(&format!("/v1/campaigns/{id}"), |now| now["messages"]["delivered"] == 2).await;
    let messages = owner.list(&format!("/v1/campaigns/{id}/messages")).await;
    let link = messages[0]["link"].as_str().expect("a link").to_owned();
    (owner, id, link)
}

#[tokio::test]
async fn a_click_is_in_the_numbers_within_five_seconds_and_they_add_up() {
    let stack = Stack::of_environment();
    let (owner, id, link) = delivered(&stack, "fresh", "STACK_FRESH", ("name", json!("봄맞이"))).await;
    let campaign = format!("/v1/campaigns/{id}");
    // The functions are started by the first visit; that is no matter of freshness.
    assert_eq!(stack.visit(&link, IN_APP).await.status, 302);
    owner.wait_for(&campaign, |now| now["clicks"]["human"] == 1).await;

    for visit in 2..=4 {
        assert_eq!(stack.visit(&link, IN_APP).await.status, 302);
        let answered = Instant::now();
        owner.wait_for(&campaign, |now| now["clicks"]["human"] == visit).await;
        assert!(answered.elapsed() < FRESH, "visit {visit} was counted after {:?}", answered.elapsed());
    }
    assert_eq!(stack.visit(&link, SEARCH_ENGINE).await.status, 302);
    assert_eq!(stack.probe(&link, IN_APP).await.status, 302);

    let told = format!("/v1/stats/campaigns/{id}/conservation");
    let balance = owner.wait_for(&told, |balance| balance["visits"]["recorded"] == 6).await;
    assert_eq!(balance["status"], "adds_up", "{balance:#}");
    let visits = &balance["visits"];
    let numbers = ["answered", "human", "preview", "prefetch", "bot", "rejected", "stillQueued", "live"];
    assert_eq!(numbers.map(|name| visits[name].as_u64()), [6, 4, 0, 1, 1, 0, 0, 6].map(Some), "{visits:#}");
    let messages = &balance["messages"];
    assert_eq!((&messages["requested"], &messages["delivered"], &messages["difference"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(balance["counters"]["equal"], true, "{balance:#}");

    let lines = owner.list(&format!("/v1/campaigns/{id}/clicks?class=human")).await;
    assert_eq!(lines.len(), 4, "the rows behind the number: {lines:#?}");
}

#[tokio::test]
async fn a_link_that_has_ended_gets_a_page_of_its_own_and_the_visit_is_counted_as_rejected() {
    let stack = Stack::of_environment();
    // Long enough to be delivered and visited once before.
    let ends_at = SystemClock.now() + TimeDelta::minutes(1);
    let (owner, id, link) = delivered(&stack, "ended", "STACK_ENDED", ("linkExpiresAt", json!(ends_at))).await;
    assert_eq!(stack.visit(&link, IN_APP).await.status, 302, "it has not ended yet");
    while SystemClock.now() <= ends_at {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let page = stack.visit(&link, IN_APP).await;
    assert_eq!((page.status.as_u16(), page.headers.get("location")), (410, None), "{page:?}");
    assert!(page.text.contains("<html lang=\"ko\">") && !page.text.contains("www.example.com"), "{}", page.text);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(stack.probe(&link, IN_APP).await.status, 410);

    let path = format!("/v1/stats/campaigns/{id}/conservation");
    let balance = owner.wait_for(&path, |balance| balance["visits"]["rejected"] == 2).await;
    assert_eq!((&balance["status"], &balance["visits"]["human"]), (&json!("adds_up"), &json!(1)), "{balance:#}");
    let now = owner.get(&format!("/v1/campaigns/{id}")).await;
    assert_eq!((&now["clicks"]["human"], &now["clicks"]["unique"]), (&json!(1), &json!(1)), "{now:#}");
}
