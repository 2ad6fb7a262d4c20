//! Triggered by `DELETE /v1/me`.
//! Responsible for a person's withdrawal from everything: what can go goes in one transaction, forget-withdrawn does the rest.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use shared::clock::Ambient;
use shared::db::users::NoUser;
use shared::db::withdrawals::{self, Withdrawn, messages};
use shared::db::{Database, DatabaseFailure, Tx, person_keys, violates};
use shared::failure::chain;
use shared::http::{Body, Caller, Kind, Problem, Table};
use shared::model::person_key::Pepper;
use shared::route;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

/// What the use case needs.
pub struct Deps {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// What goes into the hashes by which people are known again.
    pub pepper: Pepper,
}

fn table() -> Table<Arc<Deps>> {
    Table::new("Withdrawal", "How people leave Dangol, and what is kept of them.")
        .add(route!(withdraw).answers(&[Kind::StillStaff, Kind::LastOwner]))
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}

/// What shows that nobody withdraws by mistake.
const CONFIRMATION: &str = "withdraw";

/// The wish to withdraw.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"confirm": "withdraw"}))]
struct Withdrawal {
    /// The word `withdraw`: it cannot be undone.
    confirm: String,
}

/// Withdraws from everything
///
/// Ends every membership, disables the caller's codes, and takes name, phone and account off Dangol's books, at once or within
/// minutes; messages that wait are not sent. Customers whom joining made are deleted; those whom a clinic had entered before stay the
/// clinic's. Points end, their ledger stays without a name. For five years a hash remains by which signing up again is recognised, so
/// that it pays no points again. Nothing of this can be undone. Asking again is no error.
///
/// Whoever works for a clinic has to be removed from its staff first.
#[utoipa::path(delete, path = "/v1/me", operation_id = "withdraw", responses((status = 204)))]
async fn withdraw(State(deps): State<Arc<Deps>>, caller: Caller, Body(asked): Body<Withdrawal>) -> Result<StatusCode, Problem> {
    if asked.confirm != CONFIRMATION {
        return Err(Problem::invalid("confirm", "탈퇴하려면 withdraw 를 입력해 주세요.", "say `withdraw` to withdraw"));
    }
    let (ambient, pepper, caller) = (&deps.ambient, &deps.pepper, &caller);
    let withdrawn = deps
        .database
        .transaction::<_, Stopped>("withdraw", |tx| Box::pin(async move { work(tx, ambient, pepper, caller).await }))
        .await;
    let Withdrawn { user, clinics, customers } = match withdrawn {
        Ok(withdrawn) => withdrawn,
        Err(Stopped::Before) => return Ok(StatusCode::NO_CONTENT),
        Err(Stopped::Failed(problem)) => return Err(problem),
    };
    tracing::info!(event = "user.withdrawn", user.id = %user, clinics, customers, "a person has withdrawn");
    // Whoever hands messages over asks for withdrawals first, so nothing is sent if this fails.
    match messages::exclude_queued(&deps.database, user, deps.ambient.now()).await {
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(event = "withdrawal.messages_left", user.id = %user, error = %chain(&error), "forget-withdrawn goes on");
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Why nobody withdraws.
enum Stopped {
    /// The person has withdrawn before, be it a moment ago.
    Before,
    Failed(Problem),
}

impl<E: Into<Problem>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl DatabaseFailure for Stopped {
    fn database(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Before => None,
            Self::Failed(problem) => problem.database(),
        }
    }
}

async fn work(tx: &mut Tx<'_>, ambient: &Ambient, pepper: &Pepper, caller: &Caller) -> Result<Withdrawn, Stopped> {
    // Also who never joined a clinic has an account that is to go: their user is made, so that two requests see each other.
    // What they have proven since they joined is remembered with the rest, so that it pays no points under another account.
    let user = match person_keys::lock_and_remember(tx, ambient, pepper, caller).await {
        Err(NoUser::Withdrawn) => return Err(Stopped::Before),
        user => user?,
    };
    // Another request may have made, and withdrawn, a user between two looks of this one.
    let remembered = withdrawals::remember(tx, ambient.now(), user.id, &caller.subject).await;
    remembered.map_err(|error| if violates(&error, "withdrawals_subject") { Stopped::Before } else { error.into() })?;
    // Only now: whoever begins to work for a clinic writes that line first and then looks for a withdrawal.
    match withdrawals::find_post(tx, &caller.subject).await? {
        Some(true) => return Err(Problem::of(Kind::LastOwner).into()),
        Some(false) => return Err(Problem::of(Kind::StillStaff).into()),
        None => {}
    }
    Ok(withdrawals::withdraw(tx, ambient, &user, &caller.subject).await?)
}
