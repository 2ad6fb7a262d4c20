//! SQS: messages that go straight to one queue.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use serde::Serialize;

use crate::batch::DeadLetters;
use crate::config::Environment;
use crate::failure::Failure;

/// One queue to send to.
#[derive(Debug, Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

/// Sending did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("queue did not take the message: {0}")]
pub struct NotSent(pub String);

impl Queue {
    /// A queue by its address.
    #[must_use]
    pub fn new(sdk: &SdkConfig, url: String) -> Self {
        Self { client: aws_sdk_sqs::Client::new(sdk), url }
    }

    /// A queue on which a person waits: sending takes at most `patience`, retries included.
    #[must_use]
    pub fn with_patience(sdk: &SdkConfig, url: String, patience: Duration) -> Self {
        let timeouts = TimeoutConfig::builder().connect_timeout(patience).operation_timeout(patience).build();
        let config = aws_sdk_sqs::config::Builder::from(sdk).timeout_config(timeouts).build();
        Self { client: aws_sdk_sqs::Client::from_conf(config), url }
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When the queue did not say that it has it; it may have it all the same.
    pub async fn send(&self, message: &impl Serialize) -> Result<(), NotSent> {
        let body = serde_json::to_string(message).map_err(|error| NotSent(error.to_string()))?;
        let answer = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        answer.map(drop).map_err(|error| NotSent(crate::failure::chain(&error)))
    }

    /// Sends many, ten at a time; returns the positions of those the queue did not take.
    pub async fn send_all(&self, messages: &[impl Serialize]) -> Vec<usize> {
        let mut refused = Vec::new();
        for (round, chunk) in messages.chunks(10).enumerate() {
            let positions = round * 10..round * 10 + chunk.len();
            let mut request = self.client.send_message_batch().queue_url(&self.url);
            for (position, message) in positions.clone().zip(chunk) {
                let entry = serde_json::to_string(message).ok().and_then(|body| {
                    SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(body).build().ok()
                });
                match entry {
                    Some(entry) => request = request.entries(entry),
                    None => refused.push(position),
                }
            }
            match request.send().await {
                Ok(answer) => refused.extend(answer.failed().iter().filter_map(|entry| entry.id().parse::<usize>().ok())),
                Err(error) => {
                    tracing::warn!(event = "queue.refused", error = %crate::failure::chain(&error), "messages not sent");
                    refused.extend(positions);
                }
            }
        }
        refused
    }
}

/// The dead-letter queue of the consumer that runs.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue(Queue);

impl DeadLetterQueue {
    /// Reads `DEAD_LETTER_QUEUE_URL`.
    pub fn read(environment: &mut Environment) -> impl FnOnce(&SdkConfig) -> Self + use<> {
        let url = environment.text("DEAD_LETTER_QUEUE_URL");
        |sdk| Self(Queue::new(sdk, url))
    }
}

impl DeadLetters for DeadLetterQueue {
    async fn bury(&self, body: &str, reason: &str) -> Result<(), Failure> {
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
        let attribute = MessageAttributeValue::builder().data_type("String").string_value(reason).build();
        let request = self.0.client.send_message().queue_url(&self.0.url).message_body(body);
        let request = request.message_attributes("reason", attribute.map_err(Failure::retry)?);
        request.send().await.map(drop).map_err(|error| Failure::retry(crate::failure::chain(&error)))
    }
}
