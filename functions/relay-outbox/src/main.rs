//! Wiring of `relay-outbox`.

use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use relay_outbox::{Deps, ParkedClicks, run};
use shared::aws::queues::Queue;
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::message::Topic;
use shared::store::{self, Store};
use shared::{aws, telemetry};

/// How long the store may take to answer.
const STORE_PATIENCE: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let publisher = SnsPublisher::read(&mut environment, &Topic::ALL);
    let store_url = store::read_url(&mut environment);
    let queue_url = environment.text("RECORD_CLICKS_QUEUE_URL");
    environment.check()?;

    let sdk = aws::load().await;
    let deps =
        Deps { database: Database::connect(&database, &sdk).await?, ambient: Ambient::system()?, publisher: publisher(&sdk) };
    let parked = ParkedClicks { store: Store::new(&store_url, STORE_PATIENCE)?, queue: Queue::new(&sdk, queue_url) };
    let (deps, parked) = (&deps, &parked);
    let answer = |_: LambdaEvent<serde_json::Value>| telemetry::invocation("relay-outbox", run(deps, parked));
    lambda_runtime::run(service_fn(answer)).await
}
