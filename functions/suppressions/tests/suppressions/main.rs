//! The ledger of phones that must not be written to, against a real database.

mod add;
mod audited;
mod lift;
mod list;
mod world;
