//! The public API, as the pages call it: with the token of the person who looks at them, and with nothing more.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::http::{Language, SOURCE_HEADER};
use url::Url;

/// Longer than the API takes for anything, shorter than the gateway waits for a page.
const PATIENCE: Duration = Duration::from_secs(25);
/// A connection that was frozen with the function is dead; it must be gone before it is used again.
const IDLE: Duration = Duration::from_secs(3);

/// Where the API is.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
}

impl Client {
    /// A client of the API at this address.
    ///
    /// # Errors
    /// When the system offers no TLS.
    pub fn new(base: Url) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(PATIENCE)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { http, base })
    }

    /// The client as one person uses it.
    #[must_use]
    pub fn of(&self, token: Option<SecretString>, language: Language, source: Option<String>) -> Api {
        Api { client: self.clone(), token, language, source }
    }
}

/// The API as one person uses it.
#[derive(Clone)]
pub struct Api {
    client: Client,
    token: Option<SecretString>,
    language: Language,
    /// The visitor's address with its proof, see `shared::http::SourceKey`.
    source: Option<String>,
}

impl Api {
    /// `GET /v1/...`, of these segments.
    pub fn get<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST /v1/...`, of these segments.
    pub fn post<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::POST, path)
    }

    /// `PATCH /v1/...`, of these segments.
    pub fn patch<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::PATCH, path)
    }

    /// `PUT /v1/...`, of these segments.
    pub fn put<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::PUT, path)
    }

    /// `DELETE /v1/...`, of these segments.
    pub fn delete<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Any method. What stands in a segment cannot leave it: it is encoded, and what an address would read as a way up is not sent.
    fn call<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>) -> Call {
        let mut url = self.client.base.clone();
        let mut is_address = true;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1");
            for segment in path {
                is_address &= is_segment(segment);
                segments.push(segment);
            }
        }
        let mut request = self.client.http.request(method, url).header("accept-language", self.language.tag());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(source) = &self.source {
            request = request.header(SOURCE_HEADER, source);
        }
        Call { request, language: self.language, is_address }
    }

    /// Writes a file to the address that the API gave for it.
    ///
    /// # Errors
    /// When the store refuses it or does not answer.
    pub async fn upload(&self, address: &str, contents: Vec<u8>) -> Result<(), Failure> {
        let sent = self.client.http.put(address).body(contents).send().await.map_err(Failure::unreachable)?;
        sent.error_for_status().map(drop).map_err(Failure::unreachable)
    }
}

/// One call, not sent yet.
#[must_use]
pub struct Call {
    request: reqwest::RequestBuilder,
    language: Language,
    is_address: bool,
}

impl Call {
    /// Adds a parameter to the query.
    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike are handed over as they are")]
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.request = self.request.query(&[(name, value.to_string())]);
        self
    }

    /// Adds a parameter to the query when there is a value and it is not empty.
    pub fn maybe(self, name: &str, value: Option<impl ToString>) -> Self {
        match value.map(|value| value.to_string()).filter(|value| !value.is_empty()) {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// The body.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// The key by which a repeated request is known. One that we have not made is none, and the API says so.
    pub fn idempotent(mut self, key: &str) -> Self {
        if (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            self.request = self.request.header("idempotency-key", key);
        }
        self
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// What the API says is wrong; that nobody is signed in; that it does not answer.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, Failure> {
        let bytes = self.answer().await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Unreadable(format!("line {} column {}", error.line(), error.column())))
    }

    /// Sends it; the answer is of no interest.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn done(self) -> Result<(), Failure> {
        self.answer().await.map(drop)
    }

    /// Sends it and gives the answer as it is: for pictures and files.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn answer(self) -> Result<Vec<u8>, Failure> {
        if !self.is_address {
            return Err(Failure::missing(self.language));
        }
        let response = self.request.send().await.map_err(Failure::unreachable)?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(Failure::unreachable)?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        Err(Failure::of(status, &bytes, self.language))
    }
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct List<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one begins.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next_cursor: None }
    }
}

/// What the API says is wrong (RFC 9457).
#[derive(Debug, Clone, Deserialize)]
pub struct Problem {
    /// The status code.
    pub status: u16,
    /// The address of its kind.
    #[serde(rename = "type", default)]
    kind: String,
    /// The kind in words.
    #[serde(default)]
    pub title: String,
    /// What it is about.
    #[serde(default)]
    pub detail: Option<String>,
    /// The JSON path of the input that is wrong.
    #[serde(default)]
    pub field: Option<String>,
}

impl Problem {
    /// The stable name of its kind: `not-found`, `phone-taken`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is of this kind.
    #[must_use]
    pub fn is(&self, code: &str) -> bool {
        self.code() == code
    }

    /// Title and detail as one text.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{} {detail}", self.title),
            None => self.title.clone(),
        }
    }

    /// The explanation, or the title when there is none: what stands beside a field. The API names the field in front of it, which
    /// says nothing there.
    #[must_use]
    pub fn short(&self) -> &str {
        let detail = self.detail.as_deref().unwrap_or(&self.title);
        let field = self.field.as_deref().map(|field| field.trim_start_matches("$."));
        let named = field.and_then(|field| detail.strip_prefix('`')?.strip_prefix(field)?.strip_prefix("`: "));
        named.unwrap_or(detail)
    }

    /// Whether pressing the button again with other input may help: then the form is shown again.
    #[must_use]
    pub const fn is_about_input(&self) -> bool {
        matches!(self.status, 400 | 409 | 413 | 422 | 429)
    }
}

