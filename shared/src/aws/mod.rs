//! The AWS edges: secrets, topics, queues, uploads, downloads.

pub mod downloads;
pub mod queues;
pub mod secrets;
pub mod topics;
pub mod uploads;

use std::time::Duration;

use aws_config::BehaviorVersion;
pub use aws_config::SdkConfig;
use aws_config::timeout::TimeoutConfig;

/// Loads region and credentials; every call gets 3 s per attempt and 10 s in all.
pub async fn load() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(10))
        .build();
    aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts).load().await
}
