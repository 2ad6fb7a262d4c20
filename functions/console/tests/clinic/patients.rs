//! What patients see: invitations, and their own pages.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Browser, problem};

const CODE: &str = "/i/7K3M9QXF";

/// The invitation of a clinic, before somebody with these memberships or before nobody in particular.
async fn invited(mine: Option<Value>) -> Browser {
    let browser = match mine {
        Some(clinics) => {
            let browser = Browser::of_clinic("staff").await;
            browser.answers("GET /v1/me", 200, json!({ "name": "김단골", "phone": null, "clinics": clinics }));
            browser
        }
        None => Browser::open().await,
    };
    let invitation = json!({
        "clinicId": "cli_1", "clinicName": "<b>단골</b>의원", "joinPoints": 1000, "pointsNotice": null, "ofFriend": true,
    });
    for code in ["7K3M9QXF", "7k3m9qxf", "AB12CD34"] {
        browser.answers(&format!("GET /v1/invitations/{code}"), 200, invitation.clone());
    }
    browser
}

fn of_clinic(clinic: &str, membership: &str, code: Option<&str>) -> Value {
    json!([{ "clinicId": clinic, "membership": membership, "referralCode": code }])
}

#[tokio::test]
async fn whoever_is_not_signed_in_reads_what_the_clinic_will_see_before_the_buttons() {
    let page = invited(None).await.get(CODE).await.body;
    let (before, after) = page.split_once("병원은 이름과 가입 경로를").unwrap();
    assert!(before.contains("1,000 포인트") && !before.contains("/sign-up"), "{page}");
    for way in ["/sign-up?next=", "/sign-in?next=", "/sign-up/confirm?next="] {
        assert!(after.contains(&format!("href=\"{way}%2Fi%2F7K3M9QXF\"")), "{way}: {page}");
    }
    let mut browser = Browser::open().await;
    assert!(browser.get("/sign-up?next=%2Fi%2F7K3M9QXF").await.body.contains("병원은 이름과 가입 경로를"));
    assert!(!browser.get("/sign-up").await.body.contains("병원은 이름과 가입 경로를"));
}

#[tokio::test]
async fn a_member_is_promised_no_points_for_joining_once_more() {
    let mut member = invited(Some(of_clinic("cli_1", "confirmed", Some("AB12CD34")))).await;
    let page = member.get(CODE).await.body;
    assert!(
        page.contains("이미 단골입니다") && page.contains("href=\"/me\"") && !page.contains("1,000 포인트</strong>"),
        "{page}"
    );
    assert!(!page.contains("<form method=\"post\" action=\"/i/"));
}

#[tokio::test]
async fn ones_own_link_is_shown_as_friends_see_it_however_the_code_is_written() {
    let mut member = invited(Some(of_clinic("cli_1", "confirmed", Some("7K3M9QXF")))).await;
    for code in [CODE, "/i/7k3m9qxf"] {
        let page = member.get(code).await.body;
        assert!(page.contains("내 초대 링크입니다") && page.contains("1,000 포인트</strong>"), "{page}");
        assert!(!page.contains("<form method=\"post\" action=\"/i/"));
    }
}

#[tokio::test]
async fn who_waits_or_belongs_elsewhere_may_join_also_while_their_own_clinics_are_not_known() {
    for mine in [of_clinic("cli_1", "pending", None), of_clinic("cli_2", "confirmed", Some("AB12CD34")), Value::Null] {
        let waits = mine[0]["membership"] == "pending";
        let page = invited(Some(mine)).await.get(CODE).await.body;
        assert_eq!(page.contains("확인을 기다리고 있습니다"), waits);
        assert!(
            page.contains("<form method=\"post\" action=\"/i/7K3M9QXF\"") && page.contains("1,000 포인트</strong>"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn a_preview_names_the_clinic_and_where_it_is_and_a_code_of_nobody_is_not_there() {
    let mut browser = invited(None).await;
    let page = browser.get(CODE).await.body;
    for (property, content) in [
        ("title", "&lt;b&gt;단골&lt;/b&gt;의원 단골 초대"),
        ("description", "단골이 되면 1,000 포인트. 링크를 눌러 단골이 되어 보세요."),
        ("url", "http://localhost/i/7K3M9QXF"),
    ] {
        assert!(page.contains(&format!("<meta property=\"og:{property}\" content=\"{content}\">")), "{property}: {page}");
    }
    assert!(page.contains("<meta property=\"og:image\" content=\"http://localhost/assets/"), "{page}");
    browser.answers("GET /v1/invitations/AAAAAAAA", 404, problem(404, "unknown-code", None));
    assert_eq!(browser.get("/i/AAAAAAAA").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn where_no_phone_can_be_proven_the_field_says_who_can_help() {
    let mut patient = invited(Some(json!([]))).await;
    patient.answers("POST /v1/me/phone/code", 409, problem(409, "phone-proof-off", None));
    let shown = patient.post("/me/phone/code", &[("phone", "010-1234-5678")]).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.body.contains("병원 접수대에서 번호를 확인해 주세요.</p>") && shown.body.contains("value=\"010-1234-5678\""));
}

#[tokio::test]
async fn only_somebody_whom_the_api_knows_for_no_clinic_is_shown_no_way_to_one() {
    let mut browser = Browser::of_clinic("staff").await;
    browser.answers("GET /v1/me", 200, json!({ "name": "이세찬", "phone": null, "clinics": [] }));
    browser.answers("GET /v1/me/friends", 200, json!({ "invited": [], "invitedBy": [], "invitedCount": 0 }));
    browser.answers("GET /v1/me/points", 200, json!({ "items": [] }));
    let to_clinic = console::words::ko::WORDS.me.to_clinic;
    assert!(browser.get("/me").await.body.contains(to_clinic));
    browser.answers("GET /v1/clinic", 403, problem(403, "not-staff", None));
    let shown = browser.get("/me").await;
    assert!(shown.status == StatusCode::OK && !shown.body.contains(to_clinic), "{}", shown.body);
    browser.answers("GET /v1/clinic", 503, problem(503, "unavailable", None));
    assert_eq!(browser.get("/me").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
