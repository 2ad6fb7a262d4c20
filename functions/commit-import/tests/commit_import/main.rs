//! An approved import becomes customers, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod customers;
mod groups;
mod interruptions;
mod support;
