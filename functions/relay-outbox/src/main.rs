//! Wiring of `relay-outbox`.

use lambda_runtime::{LambdaEvent, service_fn};
use relay_outbox::{Deps, handle};
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::message::Topic;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let publisher = SnsPublisher::read(&mut environment, &Topic::ALL);
    environment.check()?;

    let sdk = aws::load().await;
    let deps =
        Deps { database: Database::connect(&database, &sdk).await?, ambient: Ambient::system()?, publisher: publisher(&sdk) };
    let deps = &deps;
    let answer = |_: LambdaEvent<serde_json::Value>| telemetry::invocation("relay-outbox", handle(deps));
    lambda_runtime::run(service_fn(answer)).await
}
