//! A new template, and one that is there.

use axum::extract::{Path, Query};
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::draft::Draft;
use super::editor::{Editor, Pressed, has_link};
use super::talk;
use super::view::{Template, about_provider};
use super::{examples, sources};
use crate::api::{Failure, List};
use crate::began;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::customers::Column;
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// What a new template begins with.
#[derive(Deserialize)]
pub struct Begun {
    /// Another template.
    #[serde(default)]
    from: String,
    /// An example.
    #[serde(default)]
    example: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Clinic {
    #[serde(default)]
    sender_key: Option<String>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}

/// The form of a new template: as another one is, or empty. Who has none is offered examples.
pub async fn begin(site: Person, Query(begun): Query<Begun>) -> Answer {
    let api = site.api();
    let (key, errors, form) = (site.fresh_key(), Errors::none(), Form::default());
    if !begun.from.is_empty() {
        let template: Template = api.get(["templates", &begun.from]).send().await?;
        let draft = Draft::of(&template);
        let draft = Draft { name: (site.words().templates.copy_of)(&draft.name), ..draft };
        return new_page(&site, &draft, &key, &errors, &form, &html! {}).await;
    }
    let (shell, there) = tokio::try_join!(site.shell(), api.get(["templates"]).query("limit", 1).send::<List<IgnoredAny>>())?;
    let links = if there.items.is_empty() {
        examples::links(&site, &begun.example)
    } else {
        html! {}
    };
    let draft = examples::draft(&begun.example, &shell.clinic).unwrap_or_else(Draft::blank);
    new_page(&site, &draft, &key, &errors, &form, &links).await
}

/// Makes a template, or shows the form again.
pub async fn create(site: Person, form: Form) -> Answer {
    let pressed = Pressed::of(&form);
    let key = form.filled("key").map_or_else(|| site.fresh_key(), str::to_owned);
    let read = Draft::read(&form);
    if form.restored() || !pressed.saves() {
        return new_page(&site, &pressed.changed(read), &key, &Errors::none(), &form, &html! {}).await;
    }
    let draft = read.without_empty_buttons();
    match site.api().post(["templates"]).idempotent(&key).json(&draft.wish()).send::<Made>().await {
        Ok(made) => after_saving(&site, &made.id, pressed).await,
        Err(failure) => {
            let problem = about_provider(failure)?;
            // The key was for other words: these are new ones.
            let key = if problem.is("idempotency-key-reused") { site.fresh_key() } else { key };
            new_page(&site, &draft, &key, &draft.errors(&problem), &form, &html! {}).await
        }
    }
}

async fn after_saving(site: &Site, id: &str, pressed: Pressed) -> Answer {
    let (page, words) = (format!("/templates/{id}"), &site.words().templates);
    if pressed != Pressed::SaveAndSubmit {
        return Ok(site.go_saying(&page, Tone::Good, words.saved));
    }
    match site.api().post(["templates", id, "review"]).done().await {
        Ok(()) => Ok(site.go_saying(&page, Tone::Good, words.saved_and_submitted)),
        Err(failure) => {
            let problem = about_provider(failure)?;
            Ok(site.go_saying(&page, Tone::Warning, &format!("{} {}", words.saved_not_submitted, problem.text())))
        }
    }
}

async fn new_page(site: &Site, draft: &Draft, key: &str, errors: &Errors, form: &Form, examples: &Markup) -> Answer {
    let api = site.api();
    let (shell, clinic, columns) = tokio::try_join!(
        site.shell(),
        api.get(["clinic"]).send::<Clinic>(),
        api.get(["customers", "columns"]).send::<List<Column>>(),
    )?;
    let words = &site.words().templates;
    let name = shell.clinic.clone();
    let (action, began) = ("/templates/new", &Form::default());
    let editor = Editor { site, draft, began, errors, action, key: Some(key), clinic: &name, columns: &columns };
    Ok(Page::staff(site, shell, Nav::Templates, words.new).errors(errors).script("preview").body(html! {
        (crumb(site))
        h1 { (words.new) }
        @if clinic.sender_key.is_none() {
            (parts::notice(Tone::Warning, html! { p { (words.no_sender) " " a href="/settings" { (words.to_settings) } } }))
        }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        (examples)
        (editor.markup())
    }))
}

/// One template.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    page(&site, &id, None, &Errors::none(), &Form::default()).await
}

/// Changes what a template says, or shows the form again. Only what differs from what the form began with is told.
pub async fn change(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let pressed = Pressed::of(&form);
    let read = Draft::read(&form);
    if form.restored() || !pressed.saves() {
        return page(&site, &id, Some(&pressed.changed(read)), &Errors::none(), &form).await;
    }
    let draft = read.without_empty_buttons();
    match site.api().patch(["templates", &id]).json(&draft.change(&form)).done().await {
        Ok(()) => after_saving(&site, &id, pressed).await,
        Err(failure) => {
            let problem = about_provider(failure)?;
            page(&site, &id, Some(&draft), &draft.errors(&problem), &form).await
        }
    }
}

/// Somebody signed in again at the address of a button.
pub async fn lead_back(site: Site, Path(id): Path<String>) -> Response {
    site.go(&format!("/templates/{id}"))
}

/// What the page of a template needs.
pub async fn find(site: &Site, id: &str) -> Result<(Shell, Template, List<Column>), Failure> {
    let api = site.api();
    tokio::try_join!(
        site.shell(),
        api.get(["templates", id]).send::<Template>(),
        api.get(["customers", "columns"]).send::<List<Column>>(),
    )
}

