//! Synchronising and listing templates, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use aligo_simulator::in_process::InProcess;
use serde_json::{Value, json};
use shared::clock::{Ambient, Clock};
use shared::testing::{Client, FixedClock, TestDatabase, clinic, sending};
use templates::{Deps, routes};

struct Scene {
    test: TestDatabase,
    simulator: InProcess,
    staff: Client,
}

impl Scene {
    async fn new() -> Self {
        let test = TestDatabase::new().await;
        let clock = FixedClock::new();
        let same = clock.clone();
        let simulator = InProcess::start(move || same.now()).await.unwrap();
        let options = &simulator.options;
        let deps = Deps {
            database: test.another().await,
            ambient: Ambient::seeded(clock.clone(), 2),
            provider: sending::provider(&simulator.url, &options.api_key, &options.user_id),
        };
        let staff = Client::signed_in("templates", routes(deps), "staff");
        let scene = Self { test, simulator, staff };
        scene.add_staff("staff", Some(&scene.simulator.options.sender_key), 1).await;
        scene
    }

    /// A person who works for a clinic of their own.
    async fn add_staff(&self, subject: &str, sender_key: Option<&str>, seed: u64) {
        let ambient = Ambient::seeded(FixedClock::new(), seed);
        let clinic = clinic(&self.test.pool, &ambient).await;
        sqlx::query("UPDATE clinics SET sender_key = ? WHERE id = ?")
            .bind(sender_key)
            .bind(clinic)
            .execute(&self.test.pool)
            .await
            .unwrap();
        sqlx::query("INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, '', 'staff', NOW(6))")
            .bind(ambient.uuid())
            .bind(clinic)
            .bind(subject)
            .execute(&self.test.pool)
            .await
            .unwrap();
    }

    fn add_template(&self, code: &str, changes: &Value) {
        let mut template = sending::template();
        template["templtCode"] = code.into();
        for (name, value) in changes.as_object().unwrap() {
            template[name] = value.clone();
        }
        self.simulator.add_template(template).unwrap();
    }
}

#[tokio::test]
async fn templates_follow_the_provider() {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &json!({"templtContent": "#{고객명}님\r\n#{병원}입니다."}));
    scene.add_template("TA_2", &json!({"inspStatus": "REJ", "status": "R"}));
    assert_eq!(scene.staff.post("/v1/templates/sync", Value::Null).await.json, json!({"synced": 2, "removed": 0}));
    let listed = scene.staff.get("/v1/templates").await.json;
    let first = &listed["items"][0];
    assert!(first["id"].as_str().unwrap().starts_with("tpl_"));
    assert_eq!((&first["code"], &first["sendable"], first.get("obstacle")), (&json!("TA_1"), &json!(true), None));
    assert_eq!((&first["content"], &first["variables"]), (&json!("#{고객명}님\r\n#{병원}입니다."), &json!(["고객명", "병원"])));
    assert_eq!(first["buttons"][0]["linkMo"], "https://go.example.com/c/#{link}");
    assert_eq!(listed["items"][1]["obstacle"]["kind"], "refused");

    scene.simulator.app.write(|world, _| world.templates.retain(|template| template.templt_code == "TA_2"));
    scene.simulator.app.write(|world, _| world.templates[0].insp_status = "APR".to_owned());
    assert_eq!(scene.staff.post("/v1/templates/sync", Value::Null).await.json, json!({"synced": 1, "removed": 1}));
    let after = scene.staff.get("/v1/templates").await.json;
    assert_eq!((after["items"].as_array().unwrap().len(), &after["items"][0]["sendable"]), (1, &json!(true)));
    assert_eq!(after["items"][0]["id"], listed["items"][1]["id"]);
    scene.test.finish().await;
}

#[tokio::test]
async fn why_a_template_cannot_be_sent_is_said_in_the_readers_language() {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &json!({"inspStatus": "REQ"}));
    scene.staff.post("/v1/templates/sync", Value::Null).await;
    let listed = scene.staff.send("GET", "/v1/templates", &[("accept-language", "en")], Value::Null).await;
    assert_eq!(listed.json["items"][0]["obstacle"]["text"], "Kakao is reviewing the template.");
    let listed = scene.staff.get("/v1/templates").await;
    assert_eq!(listed.json["items"][0]["obstacle"]["text"], "카카오에서 검수하고 있습니다.");
    scene.test.finish().await;
}

#[tokio::test]
async fn a_list_comes_in_pages_and_shows_no_other_clinics_templates() {
    let scene = Scene::new().await;
    for code in ["TA_1", "TA_2", "TA_3"] {
        scene.add_template(code, &json!({}));
    }
    scene.staff.post("/v1/templates/sync", Value::Null).await;
    let first = scene.staff.get("/v1/templates?limit=2").await.json;
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let next = format!("/v1/templates?limit=2&cursor={}", first["nextCursor"].as_str().unwrap());
    let second = scene.staff.get(&next).await.json;
    assert_eq!((&second["items"][0]["code"], second.get("nextCursor")), (&json!("TA_3"), None));
    scene.add_staff("other", None, 9).await;
    assert_eq!(scene.staff.with_subject("other").get("/v1/templates").await.json, json!({"items": []}));
    assert_eq!(scene.staff.with_subject("stranger").get("/v1/templates").await.status, 403);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_synchronisation_that_is_not_possible_says_why() {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &json!({}));
    scene.staff.post("/v1/templates/sync", Value::Null).await;
    let kind = |answer: shared::testing::Answer| (answer.status, answer.json["type"].as_str().unwrap().to_owned());
    let problem = |status: u16, kind: &str| (status, format!("https://dangol.dev/problems/{kind}"));
    let list = "/akv10/template/list/";
    scene
        .simulator
        .add_fault(json!({"kind": "refuse", "path": list, "code": -99, "message": "인증되지 않는 서버 IP"}))
        .unwrap();
    let refused = scene.staff.post("/v1/templates/sync", Value::Null).await;
    assert_eq!(refused.json["detail"], "코드 -99: 인증되지 않는 서버 IP");
    assert_eq!(kind(refused), problem(502, "provider-refused"));
    scene.simulator.add_fault(json!({"kind": "serverError", "path": list})).unwrap();
    assert_eq!(kind(scene.staff.post("/v1/templates/sync", Value::Null).await), problem(503, "provider-unavailable"));
    // What was there stays.
    assert_eq!(scene.staff.get("/v1/templates").await.json["items"].as_array().unwrap().len(), 1);
    scene.add_staff("new", None, 9).await;
    let new = scene.staff.with_subject("new").post("/v1/templates/sync", Value::Null).await;
    assert_eq!(kind(new), problem(409, "no-sender-key"));
    scene.test.finish().await;
}
