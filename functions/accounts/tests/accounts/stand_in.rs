//! A stand-in for Cognito: it answers each operation as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accounts::{Cognito, Deps, routes};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_cognitoidentityprovider::config::{Credentials, SharedCredentialsProvider};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use shared::testing::Client;

/// The secret of the app client.
pub const SECRET: &str = "secret-of-the-client";
/// The app client.
pub const CLIENT: &str = "1example23456789";
/// The user pool.
pub const POOL: &str = "ap-northeast-2_EXAMPLE";

/// What it answers to one call.
#[derive(Debug, Clone)]
pub struct Reply {
    operation: &'static str,
    status: u16,
    body: Value,
    wait: Duration,
}

/// It does what is asked.
pub fn yes(operation: &'static str, body: Value) -> Reply {
    Reply { operation, status: 200, body, wait: Duration::ZERO }
}

/// It refuses.
pub fn no(operation: &'static str, exception: &str) -> Reply {
    says(operation, exception, "as the documentation says, about kim@example.com")
}

/// It refuses, in certain words.
pub fn says(operation: &'static str, exception: &str, message: &str) -> Reply {
    let body = json!({"__type": format!("com.amazonaws.cognito#{exception}"), "message": message});
    Reply { operation, status: 400, body, wait: Duration::ZERO }
}

/// Something is wrong with it.
pub fn broken(operation: &'static str) -> Reply {
    Reply { operation, status: 500, body: json!({"__type": "InternalErrorException", "message": "kim"}), wait: Duration::ZERO }
}

/// It answers too late.
pub fn late(operation: &'static str) -> Reply {
    Reply { wait: Duration::from_secs(2), ..yes(operation, json!({})) }
}

#[derive(Default)]
struct Script {
    replies: VecDeque<Reply>,
    asked: Vec<(String, Value)>,
    described: usize,
}

/// The call that reads the client's secret. It is answered unless something else is in the script, and counted apart.
const DESCRIBE: &str = "DescribeUserPoolClient";

/// The stand-in.
#[derive(Clone, Default)]
pub struct StandIn(Arc<Mutex<Script>>);

impl StandIn {
    /// Starts it, and opens the function's routes on it. A call fails after a second and is not tried again.
    pub async fn with(proves_phones: bool, floor: Duration) -> (Self, Client) {
        Self::start(proves_phones, floor, RetryConfig::disabled(), Duration::from_secs(1)).await
    }

    /// The same where a call fails after three tries of half a second, as the function would have it.
    pub async fn trying_again() -> (Self, Client) {
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(1));
        Self::start(true, Duration::ZERO, retries, Duration::from_millis(500)).await
    }

    async fn start(proves_phones: bool, floor: Duration, retries: RetryConfig, patience: Duration) -> (Self, Client) {
        let stand_in = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Router::new().fallback(answer).with_state(stand_in.clone());
        tokio::spawn(async move { axum::serve(listener, answers).await.unwrap() });
        let sdk = sdk(&format!("http://{address}"), retries, patience);
        let cognito = Cognito::new(&sdk, POOL.to_owned(), CLIENT.to_owned());
        let routes = routes(Deps { cognito, proves_phones, floor });
        (stand_in, Client::anonymous("accounts", routes))
    }

    /// What it answers from now on, call by call.
    pub fn will(&self, replies: &[Reply]) {
        let mut script = self.0.lock().unwrap();
        assert!(script.replies.is_empty(), "not asked for: {:?}", script.replies);
        script.replies.extend(replies.iter().cloned());
    }

    /// What it was asked since the last look; everything that it would have answered must have been asked for.
    pub fn asked(&self) -> Vec<(String, Value)> {
        let mut script = self.0.lock().unwrap();
        assert!(script.replies.is_empty(), "not asked for: {:?}", script.replies);
        std::mem::take(&mut script.asked)
    }

    /// How often it was asked for the client's secret.
    pub fn described(&self) -> usize {
        self.0.lock().unwrap().described
    }
}

/// How the function reaches an address as if it were AWS.
fn sdk(url: &str, retries: RetryConfig, patience: Duration) -> SdkConfig {
    let timeouts = aws_config::timeout::TimeoutConfig::builder().operation_attempt_timeout(patience).build();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("ap-northeast-2"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .retry_config(retries)
        .timeout_config(timeouts)
        .build()
}

async fn answer(State(stand_in): State<StandIn>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().unwrap();
    let operation = target.strip_prefix("AWSCognitoIdentityProviderService.").unwrap().to_owned();
    let reply = {
        let mut script = stand_in.0.lock().unwrap();
        if operation == DESCRIBE {
            script.described += 1;
            let found = json!({"UserPoolClient": {"ClientId": CLIENT, "UserPoolId": POOL, "ClientSecret": SECRET}});
            script.replies.pop_front_if(|reply| reply.operation == DESCRIBE).or_else(|| Some(yes(DESCRIBE, found)))
        } else {
            script.asked.push((operation.clone(), serde_json::from_str(&body).unwrap()));
            script.replies.pop_front()
        }
    };
    let Some(reply) = reply.filter(|reply| reply.operation == operation) else {
        return (StatusCode::NOT_IMPLEMENTED, format!("{{\"__type\":\"NotInTheScript\",\"message\":\"{operation}\"}}"));
    };
    tokio::time::sleep(reply.wait).await;
    (StatusCode::from_u16(reply.status).unwrap(), reply.body.to_string())
}
