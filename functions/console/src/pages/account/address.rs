//! The address of somebody who waits for a code. A cookie keeps it from one step to the next, so that it stands in no URL.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use cookie::{Cookie, SameSite};

use crate::parts::encoded;
use crate::visitor::ADDRESS;

/// Long enough to find the mail, short enough for a desk that several people use.
const LASTS: Duration = Duration::from_mins(30);

/// The address; empty when none is known.
pub struct Address(pub String);

impl Address {
    fn read(headers: &HeaderMap) -> Self {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let value = all.flat_map(Cookie::split_parse).filter_map(Result::ok).find(|cookie| cookie.name() == ADDRESS);
        let text = value.and_then(|cookie| {
            let decoded = url::form_urlencoded::parse(cookie.value().as_bytes()).next()?.0.into_owned();
            Some(decoded)
        });
        Self(text.unwrap_or_default())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(&parts.headers))
    }
}

/// Keeps the address for the next step.
pub fn keep(response: &mut Response, email: &str) {
    set(response, &encoded(email), LASTS);
}

/// Forgets it once it is of no more use.
pub fn forget(response: &mut Response) {
    set(response, "", Duration::ZERO);
}

fn set(response: &mut Response, value: &str, lasts: Duration) {
    let age = cookie::time::Duration::seconds(i64::try_from(lasts.as_secs()).unwrap_or(0));
    let cookie = Cookie::build((ADDRESS, value)).path("/").secure(true).http_only(true).same_site(SameSite::Lax).max_age(age);
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn an_address_comes_back_as_it_was_typed_and_out_of_reach_of_scripts() {
        for email in ["kim+a@example.com", "김 단골;=\"%@예시.kr", ""] {
            let mut response = ().into_response();
            keep(&mut response, email);
            let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
            assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=1800"), "{cookie}");
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, cookie.split(';').next().unwrap().parse().unwrap());
            assert_eq!(Address::read(&headers).0, email);
        }
        assert_eq!(Address::read(&HeaderMap::new()).0, "");
    }
}
