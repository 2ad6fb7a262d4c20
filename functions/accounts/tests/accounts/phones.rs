//! Proving a phone. The emulator does not know these calls; the stand-in answers as the documentation says.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use shared::testing::Client;

use crate::stand_in::{CLIENT, Reply, SECRET, StandIn, broken, late, no, yes};
use crate::{begin, names, refusal};

const PHONE: &str = "010-1111-0001";

/// The access token of somebody.
fn token(subject: &str) -> String {
    let part = |claims: Value| URL_SAFE_NO_PAD.encode(claims.to_string());
    format!("{}.{}.signature", part(json!({"alg": "RS256"})), part(json!({"token_use": "access", "sub": subject})))
}

/// What Cognito answers to somebody's refresh token.
fn renewed(access: &str) -> Reply {
    let result = json!({"IdToken": "id-token", "AccessToken": access, "ExpiresIn": 3600, "TokenType": "Bearer"});
    yes("GetTokensFromRefreshToken", json!({ "AuthenticationResult": result }))
}

fn wish() -> Value {
    json!({"phone": PHONE, "refreshToken": "refresh-token"})
}

fn proof() -> Value {
    json!({"code": "123456", "refreshToken": "refresh-token"})
}

fn kim(client: &Client) -> Client {
    client.with_subject("kim")
}

#[tokio::test]
async fn a_phone_is_noted_gets_a_code_and_is_proven_by_it() {
    let (cognito, client) = begin().await;
    let kim = kim(&client);
    let sent = json!({"CodeDeliveryDetails": {"Destination": "+*******0001", "DeliveryMedium": "SMS"}});
    let course =
        [renewed(&token("kim")), yes("UpdateUserAttributes", json!({})), yes("GetUserAttributeVerificationCode", sent)];
    cognito.will(&course);
    assert_eq!(kim.post("/v1/me/phone/code", wish()).await.status, 202);
    let asked = cognito.asked();
    let phone = json!([{"Name": "phone_number", "Value": "+821011110001"}]);
    assert_eq!(asked[0].1, json!({"RefreshToken": "refresh-token", "ClientId": CLIENT, "ClientSecret": SECRET}));
    assert_eq!(asked[1].1, json!({"AccessToken": token("kim"), "UserAttributes": phone}));
    assert_eq!(asked[2].1, json!({"AccessToken": token("kim"), "AttributeName": "phone_number"}));

    cognito.will(&[renewed(&token("kim")), yes("VerifyUserAttribute", json!({}))]);
    assert_eq!(kim.post("/v1/me/phone/verify", proof()).await.status, 204);
    let expected = json!({"AccessToken": token("kim"), "AttributeName": "phone_number", "Code": "123456"});
    assert_eq!(cognito.asked()[1].1, expected);

    // It is proven by now: asking once more must not unprove it.
    let proven = kim.proving(Some("+821011110001"), None);
    assert_eq!(proven.post("/v1/me/phone/code", wish()).await.status, 204);
    assert!(cognito.asked().is_empty());
}

