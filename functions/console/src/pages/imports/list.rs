//! The list of imports, with the form for the next file.

use axum::extract::Query;
use axum::response::Response;
use maud::html;
use serde::Deserialize;

use super::model::{Summary, path};
use super::upload;
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person, Site};

/// Where the last page ended.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    cursor: String,
}

/// Shows the form and the list.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked.cursor, &Form::default(), &Errors::none()).await
}

/// The page, with what is wrong with the form.
///
/// # Errors
/// When the API does not answer.
pub async fn page(site: &Site, cursor: &str, form: &Form, errors: &Errors) -> Result<Response, Failure> {
    let imports = site.api().get(["imports"]).maybe("cursor", Some(cursor)).send::<List<Summary>>();
    let (shell, imports) = tokio::try_join!(site.shell(), imports)?;
    let (words, common) = (&site.words().imports, &site.words().common);
    let head = html! {
        th scope="col" { (words.file_column) } th scope="col" { (common.state) } th.number scope="col" { (words.rows_column) }
        th.number scope="col" { (words.committed_column) } th scope="col" { (words.uploaded_column) }
    };
    let rows = html! {
        @for import in &imports.items {
            tr {
                th.import-file scope="row" { a href=(path(&import.id, "")) { (import.file_name) } }
                td { (import.state.badge(words)) }
                td.number { (parts::number(import.rows_read)) }
                td.number {
                    @if import.state.is_decided() { (parts::number(import.rows_committed.saturating_sub(import.rows_undone))) } @else { "–" }
                    @if import.rows_undone > 0 { br; span.muted.small { ((words.taken_back)(import.rows_undone)) } }
                }
                td.nowrap { (parts::moment(import.created_at, &shell.zone)) }
            }
        }
    };
    let page = Page::staff(site, shell, Nav::Imports, words.title).errors(errors).script("upload");
    Ok(page.body(html! {
        h1 { (words.title) }
        p.muted { (words.intro) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        div.columns {
            section.card aria-labelledby="upload-heading" {
                h2 #upload-heading { (words.upload_heading) }
                (upload::form(site, errors))
            }
            section.card aria-labelledby="template-heading" {
                h2 #template-heading { (words.template_heading) }
                p { (words.template_text) }
                p { a.button href="/imports/template" { (words.template) } }
            }
        }
        h2 #imports-heading { (words.list_heading) }
        @if imports.items.is_empty() {
            div.empty { h3 { (words.none_title) } p { (words.none_text) } }
        } @else {
            (parts::table(words.list_heading, &head, &rows))
        }
        (parts::pager(site, "/imports", cursor.is_empty(), imports.next_cursor.as_deref()))
    }))
}
