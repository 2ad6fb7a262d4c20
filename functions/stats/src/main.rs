//! Wiring of `stats`.

use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::store::{self, Store};
use shared::{aws, http, telemetry};
use stats::{Deps, STORE_PATIENCE, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let store_url = store::read_url(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let store = Store::new(&store_url, STORE_PATIENCE)?;
    let deps = Deps { database: Database::connect(&database, &sdk).await?, store, ambient: Ambient::system()? };
    http::run(http::app("stats", routes(deps))).await
}
