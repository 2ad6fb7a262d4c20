//! SQS: messages that go straight to one queue.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sqs::types::{MessageAttributeValue, SendMessageBatchRequestEntry};
use serde::Serialize;

use crate::batch::DeadLetters;
use crate::config::Environment;
use crate::failure::Failure;

/// SQS takes so many by one call.
const AT_ONCE: usize = 10;

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

/// One of several messages, that the queue did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which one.
    pub position: usize,
    /// What the queue calls the reason.
    pub code: String,
    /// Whether it never takes this message, because of what is in it.
    pub is_for_ever: bool,
}

impl Queue {
    /// A queue by its address.
    #[must_use]
    pub fn new(sdk: &SdkConfig, url: String) -> Self {
        Self { client: aws_sdk_sqs::Client::new(sdk), url }
    }

    /// A queue on which a person waits: sending takes at most `patience`, retries included. A connection that died while the
    /// process was frozen takes most of it, and leaves enough for another.
    #[must_use]
    pub fn with_patience(sdk: &SdkConfig, url: String, patience: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience)
            .operation_attempt_timeout(patience * 2 / 3)
            .operation_timeout(patience)
            .build();
        let retries = RetryConfig::standard().with_initial_backoff(patience / 30);
        let config = aws_sdk_sqs::config::Builder::from(sdk).timeout_config(timeouts).retry_config(retries).build();
        Self { client: aws_sdk_sqs::Client::from_conf(config), url }
    }

    /// Connects before anybody waits for it, for at most so long. It sends no messages, which a queue refuses: that it says anything
    /// is enough.
    pub async fn warm_up(&self, patience: Duration) {
        let nothing = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(Vec::new()));
        drop(tokio::time::timeout(patience, nothing.send()).await);
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
        let (mut written, mut refused) = (Vec::new(), Vec::new());
        for (position, message) in messages.iter().enumerate() {
            match serde_json::to_string(message) {
                Ok(body) => written.push((position, body)),
                Err(_) => refused.push(position),
            }
        }
        for batch in written.chunks(AT_ONCE) {
            match self.send_batch(batch).await {
                Ok(of_batch) => refused.extend(of_batch.into_iter().map(|one| one.position)),
                Err(NotSent(error)) => {
                    tracing::warn!(event = "queue.refused", error, "messages not sent");
                    refused.extend(batch.iter().map(|(position, _)| position));
                }
            }
        }
        refused
    }

    /// Sends at most ten messages that are written already, by one call; answers those that the queue did not take.
    ///
    /// # Errors
    /// When the queue did not say that it has any of them; it may have them all the same.
    pub async fn send_bodies(&self, bodies: &[String]) -> Result<Vec<Refused>, NotSent> {
        self.send_batch(&bodies.iter().cloned().enumerate().collect::<Vec<_>>()).await
    }

    async fn send_batch(&self, batch: &[(usize, String)]) -> Result<Vec<Refused>, NotSent> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (position, body) in batch {
            let entry = SendMessageBatchRequestEntry::builder().id(position.to_string()).message_body(body).build();
            request = request.entries(entry.map_err(|error| NotSent(crate::failure::chain(&error)))?);
        }
        let answer = request.send().await.map_err(|error| NotSent(crate::failure::chain(&error)))?;
        let refused = answer.failed().iter().filter_map(|entry| {
            // It is the sender's fault, too, to send too often, or without the right to use a key: both pass.
            let is_for_ever = entry.sender_fault() && entry.code().ends_with("InvalidMessageContents");
            Some(Refused { position: entry.id().parse().ok()?, code: entry.code().to_owned(), is_for_ever })
        });
        Ok(refused.collect())
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_sqs::config::Credentials;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    /// A server that says nothing on its first connections, and then takes messages. Counts its connections.
    async fn queue(silent: usize) -> (Queue, Arc<AtomicUsize>) {
        queue_that_says(silent, r#"{"MessageId":"1","MD5OfMessageBody":"1"}"#).await
    }

    async fn queue_that_says(silent: usize, body: &'static str) -> (Queue, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let is_silent = counter.fetch_add(1, Ordering::SeqCst) < silent;
                tokio::spawn(async move {
                    let mut request = vec![0; 1 << 14];
                    while client.read(&mut request).await.is_ok_and(|length| length > 0) {
                        let answer = format!(
                            "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
                            body.len()
                        );
                        if !is_silent {
                            client.write_all(answer.as_bytes()).await.unwrap();
                        }
                    }
                });
            }
        });
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(&endpoint)
            .region(Region::new("ap-northeast-2"))
            .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
            .load()
            .await;
        (Queue::with_patience(&sdk, format!("{endpoint}/000000000000/clicks"), PATIENCE), connections)
    }

    #[tokio::test]
    async fn a_queue_that_was_warmed_up_needs_no_other_connection() {
        let (queue, connections) = queue(0).await;
        queue.warm_up(PATIENCE).await;
        assert_eq!(connections.load(Ordering::SeqCst), 1);
        queue.send(&"click").await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_queue_that_says_nothing_holds_nobody_up_who_begins() {
        let (queue, _) = queue(usize::MAX).await;
        let begun = Instant::now();
        queue.warm_up(PATIENCE).await;
        assert!(begun.elapsed() < PATIENCE * 4);
    }

    #[tokio::test]
    async fn a_person_does_not_wait_longer_than_that_for_a_queue_that_says_nothing() {
        let (queue, connections) = queue(usize::MAX).await;
        let begun = Instant::now();
        assert!(queue.send(&"click").await.is_err());
        let waited = begun.elapsed();
        assert!(waited >= PATIENCE && waited < PATIENCE * 4, "{waited:?}");
        assert!(connections.load(Ordering::SeqCst) >= 2, "it was tried again meanwhile");
    }

    #[tokio::test]
    async fn a_connection_that_died_leaves_enough_time_for_another() {
        let (queue, connections) = queue(1).await;
        queue.send(&"click").await.unwrap();
        queue.send(&"click").await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn what_a_queue_never_takes_is_told_from_what_it_does_not_take_now() {
        let answer = r#"{"Successful": [{"Id": "1", "MessageId": "1", "MD5OfMessageBody": "1"}], "Failed": [
            {"Id": "0", "SenderFault": true, "Code": "InvalidMessageContents", "Message": "Invalid binary character"},
            {"Id": "2", "SenderFault": true, "Code": "RequestThrottled"},
            {"Id": "3", "SenderFault": false, "Code": "InternalError"}]}"#;
        let (queue, _) = queue_that_says(0, answer).await;
        let refused = queue.send_bodies(&["a", "b", "c", "d"].map(str::to_owned)).await.unwrap();
        let refused: Vec<_> = refused.iter().map(|one| (one.position, &*one.code, one.is_for_ever)).collect();
        assert_eq!(refused, [(0, "InvalidMessageContents", true), (2, "RequestThrottled", false), (3, "InternalError", false)]);
        assert_eq!(queue.send_all(&["a", "b", "c", "d"]).await, [0, 2, 3]);
    }
}
