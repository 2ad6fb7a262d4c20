//! What the money at the provider pays for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use shared::http::{Caller, Problem, Staff};
use shared::provider::Provider;
use utoipa::ToSchema;

use crate::Deps;
use crate::provider::balance;

/// What the money at the provider pays for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderBalance)]
pub struct BalanceView {
    /// So many messages.
    messages: u64,
}

/// Says how many messages the provider's account pays for
#[utoipa::path(get, path = "/v1/balance", operation_id = "showBalance", responses((status = 200, body = BalanceView)))]
pub async fn show<P, V: Provider, D>(
    State(deps): State<Arc<Deps<P, V, D>>>,
    caller: Caller,
) -> Result<Json<BalanceView>, Problem> {
    {
        // Nobody holds a connection while the provider is asked.
        let mut connection = deps.database.acquire().await?;
        Staff::identify(&mut connection, &caller).await?;
    }
    let messages = balance(&deps.provider, deps.patience).await?;
    Ok(Json(BalanceView { messages }))
}
