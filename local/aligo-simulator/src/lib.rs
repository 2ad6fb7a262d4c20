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
pub mod outcome;
pub mod page;
pub mod routes;
pub mod send;
pub mod settings;
pub mod state;
pub mod templates;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{Router, extract::connect_info::IntoMakeServiceWithConnectInfo};
use tokio::net::TcpListener;

/// Serves until the future is dropped.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, app: Arc<app::App>) -> io::Result<()> {
    let service: IntoMakeServiceWithConnectInfo<Router, connection::Peer> =
        routes::router(app).into_make_service_with_connect_info();
    axum::serve(connection::ResettableListener(listener), service).await
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
