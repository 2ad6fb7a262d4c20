//! Who works for a clinic and what they did, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod accept;
mod colleagues;
mod invitations;
mod log;
mod together;
mod world;
