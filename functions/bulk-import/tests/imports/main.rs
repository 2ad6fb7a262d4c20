//! An import from its upload address over its review to its approval and its revocation, against a real database and a real
//! store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod audited;
mod decisions;
mod downloads;
mod edits;
mod lives;
mod model;
mod remaps;
mod review;
mod selections;
mod size;
mod support;
