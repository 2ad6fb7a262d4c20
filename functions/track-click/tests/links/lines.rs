//! What a test's thread logs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use shared::message::ClickReceived;
use tracing::subscriber::DefaultGuard;

/// Collects log lines from now on, until it is dropped.
pub struct Lines {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub fn collect() -> Self {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone()).finish();
        Self { written, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines of an event.
    pub fn of(&self, event: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["event"] == event).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.written.0.lock().unwrap().clone()).unwrap()
    }
}

/// The visit that a line holds.
pub fn click_in(line: &Value) -> ClickReceived {
    serde_json::from_str(line["body"].as_str().unwrap()).unwrap()
}
