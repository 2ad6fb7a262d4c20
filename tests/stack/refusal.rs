//! What the deployed API refuses, and how it says so.

use reqwest::Method;
use serde_json::{Value, json};

use crate::clinic;
use crate::support::Stack;

#[tokio::test]
async fn without_a_token_of_ours_nothing_is_answered() {
    let stack = Stack::of_environment();
    let forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.";
    for headers in [&[][..], &[("Authorization", "Bearer nonsense")][..], &[("Authorization", forged)][..]] {
        for path in ["/v1/clinic", "/v1/customers", "/v1/me", "/v1/stats"] {
            let answer = stack.anonymous(Method::GET, path, headers).await;
            assert_eq!(answer.status, 401, "{path} {headers:?}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_named_in_the_callers_language() {
    let stack = Stack::of_environment();
    let (owner, _) = clinic(&stack, "fields").await;
    let body = json!({"name": "홍길동", "phone": "010-1234-5678", "clinicId": "cli_1"});
    let answer = owner.send(Method::POST, "/v1/customers", &[("Accept-Language", "en")], body).await;
    assert_eq!((answer.status.as_u16(), &answer.json["field"]), (422, &json!("clinicId")), "{}", answer.text);
    assert_eq!(
        (&answer.json["title"], &answer.headers["content-type"]),
        (&json!("Check the input."), &"application/problem+json".parse().unwrap())
    );
}

#[tokio::test]
async fn a_person_without_a_clinic_is_told_what_to_do() {
    let stack = Stack::of_environment();
    let somebody = stack.sign_up("nobody@user.example", "아무개", "+821011119999").await;
    let answer = somebody.send(Method::GET, "/v1/customers", &[], Value::Null).await;
    assert_eq!((answer.status.as_u16(), &answer.json["type"]), (403, &json!("https://dangol.dev/problems/not-staff")));
}

#[tokio::test]
async fn nobody_sends_in_another_clinics_name() {
    let stack = Stack::of_environment();
    let (_, real) = clinic(&stack, "original").await;
    let (imposter, _) = clinic(&stack, "imposter").await;
    let answer = imposter.send(Method::PATCH, "/v1/clinic", &[], json!({"senderKey": real["senderKey"]})).await;
    assert_eq!((answer.status.as_u16(), &answer.json["type"]), (409, &json!("https://dangol.dev/problems/sender-key-taken")));
}
