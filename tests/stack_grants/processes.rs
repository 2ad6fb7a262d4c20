//! The emulator's processes of a function.

use std::fs;
use std::process::Command;
use std::time::Duration;

use aligo_simulator::random::Random;

/// Kills one process of a function, whatever it is doing; waits up to ten seconds for one to be there.
pub async fn kill_one(emulator: &str, function: &str, random: &mut Random) {
    for _ in 0..1000 {
        let ids = processes(emulator, function);
        if !ids.is_empty() {
            let id = ids[random.below(ids.len())];
            if Command::new("kill").args(["-9", &id.to_string()]).status().is_ok_and(|status| status.success()) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no process of {function} was running");
}

/// Those that this emulator started, and no other on this machine. One that is dead, and whose end nobody has noticed yet, has no
/// environment.
fn processes(emulator: &str, function: &str) -> Vec<u32> {
    let (endpoint, suffix) = (format!("AWS_ENDPOINT_URL={emulator}"), format!("-{function}"));
    let entries = fs::read_dir("/proc").expect("processes are listed").filter_map(|entry| {
        let path = entry.ok()?.path();
        let id: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let environment = fs::read(path.join("environ")).ok()?;
        let variables = || environment.split(|byte| *byte == 0);
        let mut names = variables().filter_map(|variable| variable.strip_prefix(b"AWS_LAMBDA_FUNCTION_NAME="));
        let is_it = names.any(|name| name.ends_with(suffix.as_bytes())) && variables().any(|one| one == endpoint.as_bytes());
        is_it.then_some(id)
    });
    entries.collect()
}
