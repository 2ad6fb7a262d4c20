//! As much of AWS as a function under measurement asks for: a queue that takes messages, and secrets.
//!
//! Both in AWS's JSON protocol over plain HTTP. Messages are kept until somebody takes them out and looks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::wire::{self, Message, Reply};
use crate::{Failed, lock};

/// The region that the functions are told.
const REGION: &str = "ap-northeast-2";

/// The services, by one address.
#[derive(Debug)]
pub struct Aws {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessage {
    message_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
}

impl Aws {
    /// Starts them with secrets by their names.
    ///
    /// # Errors
    /// When no port is free.
    pub fn start(secrets: BTreeMap<String, String>) -> Result<Self, Failed> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let bodies = Arc::<Mutex<Vec<String>>>::default();
        let (secrets, taken) = (Arc::new(secrets), Arc::clone(&bodies));
        wire::serve(listener, move |request| Some(answer(&request, &secrets, &taken)));
        Ok(Self { address, bodies })
    }

    /// The address of the queue.
    #[must_use]
    pub fn queue_url(&self) -> String {
        format!("http://{}/000000000000/clicks", self.address)
    }

    /// What leads an SDK, ours as that of Node, to these services and to no others.
    #[must_use]
    pub fn variables(&self) -> Vec<(String, String)> {
        let url = format!("http://{}", self.address);
        [
            ("AWS_ENDPOINT_URL", url.as_str()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "AKIDBENCH"),
            ("AWS_SECRET_ACCESS_KEY", "bench"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// Takes all messages out of the queue.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.bodies))
    }
}

fn answer(request: &Message, secrets: &BTreeMap<String, String>, bodies: &Mutex<Vec<String>>) -> Reply {
    let answered = match request.header("x-amz-target") {
        Some("AmazonSQS.SendMessage") => send(&request.body, bodies),
        Some("secretsmanager.GetSecretValue") => secret(&request.body, secrets),
        target => Err(format!("{target:?} is not understood here")),
    };
    let (status, body) =
        answered.map_or_else(|why| (400, json!({ "__type": "InvalidRequest", "message": why })), |body| (200, body));
    let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned()), ("x-amzn-requestid", "bench".to_owned())];
    Reply { status, headers, body: body.to_string().into_bytes() }
}

/// Node's SDK compares the digest with its own.
fn send(request: &[u8], bodies: &Mutex<Vec<String>>) -> Result<Value, String> {
    let SendMessage { message_body } = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let digest = Md5::digest(&message_body).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}");
        text
    });
    let mut bodies = lock(bodies);
    bodies.push(message_body);
    Ok(json!({ "MessageId": format!("bench-{}", bodies.len()), "MD5OfMessageBody": digest }))
}

fn secret(request: &[u8], secrets: &BTreeMap<String, String>) -> Result<Value, String> {
    let GetSecretValue { secret_id } = serde_json::from_slice(request).map_err(|error| error.to_string())?;
    let text = secrets.get(&secret_id).ok_or_else(|| format!("no secret {secret_id}"))?;
    Ok(json!({ "ARN": secret_id, "Name": secret_id, "SecretString": text, "VersionStages": ["AWSCURRENT"] }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Connection;

    fn ask(aws: &Aws, target: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let head = format!("POST / HTTP/1.1\r\nx-amz-target: {target}\r\ncontent-length: {}\r\n\r\n", body.len());
        let answer = Connection::open(aws.address).unwrap().ask((head + &body).as_bytes()).unwrap();
        (answer.status(), serde_json::from_slice(&answer.body).unwrap())
    }

    #[test]
    fn messages_are_taken_with_their_digest_and_kept() {
        let aws = Aws::start(BTreeMap::new()).unwrap();
        let (status, answer) = ask(&aws, "AmazonSQS.SendMessage", &json!({ "QueueUrl": "any", "MessageBody": "hello" }));
        assert_eq!((status, &answer["MD5OfMessageBody"]), (200, &json!("5d41402abc4b2a76b9719d911017c592")));
        assert_eq!(aws.take(), ["hello"]);
        assert!(aws.take().is_empty());
    }

    #[test]
    fn secrets_are_told_by_name_and_nothing_else_is_done() {
        let aws = Aws::start([("keys".to_owned(), "{}".to_owned())].into()).unwrap();
        let target = "secretsmanager.GetSecretValue";
        assert_eq!(ask(&aws, target, &json!({ "SecretId": "keys" })).1["SecretString"], "{}");
        assert_eq!(ask(&aws, target, &json!({ "SecretId": "others" })).0, 400);
        assert_eq!(ask(&aws, "AmazonSQS.ReceiveMessage", &json!({})).0, 400);
    }
}
