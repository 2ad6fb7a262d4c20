//! All templates of the clinic.

use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::view::{Template, about_provider};
use crate::api::List;
use crate::form::Form;
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Synchronised {
    synced: u64,
    removed: u64,
}

/// Which part of the list.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    cursor: String,
}

/// The page.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    let api = site.api();
    let (shell, templates) = tokio::try_join!(
        site.shell(),
        api.get(["templates"]).query("limit", 50).maybe("cursor", Some(&asked.cursor)).send::<List<Template>>(),
    )?;
    let words = &site.words().templates;
    let zone = shell.zone.clone();
    Ok(Page::staff(&site, shell, Nav::Templates, words.title).body(html! {
        div.head {
            h1 { (words.title) }
            div.actions {
                a.button.primary href="/templates/new" { (words.new) }
                form method="post" action="/templates/sync" {
                    (parts::csrf(&site))
                    button.button type="submit" { (words.sync) }
                }
            }
        }
        p.muted { (words.about) }
        @if templates.items.is_empty() && asked.cursor.is_empty() {
            (parts::empty(words.empty_title, words.empty_text, Some(("/templates/new", words.new))))
        } @else {
            (table(&site, &templates.items, &zone))
            (parts::pager(&site, "/templates", asked.cursor.is_empty(), templates.next_cursor.as_deref()))
        }
    }))
}

fn table(site: &Site, templates: &[Template], zone: &str) -> Markup {
    let words = &site.words().templates;
    let common = &site.words().common;
    let head = html! {
        th scope="col" { (common.name) }
        th scope="col" { (common.state) }
        th scope="col" { (words.text) }
        th scope="col" { (words.last_used) }
    };
    let rows = html! {
        @for template in templates {
            tr {
                th scope="row" { a href={ "/templates/" (template.id) } { (template.name) } }
                td {
                    (template.badge(words))
                    @if template.dormancy.as_ref().is_some_and(|dormancy| dormancy.warning.is_some()) {
                        " " (parts::badge(Tone::Warning, words.dormant_soon))
                    }
                }
                td.beginning { (beginning(&template.content)) }
                td.nowrap { (used(template.last_used_at, words.never, zone)) }
            }
        }
    };
    html! { div.templates { (parts::table(words.title, &head, &rows)) } }
}

fn used(at: Option<DateTime<Utc>>, never: &str, zone: &str) -> Markup {
    html! { @match at { Some(at) => (parts::day(at, zone)), None => span.muted { (never) } } }
}

/// The first words of a text, on one line.
fn beginning(text: &str) -> String {
    const MOST: usize = 60;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Somebody signed in again at the address of a button.
pub async fn lead_back(site: Site) -> Response {
    site.go("/templates")
}

/// Fetches what the provider has.
pub async fn synchronise(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(site.go_saying("/templates", Tone::Warning, site.words().common.not_done));
    }
    match site.api().post(["templates", "sync"]).send::<Synchronised>().await {
        Ok(it) => {
            let text = (site.words().templates.synced)(&parts::number(it.synced), it.removed);
            Ok(site.go_saying("/templates", Tone::Good, &text))
        }
        Err(failure) => Ok(site.go_saying("/templates", Tone::Bad, &about_provider(failure)?.text())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_by_its_beginning() {
        assert_eq!(beginning("#{고객명}님,\r\n 안녕하세요."), "#{고객명}님, 안녕하세요.");
        assert_eq!(beginning(&"가".repeat(80)), format!("{}…", "가".repeat(60)));
    }
}
