//! Wiring of `suppressions`.

use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::{aws, http, telemetry};
use suppressions::{Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps { database: Database::connect(&database, &sdk).await?, ambient: Ambient::system()? };
    http::run(http::app("suppressions", routes(deps))).await
}
