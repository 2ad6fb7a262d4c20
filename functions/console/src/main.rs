//! Wiring of `console`.

use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use shared::aws::secrets;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::http::{Source, SourceKey};
use shared::model::console::ConsoleOrigin;
use shared::{aws, http, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let mut environment = Environment::of_process();
    let origin = environment.parsed("CONSOLE_ORIGIN", ConsoleOrigin::default());
    let api = environment.text("API_URL");
    let uploads_url = environment.text("UPLOADS_URL");
    let secret = environment.text("CONSOLE_SECRET_ARN");
    environment.check()?;

    let key: SourceKey = secrets::read(&aws::load().await, &secret).await?;
    let ambient = Ambient::system()?;
    let deps = Deps {
        client: Client::new(api.parse()?)?,
        ambient: Ambient::system()?,
        origin,
        uploads_url,
        sources: Box::new(move |address| key.prove(&Source(address.to_owned()), ambient.now())),
        assets: Assets::new(),
    };
    http::run(routes(deps)).await
}
