//! One colleague: name, role, and taking them off the staff.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::json;

use super::list::Colleague;
use super::{role_badge, roles, roles_explained};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::broken;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// So many pages of 200 are looked through for one colleague.
const MOST_PAGES: usize = 10;

/// Somebody on the list; the API shows nobody alone.
async fn find(site: &Site, id: &str) -> Result<Option<Colleague>, Failure> {
    let mut cursor: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page: List<Colleague> = site.api().get(["staff"]).query("limit", 200).maybe("cursor", cursor).send().await?;
        if let Some(found) = page.items.into_iter().find(|colleague| colleague.id == id) {
            return Ok(Some(found));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(None)
}

/// Shows what can be changed.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    draw(&site, &id, None, &Errors::none()).await
}

/// Changes name and role.
///
/// # Errors
/// When the person is no owner, or the API does not answer.
pub async fn change(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return draw(&site, &id, Some(&form), &Errors::none()).await;
    }
    let body = json!({ "name": form.text("name"), "role": form.text("role") });
    match site.api().patch(["staff", &id]).json(&body).done().await {
        Ok(()) => Ok(site.go_saying("/staff", Tone::Good, site.words().staff.changed)),
        Err(failure) => {
            let problem = failure.about_input()?;
            let mut errors = Errors::of(&problem, &[]);
            if problem.is("last-owner") {
                errors = Errors::none();
                errors.add("role", problem.text());
            }
            draw(&site, &id, Some(&form), &errors).await
        }
    }
}

/// Leads to the page with the button, when somebody had to sign in again.
pub async fn back(site: Person, Path(id): Path<String>) -> Response {
    site.go(&format!("/staff/{}", parts::encoded(&id)))
}

/// Takes somebody off the staff, or leaves.
///
/// # Errors
/// When the person may not do that, or the API does not answer.
pub async fn remove(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let words = &site.words().staff;
    let back = format!("/staff/{}", parts::encoded(&id));
    if form.restored() {
        return Ok(site.go_saying(&back, Tone::Warning, site.words().common.not_done));
    }
    match site.api().delete(["staff", &id]).done().await {
        Ok(()) if form.has("myself") => Ok(site.go_saying("/start", Tone::Good, words.left)),
        Ok(()) => Ok(site.go_saying("/staff", Tone::Good, words.was_removed)),
        Err(failure) => Ok(site.go_saying(&back, Tone::Bad, &failure.about_input()?.text())),
    }
}

async fn draw(site: &Site, id: &str, form: Option<&Form>, errors: &Errors) -> Answer {
    let (shell, found) = tokio::try_join!(site.shell(), find(site, id))?;
    let Some(colleague) = found.filter(|colleague| shell.owner || colleague.you) else { return Ok(broken::missing(site)) };
    let stored = Form::with([("name", colleague.name.as_str()), ("role", colleague.role.as_str())]);
    Ok(page(site, shell, &colleague, form.unwrap_or(&stored), errors))
}

fn page(site: &Site, shell: Shell, colleague: &Colleague, form: &Form, errors: &Errors) -> Response {
    let (words, common) = (&site.words().staff, &site.words().common);
    let owner = shell.owner;
    Page::staff(site, shell, Nav::Staff, format!("{} · {}", colleague.name, words.change_title)).errors(errors).body(html! {
        p { a href="/staff" { (words.title) } }
        div.head { h1 { (colleague.name) " " (role_badge(words, &colleague.role)) } }
        @if owner {
            (parts::restored(site, form))
            (parts::error_summary(site, errors))
            form.card.form-card method="post" action={ "/staff/" (colleague.id) } {
                h2 { (words.change_title) }
                (parts::csrf(site))
                (Field::text("name", words.staff_name, form, errors).hint(words.staff_name_hint).max_length(100).required())
                (Field::text("role", words.role, form, errors).options(roles(words)))
                (roles_explained(words))
                div.actions {
                    button.button.primary type="submit" { (common.save) }
                    a.button href="/staff" { (common.cancel) }
                }
            }
        }
        (removal(site, colleague))
    })
}

fn removal(site: &Site, colleague: &Colleague) -> Markup {
    let words = &site.words().staff;
    let action = format!("/staff/{}/remove", colleague.id);
    let (title, text, label, question) = if colleague.you {
        (words.leave_title, words.leave_text, words.leave, words.leave_question)
    } else {
        (words.remove_title, words.remove_text, words.remove, words.remove_question)
    };
    let fields = html! { @if colleague.you { (parts::hidden("myself", "yes")) } };
    html! {
        section.card.form-card {
            h2 { (title) }
            p { (text) }
            (parts::confirm(site, "remove", label, question, &action, &fields))
        }
    }
}
