//! Wiring of `accounts`.

use accounts::{CALL, Cognito, Deps, FLOOR, routes};
use aws_config::timeout::TimeoutConfig;
use shared::config::Environment;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let (pool, client) = (environment.text("USER_POOL_ID"), environment.text("USER_POOL_CLIENT_ID"));
    let proves_phones = environment.text_or("PHONE_VERIFICATION", "off") == "on";
    environment.check()?;

    let sdk = aws::load().await;
    let timeouts = sdk.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    let sdk = sdk.into_builder().timeout_config(timeouts.operation_timeout(CALL).build()).build();
    let deps = Deps { cognito: Cognito::new(&sdk, pool, client), proves_phones, floor: FLOOR };
    http::run(http::app("accounts", routes(deps))).await
}
