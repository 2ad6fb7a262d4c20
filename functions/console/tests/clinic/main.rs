//! Pages of a clinic and of patients, in front of an API that answers what a test wants and remembers what it was asked.
//! `tests/browser` has the same pages in front of the real one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod account;
mod audit;
mod campaigns;
mod customers;
mod imports;
mod members;
mod patients;
mod settings;
mod staff;
mod standin;
mod templates;
