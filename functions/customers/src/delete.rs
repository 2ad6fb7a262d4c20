//! Deleting customers, one or many.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::aws::downloads::Downloads;
use shared::db::audit::{self, Subject};
use shared::db::suppressions::{self, Cause};
use shared::db::{customers, groups, import_rows};
use shared::http::filter::{self, Chosen, Filter, Walk, one_of};
use shared::http::{Body, Caller, Cursor, Ids, Params, Problem, Staff};
use shared::model::state::SuppressionReason;
use shared::model::{CustomerId, StaffId};
use utoipa::{IntoParams, ToSchema};

use crate::Deps;

const MAX_CUSTOMERS: usize = 10_000;

/// How to delete.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Manner {
    /// `true` when the person asked to be forgotten: no import adds the phone again, and no campaign writes to it.
    forget: Option<bool>,
}

/// Customers to delete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"customerIds": ["cus_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"]}))]
pub struct CustomersToDelete {
    /// 1 to 10,000 customers of the clinic.
    customer_ids: Option<Vec<CustomerId>>,
    /// In place of `customerIds`: all customers of a filter.
    all: Option<Filter>,
    /// With `all`: `nextCursor` of the call before.
    cursor: Option<Cursor>,
}

/// What was deleted.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CustomersDeleted {
    /// How many customers.
    deleted: u64,
    /// How many of all are still to be deleted; only with `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    /// Pass it as `cursor`, with the same filter, to go on; absent when all is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<Cursor>,
}

/// Deletes a customer
///
/// Messages that were sent to them stay readable.
#[utoipa::path(delete, path = "/v1/customers/{customerId}", operation_id = "deleteCustomer", responses((status = 204)))]
pub async fn delete<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Ids(id): Ids<CustomerId>,
    Params(manner): Params<Manner>,
) -> Result<StatusCode, Problem> {
    let forgotten = manner.forget.unwrap_or_default();
    let (ambient, caller) = (&deps.ambient, &caller);
    let deleted = deps.database.transaction::<_, Problem>("delete_customer", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let customer = customers::lock(tx, staff.clinic, id).await?.ok_or_else(Problem::not_found)?;
            if forgotten {
                let cause = Cause { by: Some(staff.id), ..Cause::of(SuppressionReason::Forgotten) };
                suppressions::insert_all(tx, ambient, staff.clinic, &[&customer.phone], &cause).await?;
                import_rows::forget(tx, staff.clinic, &customer.phone).await?;
            }
            customers::delete_all(tx, staff.clinic, &[id]).await?;
            let action = if forgotten { "customer.forget" } else { "customer.delete" };
            audit::record(tx, ambient, &staff, action, Subject::Customer(id), 1).await?;
            Ok(staff)
        })
    });
    let staff = deleted.await?;
    tracing::info!(event = "customer.deleted", staff.id = %staff.id, customer.id = %id, forgotten, "customer deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes many customers
///
/// Those who are named: all of them or none. When one is not a customer of the clinic, nothing is deleted.
///
/// Or `all` of a filter: for some seconds, then it answers how many remain and where to go on. Nobody is deleted who was added after the
/// first call; a customer who comes into the group, or to match `q`, while it goes on is. To repeat a call does no harm.
///
/// Messages that were sent to them stay readable.
#[utoipa::path(
    post,
    path = "/v1/customers/delete",
    operation_id = "deleteCustomers",
    responses((status = 200, body = CustomersDeleted))
)]
pub async fn delete_many<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Body(wish): Body<CustomersToDelete>,
) -> Result<Json<CustomersDeleted>, Problem> {
    let (staff, deleted) = match one_of(wish.customer_ids, wish.all, wish.cursor)? {
        Chosen::These(ids) => delete_these(&deps, &caller, ids).await?,
        Chosen::All(filter, cursor) => delete_all(&deps, &caller, &filter, cursor).await?,
    };
    let (count, remaining) = (deleted.deleted, deleted.remaining);
    tracing::info!(event = "customers.deleted", staff.id = %staff, count, remaining, "customers deleted");
    Ok(Json(deleted))
}

async fn delete_these<D>(
    deps: &Deps<D>,
    caller: &Caller,
    ids: Vec<CustomerId>,
) -> Result<(StaffId, CustomersDeleted), Problem> {
    if !(1..=MAX_CUSTOMERS).contains(&ids.len()) {
        return Err(Problem::invalid("customerIds", "1~10,000명을 선택해 주세요.", "choose 1 to 10,000 customers"));
    }
    // In one order, so that two who delete the same customers do not wait for each other.
    let ids: Vec<_> = ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let (ambient, ids) = (&deps.ambient, &ids);
    let deleted = deps.database.transaction::<_, Problem>("delete_customers", |tx| {
        Box::pin(async move {
            let staff = Staff::identify(tx, caller).await?;
            let found = groups::lock_customers(tx, staff.clinic, ids).await?;
            let unknown = u64::try_from(ids.len()).unwrap_or(u64::MAX) - found;
            if unknown > 0 {
                let ko = format!("{unknown}명은 이 병원의 고객이 아니어서 아무도 삭제하지 않았습니다.");
                let en = format!("{unknown} of them are not customers of the clinic; nobody was deleted");
                return Err(Problem::invalid("customerIds", ko, en).with("unknown", unknown));
            }
            let deleted = customers::delete_all(tx, staff.clinic, ids).await?;
            audit::record(tx, ambient, &staff, "customer.delete", Subject::of_customers(ids), ids.len()).await?;
            Ok((staff.id, deleted))
        })
    });
    let (staff, deleted) = deleted.await?;
    Ok((staff, CustomersDeleted { deleted, ..CustomersDeleted::default() }))
}

/// Step by step, each with a line of its own in the audit log: what is done is written down, wherever it ends.
async fn delete_all<D>(
    deps: &Deps<D>,
    caller: &Caller,
    filter: &Filter,
    cursor: Option<Cursor>,
) -> Result<(StaffId, CustomersDeleted), Problem> {
    let ambient = &deps.ambient;
    let (staff, mut walk) = {
        let mut connection = deps.database.acquire().await?;
        let staff = Staff::identify(&mut connection, caller).await?;
        let within = filter::within(&mut connection, staff.clinic, filter.group_id).await?;
        let walk = Walk::begin(ambient, staff.clinic, filter, within, cursor)?;
        (staff.id, walk)
    };
    let mut deleted = 0;
    while let Some(ids) = walk.step(&deps.database, ambient).await? {
        let ids = &ids;
        let step = deps.database.transaction::<_, Problem>("delete_customers_of_filter", |tx| {
            Box::pin(async move {
                let staff = Staff::identify(tx, caller).await?;
                groups::lock_customers(tx, staff.clinic, ids).await?;
                let deleted = customers::delete_all(tx, staff.clinic, ids).await?;
                let people = usize::try_from(deleted).unwrap_or(usize::MAX);
                if people > 0 {
                    audit::record(tx, ambient, &staff, "customer.delete", subject(filter), people).await?;
                }
                Ok(deleted)
            })
        });
        deleted += step.await?;
    }
    let (remaining, next_cursor) = walk.end(&mut *deps.database.acquire().await?).await?;
    Ok((staff, CustomersDeleted { deleted, remaining: Some(remaining), next_cursor }))
}

/// On which list they were.
fn subject(filter: &Filter) -> Subject {
    filter.group_id.map_or(Subject::Many, Subject::Group)
}
