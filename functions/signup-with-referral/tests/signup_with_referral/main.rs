//! What a referral code leads to, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod crowds;
mod customers;
mod cuts;
mod guessing;
mod holds;
mod joining;
mod life;
mod people;
mod points;
mod preview;
mod refused;
mod world;
