//! Wiring of `reclassify-clicks`.

use lambda_runtime::{LambdaEvent, service_fn};
use reclassify_clicks::{Command, handle};
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let database = Database::connect(&database, &sdk).await?;
    let database = &database;
    let answer = |event: LambdaEvent<Command>| async move {
        telemetry::invocation("reclassify-clicks", handle(database, event.payload)).await
    };
    lambda_runtime::run(service_fn(answer)).await
}
