//! Handing on what had to wait, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod clicks;
mod facts;
