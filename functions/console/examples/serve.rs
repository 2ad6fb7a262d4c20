//! The pages on a port of their own, in front of a running application: `cargo run -p console --example serve -- 4801`.
//! For work on pages: nothing is packed and deployed to see a change.

use std::net::Ipv4Addr;

use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use shared::clock::Ambient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    shared::telemetry::init();
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "4801".to_owned()).parse()?;
    let api = arguments.next().unwrap_or_else(|| "http://localhost:4700".to_owned());
    let deps = Deps {
        client: Client::new(api.parse()?)?,
        ambient: Ambient::system()?,
        origin: format!("http://localhost:{port}").parse()?,
        uploads_url: "http://127.0.0.1:4701/".to_owned(),
        sources: Box::new(|_| None),
        assets: Assets::new(),
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    axum::serve(listener, routes(deps)).await?;
    Ok(())
}
