//! Wiring of `signup-with-referral`.

use shared::aws::secrets;
use shared::aws::topics::SnsPublisher;
use shared::clock::Ambient;
use shared::config::{DatabaseConfig, Environment};
use shared::db::Database;
use shared::http::SourceKey;
use shared::message::Topic;
use shared::model::console::ConsoleOrigin;
use shared::model::person_key::Pepper;
use shared::{aws, http, telemetry};
use signup_with_referral::{Deps, routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let database = DatabaseConfig::read(&mut environment);
    let publisher = SnsPublisher::read(&mut environment, &[Topic::PointsEarned]);
    let pepper = environment.text("PERSON_SECRET_ARN");
    let console = environment.parsed("CONSOLE_ORIGIN", ConsoleOrigin::default());
    let source_key = environment.text("CONSOLE_SECRET_ARN");
    environment.check()?;

    let sdk = aws::load().await;
    let (database, pepper, source_key) = tokio::join!(
        Database::connect(&database, &sdk),
        secrets::read::<Pepper>(&sdk, &pepper),
        secrets::read::<SourceKey>(&sdk, &source_key),
    );
    let deps = Deps {
        database: database?,
        ambient: Ambient::system()?,
        publisher: publisher(&sdk),
        pepper: pepper?,
        console,
        source_key: source_key?,
    };
    http::run(http::app("signup-with-referral", routes(deps))).await
}