#[tokio::test]
async fn what_cognito_refuses_about_a_phone_is_said() {
    let (cognito, client) = begin().await;
    let kim = kim(&client);
    for (reply, refused) in [
        (no("VerifyUserAttribute", "CodeMismatchException"), (422, "wrong-code")),
        (no("VerifyUserAttribute", "ExpiredCodeException"), (422, "wrong-code")),
        (no("VerifyUserAttribute", "NotAuthorizedException"), (401, "unauthenticated")),
        (no("VerifyUserAttribute", "UserNotFoundException"), (401, "unauthenticated")),
        (no("VerifyUserAttribute", "LimitExceededException"), (429, "too-many-attempts")),
        (no("VerifyUserAttribute", "TooManyRequestsException"), (429, "too-many-attempts")),
        (broken("VerifyUserAttribute"), (503, "sign-in-unavailable")),
    ] {
        cognito.will(&[renewed(&token("kim")), reply.clone()]);
        assert_eq!(refusal(&kim.post("/v1/me/phone/verify", proof()).await), refused, "{reply:?}");
        cognito.asked();
    }
    let noted = yes("UpdateUserAttributes", json!({}));
    for (course, refused) in [
        (vec![no("UpdateUserAttributes", "NotAuthorizedException")], (401, "unauthenticated")),
        (vec![noted.clone(), no("GetUserAttributeVerificationCode", "LimitExceededException")], (429, "too-many-attempts")),
        (
            vec![noted.clone(), no("GetUserAttributeVerificationCode", "InvalidSmsRoleAccessPolicyException")],
            (503, "sign-in-unavailable"),
        ),
        (vec![noted, no("GetUserAttributeVerificationCode", "CodeDeliveryFailureException")], (503, "sign-in-unavailable")),
    ] {
        cognito.will(&[&[renewed(&token("kim"))], &*course].concat());
        assert_eq!(refusal(&kim.post("/v1/me/phone/code", wish()).await), refused, "{course:?}");
        assert_eq!(names(&cognito.asked()).len(), 1 + course.len());
    }
    for (exception, refused) in [
        ("NotAuthorizedException", (401, "unauthenticated")),
        ("InvalidParameterException", (401, "unauthenticated")),
        ("TooManyRequestsException", (429, "too-many-attempts")),
        ("ResourceNotFoundException", (503, "sign-in-unavailable")),
    ] {
        for (path, body) in [("/v1/me/phone/code", wish()), ("/v1/me/phone/verify", proof())] {
            cognito.will(&[no("GetTokensFromRefreshToken", exception)]);
            assert_eq!(refusal(&kim.post(path, body).await), refused, "{exception}");
            cognito.asked();
        }
    }
}

#[tokio::test]
async fn a_proof_whose_answer_was_lost_is_not_sent_again_and_not_called_wrong() {
    let (cognito, client) = StandIn::trying_again().await;
    for lost in [late("VerifyUserAttribute"), broken("VerifyUserAttribute")] {
        cognito.will(&[renewed(&token("kim")), lost]);
        assert_eq!(refusal(&kim(&client).post("/v1/me/phone/verify", proof()).await), (503, "sign-in-unavailable"));
        assert_eq!(names(&cognito.asked()), ["GetTokensFromRefreshToken", "VerifyUserAttribute"]);
    }
}

#[tokio::test]
async fn only_the_caller_s_own_refresh_token_is_taken_and_no_safe_number() {
    let (cognito, client) = begin().await;
    assert_eq!(refusal(&client.post("/v1/me/phone/code", wish()).await), (401, "unauthenticated"));
    assert_eq!(refusal(&client.post("/v1/me/phone/verify", proof()).await), (401, "unauthenticated"));
    let kim = kim(&client);
    for (path, body) in [("/v1/me/phone/code", wish()), ("/v1/me/phone/verify", proof())] {
        cognito.will(&[renewed(&token("lee"))]);
        let answer = kim.post(path, body).await;
        assert_eq!((refusal(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!("refreshToken")));
        assert_eq!(cognito.asked().len(), 1);
    }
    for (path, body) in [("/v1/me/phone/code", wish()), ("/v1/me/phone/verify", proof())] {
        cognito.will(&[renewed("no token at all")]);
        assert_eq!(refusal(&kim.post(path, body).await), (503, "sign-in-unavailable"));
        assert_eq!(cognito.asked().len(), 1);
    }
    for phone in ["0502-1234-5678", "02-555-0101"] {
        let mut body = wish();
        body["phone"] = phone.into();
        let answer = kim.post("/v1/me/phone/code", body).await;
        assert_eq!((refusal(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!("phone")));
    }
    assert!(cognito.asked().is_empty());
}

#[tokio::test]
async fn without_text_messages_no_phone_is_proven() {
    let (cognito, client) = StandIn::with(false, Duration::ZERO).await;
    let kim = kim(&client);
    assert_eq!(refusal(&kim.post("/v1/me/phone/code", wish()).await), (409, "phone-proof-off"));
    assert_eq!(refusal(&kim.post("/v1/me/phone/verify", proof()).await), (409, "phone-proof-off"));
    assert!(cognito.asked().is_empty());
}
