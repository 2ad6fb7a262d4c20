//! What the money at the provider pays for.

use serde_json::json;

use crate::scene::{Scene, problem};

#[tokio::test]
async fn the_balance_is_told_or_why_it_is_not_known() {
    let scene = Scene::new().await;
    let clinic = scene.ready("clinic").await;
    scene.simulator.app.write(|world, _| world.balance = 65.0);
    let told = clinic.staff.get("/v1/balance").await;
    assert_eq!((told.status, &told.json), (200, &json!({"messages": 10})));

    let stranger = clinic.staff.with_subject("stranger");
    assert_eq!(problem(&stranger.get("/v1/balance").await), (403, "not-staff", ""));

    let slow = json!({"kind": "latency", "path": "/akv10/heartinfo/", "milliseconds": 60_000});
    scene.simulator.add_fault(slow).unwrap();
    assert_eq!(problem(&clinic.staff.get("/v1/balance").await), (503, "provider-unavailable", ""));
    scene.simulator.app.write(|world, _| world.settings.allowed_ips = Some(Vec::new()));
    let refused = clinic.staff.get("/v1/balance").await;
    assert_eq!((problem(&refused), &refused.json["code"]), ((502, "provider-refused", ""), &json!(-99)));
    scene.test.finish().await;
}
