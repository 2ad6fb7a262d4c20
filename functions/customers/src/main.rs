//! Wiring of `customers`.

use customers::{Deps, routes};
use shared::aws::downloads::S3Downloads;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let downloads = S3Downloads::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps =
        Deps { database: Database::connect(&database, &sdk).await?, ambient: Ambient::system()?, downloads: downloads(&sdk) };
    http::run(http::app("customers", routes(deps))).await
}
