//! Wiring of `migrate`.

use lambda_runtime::{LambdaEvent, service_fn};
use migrate::handle;
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
    let answer = |_: LambdaEvent<serde_json::Value>| telemetry::invocation("migrate", handle(database));
    lambda_runtime::run(service_fn(answer)).await
}
