//! Signing in, staying signed in, signing out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use shared::http::{Body, Kind, Language, Problem};
use utoipa::ToSchema;

use crate::cognito::Tokens;
use crate::input::{Email, Password, Token};
use crate::refusal::No;
use crate::{Deps, troubled};

/// Tokens must not stay in any cache.
type Kept = ([(HeaderName, &'static str); 1], Json<Tokens>);

fn not_cached(tokens: Tokens) -> Kept {
    ([(header::CACHE_CONTROL, "no-store")], Json(tokens))
}

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "kim@example.com", "password": "correct-horse-7"}))]
pub struct Credentials {
    /// The address of the account.
    email: Email,
    /// Its password.
    password: Password,
}

/// Signs somebody in
///
/// One answer to a wrong password, to an address without an account, to an account that is not confirmed yet, and to one that is
/// locked for a while after several wrong passwords.
#[utoipa::path(post, path = "/v1/sessions", operation_id = "signIn", responses((status = 200, body = Tokens)))]
pub async fn sign_in(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Credentials>) -> Result<Kept, Problem> {
    let tokens = deps.cognito.sign_in(&wish.email, &wish.password).await.map_err(refused)?;
    tracing::info!(event = "session.begun", "somebody signed in");
    Ok(not_cached(tokens))
}

/// Says no in the same words whatever is the matter with the account.
fn refused(refusal: No) -> Problem {
    if refusal.is_trouble() {
        return troubled(refusal);
    }
    tracing::info!(event = "session.refused", "a sign-in was refused");
    Problem::of(Kind::WrongCredentials).detail(
        "가입하고 아직 이메일 인증을 마치지 않았다면 먼저 인증해 주세요. 여러 번 틀렸다면 15분쯤 뒤에 다시 시도하거나 비밀번호를 재설정해 주세요.",
        "If you have signed up and not confirmed your address yet, do that first. After several wrong passwords wait for 15 \
         minutes, or reset the password.",
    )
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"refreshToken": "eyJjdHkiOiJ..."}))]
pub struct Refresh {
    /// The token that the sign-in gave.
    refresh_token: Token,
}

/// Gives new tokens for a refresh token
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "refreshSession", responses((status = 200, body = Tokens)))]
pub async fn refresh(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Refresh>) -> Result<Kept, Problem> {
    let tokens = deps.cognito.refresh(&wish.refresh_token).await.map_err(void)?;
    Ok(not_cached(tokens))
}

/// What to answer to a refresh token that gives nothing.
pub fn void(refusal: No) -> Problem {
    match refusal {
        No::TooOften => troubled(refusal),
        trouble if trouble.is_trouble() => troubled(trouble),
        _ => Problem::of(Kind::Unauthenticated),
    }
}

/// Ends a session
///
/// The refresh token is void from now on. A token that was void before is answered alike.
#[utoipa::path(post, path = "/v1/sessions/end", operation_id = "endSession", responses((status = 204)))]
pub async fn end(State(deps): State<Arc<Deps>>, _: Language, Body(wish): Body<Refresh>) -> Result<StatusCode, Problem> {
    match deps.cognito.revoke(&wish.refresh_token).await {
        Err(refusal) if refusal == No::TooOften || refusal.is_trouble() => return Err(troubled(refusal)),
        Err(_) => {}
        Ok(()) => tracing::info!(event = "session.ended", "somebody signed out"),
    }
    Ok(StatusCode::NO_CONTENT)
}
