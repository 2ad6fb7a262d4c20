//! From a message of the queue to rows under review, against a real database.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod database;
mod remaps;
mod setting;
mod uploads;
