//! Logs: one JSON line per event in AWS, readable text where a person looks. Never personal data.

use std::fmt::Display;
use std::future::Future;
use std::time::Instant;

use tracing_subscriber::EnvFilter;

use crate::config::Environment;

/// Sets up logging by `LOG_FORMAT` (`json` unless `text`) and `RUST_LOG` (`info` unless set). Call once, first.
pub fn init() {
    let environment = Environment::of_process();
    let filter = EnvFilter::try_new(environment.text_or("RUST_LOG", "info,aws_config=warn,aws_smithy_runtime=warn,hyper=warn"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_ansi(false);
    let outcome = if environment.text_or("LOG_FORMAT", "json") == "text" {
        builder.without_time().try_init()
    } else {
        builder.json().flatten_event(true).with_span_list(false).with_current_span(true).try_init()
    };
    // A second set-up in one process changes nothing.
    drop(outcome);
}

/// Runs one invocation between a started and a completed line.
///
/// # Errors
/// Those of the work; logged here, once.
pub async fn invocation<T, E: Display>(name: &'static str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begun = Instant::now();
    tracing::info!(event = "invocation.started", invocation = name, "{name} started");
    let outcome = work.await;
    let duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match &outcome {
        Ok(_) => tracing::info!(event = "invocation.completed", invocation = name, duration_ms, "{name} completed"),
        Err(error) => tracing::error!(event = "invocation.failed", invocation = name, duration_ms, %error, "{name} failed"),
    }
    outcome
}
