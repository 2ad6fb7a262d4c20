//! A running simulator whose clock stands still, and a client of it.

use std::{net::SocketAddr, sync::Arc};

use aligo_simulator::{app::App, clock::ManualClock, listen_anywhere, options::Options, serve, serve_admin};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub const SEND: &str = "/akv10/alimtalk/send/";
pub const DETAIL: &str = "/akv10/history/detail/";
pub const LIST: &str = "/akv10/history/list/";

/// Texts and buttons of [`Simulator::with_template`].
pub const CONTENT: &str = "#{고객명}님, 안녕하세요.\r\n예약 안내입니다.";

pub struct Simulator {
    pub address: SocketAddr,
    pub client: Client,
    pub options: Options,
    admin_address: SocketAddr,
    clock: Arc<ManualClock>,
    servers: Vec<JoinHandle<()>>,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

/// One receiver of a call.
#[derive(Clone)]
pub struct Receiver {
    pub number: String,
    pub message: String,
    pub button: Option<String>,
    pub emtitle: Option<String>,
}

/// A receiver for whom everything fits the template.
pub fn receiver(number: &str) -> Receiver {
    Receiver {
        number: number.to_owned(),
        message: message("김단골"),
        button: Some(button(&format!("token-{number}"))),
        emtitle: None,
    }
}

pub fn message(name: &str) -> String {
    CONTENT.replace("#{고객명}", name)
}

pub fn button(token: &str) -> String {
    json!({ "button": [{
        "name": "예약 보기", "linkType": "WL", "linkTypeName": "웹링크",
        "linkMo": format!("https://go.example.com/c/{token}"),
        "linkPc": format!("https://go.example.com/c/{token}"),
        "linkIos": "", "linkAnd": "",
    }] })
    .to_string()
}

/// The template that [`receiver`] fits.
pub fn template() -> Value {
    json!({
        "templtCode": "TEST_1",
        "templtName": "예약 안내",
        "templtContent": CONTENT,
        "status": "A",
        "inspStatus": "APR",
        "buttons": [{
            "name": "예약 보기", "linkType": "WL",
            "linkMo": "https://go.example.com/c/#{link}",
            "linkPc": "https://go.example.com/c/#{link}",
        }],
    })
}

/// The fields of a call with these receivers.
pub fn call_with(receivers: &[Receiver]) -> Vec<(String, String)> {
    let sender_key = Options::default().sender_key;
    let mut fields = vec![
        ("senderkey".to_owned(), sender_key),
        ("tpl_code".to_owned(), "TEST_1".to_owned()),
        ("sender".to_owned(), "02-1234-5678".to_owned()),
    ];
    for (number, receiver) in (1..).zip(receivers) {
        let mut add = |field: &str, value: &str| {
            fields.push((format!("{field}_{number}"), value.to_owned()));
        };
        add("receiver", &receiver.number);
        add("subject", "예약 안내");
        add("message", &receiver.message);
        if let Some(button) = &receiver.button {
            add("button", button);
        }
        if let Some(emtitle) = &receiver.emtitle {
            add("emtitle", emtitle);
        }
    }
    fields
}

pub fn replace(fields: &mut [(String, String)], field: &str, value: &str) {
    let place = fields.iter_mut().find(|(name, _)| name == field).expect("the field is there");
    value.clone_into(&mut place.1);
}

impl Simulator {
    /// A simulator without templates, at noon of 2 March 2026 in Korea.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let noon: DateTime<Utc> = "2026-03-02T03:00:00Z".parse().expect("a time");
        let clock = Arc::new(ManualClock::new(noon));
        let (listener, address) = listen_anywhere().await.expect("a free port");
        let app = Arc::new(App::new(options.clone(), Arc::clone(&clock), None));
        let mut servers = Vec::new();
        let mut admin_address = address;
        if options.admin_listen.is_some() {
            let (listener, address) = listen_anywhere().await.expect("another free port");
            let app = Arc::clone(&app);
            servers.push(tokio::spawn(async move { serve_admin(listener, app).await.expect("it serves") }));
            admin_address = address;
        }
        servers.push(tokio::spawn(async move { serve(listener, app).await.expect("it serves") }));
        let client = Client::builder().no_proxy().build().expect("a client");
        Self { address, client, options, admin_address, clock, servers }
    }

    /// A simulator with one approved template.
    pub async fn with_template() -> Self {
        let simulator = Self::start().await;
        simulator.admin(Method::POST, "templates", template()).await;
        simulator
    }

    pub fn advance(&self, milliseconds: i64) {
        self.clock.advance(TimeDelta::milliseconds(milliseconds));
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Posts exactly these fields.
    pub async fn post(&self, path: &str, fields: &[(String, String)]) -> Result<Response, reqwest::Error> {
        self.client.post(self.url(path)).form(fields).send().await
    }

    /// The fields with key and account.
    pub fn signed<N: Into<String>, V: Into<String>>(&self, fields: impl IntoIterator<Item = (N, V)>) -> Vec<(String, String)> {
        let mut signed =
            vec![("apikey".to_owned(), self.options.api_key.clone()), ("userid".to_owned(), self.options.user_id.clone())];
        signed.extend(fields.into_iter().map(|(name, value)| (name.into(), value.into())));
        signed
    }

    /// A signed call, answered with HTTP 200 and JSON.
    pub async fn call<N: Into<String>, V: Into<String>>(&self, path: &str, fields: impl IntoIterator<Item = (N, V)>) -> Value {
        let response = self.post(path, &self.signed(fields)).await.expect("an answer");
        assert_eq!(response.status(), 200, "the provider always says 200");
        response.json().await.expect("JSON")
    }

    pub async fn send(&self, receivers: &[Receiver]) -> Value {
        self.call(SEND, call_with(receivers)).await
    }

    /// Sends and returns the `mid`.
    pub async fn accepted(&self, receivers: &[Receiver]) -> String {
        mid_of(&self.send(receivers).await)
    }

    pub async fn detail(&self, mid: &str) -> Vec<Value> {
        let answer = self.call(DETAIL, [("mid", mid), ("limit", "500")]).await;
        rows(&answer)
    }

    /// The only row of a call.
    pub async fn row(&self, mid: &str) -> Value {
        let mut rows = self.detail(mid).await;
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows.remove(0)
    }

    /// What `rslt` a call with this one receiver ends with.
    pub async fn result_of(&self, receiver: Receiver) -> String {
        let mid = self.accepted(&[receiver]).await;
        self.advance(60_000);
        text(&self.row(&mid).await["rslt"])
    }

    pub async fn admin(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}/admin/{path}", self.admin_address);
        let response = self.client.request(method, url).json(&body).send().await.expect("an answer");
        let status = response.status();
        let body = response.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    pub async fn settings(&self, changes: Value) {
        self.admin(Method::PATCH, "settings", changes).await;
    }

    pub async fn faults(&self, script: Value) {
        self.admin(Method::POST, "faults", script).await;
    }

    pub async fn truth(&self) -> Value {
        self.admin(Method::GET, "truth", Value::Null).await
    }
}

pub fn rows(answer: &Value) -> Vec<Value> {
    assert_eq!(answer["code"], 0, "{answer}");
    answer["list"].as_array().expect("a list").clone()
}

pub fn mid_of(answer: &Value) -> String {
    assert_eq!(answer["code"], 0, "{answer}");
    text(&answer["info"]["mid"])
}

pub fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
