//! Preparing campaigns, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audiences;
mod interruptions;
mod lateness;
mod preparing;
mod support;
