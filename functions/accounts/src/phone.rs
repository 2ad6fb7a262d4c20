//! Proving that a phone is one's own, by a text message.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::http::{Body, Caller, Kind, Problem};
use shared::model::PhoneNumber;
use utoipa::ToSchema;

use crate::cognito::Access;
use crate::input::{Code, Token};
use crate::refusal::No;
use crate::session::void;
use crate::{Deps, troubled};

/// A phone to prove.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"phone": "010-1234-5678", "refreshToken": "eyJjdHkiOiJ..."}))]
pub struct PhoneWish {
    /// The phone, which gets a code.
    phone: PhoneNumber,
    /// The refresh token of the caller's sign-in.
    refresh_token: Token,
}

/// Sends a code to the caller's phone
///
/// 204 when the phone is proven already: then no code is sent. Until the code is confirmed the caller has no proven phone. Safe
/// numbers (050x) are refused: they are rented for days, and prove nobody.
#[utoipa::path(
    post,
    path = "/v1/me/phone/code",
    operation_id = "sendPhoneCode",
    responses((status = 202, description = "A code is on its way"), (status = 204, description = "The phone is proven already"))
)]
pub async fn send_code(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(wish): Body<PhoneWish>,
) -> Result<StatusCode, Problem> {
    offered(&deps)?;
    if wish.phone.is_safe_number() {
        return Err(Problem::invalid(
            "phone",
            "`phone`: 050 안심번호로는 인증할 수 없습니다. 휴대폰 번호를 입력해 주세요.",
            "`phone`: a safe number (050x) cannot be verified; give a mobile number",
        ));
    }
    if caller.phone.as_deref() == Some(wish.phone.e164()) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let access = own(&deps, &caller, &wish.refresh_token).await?;
    deps.cognito.send_phone_code(&access, &wish.phone).await.map_err(refused)?;
    tracing::info!(event = "phone.code_sent", "a phone gets a code");
    Ok(StatusCode::ACCEPTED)
}

/// The code that a phone got.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"code": "123456", "refreshToken": "eyJjdHkiOiJ..."}))]
pub struct PhoneProof {
    /// The code.
    code: Code,
    /// The refresh token of the caller's sign-in.
    refresh_token: Token,
}

/// Proves the caller's phone by the code that it got
///
/// Identity tokens that are given from now on say so: refresh the session, then `PATCH /v1/me` takes the phone over.
#[utoipa::path(post, path = "/v1/me/phone/verify", operation_id = "verifyPhone", responses((status = 204)))]
pub async fn verify(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Body(wish): Body<PhoneProof>,
) -> Result<StatusCode, Problem> {
    offered(&deps)?;
    let access = own(&deps, &caller, &wish.refresh_token).await?;
    deps.cognito.verify_phone(&access, &wish.code).await.map_err(refused)?;
    tracing::info!(event = "phone.proven", "a phone is proven");
    Ok(StatusCode::NO_CONTENT)
}

/// Refuses where the user pool sends no text messages.
fn offered(deps: &Deps) -> Result<(), Problem> {
    if deps.proves_phones { Ok(()) } else { Err(Problem::of(Kind::PhoneProofOff)) }
}

/// The caller's access to Cognito; refuses the refresh token of somebody else.
async fn own(deps: &Deps, caller: &Caller, token: &Token) -> Result<Access, Problem> {
    let access = deps.cognito.access(token).await.map_err(void)?;
    if access.subject == *caller.subject {
        return Ok(access);
    }
    Err(Problem::invalid(
        "refreshToken",
        "`refreshToken`: 로그인할 때 받은 리프레시 토큰이 아닙니다.",
        "`refreshToken`: not the refresh token of this sign-in",
    ))
}

fn refused(refusal: No) -> Problem {
    match refusal {
        No::WrongCode | No::Unusable => Problem::of(Kind::WrongCode),
        No::NotAuthorized => Problem::of(Kind::Unauthenticated),
        other => troubled(other),
    }
}
