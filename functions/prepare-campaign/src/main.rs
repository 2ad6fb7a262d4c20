//! Wiring of `prepare-campaign`.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use prepare_campaign::{Deps, handle};
use shared::aws::queues::DeadLetterQueue;
use shared::aws::secrets;
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::message::Topic;
use shared::model::link::LinkKeys;
use shared::store::{self, Store};
use shared::{aws, telemetry};

const STORE_PATIENCE: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let store_url = store::read_url(&mut environment);
    let link_secret = environment.text("LINK_SECRET_ARN");
    let publisher = SnsPublisher::read(&mut environment, &[Topic::BundlePrepared]);
    let dead_letters = DeadLetterQueue::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        store: Store::new(&store_url, STORE_PATIENCE)?,
        keys: LinkKeys::new(&secrets::read::<BTreeMap<String, String>>(&sdk, &link_secret).await?)?,
        publisher: publisher(&sdk),
        dead_letters: dead_letters(&sdk),
        ambient: Ambient::system()?,
    };
    let deps = &deps;
    let answer = |event: LambdaEvent<SqsEvent>| telemetry::invocation("prepare-campaign", handle(deps, event.payload));
    lambda_runtime::run(service_fn(answer)).await
}
