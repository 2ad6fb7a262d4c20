//! An import as it stands: what is happening to it, why it failed, or what there is to review.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};

use super::model::{Import, Offer, lead_back, path, steps};
use super::states::State;
use super::{mapping, preview, result, rows, upload};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell, fragment};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Asks the API for an import.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn find(site: &Site, id: &str) -> Result<Import, Failure> {
    site.api().get(["imports", id]).send().await
}

/// Shows an import.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>, Query(filter): Query<rows::Filter>) -> Answer {
    // What the query asks for that is not to be had (an old cursor, a verdict that is none) must not hide the import.
    let listed = async { filter.list(&site, &id).await.or_else(|failure| failure.about_input().map(|_| List::default())) };
    let (shell, import, rows) = tokio::try_join!(site.shell(), find(&site, &id), listed)?;
    Ok(match import.state {
        State::Ready => review(&site, shell, &import, &filter, &rows),
        State::Committed | State::Undone => result::page(&site, shell, &import, &filter, &rows),
        State::Failed => failed(&site, shell, &import),
        State::Uploading | State::Parsing | State::Committing | State::Undoing => moving(&site, shell, &import),
    })
}

/// The head of an import's pages.
pub fn head(site: &Site, import: &Import, actions: &Markup) -> Markup {
    let here = match import.state {
        State::Uploading | State::Parsing | State::Failed => 0,
        State::Ready => 1,
        State::Committing | State::Committed | State::Undoing | State::Undone => 3,
    };
    head_at(site, import, here, actions)
}

/// The same at one of the steps.
pub fn head_at(site: &Site, import: &Import, here: usize, actions: &Markup) -> Markup {
    let words = &site.words().imports;
    html! {
        p.small { a href="/imports" { "← " (words.title) } }
        div.head {
            h1.import-file { (import.file_name) " " (import.state.badge(words)) }
            div.actions { (actions) }
        }
        (steps(words, here))
    }
}

/// The title of an import's pages.
pub fn title(site: &Site, import: &Import) -> String {
    format!("{} · {}", import.file_name, site.words().imports.title)
}

fn discard_button(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    parts::confirm(site, "discard", words.discard, words.discard_question, &path(&import.id, "discard"), &html! {})
}

fn moving(site: &Site, shell: Shell, import: &Import) -> Response {
    let words = &site.words().imports;
    Page::staff(site, shell, Nav::Imports, title(site, import)).script("live").body(html! {
        (head(site, import, &html! {
            a.button data-without-script href=(import.path()) { (words.refresh) }
            @if import.state.is_discardable() { (discard_button(site, import)) }
        }))
        (progress_part(site, import))
        @if import.state == State::Uploading {
            p.muted { (words.waiting_long) " " a href="/imports" { (words.another) } }
        } @else {
            p.muted { (words.reading_hint) }
        }
    })
}

/// What a script puts in the place of the part with the progress.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn progress(site: Person, Path(id): Path<String>) -> Answer {
    Ok(fragment(progress_part(&site, &find(&site, &id).await?)))
}

fn progress_part(site: &Site, import: &Import) -> Markup {
    let words = &site.words().imports;
    if !import.state.is_moving() {
        return html! { section #progress data-reload=(import.path()) {} };
    }
    html! {
        section.card #progress aria-label=(words.progress) data-live=(path(&import.id, "progress")) data-reload=(import.path()) {
            @match import.state {
                State::Uploading => p role="status" { (words.waiting) },
                State::Parsing => {
                    div.progress { progress aria-label=(words.state_parsing) {} }
                    p role="status" { ((words.reading)(import.rows_read)) }
                },
                State::Undoing => (parts::progress(words.undoing, import.rows_undone + import.rows_kept, import.rows_committed)),
                _ => (parts::progress(words.committing, import.rows_committed, import.good())),
            }
        }
    }
}

fn failed(site: &Site, shell: Shell, import: &Import) -> Response {
    let words = &site.words().imports;
    let errors = Errors::none();
    Page::staff(site, shell, Nav::Imports, title(site, import)).script("upload").body(html! {
        (head(site, import, &discard_button(site, import)))
        div.notice.bad role="alert" {
            p { strong { (words.failed_title) } }
            @if let Some(failure) = &import.failure {
                p { (failure.text) }
                @if let Some(at) = &failure.at { p { ((words.failed_at)(at)) } }
            }
        }
        div.columns {
            section.card aria-labelledby="upload-heading" {
                h2 #upload-heading { (words.upload_again) }
                (upload::form(site, &errors))
            }
            section.card aria-labelledby="template-heading" {
                h2 #template-heading { (words.template_heading) }
                p { (words.template_text) }
                p { a.button href="/imports/template" { (words.template) } }
            }
        }
        @if import.remappable {
            section.card aria-labelledby="mapping-heading" {
                h2 #mapping-heading { (words.map_by_hand) }
                p { (words.map_by_hand_text) }
                p { a.button href=(path(&import.id, "mapping")) { (words.map_by_hand) } }
            }
        }
        @if !import.sample.is_empty() {
            h2 { (words.sample_heading) }
            (mapping::sample(site, import))
        }
    })
}

fn review(site: &Site, shell: Shell, import: &Import, filter: &rows::Filter, listed: &List<rows::Row>) -> Response {
    let words = &site.words().imports;
    let (good, bad) = (import.good(), import.bad());
    Page::staff(site, shell, Nav::Imports, title(site, import)).script("select").body(html! {
        (head(site, import, &html! {
            @if bad > 0 { a.button href=(path(&import.id, "bad-rows")) { (words.download_bad) } }
            (discard_button(site, import))
        }))
        section.card.import-decision aria-label=(words.commit_title) {
            @if good > 0 {
                p {
                    strong { ((words.good_rows)(good)) } " "
                    @if bad > 0 { span.muted { ((words.bad_rows)(bad)) } }
                }
                a.button.primary href=(path(&import.id, "commit")) { (words.go_on) }
            } @else {
                p { strong { (words.no_good_rows) } }
            }
        }
        (mapping::line(site, import))
        (preview::part(site, import, filter, listed))
    })
}

/// Leads to a spreadsheet with the bad rows and what is wrong with them.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn bad_rows(site: Person, Path(id): Path<String>) -> Answer {
    match site.api().get(["imports", &id, "bad-rows"]).send::<Offer>().await {
        Ok(offer) => Ok(offer.follow(&site)),
        Err(failure) => refused(&site, &id, failure),
    }
}

/// Throws an import away.
///
/// # Errors
/// When there is no such import, or the API does not answer.
pub async fn discard(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return Ok(site.go_saying(&path(&id, ""), Tone::Warning, site.words().common.not_done));
    }
    match site.api().delete(["imports", &id]).done().await {
        Ok(()) => Ok(site.go_saying("/imports", Tone::Good, site.words().imports.discarded)),
        Err(failure) => refused(&site, &id, failure),
    }
}

/// The import again, with what the API says against it.
///
/// # Errors
/// The failure, when it is of another kind.
pub fn refused(site: &Site, id: &str, failure: Failure) -> Result<Response, Failure> {
    let problem = failure.about_input()?;
    Ok(site.go_saying(&path(id, ""), Tone::Bad, &problem.text()))
}

/// Somebody went back in the browser, or signed in again, to where only buttons lead.
pub async fn back(site: Person, Path(id): Path<String>) -> Response {
    lead_back(&site, &id)
}
