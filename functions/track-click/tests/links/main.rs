//! Following links, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod database;
mod guessing;
mod handing_over;
mod lines;
mod outages;
mod proxy;
mod rotation;
mod world;
