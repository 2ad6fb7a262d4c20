//! What travels between functions and what invokes them: every example parses on both sides.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use aws_lambda_events::eventbridge::EventBridgeEvent;
use aws_lambda_events::sqs::SqsEvent;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use shared::message::{
    BundleAccepted, BundlePrepared, CampaignRequested, ClickReceived, ImportApproved, ImportRemapped, ImportRevoked,
    PointsEarned, ResultsAwaited,
};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// Every file below a folder of `events/`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Parses and writes it again: nothing of the example is lost, nothing is added.
fn survives<M: DeserializeOwned + Serialize>(example: &Value) -> bool {
    serde_json::from_value::<M>(example.clone()).is_ok_and(|message| serde_json::to_value(message).unwrap() == *example)
}

/// Who writes and who reads a message of that name.
fn parses_on_both_sides(name: &str, example: &Value) -> bool {
    match name {
        "import_approved.v1" => survives::<ImportApproved>(example),
        "import_remapped.v1" => survives::<ImportRemapped>(example),
        "import_revoked.v1" => survives::<ImportRevoked>(example),
        "campaign_requested.v1" => survives::<CampaignRequested>(example),
        "bundle_prepared.v1" => survives::<BundlePrepared>(example),
        "bundle_accepted.v1" => survives::<BundleAccepted>(example) && survives::<ResultsAwaited>(example),
        "results_due.v1" => survives::<ResultsAwaited>(example),
        "points_earned.v1" => survives::<PointsEarned>(example),
        "click_received.v1" => survives::<ClickReceived>(example),
        _ => false,
    }
}

#[test]
fn every_example_message_is_read_and_written_without_loss() {
    for path in files(&events().join("messages")) {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let example = read(&path);
        assert_eq!(example["type"], name.as_str(), "{}", path.display());
        assert!(parses_on_both_sides(&name, &example), "{}", path.display());
    }
}

#[test]
fn a_message_with_another_shape_is_refused() {
    let mut example = read(&events().join("messages/points_earned.v1.json"));
    example["amount"] = Value::from(-1);
    assert!(!parses_on_both_sides("points_earned.v1", &example));
    example = read(&events().join("messages/import_approved.v1.json"));
    example["type"] = Value::from("import_approved.v2");
    assert!(!parses_on_both_sides("import_approved.v1", &example));
}

#[test]
fn every_message_type_has_an_example() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/src/message/mod.rs")).unwrap();
    let declared: BTreeSet<_> = source
        .lines()
        .filter_map(|line| line.trim().strip_prefix("#[serde(rename = \"")?.strip_suffix("\")]"))
        .map(str::to_owned)
        .collect();
    let shown: BTreeSet<_> =
        files(&events().join("messages")).iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert!(declared.len() >= 7, "found too few message types to be right: {declared:?}");
    assert_eq!(declared, shown);
}

#[test]
fn every_example_event_is_one_that_its_function_understands() {
    for folder in files(&events()).into_iter().filter(|path| !path.ends_with("messages")) {
        for path in files(&folder) {
            let text = fs::read_to_string(&path).unwrap();
            let event = read(&path);
            let understood = if event.get("Records").is_some() {
                serde_json::from_str::<SqsEvent>(&text).is_ok_and(|event| !event.records.is_empty())
            } else if event.get("httpMethod").is_some() {
                lambda_http::request::from_str(&text).is_ok()
            } else if event.get("detail-type").is_some() {
                serde_json::from_str::<EventBridgeEvent>(&text).is_ok()
            } else if folder.ends_with("reclassify-clicks") {
                serde_json::from_str::<reclassify_clicks::Command>(&text).is_ok()
            } else {
                event == serde_json::json!({})
            };
            assert!(understood, "{}", path.display());
        }
    }
}

/// The bodies in the envelopes are the examples, but for those that are unreadable on purpose.
#[test]
fn every_body_in_an_example_event_is_a_message_of_ours() {
    let mut unreadable = Vec::new();
    for folder in files(&events()).into_iter().filter(|path| !path.ends_with("messages")) {
        for path in files(&folder) {
            for record in read(&path)["Records"].as_array().into_iter().flatten() {
                let body: Value = serde_json::from_str(record["body"].as_str().unwrap()).unwrap_or_default();
                let ours = body["type"].as_str().is_some_and(|name| parses_on_both_sides(name, &body));
                let from_s3 = body["Records"][0]["s3"].is_object() || body["Event"] == "s3:TestEvent";
                if !ours && !from_s3 {
                    unreadable.push(path.file_name().unwrap().to_str().unwrap().to_owned());
                }
            }
        }
    }
    assert_eq!(unreadable, ["unreadable.json"]);
}
