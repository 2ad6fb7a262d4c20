//! Referral codes of a clinic and of its members, against a real database.

mod change;
mod list;
mod world;
