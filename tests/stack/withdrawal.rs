//! Somebody withdraws, and the account is gone.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::clinic;
use crate::support::Stack;

/// The schedule comes each minute.
const PATIENCE: Duration = Duration::from_secs(150);

#[tokio::test]
async fn whoever_withdraws_is_nobody_at_once_and_has_no_account_within_minutes() {
    let stack = Stack::of_environment();
    let (owner, clinic) = clinic(&stack, "withdrawal").await;
    let person = stack.sign_up("leaves@withdrawal.example", "김단골", "+821012340077").await;
    let join = json!({"referralCode": clinic["referralCode"]});
    person.post("/v1/signups", join.clone()).await;

    let unsure = person.send(Method::DELETE, "/v1/me", &[], json!({"confirm": "perhaps"})).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unsure.text);
    let account = json!({"email": "leaves@withdrawal.example", "password": "correct-horse-1"});
    let signed_in = stack.post_anonymously("/v1/sessions", &[], account.clone()).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.text);
    let sure = json!({"confirm": "withdraw"});
    let staff = owner.send(Method::DELETE, "/v1/me", &[], sure.clone()).await;
    assert_eq!(staff.json["type"], "https://dangol.dev/problems/last-owner", "{}", staff.text);
    for _ in 0..2 {
        let answer = person.send(Method::DELETE, "/v1/me", &[], sure.clone()).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
    }
    let again = person.send(Method::POST, "/v1/signups", &[], join).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED, "{}", again.text);
    assert_eq!(owner.list("/v1/members").await, Vec::<serde_json::Value>::new());

    let begun = Instant::now();
    loop {
        let answer = stack.post_anonymously("/v1/sessions", &[], account.clone()).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            break;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert!(begun.elapsed() < PATIENCE, "the account is still there");
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}
