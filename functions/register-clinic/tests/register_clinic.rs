//! Registering a clinic, against a real database.

use register_clinic::{Deps, routes};
use std::time::Duration;

use serde_json::json;
use shared::testing::{Client, TestDatabase, ambient};

async fn client() -> (TestDatabase, Client) {
    let test = TestDatabase::new().await;
    let deps = Deps { database: test.another().await, ambient: ambient().0 };
    (test, Client::signed_in("register-clinic", routes(deps), "owner"))
}

#[tokio::test]
async fn a_clinic_begins_with_its_unassigned_group_and_its_own_code() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": " 새봄치과의원 ", "linkHosts": ["WWW.Example.com"]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json["name"], "새봄치과의원");
    assert_eq!(made.json["linkHosts"], json!(["www.example.com"]));
    assert!(made.json["unassignedGroupId"].as_str().unwrap().starts_with("grp_"));
    assert_eq!(made.json["referralCode"].as_str().unwrap().len(), 8);
    assert_eq!(owner.get("/v1/clinic").await.json, made.json);
    test.finish().await;
}

#[tokio::test]
async fn one_account_registers_one_clinic() {
    let (test, owner) = client().await;
    assert_eq!(owner.post("/v1/clinics", json!({"name": "첫 병원"})).await.status, 201);
    let second = owner.post("/v1/clinics", json!({"name": "둘째 병원"})).await;
    assert_eq!((second.status, &second.json["type"]), (409, &json!("https://dangol.dev/problems/already-staff")));
    let clinics: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM clinics").fetch_one(&test.pool).await.unwrap();
    assert_eq!(clinics, 1);
    test.finish().await;
}

#[tokio::test]
async fn settings_change_one_by_one() {
    let (test, owner) = client().await;
    owner.post("/v1/clinics", json!({"name": "새봄"})).await;
    let changed = owner.send("PATCH", "/v1/clinic", &[], json!({"joinPoints": 500})).await;
    assert_eq!((changed.status, &changed.json["joinPoints"], &changed.json["invitePoints"]), (200, &json!(500), &json!(1000)));
    test.finish().await;
}

