//! Wiring of `templates`.

use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment, ProviderConfig};
use shared::db::Database;
use shared::provider::Aligo;
use shared::{aws, http, telemetry};
use templates::{Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let provider = ProviderConfig::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        provider: Aligo::connect(&provider, &sdk).await?,
    };
    http::run(http::app("templates", routes(deps))).await
}
