//! Points as the clinic's staff handles them, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod adjust;
mod held;
mod ledger;
mod reverse;
mod spend;
mod world;
