//! Wiring of `forget-withdrawn`.

use forget_withdrawn::{CognitoAccounts, Deps, TIME, handle};
use lambda_runtime::{LambdaEvent, service_fn};
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let pool_id = environment.text("USER_POOL_ID");
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        accounts: CognitoAccounts::new(&sdk, pool_id),
        time: TIME,
    };
    let deps = &deps;
    let answer = |_: LambdaEvent<serde_json::Value>| telemetry::invocation("forget-withdrawn", handle(deps));
    lambda_runtime::run(service_fn(answer)).await
}
