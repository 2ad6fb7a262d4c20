//! Signing in, refreshing, signing out.

use serde_json::{Value, json};

use crate::stand_in::{CLIENT, SECRET, broken, late, no, says, yes};
use crate::{EMAIL, PASSWORD, PROOF, begin, credentials, refresh, refusal, whole};

fn result(refresh: Option<&str>) -> Value {
    json!({"AuthenticationResult": {
        "IdToken": "id-token", "AccessToken": "access-token", "RefreshToken": refresh, "ExpiresIn": 3600, "TokenType": "Bearer",
    }})
}

#[tokio::test]
async fn a_sign_in_gives_tokens_that_no_cache_keeps() {
    let (cognito, client) = begin().await;
    cognito.will(&[yes("InitiateAuth", result(Some("refresh-token")))]);
    let answer = client.post("/v1/sessions", credentials()).await;
    // No access token: with one anybody could ask Cognito itself.
    let tokens = json!({"idToken": "id-token", "refreshToken": "refresh-token", "expiresIn": 3600});
    assert_eq!((answer.status, &answer.json), (200, &tokens));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let expected = json!({
        "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT,
        "AuthParameters": {"USERNAME": "kim@example.com", "PASSWORD": PASSWORD, "SECRET_HASH": PROOF},
    });
    assert_eq!(cognito.asked()[0].1, expected);
}

#[tokio::test]
async fn every_refused_sign_in_is_answered_alike() {
    let (cognito, client) = begin().await;
    let challenge = json!({"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "session", "ChallengeParameters": {}});
    let mut answers = Vec::new();
    for reply in [
        says("InitiateAuth", "NotAuthorizedException", "Incorrect username or password."),
        says("InitiateAuth", "NotAuthorizedException", "Password attempts exceeded"),
        says("InitiateAuth", "NotAuthorizedException", "User is disabled."),
        no("InitiateAuth", "UserNotFoundException"),
        // Cognito answers this whether or not the password is right.
        no("InitiateAuth", "UserNotConfirmedException"),
        no("InitiateAuth", "PasswordResetRequiredException"),
        no("InitiateAuth", "InvalidParameterException"),
        yes("InitiateAuth", challenge),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        let answer = client.post("/v1/sessions", credentials()).await;
        assert_eq!(refusal(&answer), (401, "wrong-credentials"), "{reply:?}");
        answers.push(whole(&answer));
        cognito.asked();
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    for (reply, refused) in [
        (no("InitiateAuth", "TooManyRequestsException"), (429, "too-many-attempts")),
        // The secret was changed: nobody's password is wrong.
        (
            says("InitiateAuth", "NotAuthorizedException", "Unable to verify secret hash for client 1example"),
            (503, "sign-in-unavailable"),
        ),
        (broken("InitiateAuth"), (503, "sign-in-unavailable")),
        (late("InitiateAuth"), (503, "sign-in-unavailable")),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(refusal(&client.post("/v1/sessions", credentials()).await), refused, "{reply:?}");
        cognito.asked();
    }
    // A password that is weak today may be an old one.
    cognito.will(&[yes("InitiateAuth", result(Some("refresh-token")))]);
    assert_eq!(client.post("/v1/sessions", json!({"email": EMAIL, "password": "old"})).await.status, 200);
    cognito.asked();
}

#[tokio::test]
async fn a_refresh_token_gives_new_tokens_until_it_is_void() {
    let (cognito, client) = begin().await;
    cognito.will(&[yes("GetTokensFromRefreshToken", result(None))]);
    let answer = client.post("/v1/sessions/refresh", refresh()).await;
    assert_eq!(answer.json, json!({"idToken": "id-token", "expiresIn": 3600}));
    assert_eq!(answer.headers["cache-control"], "no-store");
    let expected = json!({"RefreshToken": "refresh-token", "ClientId": CLIENT, "ClientSecret": SECRET});
    assert_eq!(cognito.asked()[0].1, expected);

    // Where the pool rotates refresh tokens, the new one is passed on.
    cognito.will(&[yes("GetTokensFromRefreshToken", result(Some("next")))]);
    assert_eq!(client.post("/v1/sessions/refresh", refresh()).await.json["refreshToken"], "next");
    cognito.asked();

    for (reply, refused) in [
        (no("GetTokensFromRefreshToken", "NotAuthorizedException"), (401, "unauthenticated")),
        (no("GetTokensFromRefreshToken", "RefreshTokenReuseException"), (401, "unauthenticated")),
        (no("GetTokensFromRefreshToken", "UserNotFoundException"), (401, "unauthenticated")),
        (no("GetTokensFromRefreshToken", "InvalidParameterException"), (401, "unauthenticated")),
        (no("GetTokensFromRefreshToken", "TooManyRequestsException"), (429, "too-many-attempts")),
        (broken("GetTokensFromRefreshToken"), (503, "sign-in-unavailable")),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(refusal(&client.post("/v1/sessions/refresh", refresh()).await), refused, "{reply:?}");
        cognito.asked();
    }
}

#[tokio::test]
async fn a_session_ends_however_often_it_is_ended() {
    let (cognito, client) = begin().await;
    for reply in [
        yes("RevokeToken", json!({})),
        no("RevokeToken", "NotAuthorizedException"),
        no("RevokeToken", "UnauthorizedException"),
        no("RevokeToken", "UnsupportedTokenTypeException"),
        no("RevokeToken", "InvalidParameterException"),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(client.post("/v1/sessions/end", refresh()).await.status, 204, "{reply:?}");
        let expected = json!({"Token": "refresh-token", "ClientId": CLIENT, "ClientSecret": SECRET});
        assert_eq!(cognito.asked()[0].1, expected);
    }
    for reply in [
        broken("RevokeToken"),
        // The client may end no sessions: the token is as good as before.
        no("RevokeToken", "UnsupportedOperationException"),
        says("RevokeToken", "UnauthorizedException", "Invalid client secret"),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(refusal(&client.post("/v1/sessions/end", refresh()).await), (503, "sign-in-unavailable"), "{reply:?}");
        cognito.asked();
    }
}

#[tokio::test]
async fn a_function_that_starts_while_cognito_does_not_answer_works_a_moment_later() {
    let (cognito, client) = begin().await;
    for reply in [
        broken("DescribeUserPoolClient"),
        late("DescribeUserPoolClient"),
        // The function may not read it: nobody's password is wrong.
        no("DescribeUserPoolClient", "NotAuthorizedException"),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(refusal(&client.post("/v1/sessions", credentials()).await), (503, "sign-in-unavailable"), "{reply:?}");
        assert!(cognito.asked().is_empty());
    }
    for _ in 0..2 {
        cognito.will(&[yes("InitiateAuth", result(Some("refresh-token")))]);
        assert_eq!(client.post("/v1/sessions", credentials()).await.status, 200);
        assert_eq!(cognito.asked()[0].1["AuthParameters"]["SECRET_HASH"], PROOF);
    }
    assert_eq!(cognito.described(), 4, "the secret is read once");
}
