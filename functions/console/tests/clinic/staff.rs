//! Colleagues and invitations of them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Browser, problem};

const LINK: &str = "https://console.example.com/staff-invitations/3f0c5b7a";

fn colleagues() -> Value {
    let person = |id: &str, name: &str, role: &str, you: bool| json!({ "id": id, "name": name, "role": role, "since": "2026-11-20T15:30:00Z", "you": you });
    json!({ "items": [person("stf_1", "김원장", "owner", true), person("stf_2", "<script>alert(1)</script>", "staff", false)] })
}

#[tokio::test]
async fn an_owner_changes_everybody_and_a_colleague_nobody_but_themselves() {
    let mut owner = Browser::of_clinic("owner").await;
    owner.answers("GET /v1/staff", 200, colleagues());
    let page = owner.get("/staff").await.body;
    assert!(page.contains("/staff/stf_2\"") && page.contains("/audit?staff=stf_2") && page.contains("2026-11-21"));
    assert!(!page.contains("<script>alert"));

    let mut colleague = Browser::of_clinic("staff").await;
    colleague.answers("GET /v1/staff", 200, colleagues());
    let page = colleague.get("/staff").await.body;
    assert!(
        page.contains("/staff/stf_1\"")
            && !page.contains("/staff/stf_2\"")
            && !page.contains("/audit")
            && !page.contains("/staff/invitations")
    );
    assert_eq!(colleague.get("/staff/stf_2").await.status, StatusCode::NOT_FOUND);
    let own = colleague.get("/staff/stf_1").await.body;
    assert!(own.contains("병원 나가기") && !own.contains("id=\"field-role\""));
}

#[tokio::test]
async fn the_link_of_an_invitation_is_shown_once_and_stands_in_no_address() {
    let mut browser = Browser::of_clinic("owner").await;
    let made = json!({ "id": "inv_1", "link": LINK, "expiresAt": "2026-11-28T03:00:00Z" });
    browser.answers("POST /v1/staff/invitations", 201, made);
    let shown = browser.post("/staff/invitations/new", &[("name", "박간호사"), ("role", "staff")]).await;
    assert!(shown.status == StatusCode::OK && shown.body.contains(LINK) && shown.body.contains("2026-11-28 12:00"));
    assert!(!browser.get("/staff/invitations/new").await.body.contains(LINK));

    browser.answers("POST /v1/staff/invitations", 409, problem(409, "too-many-invitations", None));
    let shown = browser.post("/staff/invitations/new", &[("name", "박간호사"), ("role", "owner")]).await;
    assert!(shown.body.contains("title of too-many-invitations") && shown.body.contains("<option value=\"owner\" selected"));
}

#[tokio::test]
async fn the_last_owner_is_told_so_beside_the_role() {
    let mut browser = Browser::of_clinic("owner").await;
    browser.answers("GET /v1/staff", 200, colleagues());
    browser.answers("PATCH /v1/staff/stf_1", 409, problem(409, "last-owner", None));
    let shown = browser.post("/staff/stf_1", &[("name", "김원장"), ("role", "staff")]).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.body.contains("id=\"field-role-error\">title of last-owner"));
}

#[tokio::test]
async fn an_invitation_waits_for_the_sign_in_and_is_accepted_with_a_button_alone() {
    let open = json!({ "clinicName": "<b>단골</b>의원" });
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/staff/invitations/preview", 200, open.clone());
    let page = browser.get("/staff-invitations/3f0c").await.body;
    assert!(page.contains("&lt;b&gt;단골&lt;/b&gt;의원에서 직원으로 초대했습니다"), "{page}");
    assert!(
        page.contains("/sign-in?next=%2Fstaff-invitations%2F3f0c")
            && page.contains("/sign-up?next=%2Fstaff-invitations%2F3f0c")
    );
    let asked = ("POST /v1/staff/invitations/preview".to_owned(), json!({ "token": "3f0c" }));
    assert_eq!(browser.asked(), [asked], "and opening a link accepts nothing");
    browser.answers("POST /v1/staff/invitations/preview", 404, problem(404, "unknown-invitation", None));
    assert_eq!(browser.get("/staff-invitations/3f0c").await.status, StatusCode::NOT_FOUND);

    let mut browser = Browser::of_clinic("owner").await;
    browser.answers("POST /v1/staff/invitations/preview", 200, open);
    assert!(browser.get("/staff-invitations/3f0c").await.body.contains("lee@example.com"));
    let accepted = json!({ "staffId": "stf_3", "clinicId": "cli_1", "clinicName": "단골의원", "role": "staff" });
    browser.answers("POST /v1/staff/invitations/accept", 200, accepted);
    assert_eq!(browser.post("/staff-invitations/3f0c", &[]).await.location, "/");
    assert_eq!(browser.asked().pop().unwrap().1, json!({ "token": "3f0c" }));

    browser.answers("POST /v1/staff/invitations/accept", 404, problem(404, "unknown-invitation", None));
    let shown = browser.post("/staff-invitations/3f0c", &[]).await;
    assert!(shown.status == StatusCode::NOT_FOUND && shown.body.contains("새 링크를 부탁해 주세요"));
    browser.answers("POST /v1/staff/invitations/accept", 409, problem(409, "already-staff", None));
    assert!(browser.post("/staff-invitations/3f0c", &[]).await.body.contains("title of already-staff"));
}

#[tokio::test]
async fn buttons_whose_session_ended_lead_back_to_where_they_are() {
    let mut browser = Browser::of_clinic("owner").await;
    for (path, back) in [
        ("/staff/stf_2/remove", "/staff/stf_2"),
        ("/staff/invitations/inv_1/revoke", "/staff/invitations"),
        ("/settings/points", "/settings"),
        ("/sign-up/resend", "/sign-up/confirm"),
    ] {
        assert_eq!(browser.get(path).await.location, back, "{path}");
    }
    for (path, back) in [("/staff/stf_2/remove", "/staff/stf_2"), ("/staff/invitations/inv_1/revoke", "/staff/invitations")] {
        browser.asked();
        assert_eq!(browser.post_with(path, "of-yesterday", &[]).await.location, back);
        assert!(browser.asked().is_empty(), "nothing is taken away unasked");
    }
}
