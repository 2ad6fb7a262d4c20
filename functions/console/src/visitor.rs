//! Who looks at a page: what the cookies say, renewed when it has grown old.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use shared::clock::Ambient;
use shared::http::Language;
use subtle::ConstantTimeEq;

use crate::api::{Client, Failure};

const ID: &str = "__Host-dangol-id";
const REFRESH: &str = "__Host-dangol-refresh";
const CSRF: &str = "__Host-dangol-csrf";
const LANGUAGE: &str = "__Host-dangol-language";
const NOTICE: &str = "__Host-dangol-notice";
/// The e-mail address of somebody who waits for a code.
pub const ADDRESS: &str = "__Host-dangol-address";

/// As long as Cognito takes a refresh token (`RefreshTokenValidity`).
const STAYS: Duration = Duration::from_hours(30 * 24);
const YEAR: Duration = Duration::from_hours(365 * 24);
/// A token that ends within this many seconds is renewed before it is used.
const RENEWED_BEFORE: i64 = 60;

/// The tokens of somebody who is signed in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Says who the person is.
    pub id_token: SecretString,
    /// Gives new ones.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// Seconds until the first is void.
    pub expires_in: u32,
}

/// What one request says about who makes it.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The language to answer in.
    pub language: Language,
    /// The identity token, when somebody is signed in.
    pub token: Option<SecretString>,
    /// The refresh token, when somebody is signed in.
    pub refresh: Option<SecretString>,
    /// What forms must send along.
    pub csrf: String,
    /// What the page before wants to be said.
    pub notice: Option<(Tone, String)>,
    /// Why the session could not be renewed, when that is not because it has ended.
    pub trouble: Option<Failure>,
}

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It worked.
    Good,
    /// It is worth knowing.
    Plain,
    /// It needs attention.
    Warning,
    /// It did not work.
    Bad,
}

impl Tone {
    /// The class of the stylesheet.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Plain => "plain",
            Self::Warning => "warning",
            Self::Bad => "bad",
        }
    }

    fn named(name: &str) -> Self {
        [Self::Good, Self::Warning, Self::Bad].into_iter().find(|tone| tone.class() == name).unwrap_or(Self::Plain)
    }
}

/// The claims of an identity token that pages need. The API checks the signature; here nothing is decided by them.
#[derive(Deserialize)]
struct Claims {
    exp: i64,
    #[serde(default)]
    email: Option<String>,
}

fn claims(token: &SecretString) -> Option<Claims> {
    let payload = token.expose_secret().split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()
}

