//! Dangol's contenders that are not the real function: its routes with a queue that takes everything, and nothing at all.

use std::io::Read;
use std::net::Ipv4Addr;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::routing::any;
use benches::{Failed, answer, visits};
use serde_json::json;
use shared::aws::queues::NotSent;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::{Database, pool_options};
use shared::message::ClickReceived;
use shared::store::{self, Store};
use shared::{http, telemetry};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use track_click::{Clicks, Deps, STORE_PATIENCE, routes};

/// Takes every visit and forgets it.
struct Away;

impl Clicks for Away {
    async fn hand_over(&self, _: &ClickReceived) -> Result<(), NotSent> {
        Ok(())
    }
}

/// The function as it is, but for the queue.
pub fn function() -> Result<(), Failed> {
    telemetry::init();
    block_on(async { Ok(http::run(router()?).await.map_err(|error| error.to_string())?) })
}

/// The same without Lambda: a bare server.
pub fn server() -> Result<(), Failed> {
    std::thread::spawn(|| {
        // Whoever measures is gone.
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        answer(&json!({ "port": listener.local_addr()?.port() }))?;
        Ok(axum::serve(listener, router()?).await?)
    })
}

/// A function that does nothing.
pub fn empty() -> Result<(), Failed> {
    let redirect = || async { (StatusCode::FOUND, [(header::LOCATION, "https://www.example.com/")]) };
    let router = Router::new().fallback(any(redirect));
    block_on(async { Ok(http::run(router).await.map_err(|error| error.to_string())?) })
}

// As in the wiring of the functions.
fn block_on(work: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
    Builder::new_current_thread().enable_all().build()?.block_on(work)
}

fn router() -> Result<Router, Failed> {
    let mut environment = Environment::of_process();
    let store_url = store::read_url(&mut environment);
    environment.check()?;
    // Nobody listens there.
    let database = Database::from_pool(pool_options(1).connect_lazy("mysql://root@127.0.0.1:1/none")?);
    let store = Store::new(&store_url, STORE_PATIENCE)?;
    let deps = Deps::new(visits::keys()?, store, database, Away, Ambient::system()?);
    Ok(http::app("track-click", routes(deps)))
}
