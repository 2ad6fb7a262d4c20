//! Wiring of `parse-import`.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use parse_import::file::Limits;
use parse_import::{Deps, handle};
use shared::aws::queues::DeadLetterQueue;
use shared::aws::uploads::Uploads;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::store::{self, Store};
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let uploads = Uploads::read(&mut environment);
    let dead_letters = DeadLetterQueue::read(&mut environment);
    let redis = store::read_url(&mut environment);
    let limits = Limits::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        files: uploads(&sdk),
        store: Store::new(&redis, Duration::from_millis(300))?,
        dead_letters: dead_letters(&sdk),
        ambient: Ambient::system()?,
        limits,
    };
    let work = service_fn(|event: LambdaEvent<SqsEvent>| telemetry::invocation("parse-import", handle(&deps, event.payload)));
    lambda_runtime::run(work).await
}
