#![doc = include_str!("../README.md")]

pub mod account;
pub mod admin;
pub mod answer;
pub mod app;
pub mod clock;
pub mod connection;
pub mod faults;
pub mod file;
pub mod form;
pub mod history;
pub mod in_process;
pub mod matching;
pub mod options;
pub mod outage;
pub mod outcome;
pub mod page;
pub mod random;
pub mod routes;
pub mod script;
pub mod send;
pub mod settings;
pub mod state;
pub mod templates;
pub mod truth;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::connect_info::IntoMakeServiceWithConnectInfo};
use tokio::net::TcpListener;

/// Serves until the future is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, app: Arc<app::App>) -> io::Result<()> {
    let door = connection::Door::new(listener, Arc::clone(&app))?;
    let service: IntoMakeServiceWithConnectInfo<Router, connection::Peer> =
        routes::router(app).into_make_service_with_connect_info();
    axum::serve(door, service).await
}

/// Serves only the page and the admin API, which stay reachable on this listener when an outage closes the other one.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve_admin(listener: TcpListener, app: Arc<app::App>) -> io::Result<()> {
    axum::serve(listener, routes::admin_router(app)).await
}

/// Listens on a free port of this machine; for tests.
///
/// # Errors
/// When there is none.
pub async fn listen_anywhere() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
