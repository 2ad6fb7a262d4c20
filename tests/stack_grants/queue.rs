//! Ten messages at a time for a queue of the emulator.

use reqwest::Client;
use serde_json::{Value, json};
use shared::config::Environment;

use crate::QUEUE;

/// Whoever sends.
pub struct Sender {
    http: Client,
    emulator: String,
    queue_url: String,
}

impl Sender {
    /// Of the application that `make test` has deployed.
    pub fn of_environment() -> Self {
        let mut environment = Environment::of_process();
        let (emulator, stack) = (environment.text("DANGOL_EMULATOR_URL"), environment.text("DANGOL_STACK"));
        environment.check().expect("tests of the deployed application need DANGOL_*; `make test` sets them");
        Self { http: Client::new(), queue_url: format!("{emulator}/000000000000/{stack}-{QUEUE}"), emulator }
    }

    /// Sends at most ten, all of which the queue has to take.
    pub async fn send(&self, bodies: &[&str]) {
        let entry = |(number, body): (usize, &&str)| json!({"Id": number.to_string(), "MessageBody": body});
        let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
        let question = json!({"QueueUrl": self.queue_url, "Entries": entries}).to_string();
        // The emulator learns from it which service and region is meant, and checks no signature.
        let credential =
            "AWS4-HMAC-SHA256 Credential=test/20260302/ap-northeast-2/sqs/aws4_request, SignedHeaders=host, Signature=0";
        let request = self.http.post(&self.emulator).header("Authorization", credential);
        let request = request.header("X-Amz-Target", "AmazonSQS.SendMessageBatch");
        let answer = request.header("Content-Type", "application/x-amz-json-1.0").body(question).send().await;
        let answer = answer.expect("the emulator answers").text().await.expect("its answer is complete");
        let taken: Value = serde_json::from_str(&answer).unwrap_or_default();
        assert_eq!(taken["Successful"].as_array().map(Vec::len), Some(bodies.len()), "{answer}");
    }
}
