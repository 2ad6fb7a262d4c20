//! What the benchmarks have in common: made-up people, workbooks full of them, a database of their own, sums to compare.
//!
//! `run.py` beside this package starts the services and runs the contenders, each as a process of its own.

pub mod people;
pub mod scratch;
pub mod sums;
pub mod workbook;

use std::io::Write;

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
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB"));
    Ok(peak.ok_or("the kernel does not tell the peak")?.trim().parse()?)
}
