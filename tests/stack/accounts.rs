//! Accounts from the sign-up to the forgotten password, with the codes that the mails hold.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, Stack};

const PASSWORD: &str = "correct-horse-1";
const WRONG: &str = "000000";

async fn ask(stack: &Stack, path: &str, body: Value) -> Answer {
    stack.post_anonymously(path, &[("Accept-Language", "en")], body).await
}

/// Asks for something that is done, whatever the status of its answer.
async fn done(stack: &Stack, path: &str, status: u16, body: Value) -> Value {
    let answer = ask(stack, path, body).await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
    answer.json
}

/// Asks for something that is refused as such a kind.
async fn refused(stack: &Stack, path: &str, kind: &str, body: Value) -> Answer {
    let answer = ask(stack, path, body).await;
    assert_eq!(answer.json["type"], format!("https://dangol.dev/problems/{kind}"), "{path}: {} {}", answer.status, answer.text);
    answer
}

/// The six digits of the newest mail to somebody.
async fn newest_code(stack: &Stack, email: &str) -> String {
    let mails = stack.mails_to(email).await;
    let text = mails.last().unwrap_or_else(|| panic!("no mail to {email}"));
    let digits = text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 6);
    digits.unwrap_or_else(|| panic!("no code in {text}")).to_owned()
}

fn text<'a>(tokens: &'a Value, name: &str) -> &'a str {
    tokens[name].as_str().unwrap_or_else(|| panic!("no {name}: {tokens}"))
}

#[tokio::test]
async fn an_account_lives_from_its_sign_up_to_a_new_password() {
    let stack = Stack::of_environment();
    let email = "life@account.example";
    let wish = json!({"email": "Life@Account.example", "password": PASSWORD, "name": "김단골", "phone": "010-1111-0009"});
    done(&stack, "/v1/accounts", 202, wish).await;
    let credentials = json!({"email": email, "password": PASSWORD});
    refused(&stack, "/v1/sessions", "wrong-credentials", credentials.clone()).await;

    let confirmation = |code: &str| json!({"email": email, "code": code, "password": PASSWORD});
    refused(&stack, "/v1/accounts/confirm", "wrong-code", confirmation(WRONG)).await;
    done(&stack, "/v1/accounts/resend", 202, json!({"email": email})).await;
    assert_eq!(stack.mails_to(email).await.len(), 2);
    let code = newest_code(&stack, email).await;
    refused(&stack, "/v1/accounts/confirm", "invalid-input", json!({"email": email, "code": code})).await;
    done(&stack, "/v1/accounts/confirm", 204, confirmation(&code)).await;
    refused(&stack, "/v1/accounts/confirm", "wrong-code", confirmation(&code)).await;

    let wrong = json!({"email": email, "password": "correct-horse-2"});
    assert_eq!(refused(&stack, "/v1/sessions", "wrong-credentials", wrong).await.status, StatusCode::UNAUTHORIZED);
    let first = done(&stack, "/v1/sessions", 200, credentials.clone()).await;
    assert_eq!((&first["expiresIn"], first.get("accessToken")), (&json!(3600), None));
    let me = stack.signed_in(text(&first, "idToken")).get("/v1/me").await;
    assert_eq!((&me["name"], &me["clinics"]), (&json!("김단골"), &json!([])));

    let refresh = json!({"refreshToken": first["refreshToken"]});
    let second = done(&stack, "/v1/sessions/refresh", 200, refresh.clone()).await;
    stack.signed_in(text(&second, "idToken")).get("/v1/me").await;
    done(&stack, "/v1/sessions/end", 204, refresh.clone()).await;
    done(&stack, "/v1/sessions/end", 204, refresh.clone()).await;
    refused(&stack, "/v1/sessions/refresh", "unauthenticated", refresh).await;

    let third = done(&stack, "/v1/sessions", 200, credentials.clone()).await;
    done(&stack, "/v1/password/forgot", 202, json!({"email": email})).await;
    let code = newest_code(&stack, email).await;
    let reset = |code: &str, password: &str| json!({"email": email, "code": code, "newPassword": password});
    refused(&stack, "/v1/password/reset", "weak-password", reset(&code, "tooshort1")).await;
    refused(&stack, "/v1/password/reset", "wrong-code", reset(WRONG, "correct-horse-2")).await;
    // The emulator tells sessions apart by the second in which they began.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    done(&stack, "/v1/password/reset", 204, reset(&code, "correct-horse-2")).await;
    refused(&stack, "/v1/password/reset", "wrong-code", reset(&code, "correct-horse-3")).await;
    refused(&stack, "/v1/sessions", "wrong-credentials", credentials).await;
    done(&stack, "/v1/sessions", 200, json!({"email": email, "password": "correct-horse-2"})).await;
    // Whoever was signed in with the old password is so no more.
    let refresh = json!({"refreshToken": third["refreshToken"]});
    refused(&stack, "/v1/sessions/refresh", "unauthenticated", refresh).await;
}

