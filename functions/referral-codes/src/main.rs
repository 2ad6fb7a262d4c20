//! Wiring of `referral-codes`.

use referral_codes::{Deps, routes};
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::model::console::ConsoleOrigin;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let console = environment.parsed("CONSOLE_ORIGIN", ConsoleOrigin::default());
    environment.check()?;

    let sdk = aws::load().await;
    // QR codes are drawn while the database is away, too.
    let database = Database::connect_lazily(&database, &sdk).await?;
    let deps = Deps { database, ambient: Ambient::system()?, console };
    http::run(http::app("referral-codes", routes(deps))).await
}
