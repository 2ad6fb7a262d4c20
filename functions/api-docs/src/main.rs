//! Wiring of `api-docs`.

use api_docs::routes;
use shared::{http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    http::run(http::app("api-docs", routes())).await
}
