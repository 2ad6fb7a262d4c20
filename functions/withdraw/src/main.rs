//! Wiring of `withdraw`.

use shared::aws::secrets;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::model::person_key::Pepper;
use shared::{aws, http, telemetry};
use withdraw::{Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let pepper = environment.text("PERSON_SECRET_ARN");
    environment.check()?;

    let sdk = aws::load().await;
    let (database, pepper) = tokio::join!(Database::connect(&database, &sdk), secrets::read::<Pepper>(&sdk, &pepper));
    let deps = Deps { database: database?, ambient: Ambient::system()?, pepper: pepper? };
    http::run(http::app("withdraw", routes(deps))).await
}
