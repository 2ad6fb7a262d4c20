//! What staff decide of the whole: that the rows become customers, and that this is taken back.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::aws::topics::{Outgoing, Publisher};
use shared::clock::Ambient;
use shared::db::audit::{self, Subject};
use shared::db::idempotency::{self, Request, Seen};
use shared::db::import_rows::review;
use shared::db::imports::{self, Import, Options};
use shared::db::{Tx, groups, outbox};
use shared::http::{Body, Caller, IdempotencyKey, Ids, Kind, Problem, Staff, replay};
use shared::message::{ImportApproved, ImportRevoked};
use shared::model::state::ImportState;
use shared::model::{ClinicId, GroupId, ImportId};
use utoipa::ToSchema;

use crate::Deps;
use crate::lives::{find, lock, people, require_ready, wrong_state};
use crate::remap::MovedView;
use crate::view::Existing;

/// How the rows are to be committed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ImportApproval, example = json!({"targetGroupId": "grp_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e", "existing": "leave"}))]
pub struct Approval {
    /// Where everybody goes. Without it the file says, and who has no group there is unassigned.
    target_group_id: Option<GroupId>,
    /// What happens to customers whom the clinic has already.
    #[serde(default = "update")]
    existing: Existing,
}

const fn update() -> Existing {
    Existing::Update
}

impl Approval {
    fn options(&self) -> Options {
        Options { target_group: self.target_group_id, update_existing: self.existing == Existing::Update }
    }

    /// What makes the request what it is.
    fn describe(&self, id: ImportId) -> serde_json::Value {
        // Keys never expire, and those from before there were options belong to the import alone.
        let plain = self.target_group_id.is_none() && self.existing == update();
        if plain { serde_json::json!(id) } else { serde_json::json!([id, self]) }
    }
}

/// A revocation asks for nothing beyond the import itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportRevocation, example = json!({}))]
pub struct Revocation {}

/// Approves an import
///
/// Its rows become customers: those with the verdicts `new` and `updates` that are not deleted. An import that is on its way
/// with the same choices stays as it is.
#[utoipa::path(post, path = "/v1/imports/{importId}/commit", operation_id = "approveImport",
    responses((status = 202, body = MovedView), (status = 200, body = MovedView, description = "It is committed already")))]
pub async fn commit<P: Publisher, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Ids(id): Ids<ImportId>,
    Body(approval): Body<Approval>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "commit_import", &key, &approval.describe(id));
    let options = approval.options();
    let (ambient, caller, request, options) = (&deps.ambient, &caller, &request, &options);
    let approved = deps.database.transaction::<_, Problem>("approve_import", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(earlier) = claim(tx, ambient, request).await? {
                return Ok((earlier, None));
            }
            let (state, outgoing) = approve(tx, ambient, staff.clinic, id, options).await?;
            if outgoing.is_some() {
                let people = people(&find(tx, staff.clinic, id).await?);
                audit::record(tx, ambient, &staff, "import.commit", Subject::Import(id), people).await?;
            }
            let response = answer(tx, request, MovedView { id, state }).await?;
            Ok((response, outgoing))
        })
    });
    let (response, outgoing) = approved.await?;
    if outgoing.is_some() {
        tracing::info!(event = "import.approved", import.id = %id, "import approved");
    }
    outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    Ok(response)
}

/// Lets a ready import be committed. One that is on its way already stays as it is, and nobody is told again.
async fn approve(
    tx: &mut Tx<'_>,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
    options: &Options,
) -> Result<(ImportState, Option<Outgoing>), Problem> {
    if let Some(state) = settled(&find(tx, clinic, id).await?, options)? {
        return Ok((state, None));
    }
    lock(tx, clinic, id, |_| Ok(())).await?;
    // Somebody who approved it at the same time may have been faster.
    if let Some(state) = settled(&find(tx, clinic, id).await?, options)? {
        return Ok((state, None));
    }
    if let Some(group) = options.target_group
        && !groups::hold(tx, clinic, group).await?
    {
        return Err(Problem::invalid("targetGroupId", "그룹을 찾을 수 없습니다.", "there is no such group"));
    }
    if !review::has_good(tx, clinic, id).await? {
        return Err(Problem::of(Kind::NoRows).detail(
            "등록할 수 있는 행이 없습니다. 잘못된 행을 고치거나 삭제한 행을 복원해 주세요.",
            "No row can become a customer. Correct the bad rows, or restore deleted ones.",
        ));
    }
    imports::set_options(tx, clinic, id, options).await?;
    imports::set_state(tx, ambient, clinic, id, ImportState::Committing).await?;
    let fact = ImportApproved::V1 { clinic_id: clinic, import_id: id };
    Ok((ImportState::Committing, Some(outbox::insert(tx, ambient, &fact).await?)))
}

