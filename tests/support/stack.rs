//! A client of the deployed application: HTTP and Cognito, as any app would use it, and the emulator's queues.

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use shared::config::Environment;

/// Where the deployed application is.
#[derive(Clone)]
pub struct Stack {
    /// The API's address, without a trailing slash.
    pub api: String,
    /// The emulator's address.
    pub emulator: String,
    /// The provider simulator's address.
    pub aligo: String,
    /// For looking at what is stored.
    pub database_url: String,
    name: String,
    user_pool: String,
    client_id: String,
    http: reqwest::Client,
}

/// An answer, read to the end.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// JSON, or `Null` for anything else.
    pub json: Value,
    /// The body as text.
    pub text: String,
}

/// A signed-in person.
#[derive(Clone)]
pub struct Person {
    stack: Stack,
    token: String,
}

impl Stack {
    /// The application that `make test` has deployed.
    pub fn of_environment() -> Self {
        let mut environment = Environment::of_process();
        let mut text = |name: &str| environment.text(name);
        let stack = Self {
            api: text("DANGOL_API_URL"),
            emulator: text("DANGOL_EMULATOR_URL"),
            aligo: text("DANGOL_ALIGO_URL"),
            database_url: text("DANGOL_DATABASE_URL"),
            name: text("DANGOL_STACK"),
            user_pool: text("DANGOL_USER_POOL_ID"),
            client_id: text("DANGOL_CLIENT_ID"),
            http: reqwest::Client::builder().redirect(Policy::none()).build().expect("an HTTP client can be made"),
        };
        environment.check().expect("tests of the deployed application need DANGOL_*; `make test` sets them");
        stack
    }

    /// Signs up at Cognito, is confirmed, signs in.
    pub async fn sign_up(&self, email: &str, name: &str, phone: &str) -> Person {
        let password = "correct-horse-1";
        let attributes = json!([
            {"Name": "email", "Value": email}, {"Name": "name", "Value": name}, {"Name": "phone_number", "Value": phone},
        ]);
        self.cognito(
            "SignUp",
            json!({"ClientId": self.client_id, "Username": email, "Password": password, "UserAttributes": attributes}),
        )
        .await;
        self.cognito("AdminConfirmSignUp", json!({"UserPoolId": self.user_pool, "Username": email})).await;
        let parameters = json!({"USERNAME": email, "PASSWORD": password});
        let question = json!({"ClientId": self.client_id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters});
        let tokens = self.cognito("InitiateAuth", question).await;
        let token = tokens["AuthenticationResult"]["IdToken"].as_str().expect("Cognito answers with an ID token").to_owned();
        Person { stack: self.clone(), token }
    }

