//! Customers as a file.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::json;

use crate::form::Form;
use crate::pages::customers::selection::back;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

#[derive(Deserialize)]
struct File {
    url: String,
}

/// Has the file made and leads to it.
///
/// # Errors
/// When the API does not answer.
pub async fn export(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(site.go_saying(back(&form), Tone::Warning, site.words().common.not_done));
    }
    let mut wish = json!({ "format": if form.text("format") == "csv" { "csv" } else { "xlsx" } });
    for (name, field) in [("q", "q"), ("groupId", "group")] {
        if let Some(value) = form.filled(field) {
            wish[name] = json!(value);
        }
    }
    match site.api().post(["customers", "export"]).json(&wish).send::<File>().await {
        Ok(file) => {
            // The store is another origin, so `Site::go` does not lead there; the address is the API's own.
            let place = HeaderValue::from_str(&file.url).unwrap_or(HeaderValue::from_static("/customers"));
            Ok((StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response())
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            Ok(site.go_saying(back(&form), Tone::Bad, problem.short()))
        }
    }
}
