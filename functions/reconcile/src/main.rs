//! Wiring of `reconcile`.

use lambda_runtime::{LambdaEvent, service_fn};
use reconcile::{AbsenceAfter, Deps, handle};
use serde_json::Value;
use shared::aws::queues::Queue;
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment, ProviderConfig};
use shared::db::Database;
use shared::message::Topic;
use shared::provider::Aligo;
use shared::{aws, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let provider = ProviderConfig::read(&mut environment);
    let topics =
        [Topic::CampaignRequested, Topic::BundlePrepared, Topic::BundleAccepted, Topic::ImportApproved, Topic::ImportRevoked];
    let publisher = SnsPublisher::read(&mut environment, &topics);
    let results = environment.text("COLLECT_RESULTS_QUEUE_URL");
    let absence_after = environment.parsed_or("ABSENCE_AFTER_MINUTES", AbsenceAfter::default());
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        provider: Aligo::connect(&provider, &sdk).await?,
        publisher: publisher(&sdk),
        results: Queue::new(&sdk, results),
        absence_after: absence_after.span(),
    };
    let deps = &deps;
    let answer = |_: LambdaEvent<Value>| telemetry::invocation("reconcile", handle(deps));
    lambda_runtime::run(service_fn(answer)).await
}
