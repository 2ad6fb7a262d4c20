//! Withdrawing, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod requests;
mod staff;
mod world;
