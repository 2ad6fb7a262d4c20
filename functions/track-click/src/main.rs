//! Wiring of `track-click`.

use std::collections::BTreeMap;
use std::time::Duration;

use shared::aws::queues::Queue;
use shared::aws::{SdkConfig, secrets};
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::model::link::LinkKeys;
use shared::store::{self, Store};
use shared::{aws, http, telemetry};
use track_click::{DatabaseSource, Deps, KeySource, QUEUE_PATIENCE, STORE_CONNECTING, STORE_PATIENCE, routes};

/// How long a process that begins waits for store and queue. The keys take as long.
const WARM_UP: Duration = Duration::from_millis(250);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let store_url = store::read_url(&mut environment);
    let link_secret = environment.text("LINK_SECRET_ARN");
    let queue_url = environment.text("RECORD_CLICKS_QUEUE_URL");
    environment.check()?;

    let sdk = aws::load().await;
    let clicks = Queue::with_patience(&sdk, queue_url, QUEUE_PATIENCE);
    let store = Store::with_time_to_connect(&store_url, STORE_PATIENCE, STORE_CONNECTING)?;
    let secret = Secret { sdk: sdk.clone(), arn: link_secret };
    let database = DatabaseSource::prepare(database, sdk);
    let (database, keys, (), ()) = tokio::join!(database, secret.read(), store.warm_up(WARM_UP), clicks.warm_up(WARM_UP));
    let deps = Deps::new(keys?, store, database, clicks, Ambient::system()?).with_keys_from(secret);
    http::run(http::app("track-click", routes(deps))).await
}

/// The secret that holds the keys.
struct Secret {
    sdk: SdkConfig,
    arn: String,
}

impl KeySource for Secret {
    async fn read(&self) -> Result<LinkKeys, String> {
        let secret =
            secrets::read::<BTreeMap<String, String>>(&self.sdk, &self.arn).await.map_err(|error| error.to_string())?;
        LinkKeys::new(&secret).map_err(|error| error.to_string())
    }
}