async fn page(site: &Site, id: &str, draft: Option<&Draft>, errors: &Errors, form: &Form) -> Answer {
    let found = find(site, id).await?;
    let sources = sources::form(&found.1);
    Ok(whole(site, found, draft, errors, form, (&sources, &Errors::none())))
}

/// The page of a template with its two forms, each as it is to be shown.
pub fn whole(
    site: &Site,
    (shell, template, columns): (Shell, Template, List<Column>),
    draft: Option<&Draft>,
    errors: &Errors,
    form: &Form,
    (sources, source_errors): (&Form, &Errors),
) -> Response {
    let words = &site.words().templates;
    let stored = Draft::of(&template);
    // A form that is shown again says itself what it began with.
    let began = draft.map_or_else(|| began::with(&stored.form()), |_| form.clone());
    let draft = draft.unwrap_or(&stored);
    let (clinic, zone) = (shell.clinic.clone(), shell.zone.clone());
    let action = format!("/templates/{}", template.id);
    let began = &began;
    let editor = Editor { site, draft, began, errors, action: &action, key: None, clinic: &clinic, columns: &columns };
    let all = if errors.is_empty() { source_errors } else { errors };
    let title = format!("{} · {}", template.name, words.title);
    Page::staff(site, shell, Nav::Templates, title).errors(all).script("preview").body(html! {
        (crumb(site))
        div.head {
            h1 { (template.name) " " (template.badge(words)) }
            (actions(site, &template))
        }
        (parts::restored(site, form))
        (parts::error_summary(site, all))
        (standing(site, &template, &zone))
        @if template.editable {
            (editor.markup())
            (sources::section(site, &template, &columns, sources, source_errors))
            (facts(site, &template, &zone))
        } @else {
            div.columns.editor.fixed {
                div {
                    // While it is reviewed, the notice above says the same.
                    @if let Some(reason) = template.not_editable_because.as_ref().filter(|_| !template.is_in_review()) { p { (reason) } }
                    (sources::section(site, &template, &columns, sources, source_errors))
                    (facts(site, &template, &zone))
                }
                section.beside aria-labelledby="preview-title" {
                    h2 #preview-title { (words.preview) }
                    div.talk { p.talk-sender { (clinic) } (talk::bubble(words, &stored)) }
                    @if has_link(&stored) { p.hint { (words.tracked_hint) " " code { "…/c/#{link}" } } }
                }
            }
        }
    })
}

/// Leads back to the list.
fn crumb(site: &Site) -> Markup {
    html! { p.crumb { a href="/templates" { "← " (site.words().templates.title) } } }
}

fn actions(site: &Site, template: &Template) -> Markup {
    let words = &site.words().templates;
    let path = |step: &str| format!("/templates/{}/{step}", template.id);
    html! {
        div.actions {
            @if template.sendable {
                a.button.primary href=(parts::address("/send", [("template", template.id.as_str())])) { (words.send_it) }
            }
            // Where it can be edited, the button below the form saves first.
            @if template.waits() && !template.editable {
                form method="post" action=(path("review")) {
                    (parts::csrf(site))
                    button.button.primary type="submit" { (words.submit) }
                }
            }
            a.button href=(parts::address("/templates/new", [("from", template.id.as_str())])) { (words.copy) }
            @if template.waits() {
                (parts::confirm(site, "delete", site.words().common.delete, words.delete_question, &path("delete"), &html! {}))
            }
        }
    }
}

/// Why it cannot be sent, what will become of it, and what the reviewers wrote.
fn standing(site: &Site, template: &Template, zone: &str) -> Markup {
    let words = &site.words().templates;
    let tone = if template.obstacle.as_ref().is_some_and(|it| it.kind == "refused" || it.kind == "stopped") {
        Tone::Bad
    } else {
        Tone::Plain
    };
    html! {
        @if let Some(obstacle) = &template.obstacle { (parts::notice(tone, html! { p { (obstacle.text) } })) }
        @if let Some(warning) = template.dormancy.as_ref().and_then(|dormancy| dormancy.warning.as_ref()) {
            (parts::notice(Tone::Warning, html! { p { (warning) } }))
        }
        @if !template.comments.is_empty() {
            section.card.comments aria-labelledby="comments-title" {
                h2 #comments-title { (words.comments) }
                ol {
                    @for comment in template.comments.iter().rev() {
                        li {
                            p.muted {
                                @if let Some(word) = words.inspection(&comment.inspection) { strong { (word) } " " }
                                @if let Some(at) = comment.written_at { (parts::moment(at, zone)) }
                            }
                            pre { (comment.text) }
                        }
                    }
                }
            }
        }
    }
}

fn facts(site: &Site, template: &Template, zone: &str) -> Markup {
    let words = &site.words().templates;
    let kind = words.kinds.iter().find(|(kind, _)| *kind == template.kind).map_or(template.kind.as_str(), |(_, name)| name);
    html! {
        section aria-labelledby="facts-title" {
            h2 #facts-title { (words.facts) }
            dl.facts {
                dt { (words.code) } dd { code { (template.code) } }
                dt { (words.kind) } dd { (kind) }
                dt { (words.last_used) }
                dd { @match template.last_used_at { Some(at) => (parts::moment(at, zone)), None => (words.never) } }
                @if let Some(dormancy) = &template.dormancy {
                    dt { (words.dormant_from) } dd { (parts::day(dormancy.from, zone)) }
                }
                dt { (words.synced_at) } dd { (parts::moment(template.synced_at, zone)) }
            }
        }
    }
}
