//! What a pre-flight says is what becomes of the campaign. With a hundred thousand:
//! `cargo test -p send --test send -- --ignored --nocapture a_hundred_thousand`.

#![expect(clippy::print_stdout, reason = "the figure is what the large one is run for")]

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};
use shared::model::CustomerId;
use shared::model::approval::Described;
use shared::model::customer::visible;

use crate::scene::{Clinic, Scene, button, described};

/// Customers of whom some get nothing, each for another reason; two of three are in a group, one of five is in another.
async fn fill(scene: &Scene, clinic: &Clinic, count: u32) -> Vec<Value> {
    let groups = [scene.group(clinic, "일반", &[]).await, scene.group(clinic, "VIP", &[]).await];
    let numbers = "WITH RECURSIVE digits AS (SELECT 0 AS d UNION ALL SELECT d + 1 FROM digits WHERE d < 9),
         numbers AS (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n
             FROM digits a, digits b, digits c, digits e, digits f)";
    let id = "CAST(UNHEX(CONCAT('0199', LPAD(HEX(n), 28, '0'))) AS BINARY(16))";
    let phone = "IF(n % 17 = 0, CONCAT('+82505', 1000000 + n), CONCAT('+8210', 10000000 + n))";
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let add = format!(
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, advertising_consent_at, created_at, updated_at) {numbers}
         SELECT ?, {id}, CONCAT('고객 ', n), {phone},
             IF(n % 13 = 0, '{{}}', JSON_OBJECT('검진일', IF(n % 19 = 0, REPEAT('가', 1000), CONCAT(n, '일')), '메모', CONCAT(n))),
             IF(n % 7 = 0, NULL, NOW(6)), NOW(6), NOW(6)
         FROM numbers WHERE n < ?"
    );
    sqlx::query(sqlx::AssertSqlSafe(add)).bind(clinic.id).bind(count).execute(&mut *connection).await.unwrap();
    for (group, which) in groups.iter().zip(["n % 3 > 0", "n % 5 = 0"]) {
        let join = format!(
            "INSERT INTO customer_group_members (clinic_id, group_id, customer_id) {numbers}
             SELECT ?, ?, {id} FROM numbers WHERE n < ? AND {which}"
        );
        let join = sqlx::query(sqlx::AssertSqlSafe(join)).bind(clinic.id).bind(*group).bind(count);
        join.execute(&mut *connection).await.unwrap();
    }
    let refuse = format!(
        "INSERT INTO suppressions (clinic_id, phone, reason, created_at) {numbers}
         SELECT ?, {phone}, 'asked', NOW(6) FROM numbers WHERE n < ? AND n % 11 = 0"
    );
    sqlx::query(sqlx::AssertSqlSafe(refuse)).bind(clinic.id).bind(count).execute(&mut *connection).await.unwrap();
    vec![json!(groups[1]), clinic.group.clone(), json!(groups[0])]
}

/// Customer, group and reason of those who get nothing.
type Excluded = Vec<(CustomerId, Option<String>, String)>;

/// All of those that the pre-flight names, page by page.
async fn named(clinic: &Clinic, wish: &Value, mut page: Value) -> Excluded {
    let mut named = Vec::new();
    loop {
        for item in page["problems"]["items"].as_array().unwrap() {
            let text = |name: &str| item[name].as_str().unwrap().to_owned();
            named.push((text("customerId").parse().unwrap(), Some(text("groupId")), text("reasonCode")));
        }
        let Some(cursor) = page["problems"]["nextCursor"].as_str() else { return named };
        page = clinic.staff.post(&format!("/v1/campaigns/preflight?limit=200&cursor={cursor}"), wish.clone()).await.json;
    }
}

async fn compare(count: u32) {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    let ad = Described {
        content: "(광고) #{고객명}님,\r\n#{검진일} #{담당의}\r\n무료수신거부 080-000-0000".to_owned(),
        emphasis_title: "#{고객명}님께".to_owned(),
        buttons: vec![button("https://go.example.com/c/#{link}"), button("https://www.example.com/?n=#{고객명}")],
        ..described()
    };
    let template = scene.described(&clinic, ad).await;
    let mut wish = clinic.wish(&template);
    wish["groupIds"] = json!(fill(&scene, &clinic, count).await);
    wish["kind"] = json!("advertising");
    wish["sources"] = json!({"담당의": {"default": visible("원장님")}});

    let begun = Instant::now();
    let said = clinic.staff.post("/v1/campaigns/preflight?limit=200", wish.clone()).await;
    assert_eq!(said.status, 200, "{said:?}");
    let said = said.json;
    println!("{count} customers: pre-flight in {:.2} s", begun.elapsed().as_secs_f64());
    let named = named(&clinic, &wish, said.clone()).await;

    let asked = clinic.ask("k1", wish).await;
    let begun = Instant::now();
    scene.prepare().await;
    println!("prepared in {:.2} s", begun.elapsed().as_secs_f64());
    let campaign = scene.campaign(&clinic, &asked).await;
    let rows: Vec<(CustomerId, Option<shared::model::GroupId>, Option<String>, i64)> = sqlx::query_as(
        "SELECT customer_id, group_id, reason, CHAR_LENGTH(body) FROM messages WHERE campaign_id = ? ORDER BY number",
    )
    .bind(campaign.id)
    .fetch_all(&scene.test.pool)
    .await
    .unwrap();
    let (mut by_reason, mut excluded, mut longest, mut sendable) = (BTreeMap::<_, u64>::new(), Excluded::new(), 0, 0);
    for (customer, group, reason, length) in &rows {
        longest = longest.max(*length);
        match reason {
            None => sendable += 1,
            Some(reason) => {
                *by_reason.entry(reason.clone()).or_default() += 1;
                excluded.push((*customer, group.map(|group| group.to_string()), reason.clone()));
            }
        }
    }
    assert_eq!((&said["recipients"], &said["sendable"]), (&json!(rows.len()), &json!(sendable)));
    assert_eq!(rows.len(), usize::try_from(count).unwrap());
    assert_eq!((&said["excluded"]["byReason"], by_reason.len()), (&json!(by_reason), 5));
    assert_eq!(said["characters"]["longest"], json!(longest));
    assert_eq!(named, excluded);
    scene.test.finish().await;
}

#[tokio::test]
async fn ten_thousand_are_counted_as_they_are_prepared() {
    compare(10_000).await;
}

#[tokio::test]
#[ignore = "a minute of work for one figure"]
async fn a_hundred_thousand_are_counted_as_they_are_prepared() {
    compare(100_000).await;
}
