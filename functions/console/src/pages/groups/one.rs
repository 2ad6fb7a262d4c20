//! One group: its name, and its end.

use axum::extract::Path;
use maud::html;
use serde_json::json;

use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::pages::groups::{Group, MAX_NAME};
use crate::parts::{self, Field};
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Shows it.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    page(&site, &id, None, &Errors::none()).await
}

/// Gives it another name.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn rename(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return page(&site, &id, Some(&form), &Errors::none()).await;
    }
    let renaming = json!({ "name": form.text("name") });
    match site.api().patch(["groups", &id]).json(&renaming).send::<Group>().await {
        Ok(group) => Ok(site.go_saying("/groups", Tone::Good, &(site.words().groups.renamed)(&group.name))),
        Err(failure) => {
            let problem = failure.about_input()?;
            page(&site, &id, Some(&form), &Errors::of(&problem, &[])).await
        }
    }
}

/// Deletes it; its customers stay.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn delete(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        let path = format!("/groups/{}", parts::encoded(&id));
        return Ok(site.go_saying(&path, Tone::Warning, site.words().common.not_done));
    }
    match site.api().delete(["groups", &id]).done().await {
        Ok(()) => Ok(site.go_saying("/groups", Tone::Good, site.words().groups.deleted)),
        Err(failure) => {
            let problem = failure.about_input()?;
            page(&site, &id, None, &Errors::whole(problem.text())).await
        }
    }
}

async fn page(site: &Person, id: &str, form: Option<&Form>, errors: &Errors) -> Answer {
    let (shell, group) = tokio::try_join!(site.shell(), site.api().get(["groups", id]).send::<Group>())?;
    let words = site.words();
    let path = format!("/groups/{}", parts::encoded(id));
    let kept = Form::with([("name", group.name.as_str())]);
    let form = form.unwrap_or(&kept);
    let customers = parts::address("/customers", [("group", group.id.as_str())]);
    let send = parts::address("/send", [("group", group.id.as_str())]);
    Ok(Page::staff(site, shell, Nav::Customers, (words.groups.manage_title)(words.groups.name_of(&group.name, group.unassigned))).errors(errors).body(html! {
        p.back { a href="/groups" { "← " (words.groups.title) } }
        div.head {
            h1 { (words.groups.name_of(&group.name, group.unassigned)) " " span.count { (parts::number(group.customers)) (words.customers.people) } }
            div.actions {
                a.button href=(customers) { (words.groups.show_customers) }
                a.button.primary href=(send) { (words.groups.send) }
            }
        }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        @if group.unassigned {
            p { (words.groups.unassigned) }
        } @else {
            section.card {
                h2 { (words.groups.rename) }
                form.inline-form method="post" action=(path) {
                    (parts::csrf(site))
                    (Field::text("name", words.groups.new_name, form, errors).hint(words.groups.name_hint).max_length(MAX_NAME).autocomplete("off").required())
                    button.button.primary type="submit" { (words.common.save) }
                }
            }
            section.card {
                h2 { (words.groups.delete) }
                p { (words.groups.delete_hint) }
                (parts::confirm(site, "delete-group", words.groups.delete, &(words.groups.delete_question)(&group.name, group.customers), &format!("{path}/delete"), &html! {}))
            }
        }
    }))
}
