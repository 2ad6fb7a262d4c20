//! What becomes of files: those that clinics have, and those that nobody should be able to hurt us with.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod child;
mod heavy;
mod hostile;
mod lists;
mod memory;
mod spreadsheets;
mod support;
mod wishes;
