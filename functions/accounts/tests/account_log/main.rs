//! What is logged of accounts. Alone in its process: another test could switch lines off while this one listens.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "../accounts/stand_in.rs"]
mod stand_in;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use stand_in::{SECRET, StandIn, broken, no, yes};

const EMAIL: &str = "Kim@Example.com";
const PASSWORD: &str = "correct-horse-7";

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_that_somebody_typed_is_in_the_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::TRACE);
    let _guard = tracing::subscriber::set_default(subscriber.with_writer(move || writer.clone()).finish());
    let (cognito, client) = StandIn::with(true, Duration::ZERO).await;
    let sign_up = json!({"email": EMAIL, "password": PASSWORD, "name": "김단골", "phone": "010-1111-0001"});
    let confirmation = json!({"email": EMAIL, "code": "123456", "password": PASSWORD});
    let credentials = json!({"email": EMAIL, "password": PASSWORD});
    let reset = json!({"email": EMAIL, "code": "123456", "newPassword": PASSWORD});
    let given = json!({"AuthenticationResult": {"IdToken": "id-token", "AccessToken": "access-token", "ExpiresIn": 3600}});
    for (path, wish, course) in [
        ("/v1/accounts", sign_up.clone(), vec![yes("SignUp", json!({"UserConfirmed": false, "UserSub": "sub"}))]),
        (
            "/v1/accounts",
            sign_up.clone(),
            vec![no("SignUp", "UsernameExistsException"), yes("ResendConfirmationCode", json!({}))],
        ),
        ("/v1/accounts", sign_up.clone(), vec![no("SignUp", "CodeDeliveryFailureException")]),
        (
            "/v1/accounts/confirm",
            confirmation,
            vec![yes("ConfirmSignUp", json!({})), yes("AdminSetUserPassword", json!({})), broken("AdminUserGlobalSignOut")],
        ),
        ("/v1/sessions", credentials.clone(), vec![yes("InitiateAuth", given)]),
        ("/v1/sessions", credentials.clone(), vec![no("InitiateAuth", "NotAuthorizedException")]),
        ("/v1/sessions", credentials.clone(), vec![yes("InitiateAuth", json!({"ChallengeName": "SMS_MFA"}))]),
        ("/v1/sessions/end", json!({"refreshToken": "refresh-token"}), vec![yes("RevokeToken", json!({}))]),
        ("/v1/password/forgot", json!({"email": EMAIL}), vec![broken("ForgotPassword")]),
        ("/v1/password/reset", reset, vec![yes("ConfirmForgotPassword", json!({})), yes("AdminUserGlobalSignOut", json!({}))]),
    ] {
        cognito.will(&course);
        client.post(path, wish).await;
        cognito.asked();
    }
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // What the SDK and the network library say in detail is switched off by `LogLevel`, which is never below `info`.
    let ours: Vec<_> = log.lines().filter(|line| line.contains("\"event\":")).collect();
    for event in [
        "account.made",
        "account.known",
        "account.code_not_sent",
        "account.confirmed",
        "sessions.not_ended",
        "session.begun",
        "session.refused",
        "session.challenged",
        "session.ended",
        "password.reset",
        "sign_in.unavailable",
    ] {
        assert!(ours.iter().any(|line| line.contains(&format!("\"event\":\"{event}\""))), "{event} is not in the log");
    }
    let levels = ["\"level\":\"INFO\"", "\"level\":\"WARN\"", "\"level\":\"ERROR\""];
    let told = log.lines().filter(|line| levels.iter().any(|level| line.contains(level))).collect::<Vec<_>>().join("\n");
    for secret in ["kim", "Kim", "example.com", "horse", "123456", "김", "1111", "token", SECRET] {
        assert!(!told.contains(secret), "{secret} is in the log: {told}");
    }
}
