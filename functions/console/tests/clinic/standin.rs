//! An API that answers what a test wants, and a browser without scripts.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use console::api::Client;
use console::assets::Assets;
use console::{Deps, routes};
use serde_json::{Value, json};
use shared::clock::Ambient;
use tower::ServiceExt;

type Answers = HashMap<String, (StatusCode, Value)>;

/// What was asked of the API: method with path and query, and the body.
pub type Asked = (String, Value);

#[derive(Default)]
struct Memory {
    answers: Answers,
    asked: Vec<Asked>,
}

/// Somebody before the pages, and the API behind them.
pub struct Browser {
    pages: Router,
    cookies: HashMap<String, String>,
    memory: Arc<Mutex<Memory>>,
}

/// What came back.
pub struct Shown {
    pub status: StatusCode,
    pub location: String,
    pub body: String,
}

impl Browser {
    /// Somebody who is not signed in, before an API that knows nothing yet.
    pub async fn open() -> Self {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let api = Router::new().fallback(answer).with_state(memory.clone());
        tokio::spawn(async move { axum::serve(listener, api).await.unwrap() });
        let deps = Deps {
            client: Client::new(base.parse().unwrap()).unwrap(),
            ambient: Ambient::system().unwrap(),
            origin: "http://localhost".parse().unwrap(),
            uploads_url: "http://files.example".to_owned(),
            sources: Box::new(|_| None),
            assets: Assets::new(),
        };
        Self { pages: routes(deps), cookies: HashMap::new(), memory }
    }

    /// The same, signed in for a clinic in this role.
    pub async fn of_clinic(role: &str) -> Self {
        let mut browser = Self::open().await;
        // `{"exp": 9999999999, "email": "lee@example.com"}`: the pages look at nothing else, and the API is the one above.
        let token = "e30.eyJleHAiOjk5OTk5OTk5OTksImVtYWlsIjoibGVlQGV4YW1wbGUuY29tIn0.x";
        browser.cookies.insert("__Host-dangol-id".to_owned(), token.to_owned());
        browser.cookies.insert("__Host-dangol-refresh".to_owned(), "refresh".to_owned());
        browser.answers("GET /v1/clinic", 200, clinic(role));
        browser
    }

    /// Has the API answer this from now on.
    pub fn answers(&self, call: &str, status: u16, body: Value) {
        let status = StatusCode::from_u16(status).unwrap();
        self.memory.lock().unwrap().answers.insert(call.to_owned(), (status, body));
    }

    /// What was asked of the API since the last time.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.memory.lock().unwrap().asked)
    }

    pub async fn get(&mut self, path: &str) -> Shown {
        self.send(Request::get(path), String::new()).await
    }

    /// Sends a form of ours.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        if !self.cookies.contains_key("__Host-dangol-csrf") {
            self.get("/sign-in").await;
            self.asked();
        }
        let csrf = self.cookies["__Host-dangol-csrf"].clone();
        self.post_with(path, &csrf, fields).await
    }

    /// Sends a form of ours with another token than it should have.
    pub async fn post_with(&mut self, path: &str, csrf: &str, fields: &[(&str, &str)]) -> Shown {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", csrf).extend_pairs(fields);
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request, body.finish()).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Shown {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).body(Body::from(body)).unwrap();
        let response = self.pages.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.cookies.retain(|_, value| !value.is_empty());
        let location = response.headers().get(header::LOCATION).map_or("", |location| location.to_str().unwrap()).to_owned();
        let status = response.status();
        let body = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
        Shown { status, location, body }
    }

    /// Whether the browser keeps a cookie.
    pub fn keeps(&self, cookie: &str) -> bool {
        self.cookies.contains_key(cookie)
    }
}

async fn answer(State(memory): State<Arc<Mutex<Memory>>>, request: Request) -> Response {
    let call = format!("{} {}", request.method(), request.uri());
    let bytes = to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut memory = memory.lock().unwrap();
    memory.asked.push((call.clone(), serde_json::from_slice(&bytes).unwrap_or(Value::Null)));
    let path = call.split('?').next().unwrap_or_default();
    match memory.answers.get(&call).or_else(|| memory.answers.get(path)) {
        Some((status, body)) => (*status, Json(body.clone())).into_response(),
        None => (StatusCode::NOT_FOUND, Json(problem(404, "not-found", None))).into_response(),
    }
}

/// What the API says is wrong.
pub fn problem(status: u16, code: &str, field: Option<&str>) -> Value {
    json!({
        "type": format!("https://dangol.dev/problems/{code}"),
        "status": status,
        "title": format!("title of {code}"),
        "detail": field.map_or("detail".to_owned(), |field| format!("`{field}`: detail")),
        "field": field,
    })
}

fn clinic(role: &str) -> Value {
    json!({
        "name": "<b>단골</b>의원", "timeZone": "Asia/Seoul", "senderKey": "key", "senderPhone": null, "linkHosts": ["www.example.com"],
        "pointsEnabled": true, "joinPoints": 1000, "invitePoints": 500, "pointsNotice": "<i>안내</i>", "acceptsMembers": true,
        "invitesPerDay": 20, "invitesInTotal": null, "paysForKnown": false, "holdsUnproven": true, "referralCode": "7K3M9QXF",
        "quietHours": { "from": "21:00", "to": "08:30" }, "advertisingQuietHours": { "from": "20:59", "to": "08:00" },
        "me": { "staffId": "stf_1", "name": "김원장", "role": role },
    })
}