/// Each of the two reads all settings and writes all of them.
#[tokio::test]
async fn two_who_change_different_settings_at_the_same_moment_both_keep_what_they_changed() {
    let (test, owner) = client().await;
    owner.post("/v1/clinics", json!({"name": "새봄"})).await;
    let mut first = test.pool.begin().await.unwrap();
    sqlx::query("SELECT id FROM clinics FOR UPDATE").execute(&mut *first).await.unwrap();
    let mut running = Vec::new();
    for change in [json!({"joinPoints": 500}), json!({"invitePoints": 700, "acceptsMembers": false})] {
        let deps = Deps { database: test.another().await, ambient: ambient().0 };
        let client = Client::signed_in("register-clinic", routes(deps), "owner");
        running.push(tokio::spawn(async move { client.send("PATCH", "/v1/clinic", &[], change).await.status }));
    }
    let waiting = "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p
        ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND t.trx_state = 'LOCK WAIT'";
    let both_wait = async {
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&test.pool).await.unwrap() < 2 {
            tokio::time::sleep(Duration::from_millis(120)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(3), both_wait).await.expect("both wait for the clinic");
    first.commit().await.unwrap();
    for change in running {
        assert_eq!(change.await.unwrap(), 200);
    }
    let clinic = owner.get("/v1/clinic").await.json;
    assert_eq!(
        (&clinic["joinPoints"], &clinic["invitePoints"], &clinic["acceptsMembers"]),
        (&json!(500), &json!(700), &json!(false))
    );
    test.finish().await;
}

#[tokio::test]
async fn who_is_not_signed_in_or_not_staff_is_told_so_in_their_language() {
    let (test, owner) = client().await;
    let stranger = owner.with_subject("stranger").send("GET", "/v1/clinic", &[("accept-language", "en")], json!(null)).await;
    assert_eq!((stranger.status, &stranger.json["title"]), (403, &json!("Only a clinic's staff can do this.")));
    assert_eq!(stranger.headers["content-type"], "application/problem+json");
    let deps = Deps { database: test.another().await, ambient: ambient().0 };
    let anonymous = Client::anonymous("register-clinic", routes(deps)).get("/v1/clinic").await;
    assert_eq!((anonymous.status, &anonymous.json["title"]), (401, &json!("로그인이 필요합니다.")));
    test.finish().await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let (test, owner) = client().await;
    let refused = owner.post("/v1/clinics", json!({"name": "새봄", "clinicId": "cli_1"})).await;
    assert_eq!((refused.status, &refused.json["field"]), (422, &json!("clinicId")));
    test.finish().await;
}

#[tokio::test]
async fn invitations_have_settings_and_a_limit_can_be_taken_off() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    let of = |clinic: &serde_json::Value| {
        ["acceptsMembers", "invitesPerDay", "invitesInTotal", "paysForKnown", "holdsUnproven"].map(|name| clinic[name].clone())
    };
    assert_eq!(of(&made), [json!(true), json!(20), json!(200), json!(false), json!(false)]);
    let change = async |change: serde_json::Value| owner.send("PATCH", "/v1/clinic", &[], change).await;
    let changed = change(json!({"acceptsMembers": false, "invitesPerDay": null, "paysForKnown": true})).await;
    assert_eq!(of(&changed.json), [json!(false), json!(null), json!(200), json!(true), json!(false)]);
    let changed = change(json!({"invitesPerDay": 0, "invitesInTotal": 1_000_000, "holdsUnproven": true})).await;
    assert_eq!(of(&changed.json), [json!(false), json!(0), json!(1_000_000), json!(true), json!(true)]);
    change(json!({"name": "봄"})).await;
    assert_eq!(of(&owner.get("/v1/clinic").await.json), of(&changed.json), "what is absent stays");
    for (body, field) in [
        (json!({"invitesPerDay": 10_001}), "invitesPerDay"),
        (json!({"invitesPerDay": -1}), "invitesPerDay"),
        (json!({"invitesPerDay": 1.5}), "invitesPerDay"),
        (json!({"invitesInTotal": 1_000_001}), "invitesInTotal"),
        (json!({"invitesInTotal": "20"}), "invitesInTotal"),
        (json!({"acceptsMembers": "yes"}), "acceptsMembers"),
        (json!({"invitesPerWeek": 1}), "invitesPerWeek"),
    ] {
        let refused = change(body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    let refused = change(json!({"invitesPerDay": 10_001})).await;
    assert_eq!(refused.json["detail"], "`invitesPerDay`: 최대 10000까지 입력할 수 있습니다.");
    assert_eq!(of(&owner.get("/v1/clinic").await.json), of(&changed.json));
    test.finish().await;
}

#[tokio::test]
async fn points_have_a_switch_and_a_text_which_begins_with_what_the_law_asks() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    assert_eq!(made["pointsEnabled"], true);
    assert!(made["pointsNotice"].as_str().unwrap().contains("비급여"));
    let changed = owner.send("PATCH", "/v1/clinic", &[], json!({"pointsEnabled": false, "pointsNotice": " 다른 안내 "})).await;
    assert_eq!((&changed.json["pointsEnabled"], &changed.json["pointsNotice"]), (&json!(false), &json!("다른 안내")));
    test.finish().await;
}

#[tokio::test]
async fn the_owners_phone_is_kept_only_when_it_is_proven() {
    let (test, owner) = client().await;
    owner.post("/v1/clinics", json!({"name": "새봄"})).await;
    let second = owner.with_subject("second").proving(Some("+821012345678"), None);
    second.post("/v1/clinics", json!({"name": "둘째"})).await;
    let phones: Vec<Option<String>> =
        sqlx::query_scalar("SELECT phone FROM staff ORDER BY subject").fetch_all(&test.pool).await.unwrap();
    assert_eq!(phones, [None, Some("+821012345678".to_owned())]);
    test.finish().await;
}

#[tokio::test]
async fn a_clinic_tells_who_asks() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    assert_eq!((made["me"]["role"].as_str(), made["me"]["staffId"].as_str().map(|id| &id[..4])), (Some("owner"), Some("stf_")));
    sqlx::query("UPDATE staff SET name = '이원장'").execute(&test.pool).await.unwrap();
    let nurse = "INSERT INTO staff (id, clinic_id, subject, name, role, created_at)
         SELECT UNHEX(REPEAT('07', 16)), id, 'nurse', '박간호사', 'staff', NOW(6) FROM clinics";
    sqlx::query(nurse).execute(&test.pool).await.unwrap();
    let changed = owner.send("PATCH", "/v1/clinic", &[], json!({"name": "봄"})).await.json;
    assert_eq!((&changed["me"]["name"], &changed["me"]["staffId"]), (&json!("이원장"), &made["me"]["staffId"]));
    let me = &owner.with_subject("nurse").get("/v1/clinic").await.json["me"];
    assert_eq!(me, &json!({"staffId": format!("stf_{}", "07".repeat(16)), "name": "박간호사", "role": "staff"}));
    test.finish().await;
}

