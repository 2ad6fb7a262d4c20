//! Who calls: the identity that API Gateway has checked, and the language to answer in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use lambda_http::request::RequestContext;
use serde_json::Value;

use sqlx::MySqlConnection;

use crate::db::staff;
use crate::http::{Kind, Problem};
use crate::model::PhoneNumber;
use crate::model::customer::visible;
use crate::model::person::{Caller, Staff};
use crate::model::state::Role;

/// How much of a person's name is kept, in characters.
const MAX_NAME: usize = 100;

impl Caller {
    fn from_claims(claims: &Value) -> Option<Self> {
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        // An access token says nothing about who the person is, and its scopes are not ours to grant.
        (claim("token_use")? == "id").then_some(())?;
        // What Cognito lets people type may be longer than a name, and a phone is theirs only once they have proven it.
        let name = claim("name").map(|name| visible(&name).chars().take(MAX_NAME).collect());
        let proven = |name: &str| claim(&format!("{name}_verified")).as_deref() == Some("true");
        // That Cognito has proven a phone does not make it a person's: safe numbers are rented for days. One spelling for each,
        // so that nobody is two people by a zero more: `+8201012345678` is `+821012345678`.
        let phone =
            claim("phone_number").filter(|_| proven("phone_number")).and_then(|phone| phone.parse::<PhoneNumber>().ok());
        let phone = phone.filter(|phone| !phone.is_safe_number()).map(|phone| phone.e164().to_owned());
        let email = claim("email").filter(|_| proven("email")).map(|email| email.to_lowercase());
        Some(Self { subject: claim("sub")?, name, phone, email })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(RequestContext::ApiGatewayV1(context)) = parts.extensions.get::<RequestContext>() else {
            return Err(Problem::of(Kind::Unauthenticated));
        };
        let claims = context.authorizer.fields.get("claims");
        claims.and_then(Self::from_claims).ok_or_else(|| Problem::of(Kind::Unauthenticated))
    }
}

impl Staff {
    /// The staff member who calls.
    ///
    /// # Errors
    /// When the caller works for no clinic, or the database does not answer.
    pub async fn identify(connection: &mut MySqlConnection, caller: &Caller) -> Result<Self, Problem> {
        staff::find_by_subject(connection, &caller.subject).await?.ok_or_else(Problem::not_staff)
    }

    /// Refuses everybody but the owner.
    ///
    /// # Errors
    /// When the person is not the clinic's owner.
    pub fn require_owner(&self) -> Result<(), Problem> {
        if self.role == Role::Owner { Ok(()) } else { Err(Problem::of(Kind::NotOwner)) }
    }
}

/// The languages that Dangol speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Unless English is preferred.
    Korean,
    /// When `Accept-Language` prefers it.
    English,
}

impl Language {
    /// Reads `Accept-Language`; Korean unless English weighs more.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let weight = |language: &str| {
            let ranges = accepted.split(',').filter_map(|range| {
                let (tag, parameters) = range.split_once(';').unwrap_or((range, "q=1"));
                let tag = tag.trim().to_ascii_lowercase();
                let quality = parameters.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
                (tag == language || tag.starts_with(&format!("{language}-"))).then_some(quality)
            });
            ranges.fold(0.0, f32::max)
        };
        if weight("en") > weight("ko") { Self::English } else { Self::Korean }
    }

    /// Of two texts the one in this language.
    #[must_use]
    pub const fn choose<'a>(self, ko: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Korean => ko,
            Self::English => en,
        }
    }

    /// The language tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_answered_only_to_those_who_prefer_it() {
        for (accepted, language) in [
            ("", Language::Korean),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Korean),
            ("en-US,en;q=0.9,ko;q=0.8", Language::English),
            ("EN", Language::English),
            ("fr, *;q=0.1", Language::Korean),
        ] {
            let headers = [(header::ACCEPT_LANGUAGE, accepted.parse().unwrap())].into_iter().collect();
            assert_eq!(Language::of(&headers), language, "{accepted}");
        }
    }

    #[test]
    fn an_endless_name_is_cut_and_only_a_proven_phone_counts() {
        let claims = serde_json::json!({
            "sub": "s", "token_use": "id", "name": "가".repeat(150), "phone_number": "+821012345678", "phone_number_verified": "true",
            "email": "A@b.example", "email_verified": "true",
        });
        let (phone, email) = (Some("+821012345678".into()), Some("a@b.example".into()));
        let caller = Caller { subject: "s".into(), name: Some("가".repeat(100)), phone, email };
        assert_eq!(Caller::from_claims(&claims), Some(caller));
    }

    #[test]
    fn only_a_mobile_phone_proves_a_person_and_it_has_one_spelling() {
        for (claimed, kept) in [
            ("+821012345678", Some("+821012345678")),
            ("+8201012345678", Some("+821012345678")),
            ("+82111234567", Some("+82111234567")),
            // Rented for days, another country's, a landline, none at all.
            ("+8250212345678", None),
            ("+82050512345678", None),
            ("+12025550123", None),
            ("+8225550101", None),
            ("+8210", None),
        ] {
            let claims = serde_json::json!({
                "sub": "s", "token_use": "id", "phone_number": claimed, "phone_number_verified": "true",
            });
            assert_eq!(Caller::from_claims(&claims).unwrap().phone.as_deref(), kept, "{claimed}");
        }
    }

    #[test]
    fn an_access_token_is_no_identity() {
        let claims = |token_use: &str| serde_json::json!({"sub": "s", "token_use": token_use, "name": "", "phone_number": "+821012345678", "email": "a@b.example"});
        assert_eq!(Caller::from_claims(&claims("access")), None);
        let caller = Caller { subject: "s".into(), name: None, phone: None, email: None };
        assert_eq!(Caller::from_claims(&claims("id")), Some(caller));
    }
}
