//! Errors as `application/problem+json` (RFC 9457), in Korean and English.

use std::error::Error;
use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::db::DatabaseFailure;
use crate::failure::chain;
use crate::http::{Kind, Language};

/// What every `type` begins with. It names the kind; nothing is served there.
pub(super) const TYPES: &str = "https://dangol.dev/problems/";

/// One text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

impl Text {
    /// Both texts at once.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self { ko: ko.into(), en: en.into() }
    }

    /// The text in one language.
    #[must_use]
    pub fn of(&self, language: Language) -> &str {
        language.choose(&self.ko, &self.en)
    }
}

/// An answer that says what is wrong, why, and what to do. Boxed, because it is the rare half of every `Result`.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    kind: Kind,
    detail: Option<Text>,
    more: Map<String, Value>,
    /// In how many seconds the same may be asked again.
    retry_after: Option<u64>,
    /// For the log, never for the caller.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of this kind, without an explanation of its own.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self(Box::new(Content { kind, detail: None, more: Map::new(), retry_after: None, cause: None }))
    }

    /// Adds an explanation.
    #[must_use]
    pub fn detail(mut self, ko: impl Into<String>, en: impl Into<String>) -> Self {
        self.0.detail = Some(Text::new(ko, en));
        self
    }

    /// Adds a member for machines.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.more.insert(name.to_owned(), value.into());
        self
    }

    /// Says in how many seconds the same may be asked again: as `Retry-After`, and as `retryAfter` for pages, which cannot read
    /// every header.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self.with("retryAfter", seconds)
    }

    /// The kind, for tests and logs.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Nothing is there, or it belongs to somebody else: nobody can tell which.
    #[must_use]
    pub fn not_found() -> Self {
        Self::of(Kind::NotFound)
    }

    /// The caller does not work for a clinic.
    #[must_use]
    pub fn not_staff() -> Self {
        Self::of(Kind::NotStaff).detail(
            "병원을 먼저 등록하거나 병원에 직원 초대를 요청하세요.",
            "Register a clinic first, or ask a clinic to invite you.",
        )
    }

    /// The input cannot be used; `field` is the JSON path of what is wrong.
    #[must_use]
    pub fn invalid(field: &str, ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self::of(Kind::InvalidInput).detail(ko, en).with("field", field)
    }

    /// Something of ours broke. The cause goes to the log, not to the caller.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::of(Kind::Unavailable);
        problem.0.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// The answer in one language.
    pub(super) fn render(self, language: Language) -> Response {
        if let Some(cause) = &self.0.cause {
            tracing::error!(event = "request.failed", error = %chain(&**cause), "request failed");
        }
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CONTENT_LANGUAGE, language.tag()),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let retry_after = self.0.retry_after;
        let mut response = (self.kind().status(), headers, self.document(language).to_string()).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }

    /// The body of the answer in one language.
    pub(super) fn document(self, language: Language) -> Value {
        let Content { kind, detail, more: mut body, .. } = *self.0;
        body.insert("type".to_owned(), json!(format!("{TYPES}{}", kind.code())));
        body.insert("status".to_owned(), json!(kind.status().as_u16()));
        let (ko, en) = kind.title();
        body.insert("title".to_owned(), json!(language.choose(ko, en)));
        if let Some(detail) = detail {
            body.insert("detail".to_owned(), json!(detail.of(language)));
        }
        Value::Object(body)
    }
}

impl From<sqlx::Error> for Problem {
    fn from(cause: sqlx::Error) -> Self {
        Self::internal(cause)
    }
}

impl DatabaseFailure for Problem {
    fn database(&self) -> Option<&sqlx::Error> {
        self.0.cause.as_deref()?.downcast_ref()
    }
}

impl IntoResponse for Problem {
    /// The body is written by [`super::app`], which knows the caller's language.
    fn into_response(self) -> Response {
        let mut response = self.0.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