/// Why a call came to nothing.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The API says what is wrong.
    Problem(Box<Problem>),
    /// Nobody is signed in any more.
    SignedOut,
    /// The API does not answer.
    Unreachable(String),
    /// The answer is not what this program knows.
    Unreadable(String),
}

impl Failure {
    /// Without the address: that holds what people look for, or a permission to write a file.
    fn unreachable(error: reqwest::Error) -> Self {
        Self::Unreachable(error.without_url().to_string())
    }

    /// What the API would say to an address that nothing can have.
    fn missing(language: Language) -> Self {
        let title = language.choose("찾을 수 없습니다.", "Not found.").to_owned();
        Self::Problem(Box::new(Problem { status: 404, kind: "not-found".to_owned(), title, detail: None, field: None }))
    }

    fn of(status: StatusCode, body: &[u8], language: Language) -> Self {
        if status == StatusCode::UNAUTHORIZED && !names_a_kind(body, "wrong-credentials") {
            return Self::SignedOut;
        }
        match serde_json::from_slice::<Problem>(body) {
            Ok(problem) if !problem.title.is_empty() => Self::Problem(Box::new(problem)),
            // The gateway itself answers without a problem: too many requests at once, a body that is too large.
            _ if status == StatusCode::TOO_MANY_REQUESTS => Self::Problem(Box::new(Problem {
                status: status.as_u16(),
                kind: "too-many-attempts".to_owned(),
                title: language
                    .choose("요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.", "Too many requests. Try again in a moment.")
                    .to_owned(),
                detail: None,
                field: None,
            })),
            _ => Self::Unreachable(format!("status {status}")),
        }
    }

    /// The problem, if the API named one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// Whether the API says that this is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.problem().is_some_and(|problem| problem.status == 404)
    }

    /// The problem when other input may help, otherwise the failure itself.
    ///
    /// # Errors
    /// The failure, when no other input would help.
    pub fn about_input(self) -> Result<Problem, Self> {
        match self {
            Self::Problem(problem) if problem.is_about_input() => Ok(*problem),
            other => Err(other),
        }
    }
}

/// Whether an address keeps it as it is. Dots lead upwards, slashes are undone on the way, and control characters are left out by whoever
/// reads addresses.
fn is_segment(text: &str) -> bool {
    !text.is_empty()
        && !text.bytes().all(|byte| byte == b'.')
        && !text.contains(['/', '\\'])
        && !text.chars().any(char::is_control)
}

fn names_a_kind(body: &[u8], code: &str) -> bool {
    serde_json::from_slice::<Problem>(body).is_ok_and(|problem| problem.is(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_a_field_its_name_is_not_repeated() {
        let problem = |detail: &str| {
            let text = serde_json::json!({ "status": 422, "title": "입력값을 확인해 주세요.", "detail": detail, "field": "phones[1]" });
            serde_json::from_value::<Problem>(text).unwrap()
        };
        assert_eq!(problem("`phones[1]`: 번호가 아닙니다.").short(), "번호가 아닙니다.");
        assert_eq!(problem("`note`: 번호가 아닙니다.").short(), "`note`: 번호가 아닙니다.");
        assert_eq!(problem("번호가 아닙니다.").short(), "번호가 아닙니다.");
    }
}