    async fn cognito(&self, action: &str, body: Value) -> Value {
        let target = format!("AWSCognitoIdentityProviderService.{action}");
        let request =
            self.http.post(&self.emulator).header("X-Amz-Target", target).header("Authorization", credential("cognito-idp"));
        let answer = request.header("Content-Type", "application/x-amz-json-1.1").body(body.to_string()).send().await;
        let answer = answer.expect("Cognito answers");
        let status = answer.status();
        let text = answer.text().await.expect("Cognito's answer is complete");
        assert!(status.is_success(), "{action}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Sends a request without a token.
    pub async fn anonymous(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.api));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request).await
    }

    /// What anybody gets who accepts these types, as it is.
    pub async fn bytes(&self, path: &str, accept: &str) -> Vec<u8> {
        let answer =
            self.http.get(format!("{}{path}", self.api)).header("Accept", accept).send().await.expect("the API answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.expect("the answer is complete").to_vec()
    }

    /// Posts without a token, and answers whatever comes.
    pub async fn post_anonymously(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut request = self.http.post(format!("{}{path}", self.api)).header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(request.body(body.to_string())).await
    }

    /// Whoever has this ID token.
    pub fn signed_in(&self, id_token: &str) -> Person {
        Person { stack: self.clone(), token: id_token.to_owned() }
    }

    /// The texts of all mails that Cognito has sent to an address, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<String> {
        let sent = read(self.http.get(format!("{}/_ministack/ses/messages", self.emulator))).await.json;
        let accounts = sent["messages"].as_object().into_iter().flatten();
        let mails = accounts.flat_map(|(_, mails)| mails.as_array().cloned().unwrap_or_default());
        let to = |mail: &Value| mail["To"].as_array().is_some_and(|to| to.iter().any(|to| *to == *address));
        let text =
            |mail: Value| format!("{} {}", mail["BodyText"].as_str().unwrap_or(""), mail["BodyHtml"].as_str().unwrap_or(""));
        mails.filter(to).map(text).collect()
    }

    /// Opens a link as a browser would.
    pub async fn visit(&self, url: &str, agent: &str) -> Answer {
        read(self.http.get(url).header("User-Agent", agent)).await
    }

    /// Asks where a link leads without opening it.
    pub async fn probe(&self, url: &str, agent: &str) -> Answer {
        read(self.http.head(url).header("User-Agent", agent)).await
    }

    /// Puts a file at a presigned address.
    pub async fn upload(&self, url: &str, file: Vec<u8>) {
        let answer = read(self.http.put(url).body(file)).await;
        assert!(answer.status.is_success(), "upload: {answer:?}");
    }

    /// Follows a link to a file as a browser would, without a token; gives the name it is saved under, and what is in it.
    pub async fn download(&self, link: &Value) -> (String, Vec<u8>) {
        let url = link["url"].as_str().unwrap_or_else(|| panic!("no link: {link}"));
        let response = self.http.get(url).send().await.expect("the bucket answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let file = response.bytes().await.expect("the file is complete").to_vec();
        assert!(status.is_success(), "{link}: {status} {}", String::from_utf8_lossy(&file));
        let saved = headers.get("content-disposition").and_then(|value| value.to_str().ok()).unwrap_or("");
        assert!(saved.starts_with("attachment"), "a list is saved, not shown: {saved}");
        (link["fileName"].as_str().expect("the file has a name").to_owned(), file)
    }

    /// Asks the provider's simulator.
    pub async fn aligo(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.http.request(method, format!("{}{path}", self.aligo));
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = read(request).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.json
    }

    fn queue_url(&self, queue: &str) -> String {
        format!("{}/000000000000/{}-{queue}", self.emulator, self.name)
    }

    async fn sqs(&self, action: &str, body: Value) -> Value {
        let request = self.http.post(&self.emulator).header("Authorization", credential("sqs"));
        let request = request.header("X-Amz-Target", format!("AmazonSQS.{action}"));
        let answer = read(request.header("Content-Type", "application/x-amz-json-1.0").body(body.to_string())).await;
        assert!(answer.status.is_success(), "{action} {body}: {answer:?}");
        answer.json
    }

    /// Delivers a message to a queue of the application once more, as SQS may at any time.
    pub async fn deliver_again(&self, queue: &str, body: &Value) {
        self.sqs("SendMessage", json!({"QueueUrl": self.queue_url(queue), "MessageBody": body.to_string()})).await;
    }

    /// Makes a queue give a message again after so many seconds, so that a test need not wait for minutes.
    pub async fn redeliver_after(&self, queue: &str, seconds: u32) {
        let url = self.queue_url(queue);
        self.sqs("SetQueueAttributes", json!({"QueueUrl": url, "Attributes": {"VisibilityTimeout": seconds.to_string()}}))
            .await;
    }

    /// Waits until a queue has nothing left to be worked off.
    pub async fn drained(&self, queue: &str) {
        for _ in 0..600 {
            if self.queue_size(queue).await == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{queue} was not worked off");
    }

    /// How many messages a queue holds, waiting or being worked off.
    pub async fn queue_size(&self, queue: &str) -> u64 {
        let answer =
            self.sqs("GetQueueAttributes", json!({"QueueUrl": self.queue_url(queue), "AttributeNames": ["All"]})).await;
        let count = |name: &str| answer["Attributes"][name].as_str().and_then(|text| text.parse::<u64>().ok());
        let waiting = count("ApproximateNumberOfMessages").unwrap_or_else(|| panic!("{queue}: {answer}"));
        waiting
            + count("ApproximateNumberOfMessagesNotVisible").unwrap_or(0)
            + count("ApproximateNumberOfMessagesDelayed").unwrap_or(0)
    }
}

impl Person {
    /// Asks the API for something.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.send(Method::GET, path, &[], Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "GET {path}: {}", answer.text);
        answer.json
    }

    /// Posts to the API, which must do it.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, &[], body).await;
        assert!(answer.status.is_success(), "POST {path}: {} {}", answer.status, answer.text);
        answer.json
    }

    /// Posts under an idempotency key.
    pub async fn post_once(&self, key: &str, path: &str, body: Value) -> Value {
        let answer = self.send(Method::POST, path, &[("Idempotency-Key", key)], body).await;
        assert!(answer.status.is_success(), "POST {path}: {} {}", answer.status, answer.text);
        answer.json
    }

    /// Sends any request and answers whatever comes.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        let mut request = self.stack.http.request(method, format!("{}{path}", self.stack.api));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        read(request.header("Authorization", format!("Bearer {}", self.token))).await
    }

    /// Asks again until the answer satisfies, and fails with the last one when it never does.
    pub async fn wait_for(&self, path: &str, satisfied: impl Fn(&Value) -> bool) -> Value {
        self.wait(path, Duration::from_mins(1), satisfied).await
    }

    /// The same for what a schedule does, which runs each minute.
    pub async fn wait_for_long(&self, path: &str, satisfied: impl Fn(&Value) -> bool) -> Value {
        self.wait(path, Duration::from_mins(4), satisfied).await
    }

    async fn wait(&self, path: &str, patience: Duration, satisfied: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let answer = self.get(path).await;
            if satisfied(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < patience, "{path} did not become as expected: {answer:#}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// All items of a list, page after page.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = self.get(&format!("{path}{separator}limit=200{cursor}")).await;
            items.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }
}

async fn read(request: RequestBuilder) -> Answer {
    let response = request.send().await.expect("the application answers");
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.expect("the answer is complete");
    Answer { status, headers, json: serde_json::from_str(&text).unwrap_or_default(), text }
}

/// What tells the emulator which service and region is meant; it checks no signature.
fn credential(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=test/20260302/ap-northeast-2/{service}/aws4_request, SignedHeaders=host, Signature=0")
}
