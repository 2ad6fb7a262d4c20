//! Templates, against a real database and the provider's simulator.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod add;
mod audited;
mod change;
mod fill;
mod show;
mod support;
