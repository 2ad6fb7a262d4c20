//! What every page has at hand: who looks, in which language, and the API.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use shared::clock::Ambient;
use shared::http::Language;
use shared::model::console::ConsoleOrigin;

use crate::api::{Api, Client, Failure};
use crate::assets::Assets;
use crate::page::Shell;
use crate::visitor::{Tone, Visitor, keep_notice};
use crate::words::Words;

/// What the console needs.
pub struct Deps {
    /// The API.
    pub client: Client,
    /// The time, and random numbers.
    pub ambient: Ambient,
    /// What addresses of pages begin with.
    pub origin: ConsoleOrigin,
    /// Below which browsers write files, and fetch them: the bucket, and no other one.
    pub uploads_url: String,
    /// What proves to the API where a visitor comes from.
    pub sources: Sources,
    /// Stylesheet and scripts.
    pub assets: Assets,
}

/// Makes the proof of a visitor's address.
pub type Sources = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What an address answers: a page, or why there is none.
pub type Answer = Result<Response, Failure>;

/// What every handler has at hand.
#[derive(Clone)]
pub struct Site {
    deps: Arc<Deps>,
    visitor: Arc<Visitor>,
    /// The address with which the API shall be asked for this visitor.
    source: Option<String>,
    uri: Uri,
    /// Path and query of the page before, if it was one of ours.
    came_from: Option<String>,
    /// Whether this is a form that was sent.
    is_sent: bool,
    /// Whether a link or a form of another site led here.
    is_led_from_elsewhere: bool,
}

impl Site {
    pub(crate) fn new(deps: Arc<Deps>, visitor: Arc<Visitor>, source: Option<String>, request: &Parts) -> Self {
        let is_led_from_elsewhere = is_led_from_elsewhere(&deps.origin, &request.headers);
        let came_from = request.headers.get(header::REFERER).and_then(|page| page_of(&deps.origin, page.to_str().ok()?));
        let is_sent = request.method == Method::POST;
        Self { deps, visitor, source, uri: request.uri.clone(), came_from, is_sent, is_led_from_elsewhere }
    }

    /// What the console needs.
    #[must_use]
    pub fn deps(&self) -> &Deps {
        &self.deps
    }

    /// Who looks.
    #[must_use]
    pub fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// The language of the page.
    #[must_use]
    pub fn language(&self) -> Language {
        self.visitor.language
    }

    /// Its words.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        Words::of(self.language())
    }

    /// The API, as this person may use it.
    #[must_use]
    pub fn api(&self) -> Api {
        self.deps.client.of(self.visitor.token.clone(), self.language(), self.source.clone())
    }

    /// The API, as anybody may use it.
    #[must_use]
    pub fn anonymous_api(&self) -> Api {
        self.deps.client.of(None, self.language(), self.source.clone())
    }

    /// The same request of a visitor who has just signed in.
    #[must_use]
    pub(crate) fn with(&self, visitor: Visitor) -> Self {
        Self { visitor: Arc::new(visitor), ..self.clone() }
    }

    /// Path and query of this request, to come back to.
    #[must_use]
    pub fn here(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// The path of this request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The page on which a button was pressed, to lead back to; home when that is not known, or is this address itself.
    #[must_use]
    pub fn page_before(&self) -> &str {
        self.came_from.as_deref().filter(|page| *page != self.here()).unwrap_or("/")
    }

    /// Whether a form was sent.
    #[must_use]
    pub const fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// Whether a link or a form of another site led here: what its address says nobody here has said.
    #[must_use]
    pub const fn is_led_from_elsewhere(&self) -> bool {
        self.is_led_from_elsewhere
    }

    /// Whether somebody is signed in.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.visitor.token.is_some()
    }

    /// A key for a form that starts something, so that pressing twice starts it once.
    #[must_use]
    pub fn fresh_key(&self) -> String {
        self.deps.ambient.uuid().simple().to_string()
    }

    /// The clinic for which the person works, as the frame of the page shows it. Ask for it together with what the page shows:
    /// `tokio::try_join!(site.shell(), site.api().get(["groups"]).send::<Groups>())`.
    ///
    /// # Errors
    /// When the person works for no clinic, is not signed in any more, or the API does not answer.
    pub async fn shell(&self) -> Result<Shell, Failure> {
        let clinic: ClinicOfShell = self.api().get(["clinic"]).send().await?;
        Ok(Shell { clinic: clinic.name, owner: clinic.me.is_none_or(|me| me.role == "owner"), zone: clinic.time_zone })
    }

    /// Goes to another page.
    #[must_use]
    pub fn go(&self, path: &str) -> Response {
        (StatusCode::SEE_OTHER, [(header::LOCATION, location(path))]).into_response()
    }

    /// Goes to another page, which says this above its content.
    #[must_use]
    pub fn go_saying(&self, path: &str, tone: Tone, text: &str) -> Response {
        let mut response = self.go(path);
        for cookie in keep_notice(tone, text) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClinicOfShell {
    name: String,
    time_zone: String,
    me: Option<Me>,
}

#[derive(Deserialize)]
struct Me {
    role: String,
}

/// What the browser says about where a link was. `none` is what somebody typed or had kept. Older ones say it by the page before.
fn is_led_from_elsewhere(origin: &ConsoleOrigin, headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => {
            headers.get(header::REFERER).is_some_and(|page| page.to_str().ok().and_then(|page| page_of(origin, page)).is_none())
        }
    }
}

/// Path and query of a page of ours.
fn page_of(origin: &ConsoleOrigin, address: &str) -> Option<String> {
    inside(address.strip_prefix(&origin.to_string())?).map(str::to_owned)
}

/// A path of this site as a header; anything else leads home.
fn location(path: &str) -> HeaderValue {
    let inside = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
    HeaderValue::from_str(if inside { path } else { "/" }).unwrap_or(HeaderValue::from_static("/"))
}

/// A path of this site that somebody asks to be led to; none when it is not one.
#[must_use]
pub fn inside(path: &str) -> Option<&str> {
    let plain = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\') && !path.chars().any(char::is_control);
    plain.then_some(path)
}

impl<S: Send + Sync> FromRequestParts<S> for Site {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        parts.extensions.get::<Self>().cloned().ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The same, of somebody who is signed in: others are asked to do so first, and come back to what they were about to do.
#[derive(Clone)]
pub struct Person(Site);

impl Deref for Person {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.0
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let site = parts.extensions.get::<Site>().cloned().ok_or(Failure::SignedOut)?;
        if site.is_signed_in() {
            return Ok(Self(site));
        }
        Err(site.visitor.trouble.clone().unwrap_or(Failure::SignedOut))
    }
}

impl IntoResponse for Failure {
    /// The page is drawn by the layer around all handlers, which knows the visitor.
    fn into_response(self) -> Response {
        let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_site() {
        for path in ["/customers?group=grp_1", "/", "/i/ABC"] {
            assert_eq!(inside(path), Some(path));
            assert_eq!(location(path), path);
        }
        for path in ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"] {
            assert_eq!(inside(path), None, "{path:?}");
            assert_eq!(location(path), "/", "{path:?}");
        }
    }
}
