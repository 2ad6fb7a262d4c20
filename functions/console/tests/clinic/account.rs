//! Signing up, and lost passwords.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::standin::{Browser, problem};

const WHO: [(&str, &str); 3] = [("email", "kim@example.com"), ("name", "김단골"), ("next", "/i/7K3M9QXF")];

fn signed_in() -> Value {
    json!({ "idToken": "id", "refreshToken": "refresh", "expiresIn": 3600 })
}

#[tokio::test]
async fn signing_up_leads_back_to_the_invitation_with_the_address_in_no_url_and_the_password_asked_for_once() {
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/accounts", 202, Value::Null);
    let shown = browser.post("/sign-up", &WHO).await;
    assert_eq!((shown.status, shown.location.as_str()), (StatusCode::SEE_OTHER, "/sign-up/confirm?next=%2Fi%2F7K3M9QXF"));
    let asked = browser.asked();
    assert_eq!((&asked[0].1["email"], &asked[0].1["phone"]), (&json!("kim@example.com"), &Value::Null));
    let unknown = asked[0].1["password"].as_str().unwrap().to_owned();
    assert_eq!(unknown.len(), 50);

    let page = browser.get(&shown.location).await.body;
    assert!(page.contains("kim@example.com") && !page.contains(&unknown));

    browser.answers("POST /v1/accounts/confirm", 204, Value::Null);
    browser.answers("POST /v1/sessions", 200, signed_in());
    let code = [("email", "kim@example.com"), ("code", "123456"), ("password", "correct-horse-7"), ("next", "/i/7K3M9QXF")];
    let shown = browser.post("/sign-up/confirm", &code).await;
    assert_eq!((shown.status, shown.location.as_str()), (StatusCode::SEE_OTHER, "/i/7K3M9QXF"));
    assert!(browser.keeps("__Host-dangol-id") && !browser.keeps("__Host-dangol-address"));
    assert_eq!(browser.asked()[0].1["password"], "correct-horse-7");
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_stands_beside_its_field_and_what_was_typed_stays() {
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/accounts", 422, problem(422, "invalid-input", Some("email")));
    let shown = browser.post("/sign-up", &[("email", "\"><script>"), ("name", "김")]).await;
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(shown.body.contains("id=\"field-email-error\">detail<") && !shown.body.contains("<script>"));
    assert!(shown.body.contains("value=\"김\""));

    for (code, field) in [("wrong-code", "code"), ("weak-password", "password")] {
        browser.answers("POST /v1/accounts/confirm", 422, problem(422, code, None));
        let shown = browser.post("/sign-up/confirm", &[("email", "kim@example.com"), ("password", "hunter22")]).await;
        assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(shown.body.contains(&format!("id=\"field-{field}-error\">title of {code}")), "{}", shown.body);
        assert!(!shown.body.contains("hunter22"), "a password is never shown again");
    }
}

#[tokio::test]
async fn after_a_lost_answer_the_page_says_that_the_code_may_be_used_up() {
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/accounts/confirm", 503, problem(503, "sign-in-unavailable", None));
    let shown = browser.post("/sign-up/confirm", &[("email", "kim@example.com"), ("code", "123456")]).await;
    assert!(shown.body.contains("코드가 이미 사용되었을 수 있습니다") && shown.body.contains("/password/reset"));
}

#[tokio::test]
async fn a_form_with_an_outdated_token_comes_back_filled_and_nothing_is_asked_of_the_api() {
    let mut browser = Browser::open().await;
    let shown = browser.post_with("/sign-up", "of-yesterday", &WHO).await;
    assert!(shown.status.is_success() && shown.body.contains("value=\"kim@example.com\""));
    assert!(browser.asked().is_empty());
}

#[tokio::test]
async fn nobody_is_led_out_of_the_site_after_signing_in() {
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/password/reset", 204, Value::Null);
    browser.answers("POST /v1/sessions", 200, signed_in());
    let form = [("email", "kim@example.com"), ("code", "1"), ("password", "correct-horse-7"), ("next", "//evil.example/")];
    let shown = browser.post("/password/reset", &form).await;
    assert_eq!((shown.status, shown.location.as_str()), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(browser.asked()[0].1["newPassword"], "correct-horse-7");
}

#[tokio::test]
async fn whoever_is_confirmed_but_cannot_be_signed_in_is_asked_to_sign_in() {
    let mut browser = Browser::open().await;
    browser.answers("POST /v1/accounts/confirm", 204, Value::Null);
    browser.answers("POST /v1/sessions", 503, problem(503, "sign-in-unavailable", None));
    let shown = browser.post("/sign-up/confirm", &[("email", "kim@example.com"), ("next", "/me")]).await;
    assert_eq!(shown.location, "/sign-in?next=%2Fme");
}

#[tokio::test]
async fn a_clinic_begins_with_a_name_and_a_second_press_leads_to_it() {
    let mut browser = Browser::of_clinic("owner").await;
    assert_eq!(browser.get("/start").await.location, "/", "there is a clinic already");
    browser.answers("GET /v1/clinic", 403, problem(403, "not-staff", None));
    browser.answers("GET /v1/me", 200, json!({ "clinics": [{ "clinicId": "cli_1" }] }));
    assert_eq!(browser.get("/start").await.location, "/me", "a patient");
    browser.answers("GET /v1/me", 200, json!({ "clinics": [] }));
    let choices = browser.get("/start").await.body;
    assert!(choices.contains("href=\"/start?as=clinic\"") && !choices.contains("id=\"register\""), "{choices}");
    assert!(browser.get("/start?as=clinic").await.body.contains("id=\"register\""));
    browser.asked();

    browser.answers("POST /v1/clinics", 201, Value::Null);
    let fields = [("name", "단골의원"), ("senderKey", " "), ("linkHosts", "https://www.a.kr/x\r\nb.kr")];
    assert_eq!(browser.post("/start", &fields).await.location, "/");
    let body = json!({ "name": "단골의원", "senderKey": null, "senderPhone": null, "linkHosts": ["www.a.kr", "b.kr"] });
    assert_eq!(browser.asked().pop().unwrap().1, body);

    browser.answers("POST /v1/clinics", 409, problem(409, "already-staff", None));
    assert_eq!(browser.post("/start", &fields).await.location, "/");
    browser.answers("POST /v1/clinics", 409, problem(409, "sender-key-taken", None));
    assert!(browser.post("/start", &fields).await.body.contains("field-senderKey-error"));
}
