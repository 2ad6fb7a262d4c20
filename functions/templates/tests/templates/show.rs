//! Synchronising and showing templates.

use chrono::TimeDelta;
use serde_json::{Value, json};
use shared::clock::Ambient;
use shared::db::{campaigns, templates};
use shared::model::approval::Described;
use shared::testing::campaign;

use crate::support::{Scene, kind};

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
    let list = "/akv10/template/list/";
    scene
        .simulator
        .add_fault(json!({"kind": "refuse", "path": list, "code": -99, "message": "인증되지 않는 서버 IP"}))
        .unwrap();
    let refused = scene.staff.post("/v1/templates/sync", Value::Null).await;
    assert_eq!(refused.json["detail"], "코드 -99: 인증되지 않는 서버 IP");
    assert_eq!(kind(&refused), (502, "provider-refused"));
    scene.simulator.add_fault(json!({"kind": "serverError", "path": list})).unwrap();
    assert_eq!(kind(&scene.staff.post("/v1/templates/sync", Value::Null).await), (503, "provider-unavailable"));
    // What was there stays.
    assert_eq!(scene.staff.get("/v1/templates").await.json["items"].as_array().unwrap().len(), 1);
    scene.add_staff("new", None, 9).await;
    let new = scene.staff.with_subject("new").post("/v1/templates/sync", Value::Null).await;
    assert_eq!(kind(&new), (409, "no-sender-key"));
    scene.test.finish().await;
}

#[tokio::test]
async fn comments_kinds_and_emphasis_are_shown_as_the_provider_has_them() {
    let scene = Scene::new().await;
    let titled =
        json!({"templateType": "EX", "templateEmType": "TEXT", "templtTitle": "#{병원} 예약", "templtSubtitle": "안내"});
    scene.add_template("TA_1", &titled);
    scene.review("TA_1", json!({"inspStatus": "REJ", "comment": "변수를 줄여 주세요"}));
    scene.sync().await;
    let path = scene.path("TA_1").await;
    let shown = scene.staff.get(&path).await.json;
    assert_eq!(
        (&shown["kind"], &shown["emphasisKind"], &shown["emphasisSubtitle"]),
        (&json!("EX"), &json!("TEXT"), &json!("안내"))
    );
    assert_eq!(shown["variables"], json!(["고객명", "병원"]));
    let comment = &shown["comments"][0];
    assert_eq!((&comment["text"], &comment["inspection"]), (&json!("변수를 줄여 주세요"), &json!("REJ")));
    assert_eq!(
        (&comment["writtenAt"], &shown["providerCreatedAt"]),
        (&json!("2026-03-02T01:00:00Z"), &json!("2026-03-02T01:00:00Z"))
    );
    assert_eq!((&shown["editable"], &shown["obstacle"]["kind"]), (&json!(true), &json!("refused")));
    scene.add_staff("other", None, 9).await;
    assert_eq!(scene.staff.with_subject("other").get(&path).await.status, 404);
    scene.test.finish().await;
}

#[tokio::test]
async fn a_template_that_is_about_to_fall_dormant_says_so_until_it_is_used() {
    let scene = Scene::new().await;
    scene.add_template("TA_1", &json!({}));
    scene.sync().await;
    let path = scene.path("TA_1").await;
    let dormancy = async |language: &str| {
        let shown = scene.staff.send("GET", &path, &[("accept-language", language)], Value::Null).await.json;
        (shown["lastUsedAt"].clone(), shown["dormancy"].clone())
    };
    assert_eq!(dormancy("ko").await, (Value::Null, json!({"from": "2027-03-02T01:00:00Z"})));
    scene.clock.advance(TimeDelta::days(335));
    assert_eq!(dormancy("ko").await.1["warning"], "2027-03-02까지 한 번도 보내지 않으면 휴면 처리됩니다.");
    assert_eq!(dormancy("en").await.1["warning"], "Kakao makes it dormant unless it is used before 2027-03-02.");
    scene.clock.advance(TimeDelta::days(31));
    assert!(dormancy("ko").await.1["warning"].as_str().unwrap().contains("휴면 처리되었을 수 있습니다"));
    // A campaign with it, and another one's.
    let ambient = Ambient::seeded(scene.clock.clone(), 5);
    let mut used = campaign(&ambient, scene.clinic);
    used.template = path.rsplit('/').next().unwrap().parse().unwrap();
    let mut connection = scene.test.pool.acquire().await.unwrap();
    campaigns::insert(&mut connection, &used, &[]).await.unwrap();
    campaigns::insert(&mut connection, &campaign(&ambient, scene.clinic), &[]).await.unwrap();
    assert_eq!(dormancy("ko").await, (json!("2027-03-03T01:00:00Z"), json!({"from": "2028-03-02T01:00:00Z"})));
    scene.test.finish().await;
}

#[tokio::test]
async fn a_synchronisation_keeps_what_was_learnt_from_a_later_answer() {
    let scene = Scene::new().await;
    let ambient = Ambient::seeded(scene.clock.clone(), 6);
    let described = |code: &str, name: &str| Described { code: code.to_owned(), name: name.to_owned(), ..Described::default() };
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let early = ambient.now();
    scene.clock.advance(TimeDelta::seconds(1));
    let late = ambient.now();
    let newer = [described("TA_1", "새 이름"), described("TA_2", "새 것")];
    templates::replace_all(&mut connection, &ambient, scene.clinic, late, &newer).await.unwrap();
    let older = [described("TA_1", "옛 이름"), described("TA_3", "")];
    assert_eq!(templates::replace_all(&mut connection, &ambient, scene.clinic, early, &older).await.unwrap(), 0);
    let stored = templates::list(&mut connection, scene.clinic, "", 10).await.unwrap();
    let names: Vec<_> = stored.iter().map(|template| template.described.name.as_str()).collect();
    assert_eq!(names, ["새 이름", "새 것", ""]);
    assert_eq!(templates::replace_all(&mut connection, &ambient, scene.clinic, late, &newer).await.unwrap(), 1);
    scene.test.finish().await;
}
