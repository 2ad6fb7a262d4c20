//! Wiring of `points`.

use points::{Deps, routes};
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::message::Topic;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let publisher = SnsPublisher::read(&mut environment, &[Topic::PointsEarned]);
    environment.check()?;

    let sdk = aws::load().await;
    let deps =
        Deps { database: Database::connect(&database, &sdk).await?, ambient: Ambient::system()?, publisher: publisher(&sdk) };
    http::run(http::app("points", routes(deps))).await
}
