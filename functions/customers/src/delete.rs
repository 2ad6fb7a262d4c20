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
use shared::http::{Body, Caller, Ids, Params, Problem, Staff};
use shared::model::CustomerId;
use shared::model::state::SuppressionReason;
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
    customer_ids: Vec<CustomerId>,
}

/// What was deleted.
#[derive(Debug, Serialize, ToSchema)]
pub struct CustomersDeleted {
    /// How many customers.
    deleted: u64,
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
/// All of them or none: when one is not a customer of the clinic, nothing is deleted. Messages that were sent to them stay
/// readable.
#[utoipa::path(
    post,
    path = "/v1/customers/delete",
    operation_id = "deleteCustomers",
    responses((status = 200, body = CustomersDeleted))
)]
pub async fn delete_many<D: Downloads>(
    State(deps): State<Arc<Deps<D>>>,
    caller: Caller,
    Body(chosen): Body<CustomersToDelete>,
) -> Result<Json<CustomersDeleted>, Problem> {
    if !(1..=MAX_CUSTOMERS).contains(&chosen.customer_ids.len()) {
        return Err(Problem::invalid("customerIds", "1~10,000명을 선택해 주세요.", "choose 1 to 10,000 customers"));
    }
    // In one order, so that two who delete the same customers do not wait for each other.
    let ids: Vec<_> = chosen.customer_ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    let (ambient, caller, ids) = (&deps.ambient, &caller, &ids);
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
    tracing::info!(event = "customers.deleted", staff.id = %staff, count = deleted, "customers deleted");
    Ok(Json(CustomersDeleted { deleted }))
}
