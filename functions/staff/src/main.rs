//! Wiring of `staff`.

use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::model::console::ConsoleOrigin;
use shared::{aws, http, telemetry};
use staff::{Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let console = environment.parsed("CONSOLE_ORIGIN", ConsoleOrigin::default());
    environment.check()?;

    let sdk = aws::load().await;
    let database = Database::connect(&database, &sdk).await?;
    let deps = Deps { database, ambient: Ambient::system()?, console };
    http::run(http::app("staff", routes(deps))).await
}
