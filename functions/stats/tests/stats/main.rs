//! A clinic's numbers beside the rows that they count, against a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conservation;
mod history;
mod now;
mod people;
mod series;
mod world;
