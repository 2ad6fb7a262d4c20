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
    let link_base = environment.text_or("LINK_BASE_URL", "").trim_end_matches('/').to_owned();
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        provider: Aligo::connect(&provider, &sdk).await?,
        link_base,
    };
    http::run(http::app("templates", routes(deps))).await
}
