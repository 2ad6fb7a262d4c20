//! What happens around every page: cookies, language, the session, forged requests, failures, security headers.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use shared::http::Source;
use shared::model::console::ConsoleOrigin;
use shared::{http, telemetry};
use tower::ServiceExt;

use crate::api::Failure;
use crate::form::{CSRF_FIELD, Form, SIGN_IN_PREFIX, Unreadable};
use crate::pages::{again, broken};
use crate::site::{Deps, Site};
use crate::visitor::{Tokens, Visitor, forget_notice};

/// The name of this function in its log lines.
const NAME: &str = "console";

/// Answers one request.
pub async fn around(State(deps): State<Arc<Deps>>, request: Request, next: Next) -> Response {
    let files = deps.uploads_url.clone();
    if is_of_the_api(request.uri().path()) {
        let Ok(mut response) = http::app(NAME, Router::new()).oneshot(request).await;
        secure(response.headers_mut(), &files);
        return response;
    }
    let work = async { Ok::<_, std::convert::Infallible>(answer(deps, request, next).await) };
    let mut response = telemetry::invocation(NAME, work).await.unwrap_or_else(|never| match never {});
    secure(response.headers_mut(), &files);
    response
}

async fn answer(deps: Arc<Deps>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/assets/") {
        return next.run(request).await;
    }
    let (mut visitor, mut cookies) = Visitor::read(request.headers(), &deps.ambient);
    let (mut parts, body) = request.into_parts();
    let Ok(Source(address)) = Source::from_request_parts(&mut parts, &()).await;
    let source = (deps.sources)(&address);
    let said = visitor.notice.is_some();

    cookies.extend(visitor.renew(&deps.client, deps.ambient.now()).await);
    let mut site = Site::new(deps.clone(), Arc::new(visitor.clone()), source, &parts);
    let form = match read(&deps.origin, &parts.method, &parts.headers, body, &visitor).await {
        Ok(form) => form,
        Err(refusal) => return finish(broken::refused(&site, refusal), cookies, said),
    };
    let form = match sign_in_again(&mut site, form, &mut visitor, &mut cookies).await {
        Ok(form) => form,
        Err(response) => return finish(*response, cookies, said),
    };
    parts.extensions.insert(site.clone());
    parts.extensions.insert(form.clone());
    let mut response = next.run(Request::from_parts(parts, Body::empty())).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        if matches!(failure, Failure::SignedOut) {
            // A token that the API refuses would lead in circles: to the sign-in, which finds somebody signed in, and back.
            cookies.extend(visitor.sign_out());
            site = site.with(visitor);
        }
        response = failed(&site, &form, &failure);
    }
    finish(response, cookies, said)
}

/// Why a form is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Another site sent it.
    Foreign,
    /// It cannot be read.
    Unreadable(Unreadable),
}

/// Reads what a form sends. A form of ours with an outdated token is shown again instead of being carried out.
async fn read(
    origin: &ConsoleOrigin,
    method: &Method,
    headers: &HeaderMap,
    body: Body,
    visitor: &Visitor,
) -> Result<Form, Refusal> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(Form::default());
    }
    let same_origin = of_this_site(origin, headers);
    if same_origin == Some(false) {
        return Err(Refusal::Foreign);
    }
    let form = Form::read(headers, body).await.map_err(Refusal::Unreadable)?;
    if visitor.owns(form.raw(CSRF_FIELD)) {
        return Ok(form);
    }
    if same_origin == Some(true) { Ok(form.restore()) } else { Err(Refusal::Foreign) }
}

/// What the browser says about where a form was: nothing, that it was here, or that it was elsewhere. Older ones say it by `Origin`.
fn of_this_site(origin: &ConsoleOrigin, headers: &HeaderMap) -> Option<bool> {
    let said = headers.get("sec-fetch-site").map(|site| site == "same-origin");
    said.or_else(|| headers.get(header::ORIGIN).map(|said| said.as_bytes() == origin.to_string().as_bytes()))
}

/// Somebody whose session ended in the middle of a form has typed e-mail and password into the page that asked for them.
async fn sign_in_again(
    site: &mut Site,
    form: Form,
    visitor: &mut Visitor,
    cookies: &mut Vec<HeaderValue>,
) -> Result<Form, Box<Response>> {
    let email = form.text(&format!("{SIGN_IN_PREFIX}email")).to_owned();
    if email.is_empty() {
        return Ok(form);
    }
    let password = SecretString::from(form.raw(&format!("{SIGN_IN_PREFIX}password")));
    match sign_in(site, &email, &password).await {
        Ok(tokens) => {
            cookies.extend(visitor.sign_in(tokens, &site.deps().ambient));
            *site = site.with(visitor.clone());
            Ok(form.restore())
        }
        Err(failure) => Err(Box::new(again::page(site, &form, Some(&failure)))),
    }
}

/// Signs somebody in.
///
/// # Errors
/// When e-mail and password do not belong together, or the sign-in service does not answer.
pub async fn sign_in(site: &Site, email: &str, password: &SecretString) -> Result<Tokens, Failure> {
    let body = json!({ "email": email, "password": password.expose_secret() });
    site.anonymous_api().post(["sessions"]).json(&body).send().await
}

/// Draws the page of a failure.
fn failed(site: &Site, form: &Form, failure: &Failure) -> Response {
    match failure {
        Failure::SignedOut => again::page(site, form, None),
        _ => broken::page(site, failure),
    }
}

fn finish(mut response: Response, cookies: Vec<HeaderValue>, said: bool) -> Response {
    let is_page = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let keeps_notice = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .any(|cookie| cookie.as_bytes().starts_with(b"__Host-dangol-notice"));
    let forgotten = if said && is_page && !keeps_notice { forget_notice().collect() } else { Vec::new() };
    let headers = response.headers_mut();
    // What comes later wins: what the handler has set itself, after a sign-in or a sign-out.
    let own: Vec<_> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    let all: Vec<_> = cookies.into_iter().chain(forgotten).chain(own).collect();
    for (at, cookie) in all.iter().enumerate() {
        if !all[at + 1..].iter().any(|later| name_of(later) == name_of(cookie)) {
            headers.append(header::SET_COOKIE, cookie.clone());
        }
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The name of the cookie that a header sets.
fn name_of(cookie: &HeaderValue) -> &[u8] {
    cookie.as_bytes().split(|byte| *byte == b'=').next().unwrap_or_default()
}

/// The headers that every answer has.
fn secure(headers: &mut HeaderMap, files: &str) {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {files}; \
         form-action 'self' {files}; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: with that a browser hides from us that a form was ours.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Whether it is the API's, or a link of a message: the gateway leads here what these do not have, and no page is to answer it.
fn is_of_the_api(path: &str) -> bool {
    ["/v1", "/c", "/docs"]
        .iter()
        .any(|part| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}
