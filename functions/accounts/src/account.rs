//! Signing up, and proving that the address is one's own.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::http::{Body, Kind, Language, Problem};
use shared::model::PhoneNumber;
use shared::model::customer::CustomerName;
use utoipa::ToSchema;

use crate::cognito::Cognito;
use crate::input::{Code, Email, Password};
use crate::refusal::No;
use crate::{Deps, no_sooner, troubled};

/// Who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({
    "email": "kim@example.com", "password": "correct-horse-7", "name": "김단골", "phone": "010-1234-5678",
}))]
pub struct SignUp {
    /// The address to sign in with, which gets a code.
    email: Email,
    /// At least 12 characters, with a lower-case letter and a digit.
    password: Password,
    /// How clinics and friends see the person.
    name: CustomerName,
    /// The person's phone. It counts only once it is proven.
    phone: Option<PhoneNumber>,
}

/// Signs somebody up
///
/// The address gets a code; the account can be used once the code is confirmed. The answer is the same for an address that
/// has an account already: its owner gets a code by which the account can be confirmed, or the password set anew.
#[utoipa::path(post, path = "/v1/accounts", operation_id = "signUp", responses((status = 202)))]
pub async fn sign_up(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<SignUp>) -> Result<StatusCode, Problem> {
    wish.password.check()?;
    no_sooner(deps.floor, begin(&deps.cognito, &wish)).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn begin(cognito: &Cognito, wish: &SignUp) -> Result<(), Problem> {
    match cognito.sign_up(&wish.email, &wish.password, &wish.name, wish.phone.as_ref()).await {
        Ok(()) => {
            tracing::info!(event = "account.made", "an account is made and waits for its code");
            Ok(())
        }
        Err(No::Known) => {
            tracing::info!(event = "account.known", "an address that has an account was signed up again");
            remind(cognito, &wish.email).await
        }
        // Said aloud it would tell that the address is new: one that has an account is answered as ever.
        Err(refusal @ (No::TooOften | No::NotDelivered)) => {
            tracing::warn!(event = "account.code_not_sent", reason = %refusal, "somebody signed up, and no mail could be sent");
            Ok(())
        }
        Err(No::WeakPassword) => Err(Problem::of(Kind::WeakPassword)),
        Err(No::Unusable) => Err(Problem::invalid(
            "email",
            "`email`: 가입에 사용할 수 없는 이메일 주소입니다.",
            "`email`: this address cannot be used to sign up",
        )),
        Err(other) => Err(troubled(other)),
    }
}

/// Tells the owner of an address that has an account, and nobody else: by the code that the account needs next.
async fn remind(cognito: &Cognito, email: &Email) -> Result<(), Problem> {
    match cognito.resend(email).await {
        Err(No::Unusable | No::NotAuthorized) => quietly(cognito.forgot(email).await),
        answer => quietly(answer),
    }
}

/// Keeps to itself what would tell whether an address has an account.
fn quietly(answer: Result<(), No>) -> Result<(), Problem> {
    match answer {
        Err(refusal) if refusal.is_trouble() => Err(troubled(refusal)),
        _ => Ok(()),
    }
}

/// The code that an address got.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com", "code": "123456", "password": "correct-horse-7"}))]
pub struct Confirmation {
    /// The address.
    email: Email,
    /// The code.
    code: Code,
    /// The password that the account has from now on, whatever was given when it was signed up: somebody else may have signed
    /// the address up before its owner did.
    password: Password,
}

/// Confirms an account by the code that its address got
#[utoipa::path(post, path = "/v1/accounts/confirm", operation_id = "confirmAccount", responses((status = 204)))]
pub async fn confirm(
    State(deps): State<Arc<Deps>>,
    _: Language,
    Body(wish): Body<Confirmation>,
) -> Result<StatusCode, Problem> {
    wish.password.check()?;
    deps.cognito.confirm(&wish.email, &wish.code).await.map_err(|refusal| match refusal {
        trouble if trouble.is_trouble() => troubled(trouble),
        _ => Problem::of(Kind::WrongCode).detail(
            "새 코드를 요청해 주세요. 여러 번 틀렸다면 한 시간쯤 뒤에 다시 시도하고, 이미 가입한 적이 있다면 비밀번호를 재설정해 주세요.",
            "Ask for a new code. After several wrong ones wait for an hour. If you have an account already, reset its password.",
        ),
    })?;
    tracing::info!(event = "account.confirmed", "an account is confirmed");
    deps.cognito.set_password(&wish.email, &wish.password).await.map_err(troubled)?;
    end_sessions(&deps.cognito, &wish.email).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends what others may have begun who knew an earlier password.
pub async fn end_sessions(cognito: &Cognito, email: &Email) {
    if cognito.end_all_sessions(email).await.is_err() {
        tracing::error!(event = "sessions.not_ended", "a password was or may be set, and older sessions of the account go on");
    }
}

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com"}))]
pub struct Address {
    /// The address.
    email: Email,
}

/// Sends the code of an account that is not confirmed yet once more
///
/// The answer is the same for an address without an account.
#[utoipa::path(post, path = "/v1/accounts/resend", operation_id = "resendCode", responses((status = 202)))]
pub async fn resend(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Address>) -> Result<StatusCode, Problem> {
    no_sooner(deps.floor, async { quietly(deps.cognito.resend(&wish.email).await) }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sends a code by which the password can be set anew
///
/// The answer is the same for an address without an account. An account that is not confirmed yet gets the code that confirms it.
#[utoipa::path(post, path = "/v1/password/forgot", operation_id = "forgotPassword", responses((status = 202)))]
pub async fn forgot(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Address>) -> Result<StatusCode, Problem> {
    let sent = async {
        match deps.cognito.forgot(&wish.email).await {
            Err(No::Unusable | No::NotAuthorized) => quietly(deps.cognito.resend(&wish.email).await),
            answer => quietly(answer),
        }
    };
    no_sooner(deps.floor, sent).await?;
    Ok(StatusCode::ACCEPTED)
}

/// A new password, and the code that allows it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com", "code": "123456", "newPassword": "correct-horse-8"}))]
pub struct Reset {
    /// The address.
    email: Email,
    /// The code that it got.
    code: Code,
    /// At least 12 characters, with a lower-case letter and a digit.
    new_password: Password,
}

/// Sets the password anew by the code that the address got
///
/// Every session of the account ends: refresh tokens are void at once, identity tokens within the hour that they live.
#[utoipa::path(post, path = "/v1/password/reset", operation_id = "resetPassword", responses((status = 204)))]
pub async fn reset(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Reset>) -> Result<StatusCode, Problem> {
    wish.new_password.check()?;
    let done = deps.cognito.reset(&wish.email, &wish.code, &wish.new_password).await;
    if done == Err(No::Unanswered) {
        // The password may be set, and then the code is used up: nobody could come this way again.
        end_sessions(&deps.cognito, &wish.email).await;
    }
    done.map_err(|refusal| match refusal {
        No::WeakPassword => Problem::of(Kind::WeakPassword),
        trouble if trouble.is_trouble() => troubled(trouble),
        _ => Problem::of(Kind::WrongCode).detail(
            "새 코드를 요청해 주세요. 여러 번 틀렸다면 한 시간쯤 뒤에 다시 시도하고, 이메일 인증을 마치지 않았다면 다시 가입해 주세요.",
            "Ask for a new code. After several wrong ones wait for an hour. If the account was never verified, sign up again.",
        ),
    })?;
    tracing::info!(event = "password.reset", "a password was set anew");
    end_sessions(&deps.cognito, &wish.email).await;
    Ok(StatusCode::NO_CONTENT)
}
