//! Wiring of `commit-import`.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use commit_import::{Deps, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use shared::aws::queues::DeadLetterQueue;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::store::{self, Store};
use shared::{aws, telemetry};

/// Progress is a convenience: the work does not wait longer for it.
const STORE_PATIENCE: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let dead_letters = DeadLetterQueue::read(&mut environment);
    let store = store::read_url(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        store: Store::new(&store, STORE_PATIENCE)?,
        dead_letters: dead_letters(&sdk),
    };
    let deps = &deps;
    let answer = |event: LambdaEvent<SqsEvent>| telemetry::invocation("commit-import", handle(deps, event.payload));
    lambda_runtime::run(service_fn(answer)).await
}
