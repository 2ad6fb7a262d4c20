//! A file on its way: with a script straight to the store, without one through the console.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::list;
use super::model::{Offer, path};
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::parts;
use crate::site::{Answer, Person, Site};

/// Where a file is to be sent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    id: String,
    upload_url: String,
    max_bytes: u64,
}

/// The form with the file. The script sends the file itself and shows how far it is.
pub fn form(site: &Site, errors: &Errors) -> Markup {
    let (words, common) = (&site.words().imports, &site.words().common);
    let error = errors.at("file");
    let described =
        if error.is_some() { "field-file-hint field-file-plain field-file-error" } else { "field-file-hint field-file-plain" };
    html! {
        form.upload method="post" action="/imports" enctype="multipart/form-data" data-upload="/imports/begin"
            data-choose=(words.choose_file) data-one=(words.one_file) data-too-large=(words.too_large) data-going=(words.uploading)
            data-done=(words.uploaded) data-failed=(words.upload_failed) {
            (parts::csrf(site)) (parts::hidden("instead-of", ""))
            div.drop data-drop {
                p.drop-text hidden data-with-script { (words.drop) }
                label for="field-file" { (words.file) span.required aria-hidden="true" { " *" } }
                p.hint #field-file-hint { (words.file_hint) }
                p.hint #field-file-plain data-without-script { (words.file_hint_plain) }
                input #field-file type="file" name="file" required accept=".xlsx,.xls,.csv,.tsv,.txt"
                    aria-describedby=(described) aria-invalid=[error.map(|_| "true")];
                p.error #field-file-error role="alert" hidden[error.is_none()] { (error.unwrap_or_default()) }
            }
            div.progress hidden data-progress {
                progress max="100" value="0" aria-label=(words.upload) {}
                span data-share aria-hidden="true" {}
                button.button.small type="button" data-stop { (common.cancel) }
            }
            p.visually-hidden role="status" data-said {}
            button.button.primary type="submit" { (words.upload) }
        }
    }
}

/// Begins an import for the script.
///
/// # Errors
/// When nobody is signed in, or the API does not answer.
pub async fn begin(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(refused(StatusCode::CONFLICT, site.words().common.form_restored));
    }
    match start(&site, form.text("fileName")).await {
        Ok(begun) => Ok(Json(json!({
            "id": begun.id,
            "uploadUrl": begun.upload_url,
            "maxBytes": begun.max_bytes,
            "page": path(&begun.id, ""),
        }))
        .into_response()),
        Err(failure) => {
            let problem = failure.about_input()?;
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok(refused(status, problem.short()))
        }
    }
}

fn refused(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "error": text }))).into_response()
}

/// Takes a file from a browser without scripts and puts it where the API says.
///
/// # Errors
/// When the API or the store does not answer.
pub async fn send(site: Person, form: Form) -> Answer {
    let mut errors = Errors::none();
    if form.restored() {
        return list::page(&site, "", &form, &errors).await;
    }
    let Some(file) = form.file("file") else {
        errors.add("file", site.words().imports.choose_file);
        return list::page(&site, "", &form, &errors).await;
    };
    if let Some(forsaken) = form.filled("instead-of") {
        // The script could not reach the store. What it began is of no use to anybody; the store forgets it by itself too.
        forsake(&site, forsaken).await;
    }
    match start(&site, &file.name).await {
        Ok(begun) => {
            site.api().upload(&begun.upload_url, file.contents.clone()).await?;
            Ok(site.go(&path(&begun.id, "")))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            let errors = Errors::of(&problem, &[("fileName", "file")]);
            list::page(&site, "", &form, &errors).await
        }
    }
}

async fn start(site: &Site, file_name: &str) -> Result<Begun, Failure> {
    site.api().post(["imports"]).json(&json!({ "fileName": file_name })).send().await
}

async fn forsake(site: &Site, id: &str) {
    if let Err(failure) = site.api().delete(["imports", id]).done().await {
        tracing::info!(event = "import.not_discarded", error = ?failure, "an import without a file stays in the list");
    }
}

/// Leads to a spreadsheet to fill in.
///
/// # Errors
/// When the API does not answer.
pub async fn template(site: Person) -> Answer {
    let offer: Offer = site.api().get(["imports", "template"]).send().await?;
    Ok(offer.follow(&site))
}
