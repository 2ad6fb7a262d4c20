//! What is left of people who have withdrawn, against a real database and a real store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod coming_back;
mod everything;
mod expiry;
mod imports;
mod interruptions;
mod messages;
mod phones;
mod traces;
mod world;
