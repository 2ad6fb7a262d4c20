//! SNS: where facts are published.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_sns::types::PublishBatchRequestEntry;

use crate::config::Environment;
use crate::failure::chain;
use crate::message::Topic;
use crate::model::id::OutboxId;

/// A line of the outbox on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The line.
    pub id: OutboxId,
    /// Where it goes.
    pub topic: Topic,
    /// The fact as JSON.
    pub body: String,
}

/// Publishes facts. May publish one twice (an answer can be lost), never loses one it says it published.
pub trait Publisher {
    /// Publishes what it can and returns the lines that are certainly published.
    fn publish(&self, outgoing: &[Outgoing]) -> impl Future<Output = Vec<OutboxId>> + Send;
}

impl<P: Publisher + Send + Sync> Publisher for Arc<P> {
    fn publish(&self, outgoing: &[Outgoing]) -> impl Future<Output = Vec<OutboxId>> + Send {
        P::publish(self, outgoing)
    }
}

/// SNS, by one topic per fact.
#[derive(Debug, Clone)]
pub struct SnsPublisher {
    client: aws_sdk_sns::Client,
    arns: HashMap<Topic, String>,
}

impl SnsPublisher {
    /// Reads `<FACT>_TOPIC_ARN` of the topics this function publishes to.
    pub fn read(environment: &mut Environment, topics: &[Topic]) -> impl FnOnce(&SdkConfig) -> Self + use<> {
        let arns = topics
            .iter()
            .map(|&topic| (topic, environment.text(&format!("{}_TOPIC_ARN", topic.name().to_ascii_uppercase()))))
            .collect();
        |sdk| Self { client: aws_sdk_sns::Client::new(sdk), arns }
    }
}

impl Publisher for SnsPublisher {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        let mut published = Vec::with_capacity(outgoing.len());
        for topic in Topic::ALL {
            let facts: Vec<_> = outgoing.iter().filter(|fact| fact.topic == topic).collect();
            if facts.is_empty() {
                continue;
            }
            let Some(arn) = self.arns.get(&topic) else {
                tracing::error!(event = "publish.no_topic", topic = topic.name(), "this function may not publish to the topic");
                continue;
            };
            for batch in facts.chunks(10) {
                published.extend(self.publish_batch(arn, batch).await);
            }
        }
        published
    }
}

impl SnsPublisher {
    /// SNS takes at most ten entries, and answers for each.
    async fn publish_batch(&self, arn: &str, batch: &[&Outgoing]) -> Vec<OutboxId> {
        let mut request = self.client.publish_batch().topic_arn(arn);
        for (at, fact) in batch.iter().enumerate() {
            // Building fails only when the id is missing, and it is given.
            if let Ok(entry) = PublishBatchRequestEntry::builder().id(at.to_string()).message(&fact.body).build() {
                request = request.publish_batch_request_entries(entry);
            }
        }
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(event = "publish.failed", error = %chain(&error), "facts stay in the outbox");
                return Vec::new();
            }
        };
        for failure in answer.failed() {
            tracing::warn!(event = "publish.failed", code = failure.code(), "a fact stays in the outbox");
        }
        let position = |id: Option<&str>| id.and_then(|id| id.parse::<usize>().ok()).and_then(|at| batch.get(at));
        answer.successful().iter().filter_map(|entry| position(entry.id())).map(|fact| fact.id).collect()
    }
}
