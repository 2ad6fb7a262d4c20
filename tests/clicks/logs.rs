//! What processes log: how often each event, and the clicks that a line holds until they are recovered.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The lines of all processes.
#[derive(Clone, Default)]
pub struct Logs(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    events: BTreeMap<String, u32>,
    bodies: Vec<String>,
}

impl Logs {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the thread that calls logs from now on.
    pub fn listen(&self) -> DefaultGuard {
        let listener = Listener(self.clone()).with_filter(LevelFilter::INFO);
        tracing::subscriber::set_default(tracing_subscriber::registry().with(listener))
    }

    /// How often each event was logged.
    pub fn events(&self) -> BTreeMap<String, u32> {
        let mut events = self.inner().events.clone();
        // Each invocation has one of each.
        events.retain(|event, _| !event.starts_with("invocation."));
        events
    }

    /// The messages that wait in lines to be queued.
    pub fn bodies(&self) -> Vec<String> {
        self.inner().bodies.clone()
    }
}

struct Listener(Logs);

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let mut inner = self.0.inner();
        if let Some(event) = line.event {
            *inner.events.entry(event).or_default() += 1;
        }
        inner.bodies.extend(line.body);
    }
}

#[derive(Default)]
struct Line {
    event: Option<String>,
    body: Option<String>,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => self.event = Some(value.to_owned()),
            "body" => self.body = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
