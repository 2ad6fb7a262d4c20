//! Runs the simulator until it is told to stop.

use std::{
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
};

use aligo_simulator::{
    app::App,
    clock::SystemClock,
    file,
    options::{HELP, Options, OptionsError},
    serve, serve_admin,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => run(options).await,
        Err(OptionsError::Help) => say(HELP.trim_end()),
        Err(error) => Err(io::Error::other(error)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            writeln!(io::stderr(), "aligo-simulator: {error}").unwrap_or_default();
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> io::Result<()> {
    let world = match &options.state {
        Some(path) => file::load(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?,
        None => None,
    };
    let listener = bind(options.listen).await?;
    let admin_listener = match options.admin_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    say(&format!("Aligo simulator listening on http://{}", listener.local_addr()?))?;
    if let Some(listener) = &admin_listener {
        say(&format!("Admin API listening on http://{}", listener.local_addr()?))?;
    }
    let state = options.state.clone();
    let app = Arc::new(App::new(options, SystemClock, world));
    let saving = async {
        match &state {
            Some(path) => file::keep(path, &app).await,
            None => std::future::pending().await,
        }
    };
    let serving_admin = async {
        match admin_listener {
            Some(listener) => serve_admin(listener, Arc::clone(&app)).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        served = serve(listener, Arc::clone(&app)) => served?,
        served = serving_admin => served?,
        saved = saving => saved?,
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
    match &state {
        Some(path) => file::save(path, &app),
        None => Ok(()),
    }
}

async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// Prints one line and makes sure that it is out: whoever started the simulator may wait for it.
fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
