//! Wiring of `deliver-bundle`.

use aws_lambda_events::sqs::SqsEvent;
use deliver_bundle::{Deps, handle_until};
use lambda_runtime::{LambdaEvent, service_fn};
use shared::aws::queues::DeadLetterQueue;
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
    let publisher = SnsPublisher::read(&mut environment, &[Topic::BundleAccepted]);
    let dead_letters = DeadLetterQueue::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        provider: Aligo::connect(&provider, &sdk).await?,
        publisher: publisher(&sdk),
        dead_letters: dead_letters(&sdk),
        calls_per_second: provider.calls_per_second,
    };
    let deps = &deps;
    let answer = |event: LambdaEvent<SqsEvent>| {
        let handled = handle_until(deps, event.payload, event.context.deadline().into());
        telemetry::invocation("deliver-bundle", handled)
    };
    lambda_runtime::run(service_fn(answer)).await
}