#[tokio::test]
async fn a_clinic_may_have_quiet_hours_of_its_own_and_is_told_those_of_the_law() {
    let (test, owner) = client().await;
    let made = owner.post("/v1/clinics", json!({"name": "새봄"})).await.json;
    let law = json!({"from": "20:59", "to": "08:00"});
    assert_eq!((&made["quietHours"], &made["advertisingQuietHours"]), (&json!(null), &law));
    let change = async |change: serde_json::Value| owner.send("PATCH", "/v1/clinic", &[], change).await;
    let night = json!({"from": "21:00", "to": "08:30"});
    assert_eq!(change(json!({"quietHours": night})).await.json["quietHours"], night);
    assert_eq!(change(json!({"name": "봄"})).await.json["quietHours"], night, "what is absent stays");
    for (hours, detail) in [
        (json!({"from": "9:00", "to": "10:00"}), "`quietHours`: 시각은 21:00 형식으로 입력해 주세요."),
        (json!({"from": "09:00", "to": "24:00"}), "`quietHours`: 시각은 21:00 형식으로 입력해 주세요."),
        (json!({"from": "09:00", "to": "09:00"}), "`quietHours`: 08:00~20:59 중 적어도 한 시간은 발송할 수 있게 남겨 두세요."),
        (json!({"from": "08:00", "to": "20:30"}), "`quietHours`: 08:00~20:59 중 적어도 한 시간은 발송할 수 있게 남겨 두세요."),
    ] {
        let refused = change(json!({"quietHours": hours})).await;
        assert_eq!((refused.status, &refused.json["detail"]), (422, &json!(detail)), "{hours}");
    }
    for (hours, field) in [(json!({"from": "21:00"}), "to"), (json!("21:00"), "quietHours")] {
        let refused = change(json!({"quietHours": hours})).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    let staff = "INSERT INTO staff (id, clinic_id, subject, name, role, created_at)
         SELECT UNHEX(REPEAT('07', 16)), id, 'nurse', '박간호사', 'staff', NOW(6) FROM clinics";
    sqlx::query(staff).execute(&test.pool).await.unwrap();
    let nurse = owner.with_subject("nurse");
    assert_eq!(nurse.send("PATCH", "/v1/clinic", &[], json!({"quietHours": null})).await.status, 403);
    assert_eq!(owner.get("/v1/clinic").await.json["quietHours"], night);
    assert_eq!(change(json!({"quietHours": null})).await.json["quietHours"], json!(null));
    test.finish().await;
}