impl Visitor {
    /// Reads the cookies.
    pub fn read(headers: &HeaderMap, ambient: &Ambient) -> (Self, Vec<HeaderValue>) {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let jar: Vec<Cookie<'_>> = all.flat_map(Cookie::split_parse).filter_map(Result::ok).collect();
        let value = |name: &str| jar.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned());
        let language = match value(LANGUAGE).as_deref() {
            Some("ko") => Language::Korean,
            Some("en") => Language::English,
            _ => Language::of(headers),
        };
        let mut cookies = Vec::new();
        let csrf = value(CSRF).filter(|token| token.len() == 32).unwrap_or_else(|| {
            let token = token_of_forms(ambient);
            cookies.extend(set(CSRF, token.clone(), None));
            token
        });
        let notice = value(NOTICE).and_then(|text| {
            let text = url::form_urlencoded::parse(text.as_bytes()).next()?;
            Some((Tone::named(&text.0), text.1.into_owned()))
        });
        let visitor = Self {
            language,
            token: value(ID).map(SecretString::from),
            refresh: value(REFRESH).map(SecretString::from),
            csrf,
            notice,
            trouble: None,
        };
        (visitor, cookies)
    }

    /// Whether the form carries this visitor's token.
    #[must_use]
    pub fn owns(&self, csrf: &str) -> bool {
        csrf.as_bytes().ct_eq(self.csrf.as_bytes()).into()
    }

    /// Renews the identity token when it has grown old; gives the cookies to set. What cannot be read or has ended is no token. When the
    /// sign-in service does not answer, the cookies stay for the next request, and pages that need nobody signed in go on.
    pub async fn renew(&mut self, client: &Client, now: DateTime<Utc>) -> Vec<HeaderValue> {
        let seconds_left = self.token.as_ref().and_then(claims).map_or(0, |claims| claims.exp - now.timestamp());
        if seconds_left > RENEWED_BEFORE {
            return Vec::new();
        }
        if seconds_left <= 0 {
            self.token = None;
        }
        let Some(refresh) = &self.refresh else { return Vec::new() };
        let body = json!({ "refreshToken": refresh.expose_secret() });
        match client.of(None, self.language, None).post(["sessions", "refresh"]).json(&body).send::<Tokens>().await {
            Ok(tokens) => self.keep(tokens),
            Err(Failure::SignedOut) => self.sign_out(),
            Err(failure) => {
                self.trouble = Some(failure);
                Vec::new()
            }
        }
    }

    /// Takes the tokens of a renewed session over: without a new refresh token the old one stays.
    fn keep(&mut self, tokens: Tokens) -> Vec<HeaderValue> {
        let lasts = Duration::from_secs(u64::from(tokens.expires_in));
        let mut cookies: Vec<_> = set(ID, tokens.id_token.expose_secret().to_owned(), Some(lasts)).collect();
        if let Some(refresh) = tokens.refresh_token {
            cookies.extend(set(REFRESH, refresh.expose_secret().to_owned(), Some(STAYS)));
            self.refresh = Some(refresh);
        }
        self.token = Some(tokens.id_token);
        cookies
    }

    /// Begins a session; gives the cookies to set. Nothing of who was here before stays: neither tokens nor the token of forms.
    pub fn sign_in(&mut self, tokens: Tokens, ambient: &Ambient) -> Vec<HeaderValue> {
        let mut cookies = self.sign_out();
        cookies.extend(self.keep(tokens));
        self.csrf = token_of_forms(ambient);
        cookies.extend(set(CSRF, self.csrf.clone(), None));
        cookies
    }

    /// Forgets the session; gives the cookies to set.
    pub fn sign_out(&mut self) -> Vec<HeaderValue> {
        self.token = None;
        self.refresh = None;
        [ID, REFRESH].into_iter().flat_map(|name| set(name, String::new(), Some(Duration::ZERO))).collect()
    }

    /// Forgets everything but the language, when somebody leaves a desk that others use too.
    pub fn leave(&mut self) -> Vec<HeaderValue> {
        let mut cookies = self.sign_out();
        cookies.extend([CSRF, ADDRESS].into_iter().flat_map(|name| set(name, String::new(), Some(Duration::ZERO))));
        cookies
    }

    /// The address with which the person signed in, for the page alone.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        self.token.as_ref().and_then(claims)?.email
    }
}

fn token_of_forms(ambient: &Ambient) -> String {
    let mut random = [0; 16];
    ambient.fill(&mut random);
    hex::encode(random)
}

/// The cookie that keeps a language.
pub fn keep_language(language: Language) -> impl Iterator<Item = HeaderValue> {
    set(LANGUAGE, language.tag().to_owned(), Some(YEAR))
}

/// The cookie that says something on the next page.
pub fn keep_notice(tone: Tone, text: &str) -> impl Iterator<Item = HeaderValue> {
    let value = url::form_urlencoded::Serializer::new(String::new()).append_pair(tone.class(), text).finish();
    set(NOTICE, value, Some(Duration::from_mins(1)))
}

/// The cookie that takes it back after it was said.
pub fn forget_notice() -> impl Iterator<Item = HeaderValue> {
    set(NOTICE, String::new(), Some(Duration::ZERO))
}

/// A `Set-Cookie`; nothing when the value cannot stand in a header.
fn set(name: &'static str, value: String, lasts: Option<Duration>) -> impl Iterator<Item = HeaderValue> {
    let mut cookie = Cookie::build((name, value)).path("/").secure(true).http_only(true).same_site(SameSite::Lax);
    if let Some(lasts) = lasts {
        cookie = cookie.max_age(cookie::time::Duration::seconds(i64::try_from(lasts.as_secs()).unwrap_or(0)));
    }
    HeaderValue::from_str(&cookie.to_string()).ok().into_iter()
}