/// The state of an import that is on its way with these options already; none of one that waits for them.
fn settled(import: &Import, options: &Options) -> Result<Option<ImportState>, Problem> {
    match import.state {
        ImportState::Committing | ImportState::Committed if import.options == *options => Ok(Some(import.state)),
        state @ (ImportState::Committing | ImportState::Committed) => Err(wrong_state(state)
            .detail("이미 다른 선택으로 등록하고 있거나 등록했습니다.", "It is being committed, or was, with other choices.")),
        state => require_ready(state).map(|()| None),
    }
}

/// Takes back what an import did
///
/// Customers whom it added go away, customers whom it changed are as before, but for those who were edited since: list the rows
/// with the outcome `kept` afterwards.
#[utoipa::path(post, path = "/v1/imports/{importId}/undo", operation_id = "revokeImport",
    responses((status = 202, body = MovedView), (status = 200, body = MovedView, description = "It is undone already")))]
pub async fn undo<P: Publisher, U, D>(
    State(deps): State<Arc<Deps<P, U, D>>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Ids(id): Ids<ImportId>,
    Body(Revocation {}): Body<Revocation>,
) -> Result<Response, Problem> {
    let request = Request::new(&caller.subject, "undo_import", &key, &id);
    let (ambient, caller, request) = (&deps.ambient, &caller, &request);
    let revoked = deps.database.transaction::<_, Problem>("revoke_import", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            if let Some(earlier) = claim(tx, ambient, request).await? {
                return Ok((earlier, None));
            }
            let (state, outgoing) = revoke(tx, ambient, staff.clinic, id).await?;
            if outgoing.is_some() {
                let people = people(&find(tx, staff.clinic, id).await?);
                audit::record(tx, ambient, &staff, "import.undo", Subject::Import(id), people).await?;
            }
            let response = answer(tx, request, MovedView { id, state }).await?;
            Ok((response, outgoing))
        })
    });
    let (response, outgoing) = revoked.await?;
    if outgoing.is_some() {
        tracing::info!(event = "import.revoked", import.id = %id, "import revoked");
    }
    outbox::publish(&deps.database, &deps.publisher, outgoing.as_slice()).await;
    Ok(response)
}

/// Lets a committed import be undone. One that is being undone already stays as it is, and nobody is told again.
async fn revoke(
    tx: &mut Tx<'_>,
    ambient: &Ambient,
    clinic: ClinicId,
    id: ImportId,
) -> Result<(ImportState, Option<Outgoing>), Problem> {
    let state = lock(tx, clinic, id, |state| match state {
        ImportState::Committed | ImportState::Undoing | ImportState::Undone => Ok(state),
        state => Err(wrong_state(state)
            .detail("등록이 끝난 대량 등록만 되돌릴 수 있습니다.", "Only an import that is committed can be undone.")),
    })
    .await?;
    if state != ImportState::Committed {
        return Ok((state, None));
    }
    if find(tx, clinic, id).await?.rows_expired {
        return Err(wrong_state(state).detail(
            "등록한 지 30일이 지나 행을 보관하지 않으므로 되돌릴 수 없습니다.",
            "Rows are kept for 30 days after the commit; it cannot be undone any more.",
        ));
    }
    imports::rewind(tx, clinic, id).await?;
    imports::set_state(tx, ambient, clinic, id, ImportState::Undoing).await?;
    let fact = ImportRevoked::V1 { clinic_id: clinic, import_id: id };
    Ok((ImportState::Undoing, Some(outbox::insert(tx, ambient, &fact).await?)))
}

/// The answer that the request got before, if it was made before.
async fn claim(tx: &mut Tx<'_>, ambient: &Ambient, request: &Request<'_>) -> Result<Option<Response>, Problem> {
    match idempotency::claim(tx, ambient, request).await? {
        Seen::Never => Ok(None),
        Seen::Answered(status, body) => Ok(Some(replay(status, body))),
        Seen::Different => Err(Problem::of(Kind::IdempotencyKeyReused)),
    }
}

/// Answers, and remembers the answer.
async fn answer(tx: &mut Tx<'_>, request: &Request<'_>, view: MovedView) -> Result<Response, Problem> {
    let done = matches!(view.state, ImportState::Committed | ImportState::Undone);
    let status = if done { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = serde_json::to_string(&view).map_err(Problem::internal)?;
    idempotency::save(tx, request, status.as_u16(), &body).await?;
    Ok((status, Json(view)).into_response())
}
