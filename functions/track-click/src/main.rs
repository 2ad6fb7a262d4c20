//! Wiring of `track-click`.

use std::collections::BTreeMap;

use shared::aws::queues::Queue;
use shared::aws::secrets;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::model::link::LinkKeys;
use shared::store::{self, Store};
use shared::{aws, http, telemetry};
use track_click::{Deps, Memory, QUEUE_PATIENCE, STORE_PATIENCE, routes};

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
    let (database, link_keys) =
        tokio::join!(Database::connect_lazily(&database, &sdk), secrets::read::<BTreeMap<String, String>>(&sdk, &link_secret));
    let deps = Deps {
        keys: LinkKeys::new(&link_keys?)?,
        memory: Memory::default(),
        store: Store::new(&store_url, STORE_PATIENCE)?,
        database: database?,
        clicks: Queue::with_patience(&sdk, queue_url, QUEUE_PATIENCE),
        ambient: Ambient::system()?,
    };
    http::run(http::app("track-click", routes(deps))).await
}
