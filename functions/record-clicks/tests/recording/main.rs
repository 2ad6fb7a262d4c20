//! Recording clicks, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod many;
mod order;
mod recording;
mod world;
