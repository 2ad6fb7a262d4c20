//! Errors as `application/problem+json` (RFC 9457), in Korean and English.

use std::error::Error;
use std::sync::Arc;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::db::DatabaseFailure;
use crate::failure::chain;
use crate::http::Language;

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
        match language {
            Language::Korean => &self.ko,
            Language::English => &self.en,
        }
    }
}

/// An answer that says what is wrong, why, and what to do. Boxed, because it is the rare half of every `Result`.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    status: StatusCode,
    kind: &'static str,
    title: Text,
    detail: Option<Text>,
    more: Map<String, Value>,
    /// For the log, never for the caller.
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem by its stable kind (`https://dangol.dev/problems/<kind>` in `type`) and what a person reads.
    pub fn new(status: StatusCode, kind: &'static str, ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self(Box::new(Content { status, kind, title: Text::new(ko, en), detail: None, more: Map::new(), cause: None }))
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

    /// The stable kind, for tests and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// Nothing is there, or it belongs to somebody else: nobody can tell which.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "찾을 수 없습니다.", "There is no such thing.")
    }

    /// The path exists for other methods.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "지원하지 않는 요청 방식입니다.",
            "The method is not supported here.",
        )
    }

    /// No usable identity token.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", "로그인이 필요합니다.", "Sign in first.")
    }

    /// The caller does not work for a clinic.
    #[must_use]
    pub fn not_staff() -> Self {
        Self::new(StatusCode::FORBIDDEN, "not-staff", "병원 직원만 사용할 수 있습니다.", "Only a clinic's staff can do this.")
            .detail(
                "병원을 먼저 등록하거나 병원에 직원 초대를 요청하세요.",
                "Register a clinic first, or ask a clinic to invite you.",
            )
    }

    /// The caller is staff, but not the owner.
    #[must_use]
    pub fn not_owner() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "not-owner",
            "병원 대표 계정만 사용할 수 있습니다.",
            "Only the clinic's owner can do this.",
        )
    }

    /// The input cannot be used; `field` is the JSON path of what is wrong.
    #[must_use]
    pub fn invalid(field: &str, ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-input", "입력값을 확인해 주세요.", "Check the input.")
            .detail(ko, en)
            .with("field", field)
    }

    /// The thing is not in a state in which this can be done.
    #[must_use]
    pub fn conflict(kind: &'static str, ko: impl Into<String>, en: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, kind, ko, en)
    }

    /// The key belongs to another request.
    #[must_use]
    pub fn idempotency_key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "이미 다른 요청에 사용된 Idempotency-Key입니다.",
            "This Idempotency-Key was used for a different request.",
        )
    }

    /// Something of ours broke. The cause goes to the log, not to the caller.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "일시적인 오류입니다. 잠시 후 다시 시도해 주세요.",
            "A passing fault on our side. Try again in a moment.",
        );
        problem.0.cause = Some(Arc::from(cause.into()));
        problem
    }

    /// The answer in one language.
    pub(super) fn render(self, language: Language) -> Response {
        let content = *self.0;
        if let Some(cause) = &content.cause {
            tracing::error!(event = "request.failed", error = %chain(&**cause), "request failed");
        }
        let mut body = content.more;
        body.insert("type".to_owned(), json!(format!("https://dangol.dev/problems/{}", content.kind)));
        body.insert("status".to_owned(), json!(content.status.as_u16()));
        body.insert("title".to_owned(), json!(content.title.of(language)));
        if let Some(detail) = content.detail {
            body.insert("detail".to_owned(), json!(detail.of(language)));
        }
        let headers = [
            (header::CONTENT_TYPE, "application/problem+json"),
            (header::CONTENT_LANGUAGE, language.tag()),
            (header::CACHE_CONTROL, "no-store"),
        ];
        (content.status, headers, Value::Object(body).to_string()).into_response()
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
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
