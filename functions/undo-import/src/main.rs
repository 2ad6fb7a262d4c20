//! Wiring of `undo-import`.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use shared::aws::queues::DeadLetterQueue;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::{aws, telemetry};
use undo_import::{CHUNK, Deps, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let dead_letters = DeadLetterQueue::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        dead_letters: dead_letters(&sdk),
        chunk: CHUNK,
    };
    let deps = &deps;
    let answer = |event: LambdaEvent<SqsEvent>| telemetry::invocation("undo-import", handle(deps, event.payload));
    lambda_runtime::run(service_fn(answer)).await
}
