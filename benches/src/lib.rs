//! What the benchmarks have in common: made-up people, workbooks full of them, a database of their own, sums to compare, and
//! a Lambda for real binaries of functions.
//!
//! `run.py` beside this package starts the services and runs the contenders, each as a process of its own.

pub mod aws;
pub mod grants;
pub mod people;
pub mod process;
pub mod runtime_api;
pub mod scratch;
pub mod sums;
pub mod visits;
pub mod wire;
pub mod workbook;

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What goes wrong ends the benchmark.
pub type Failed = Box<dyn std::error::Error>;

/// Answers whoever ran this program: one line of JSON.
///
/// # Errors
/// When nobody listens.
pub fn answer(value: &impl serde::Serialize) -> Result<(), Failed> {
    Ok(writeln!(std::io::stdout(), "{}", serde_json::to_string(value)?)?)
}

/// The most memory that this process has had so far, in KiB. The kernel's count for the parent's `wait4` would begin with
/// the memory of the parent itself.
///
/// # Errors
/// When this is not Linux.
pub fn peak_kib() -> Result<u64, Failed> {
    Ok(process::Usage::own()?.peak_kib)
}

/// What a mutex guards, also when somebody panicked with it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
