//! The workflows run only code that was looked at, with no more permissions than they need.

use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml_ng::Value;

/// What is wrong with the text of a workflow or of a composite action.
fn faults(text: &str) -> Vec<String> {
    let mut faults: Vec<_> = text.lines().filter_map(unpinned).collect();
    let file: Value = serde_yaml_ng::from_str(text).expect("the file is YAML");
    for step in steps(&file["runs"]) {
        faults.extend(interpolated(step));
    }
    if !file["jobs"].is_mapping() {
        return faults;
    }
    if !file["permissions"].is_mapping() {
        faults.push("the workflow has the default permissions".to_owned());
    }
    for (name, job) in file["jobs"].as_mapping().into_iter().flatten() {
        let name = name.as_str().unwrap_or("a job");
        // A job that calls another workflow has no steps and takes that one's limits.
        if job["uses"].is_null() && !job["timeout-minutes"].is_number() {
            faults.push(format!("{name} may run for six hours"));
        }
        let takes_credentials = job["permissions"]["id-token"] == "write";
        if takes_credentials && job["environment"].is_null() {
            faults.push(format!("{name} takes credentials outside of an environment"));
        }
        for step in steps(job) {
            faults.extend(interpolated(step));
            if takes_credentials && step["run"].as_str().is_some_and(|run| run.contains("cargo ")) {
                faults.push(format!("{name} compiles where credentials are"));
            }
        }
    }
    faults
}

fn steps(job: &Value) -> impl Iterator<Item = &Value> {
    job["steps"].as_sequence().into_iter().flatten()
}

/// A tag can be moved to other code; a commit cannot. The comment says which release it is, for people and for Dependabot.
fn unpinned(line: &str) -> Option<String> {
    let used = line.trim_start_matches([' ', '-']).strip_prefix("uses:")?.trim();
    if used.starts_with("./") {
        return None;
    }
    let pinned = used.split_once('@').and_then(|(_, version)| version.split_once(" # v")).is_some_and(|(commit, release)| {
        commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) && release.split('.').count() == 3
    });
    (!pinned).then(|| format!("{used} is not pinned to a commit"))
}

/// Text put into a script by `${{ }}` is run as part of it; through `env` it stays text.
fn interpolated(step: &Value) -> Option<String> {
    let run = step["run"].as_str()?;
    run.contains("${{").then(|| format!("a script is put together from values: {run}"))
}

fn files() -> Vec<PathBuf> {
    let github = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the repository").join(".github");
    let mut folders = vec![github];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yml") {
                files.push(path);
            }
        }
    }
    files
}

#[test]
fn workflows_are_pinned_and_ask_for_little() {
    let files = files();
    assert!(files.len() >= 3, "check.yml, deploy.yml and the deploy action: {files:?}");
    for path in files {
        let text = fs::read_to_string(&path).expect("the file can be read");
        assert_eq!(faults(&text), Vec::<String>::new(), "{}", path.display());
    }
}

#[test]
fn careless_workflows_are_noticed() {
    let careful = "
permissions: {}
jobs:
  deploy:
    timeout-minutes: 5
    environment: staging
    permissions:
      id-token: write
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
      - run: sam deploy
";
    assert_eq!(faults(careful), Vec::<String>::new());
    for (part, spoiled) in [
        ("de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "v6"),
        (" # v6.0.2", ""),
        ("permissions: {}", "name: careless"),
        ("    timeout-minutes: 5\n", ""),
        ("    environment: staging\n", ""),
        ("sam deploy", "sam deploy ${{ github.head_ref }}"),
        ("sam deploy", "cargo build"),
    ] {
        let careless = careful.replacen(part, spoiled, 1);
        assert_eq!(faults(&careless).len(), 1, "{part} replaced by {spoiled:?}: {:?}", faults(&careless));
    }
}
