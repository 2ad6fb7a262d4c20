//! Reading a file in a process of its own: only there its memory can be told from that of everything else, and only from
//! outside it can be seen whether the process lives.

use std::process::Command;
use std::time::{Duration, Instant};

use parse_import::file::{self, How};
use parse_import::reader::Reading;
use serde::{Deserialize, Serialize};
use shared::config::Environment;
use shared::model::import::ImportFailure;

/// The variables by which the process is told what to read, and where to write what became of it.
const FILE: &str = "READ_FILE";
const REPORT: &str = "WRITE_REPORT";

/// What became of a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    /// How many rows it has, or why it was refused.
    pub outcome: Result<u32, ImportFailure>,
    /// The most bytes that the process had in memory at any time.
    pub peak: u64,
    /// How long reading took.
    pub took: Duration,
}

/// Reads a file in a process of its own.
pub fn read(bytes: &[u8]) -> Report {
    run("child::reads_the_file_that_it_is_given", bytes)
}

/// Runs a test that [reports](report) what becomes of the [given file](given).
pub fn run(test: &str, bytes: &[u8]) -> Report {
    let directory = tempfile::tempdir().expect("there is room for a file");
    let (file, report) = (directory.path().join("file"), directory.path().join("report"));
    std::fs::write(&file, bytes).expect("there is room for a file");
    let mut child = Command::new(std::env::current_exe().expect("the test is a program"));
    child.args(["--ignored", "--exact", test]).env(FILE, &file).env(REPORT, &report);
    let output = child.output().expect("the test runs");
    assert!(output.status.success(), "the process died: {output:?}");
    serde_json::from_slice(&std::fs::read(report).expect("a report was written")).expect("it is one")
}

/// The file that this process was given.
pub fn given() -> Vec<u8> {
    std::fs::read(Environment::of_process().text_or(FILE, "")).expect("there is a file")
}

/// Tells the other process what became of it.
pub fn report(outcome: Result<u32, ImportFailure>, begun: Instant) {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process takes");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("that too");
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("it is a number");
    let report = Report { outcome, peak: kilobytes << 10, took: begun.elapsed() };
    let path = Environment::of_process().text_or(REPORT, "");
    std::fs::write(path, serde_json::to_vec(&report).expect("it is plain data")).expect("there is room for a report");
}

#[tokio::test]
#[ignore = "what the other tests run in a process of its own"]
async fn reads_the_file_that_it_is_given() {
    let (bytes, begun) = (given(), Instant::now());
    let mut reading = Reading::begin(move |found, take| file::read(&bytes, &How::default(), found, take));
    while reading.next().await.is_some() {}
    let (found, outcome) = reading.outcome().await;
    report(outcome.map(|()| found.rows_read).map_err(|refusal| refusal.failure), begun);
}