#[tokio::test]
async fn nobody_learns_whether_an_address_has_an_account() {
    let stack = Stack::of_environment();
    let (known, waiting, unknown) = ("known@account.example", "waiting@account.example", "unknown@account.example");
    let wish = |email: &str, password: &str| json!({"email": email, "password": password, "name": "박친구"});
    let mut fresh = Vec::new();
    for email in [known, waiting] {
        fresh.push(ask(&stack, "/v1/accounts", wish(email, PASSWORD)).await);
    }
    let code = newest_code(&stack, known).await;
    done(&stack, "/v1/accounts/confirm", 204, json!({"email": known, "code": code, "password": PASSWORD})).await;

    // Signed up again, with another password: the answer is the one that a new address gets.
    for email in [known, waiting] {
        let mails = stack.mails_to(email).await.len();
        let again = ask(&stack, "/v1/accounts", wish(email, "attackers-own-1")).await;
        assert_eq!((again.status, &again.text), (fresh[0].status, &fresh[0].text));
        assert_eq!(again.status, StatusCode::ACCEPTED);
        assert_eq!(stack.mails_to(email).await.len(), mails + 1, "its owner is told");
    }
    done(&stack, "/v1/sessions", 200, json!({"email": known, "password": PASSWORD})).await;

    for (path, more) in [
        ("/v1/accounts", json!({"password": "weak", "name": "박친구"})),
        ("/v1/accounts/resend", json!({})),
        ("/v1/accounts/confirm", json!({"code": WRONG, "password": "attackers-own-1"})),
        ("/v1/sessions", json!({"password": "attackers-own-1"})),
        ("/v1/password/forgot", json!({})),
        ("/v1/password/reset", json!({"code": WRONG, "newPassword": "attackers-own-1"})),
    ] {
        let mut answers = Vec::new();
        for email in [known, waiting, unknown] {
            let mut body = more.clone();
            body["email"] = email.into();
            let answer = ask(&stack, path, body).await;
            answers.push((answer.status, answer.text));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:?}");
    }
    assert!(stack.mails_to(unknown).await.is_empty());
}

#[tokio::test]
async fn whoever_owns_the_address_decides_the_password() {
    let stack = Stack::of_environment();
    let email = "hijacked@account.example";
    let wish = |password: &str| json!({"email": email, "password": password, "name": "최회원"});
    // Somebody else was first; the owner signs up, gets the code, and the password that comes with it is the one that counts.
    done(&stack, "/v1/accounts", 202, wish("attackers-own-1")).await;
    done(&stack, "/v1/accounts", 202, wish(PASSWORD)).await;
    let code = newest_code(&stack, email).await;
    done(&stack, "/v1/accounts/confirm", 204, json!({"email": email, "code": code, "password": PASSWORD})).await;
    done(&stack, "/v1/sessions", 200, json!({"email": email, "password": PASSWORD})).await;
    let attacker = json!({"email": email, "password": "attackers-own-1"});
    refused(&stack, "/v1/sessions", "wrong-credentials", attacker).await;
}

#[tokio::test]
async fn phones_are_proven_only_by_those_who_are_signed_in_and_where_text_messages_are_sent() {
    let stack = Stack::of_environment();
    let body = json!({"phone": "010-1111-0001", "refreshToken": "a.b.c"});
    let answer = ask(&stack, "/v1/me/phone/code", body.clone()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    let person = stack.sign_up("phone@account.example", "이회원", "+821011110008").await;
    let answer = person.send(Method::POST, "/v1/me/phone/code", &[], body).await;
    assert_eq!(answer.json["type"], "https://dangol.dev/problems/phone-proof-off", "{}", answer.text);
}
