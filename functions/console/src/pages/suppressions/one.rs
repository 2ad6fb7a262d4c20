//! One number to which nothing is sent: why, and how it is lifted.

use axum::extract::Path;
use maud::{Markup, html};
use serde_json::json;

use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::pages::suppressions::{Suppression, who, whose};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// The most characters of a reason.
const MAX_REASON: usize = 200;

/// Shows it.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>) -> Answer {
    page(&site, &id, &Form::default(), &Errors::none()).await
}

/// Lifts it.
///
/// # Errors
/// When there is none, only owners may, or the API does not answer.
pub async fn lift(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    if form.restored() {
        return page(&site, &id, &form, &Errors::none()).await;
    }
    let because = json!({ "reason": form.text("reason") });
    match site.api().post(["suppressions", &id, "lift"]).json(&because).done().await {
        Ok(()) => Ok(site.go_saying("/suppressions", Tone::Good, site.words().suppressions.lifted_one)),
        Err(failure) => {
            let problem = failure.about_input()?;
            page(&site, &id, &form, &Errors::of(&problem, &[])).await
        }
    }
}

async fn page(site: &Person, id: &str, form: &Form, errors: &Errors) -> Answer {
    let call = site.api().get(["suppressions", id]);
    let (shell, line) = tokio::try_join!(site.shell(), call.send::<Suppression>())?;
    let words = &site.words().suppressions;
    let title = (words.lift_this)(&line.phone);
    let (zone, may_lift) = (shell.zone.clone(), shell.owner || line.reason_code != "forgotten");
    Ok(Page::staff(site, shell, Nav::Suppressions, title.as_str()).errors(errors).body(html! {
        p.back { a href="/suppressions" { "← " (words.title) } }
        h1 { (title) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        (facts(site, &line, &zone))
        section.card aria-labelledby="lift-title" {
            h2 #lift-title { (words.lift_title) }
            @if may_lift {
                p { (words.lift_text) }
                form method="post" action={ "/suppressions/" (parts::encoded(id)) } {
                    (parts::csrf(site))
                    (Field::text("reason", words.because, form, errors).hint(words.because_hint).max_length(MAX_REASON).autocomplete("off").required())
                    button.button.primary type="submit" { (words.lift_title) }
                }
            } @else {
                p { (words.owner_only) }
            }
        }
    }))
}

fn facts(site: &Site, line: &Suppression, zone: &str) -> Markup {
    let words = &site.words().suppressions;
    html! {
        dl.facts.card {
            dt { (words.reason) } dd { (line.reason) }
            @if let Some(note) = &line.note { dt { (site.words().common.note) } dd { (note) } }
            dt { (words.customer) } dd { (whose(site, line.customer.as_ref())) }
            dt { (words.since) } dd { (parts::moment(line.since, zone)) }
            dt { (words.by) } dd { (who(site, &line.by)) }
        }
    }
}
