//! What an import did is taken back, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod customers;
mod interruptions;
mod support;
