//! Wiring of `send`.

use std::time::Duration;

use send::{Deps, Won, routes};
use shared::aws::downloads::S3Downloads;
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment, ProviderConfig};
use shared::db::Database;
use shared::message::Topic;
use shared::provider::Aligo;
use shared::{aws, http, telemetry};

/// How long the provider is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long customers are looked at for one answer: the function has 28 s, and API Gateway waits for 29.
const READING: Duration = Duration::from_secs(18);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let provider = ProviderConfig::read(&mut environment);
    let publisher = SnsPublisher::read(&mut environment, &[Topic::CampaignRequested, Topic::BundlePrepared]);
    let downloads = S3Downloads::read(&mut environment);
    let unit_price = environment.parsed_or("ALIMTALK_UNIT_PRICE", Won::USUAL);
    let link_base = environment.text_or("LINK_BASE_URL", "").trim_end_matches('/').to_owned();
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        publisher: publisher(&sdk),
        ambient: Ambient::system()?,
        provider: Aligo::connect(&provider, &sdk).await?,
        downloads: downloads(&sdk),
        unit_price,
        calls_per_second: provider.calls_per_second,
        patience: PATIENCE,
        reading: READING,
        link_base,
    };
    http::run(http::app("send", routes(deps))).await
}
