//! Signing up, confirming, forgetting.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::stand_in::{CLIENT, POOL, Reply, StandIn, broken, late, no, yes};
use crate::{EMAIL, PASSWORD, PROOF, address, begin, confirmation, names, refusal, reset, sign_up, whole};

#[tokio::test]
async fn a_sign_up_tells_cognito_who_it_is_and_proves_that_it_is_the_client() {
    let (cognito, client) = begin().await;
    cognito.will(&[yes("SignUp", json!({"UserConfirmed": false, "UserSub": "sub"}))]);
    let answer = client.post("/v1/accounts", sign_up()).await;
    assert_eq!((answer.status, &answer.json), (202, &json!(null)));
    let (_, asked) = cognito.asked().remove(0);
    let expected = json!({
        "ClientId": CLIENT, "SecretHash": PROOF, "Username": "kim@example.com", "Password": PASSWORD,
        "UserAttributes": [
            {"Name": "email", "Value": "kim@example.com"}, {"Name": "name", "Value": "김 단골"},
            {"Name": "phone_number", "Value": "+821011110001"},
        ],
    });
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn an_address_that_has_an_account_is_answered_like_a_new_one_and_only_its_owner_is_told() {
    let (cognito, client) = begin().await;
    cognito.will(&[yes("SignUp", json!({"UserConfirmed": false, "UserSub": "sub"}))]);
    let fresh = client.post("/v1/accounts", sign_up()).await;
    cognito.asked();

    let known = no("SignUp", "UsernameExistsException");
    let confirmed = no("ResendConfirmationCode", "InvalidParameterException");
    let courses: [&[Reply]; 8] = [
        // Not confirmed yet: the code once more.
        &[known.clone(), yes("ResendConfirmationCode", json!({}))],
        &[known.clone(), no("ResendConfirmationCode", "LimitExceededException")],
        // Confirmed: a code by which the password can be set anew.
        &[known.clone(), confirmed.clone(), yes("ForgotPassword", json!({}))],
        &[known.clone(), confirmed.clone(), no("ForgotPassword", "LimitExceededException")],
        &[known.clone(), confirmed, no("ForgotPassword", "NotAuthorizedException")],
        &[known.clone(), no("ResendConfirmationCode", "CodeDeliveryFailureException")],
        // A new one, and no mail can be sent: to nobody, so that this says nothing either.
        &[no("SignUp", "LimitExceededException")],
        &[no("SignUp", "CodeDeliveryFailureException")],
    ];
    for course in courses {
        cognito.will(course);
        let answer = client.post("/v1/accounts", sign_up()).await;
        assert_eq!(whole(&answer), whole(&fresh));
        assert_eq!(cognito.asked().len(), course.len());
    }
}

#[tokio::test]
async fn what_cannot_be_signed_up_is_refused_before_cognito_is_asked() {
    let (cognito, client) = begin().await;
    for (field, value, refused) in [
        ("password", json!("tooshort1"), (422, "weak-password")),
        ("password", json!("NO-LOWER-CASE-1"), (422, "weak-password")),
        ("password", json!(" correct-horse-7"), (422, "weak-password")),
        ("password", json!("a1".repeat(129)), (422, "invalid-input")),
        ("email", json!("kim"), (422, "invalid-input")),
        ("name", json!(" "), (422, "invalid-input")),
        ("phone", json!("02-555-0101"), (422, "invalid-input")),
        ("clinicId", json!("x"), (422, "invalid-input")),
    ] {
        let mut wish = sign_up();
        wish[field] = value;
        let answer = client.post("/v1/accounts", wish).await;
        assert_eq!(refusal(&answer), refused, "{field}");
        if refused.1 == "invalid-input" {
            assert_eq!(answer.json["field"], field);
        }
    }
    let answer = client.post("/v1/accounts", json!({"email": "김@example.com", "password": PASSWORD, "name": "김"})).await;
    assert!(answer.json["detail"].as_str().unwrap().contains("이메일 주소가 아닙니다"), "{}", answer.json);
    assert!(cognito.asked().is_empty());
}

#[tokio::test]
async fn what_cognito_refuses_of_a_sign_up_is_said() {
    let (cognito, client) = begin().await;
    for (reply, refused) in [
        (no("SignUp", "InvalidPasswordException"), (422, "weak-password")),
        (no("SignUp", "InvalidParameterException"), (422, "invalid-input")),
        (no("SignUp", "TooManyRequestsException"), (429, "too-many-attempts")),
        (no("SignUp", "NotAuthorizedException"), (503, "sign-in-unavailable")),
        (no("SignUp", "ResourceNotFoundException"), (503, "sign-in-unavailable")),
        (broken("SignUp"), (503, "sign-in-unavailable")),
        (late("SignUp"), (503, "sign-in-unavailable")),
    ] {
        cognito.will(std::slice::from_ref(&reply));
        assert_eq!(refusal(&client.post("/v1/accounts", sign_up()).await), refused, "{reply:?}");
        cognito.asked();
    }
}

#[tokio::test]
async fn a_code_confirms_an_account_and_whoever_has_it_decides_the_password() {
    let (cognito, client) = begin().await;
    let mut wish = confirmation();
    let course = [
        yes("ConfirmSignUp", json!({})),
        yes("AdminSetUserPassword", json!({})),
        no("AdminUserGlobalSignOut", "InternalErrorException"),
    ];
    cognito.will(&course);
    assert_eq!(client.post("/v1/accounts/confirm", wish.clone()).await.status, 204);
    let asked = cognito.asked();
    let expected =
        json!({"ClientId": CLIENT, "SecretHash": PROOF, "Username": "kim@example.com", "ConfirmationCode": "123456"});
    assert_eq!(asked[0].1, expected);
    let expected = json!({"UserPoolId": POOL, "Username": "kim@example.com", "Password": PASSWORD, "Permanent": true});
    assert_eq!(asked[1].1, expected);
    assert_eq!(asked[2].1, json!({"UserPoolId": POOL, "Username": "kim@example.com"}));

    // A wrong code changes nothing, and without a password, or with a weak one, not even the code is used up.
    cognito.will(&[no("ConfirmSignUp", "CodeMismatchException")]);
    assert_eq!(refusal(&client.post("/v1/accounts/confirm", wish.clone()).await), (422, "wrong-code"));
    cognito.asked();
    wish["password"] = "weak".into();
    assert_eq!(refusal(&client.post("/v1/accounts/confirm", wish).await), (422, "weak-password"));
    let answer = client.post("/v1/accounts/confirm", json!({"email": EMAIL, "code": "123456"})).await;
    assert_eq!((refusal(&answer), &answer.json["field"]), ((422, "invalid-input"), &json!("password")));
    assert!(cognito.asked().is_empty());
}

#[tokio::test]
async fn a_code_whose_answer_was_lost_is_not_sent_again_and_not_called_wrong() {
    let (cognito, client) = StandIn::trying_again().await;
    for lost in [late as fn(&'static str) -> Reply, broken] {
        // It was confirmed: a second try would be refused as if the code were wrong.
        cognito.will(&[lost("ConfirmSignUp")]);
        assert_eq!(refusal(&client.post("/v1/accounts/confirm", confirmation()).await), (503, "sign-in-unavailable"));
        assert_eq!(names(&cognito.asked()), ["ConfirmSignUp"]);

        // The password may be set, so whoever was signed in with the old one is so no more.
        cognito.will(&[lost("ConfirmForgotPassword"), yes("AdminUserGlobalSignOut", json!({}))]);
        assert_eq!(refusal(&client.post("/v1/password/reset", reset()).await), (503, "sign-in-unavailable"));
        assert_eq!(names(&cognito.asked()), ["ConfirmForgotPassword", "AdminUserGlobalSignOut"]);
    }
    // Nothing was set, for whatever reason: nobody is signed out by a code that may be a guess.
    for exception in ["ResourceNotFoundException", "TooManyRequestsException", "CodeMismatchException"] {
        cognito.will(&[no("ConfirmForgotPassword", exception)]);
        assert!(client.post("/v1/password/reset", reset()).await.status >= 400);
        assert_eq!(names(&cognito.asked()), ["ConfirmForgotPassword"]);
    }
    // What can be done twice is tried again.
    let course = [
        yes("ConfirmSignUp", json!({})),
        broken("AdminSetUserPassword"),
        late("AdminSetUserPassword"),
        yes("AdminSetUserPassword", json!({})),
        broken("AdminUserGlobalSignOut"),
        yes("AdminUserGlobalSignOut", json!({})),
    ];
    cognito.will(&course);
    assert_eq!(client.post("/v1/accounts/confirm", confirmation()).await.status, 204);
    assert_eq!(cognito.asked().len(), course.len());
}

#[tokio::test]
async fn a_wrong_code_is_answered_alike_whatever_is_wrong_with_it_or_with_the_account() {
    let (cognito, client) = begin().await;
    for (path, operation, wish) in
        [("/v1/accounts/confirm", "ConfirmSignUp", confirmation()), ("/v1/password/reset", "ConfirmForgotPassword", reset())]
    {
        let mut answers = Vec::new();
        for exception in [
            "CodeMismatchException",
            "ExpiredCodeException",
            "NotAuthorizedException",
            "UserNotFoundException",
            "UserNotConfirmedException",
            "AliasExistsException",
            "InvalidParameterException",
            "TooManyFailedAttemptsException",
            "LimitExceededException",
        ] {
            cognito.will(&[no(operation, exception)]);
            let answer = client.post(path, wish.clone()).await;
            assert_eq!(refusal(&answer), (422, "wrong-code"), "{exception}");
            answers.push(whole(&answer));
            cognito.asked();
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        for (reply, refused) in [
            (no(operation, "TooManyRequestsException"), (429, "too-many-attempts")),
            (broken(operation), (503, "sign-in-unavailable")),
        ] {
            cognito.will(&[reply]);
            assert_eq!(refusal(&client.post(path, wish.clone()).await), refused);
            cognito.asked();
        }
    }
}

#[tokio::test]
async fn who_asks_for_a_code_never_learns_whether_one_was_sent() {
    let (cognito, client) = begin().await;
    let resend = |exception| no("ResendConfirmationCode", exception);
    let courses: [(&str, &[Reply]); 9] = [
        ("/v1/accounts/resend", &[yes("ResendConfirmationCode", json!({}))]),
        ("/v1/accounts/resend", &[resend("InvalidParameterException")]),
        ("/v1/accounts/resend", &[resend("LimitExceededException")]),
        ("/v1/accounts/resend", &[resend("UserNotFoundException")]),
        ("/v1/accounts/resend", &[resend("CodeDeliveryFailureException")]),
        ("/v1/password/forgot", &[yes("ForgotPassword", json!({}))]),
        ("/v1/password/forgot", &[no("ForgotPassword", "LimitExceededException")]),
        // The address is not confirmed: what it needs is the code that confirms it.
        ("/v1/password/forgot", &[no("ForgotPassword", "InvalidParameterException"), yes("ResendConfirmationCode", json!({}))]),
        ("/v1/password/forgot", &[no("ForgotPassword", "UserNotFoundException"), resend("UserNotFoundException")]),
    ];
    for (path, course) in courses {
        cognito.will(course);
        let answer = client.post(path, address()).await;
        assert_eq!((answer.status, &answer.json), (202, &json!(null)), "{course:?}");
        let asked = cognito.asked();
        assert_eq!(asked.len(), course.len());
        assert!(asked.iter().all(|(_, body)| body["Username"] == "kim@example.com" && body["SecretHash"] == PROOF));
    }
    for path in ["/v1/accounts/resend", "/v1/password/forgot"] {
        let operation = if path.ends_with("resend") { "ResendConfirmationCode" } else { "ForgotPassword" };
        cognito.will(&[broken(operation)]);
        assert_eq!(refusal(&client.post(path, address()).await), (503, "sign-in-unavailable"));
        cognito.asked();
    }
}

#[tokio::test]
async fn answers_that_must_not_tell_take_their_time() {
    let floor = Duration::from_millis(300);
    let (cognito, client) = StandIn::with(true, floor).await;
    let known = [no("SignUp", "UsernameExistsException"), yes("ResendConfirmationCode", json!({}))];
    let courses: [(&str, _, &[Reply]); 4] = [
        ("/v1/accounts", sign_up(), &[yes("SignUp", json!({"UserConfirmed": false, "UserSub": "sub"}))]),
        ("/v1/accounts", sign_up(), &known),
        ("/v1/accounts/resend", address(), &[yes("ResendConfirmationCode", json!({}))]),
        ("/v1/password/forgot", address(), &[yes("ForgotPassword", json!({}))]),
    ];
    for (path, wish, course) in courses {
        cognito.will(course);
        let begun = Instant::now();
        assert_eq!(client.post(path, wish).await.status, 202);
        assert!(begun.elapsed() >= floor, "{path} answered after {:?}", begun.elapsed());
    }
    assert_eq!(cognito.asked().len(), 5);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let (cognito, client) = begin().await;
    cognito.will(&[yes("ConfirmForgotPassword", json!({})), yes("AdminUserGlobalSignOut", json!({}))]);
    assert_eq!(client.post("/v1/password/reset", reset()).await.status, 204);
    let asked = cognito.asked();
    assert_eq!(names(&asked), ["ConfirmForgotPassword", "AdminUserGlobalSignOut"]);
    let expected = json!({
        "ClientId": CLIENT, "SecretHash": PROOF, "Username": "kim@example.com", "ConfirmationCode": "123456",
        "Password": PASSWORD,
    });
    assert_eq!(asked[0].1, expected);

    for exception in ["InvalidPasswordException", "PasswordHistoryPolicyViolationException"] {
        cognito.will(&[no("ConfirmForgotPassword", exception)]);
        assert_eq!(refusal(&client.post("/v1/password/reset", reset()).await), (422, "weak-password"));
        cognito.asked();
    }
    let weak = json!({"email": EMAIL, "code": "123456", "newPassword": "weak"});
    assert_eq!(refusal(&client.post("/v1/password/reset", weak).await), (422, "weak-password"));
    assert!(cognito.asked().is_empty());
}
