//! Accounts on a stand-in for Cognito that answers as its documentation says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accounts;
mod phones;
mod sessions;
mod stand_in;

use std::time::Duration;

use serde_json::{Value, json};
use shared::testing::{Answer, Client};

use stand_in::StandIn;

/// An address, with capitals.
const EMAIL: &str = "Kim@Example.com";
const PASSWORD: &str = "correct-horse-7";
/// HMAC-SHA256 of `kim@example.com` and the client's id under its secret, reckoned elsewhere.
const PROOF: &str = "qbfoVaPwS3IstA8jwmFKS/f6HjCDZZrYr+XaZF7zFhA=";

async fn begin() -> (StandIn, Client) {
    StandIn::with(true, Duration::ZERO).await
}

/// The kind of a problem, with the status.
fn refusal(answer: &Answer) -> (u16, &str) {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    (answer.status, kind.strip_prefix("https://dangol.dev/problems/").unwrap_or(kind))
}

fn address() -> Value {
    json!({ "email": EMAIL })
}

fn sign_up() -> Value {
    json!({"email": EMAIL, "password": PASSWORD, "name": " 김 단골 ", "phone": "010-1111-0001"})
}

fn credentials() -> Value {
    json!({"email": EMAIL, "password": PASSWORD})
}

fn confirmation() -> Value {
    json!({"email": EMAIL, "code": "123 456", "password": PASSWORD})
}

fn reset() -> Value {
    json!({"email": EMAIL, "code": "123456", "newPassword": PASSWORD})
}

fn refresh() -> Value {
    json!({"refreshToken": "refresh-token"})
}

/// The names of the calls.
fn names(asked: &[(String, Value)]) -> Vec<&str> {
    asked.iter().map(|(operation, _)| &**operation).collect()
}

/// The answer as a whole: what somebody could compare.
fn whole(answer: &Answer) -> (u16, String, Value) {
    (answer.status, format!("{:?}", answer.headers), answer.json.clone())
}
