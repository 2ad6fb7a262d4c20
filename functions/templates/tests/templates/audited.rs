//! Who sees a template with a customer's data is a line of the audit log.

use serde_json::json;
use shared::testing::audited::{assert_nothing_of, lines, take};

use crate::support::Scene;

#[tokio::test]
async fn whoever_sees_a_template_as_a_customer_would_get_it_is_written_down() {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &json!({}));
    scene.sync().await;
    let path = scene.path("TA_1").await;
    scene.staff.get(&path).await;
    assert_eq!(lines(&scene.test.pool).await, [], "a template alone is about nobody");
    let customer = scene.add_customer("010-1234-5678", json!({})).await;
    let wish = json!({ "customerId": customer });
    assert_eq!(scene.staff.post(&format!("{path}/preview"), wish.clone()).await.status, 200);
    let [line] = &*lines(&scene.test.pool).await else { panic!("one request is one line") };
    let (_, hex) = customer.split_once('_').unwrap();
    let told = (line.action.as_str(), line.subject_kind.as_str(), line.people);
    assert_eq!((told, line.subject_id), (("template.preview", "customer", 1), Some(hex.parse().unwrap())));
    let who: Vec<u8> =
        sqlx::query_scalar("SELECT id FROM staff WHERE subject = 'staff'").fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(line.staff_id.uuid().as_bytes().as_slice(), who);
    assert_nothing_of(&scene.test.pool, &["단골", "1234", "5678"]).await;

    take(&scene.test.pool).await;
    scene.add_staff("stranger", None, 7).await;
    assert_eq!(scene.staff.with_subject("stranger").post(&format!("{path}/preview"), wish).await.status, 404);
    assert_eq!(lines(&scene.test.pool).await, []);
    scene.test.finish().await;
}
