//! What the functions have in common.
//!
//! Dependencies point one way: `functions/* -> shared::{db, aws, http, message} -> shared::model`, and [`model`] does no I/O.

pub mod aws;
pub mod batch;
pub mod clock;
pub mod config;
pub mod db;
pub mod failure;
pub mod http;
pub mod message;
pub mod model;
pub mod provider;
pub mod spreadsheet;
pub mod store;
pub mod telemetry;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
