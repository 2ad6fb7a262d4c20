//! Wiring of `memberships`.

use memberships::{Deps, routes};
use shared::aws::secrets;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::model::console::ConsoleOrigin;
use shared::model::person_key::Pepper;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let pepper = environment.text("PERSON_SECRET_ARN");
    let console = environment.parsed("CONSOLE_ORIGIN", ConsoleOrigin::default());
    environment.check()?;

    let sdk = aws::load().await;
    let (database, pepper) = tokio::join!(Database::connect(&database, &sdk), secrets::read::<Pepper>(&sdk, &pepper));
    let deps = Deps { database: database?, ambient: Ambient::system()?, pepper: pepper?, console };
    http::run(http::app("memberships", routes(deps))).await
}
