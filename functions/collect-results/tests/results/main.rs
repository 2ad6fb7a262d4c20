//! Collecting results, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod canary;
mod messages;
mod scene;
