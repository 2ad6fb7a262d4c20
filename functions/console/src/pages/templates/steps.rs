//! Submitting a template for review, and deleting it.

use axum::extract::Path;

use super::view::about_provider;
use crate::form::Form;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Asks Kakao to review it.
pub async fn request_review(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let page = format!("/templates/{id}");
    if form.restored() {
        return Ok(site.go_saying(&page, Tone::Warning, site.words().common.not_done));
    }
    match site.api().post(["templates", &id, "review"]).done().await {
        Ok(()) => Ok(site.go_saying(&page, Tone::Good, site.words().templates.submitted)),
        Err(failure) => Ok(site.go_saying(&page, Tone::Bad, &about_provider(failure)?.text())),
    }
}

/// Takes it away, here and at the provider.
pub async fn delete(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let page = format!("/templates/{id}");
    if form.restored() {
        return Ok(site.go_saying(&page, Tone::Warning, site.words().common.not_done));
    }
    match site.api().delete(["templates", &id]).done().await {
        Ok(()) => Ok(site.go_saying("/templates", Tone::Good, site.words().templates.deleted)),
        Err(failure) => Ok(site.go_saying(&page, Tone::Bad, &about_provider(failure)?.text())),
    }
}
