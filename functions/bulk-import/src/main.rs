//! Wiring of `bulk-import`.

use std::time::Duration;

use bulk_import::{Deps, routes};
use shared::aws::downloads::S3Downloads;
use shared::aws::topics::SnsPublisher;
use shared::aws::uploads::Uploads;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::message::Topic;
use shared::model::import::Largest;
use shared::store::{self, Store};
use shared::{aws, http, telemetry};

/// Progress is a convenience: nobody waits longer for it.
const STORE_PATIENCE: Duration = Duration::from_millis(300);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let topics = [Topic::ImportApproved, Topic::ImportRemapped, Topic::ImportRevoked];
    let publisher = SnsPublisher::read(&mut environment, &topics);
    let uploads = Uploads::read(&mut environment);
    let downloads = S3Downloads::read(&mut environment);
    let store = store::read_url(&mut environment);
    let largest = Largest::read(&mut environment);
    environment.check()?;

    let sdk = aws::load().await;
    let deps = Deps {
        database: Database::connect(&database, &sdk).await?,
        ambient: Ambient::system()?,
        publisher: publisher(&sdk),
        uploads: uploads(&sdk),
        downloads: downloads(&sdk),
        store: Store::new(&store, STORE_PATIENCE)?,
        largest,
    };
    http::run(http::app("bulk-import", routes(deps))).await
}
