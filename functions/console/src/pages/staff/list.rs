//! Who works for the clinic, and who did.

use axum::extract::Query;
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use super::{lists, role_badge};
use crate::api::List;
use crate::page::{Nav, Page, Shell};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Which of them.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    removed: Option<String>,
    #[serde(default)]
    cursor: Option<String>,
}

/// Somebody who works for the clinic.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Colleague {
    /// The person.
    pub id: String,
    /// What the clinic calls them.
    pub name: String,
    /// What they may do.
    pub role: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub removed_at: Option<DateTime<Utc>>,
    /// Whether it is the person who looks.
    pub you: bool,
}

/// Lists them.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    let removed = asked.removed.as_deref() == Some("true");
    let api = site.api();
    let call =
        api.get(["staff"]).query("limit", 50).maybe("removed", removed.then_some("true")).maybe("cursor", asked.cursor.clone());
    let (shell, found) = tokio::try_join!(site.shell(), call.send::<List<Colleague>>())?;
    Ok(page(&site, shell, &found, removed, asked.cursor.is_none()))
}

fn page(site: &Site, shell: Shell, found: &List<Colleague>, removed: bool, first: bool) -> Response {
    let words = &site.words().staff;
    let owner = shell.owner;
    let path = if removed { "/staff?removed=true" } else { "/staff" };
    let title = if removed { words.removed } else { words.title };
    let listed = rows(site, &shell, found, removed);
    let alone = !removed && owner && first && found.next_cursor.is_none() && found.items.len() == 1;
    Page::staff(site, shell, Nav::Staff, title).body(html! {
        div.head {
            h1 { (words.title) }
            @if owner { div.actions { a.button.primary href="/staff/invitations/new" { (words.invite) } } }
        }
        (lists(site, owner, path))
        @if removed && found.items.is_empty() {
            (parts::empty(words.none_removed, words.none_removed_text, None))
        } @else {
            (listed)
            (parts::pager(site, path, first, found.next_cursor.as_deref()))
        }
        @if alone { (parts::empty(words.alone_title, words.alone_text, Some(("/staff/invitations/new", words.invite)))) }
    })
}

fn rows(site: &Site, shell: &Shell, found: &List<Colleague>, removed: bool) -> Markup {
    let (words, common) = (&site.words().staff, &site.words().common);
    let caption = if removed { words.removed_caption } else { words.caption };
    let head = html! {
        th scope="col" { (common.name) }
        th scope="col" { (words.role) }
        th scope="col" { (words.since) }
        @if removed { th scope="col" { (words.until) } }
        @if shell.owner || !removed { th scope="col" { (words.actions) } }
    };
    let body = html! {
        @for colleague in &found.items {
            @let changes = !removed && (shell.owner || colleague.you);
            tr {
                th.name scope="row" {
                    (colleague.name) " "
                    @if colleague.you { (parts::badge(Tone::Plain, words.you)) }
                }
                td { (role_badge(words, &colleague.role)) }
                td.nowrap { (parts::day(colleague.since, &shell.zone)) }
                @if let Some(at) = colleague.removed_at.filter(|_| removed) { td.nowrap { (parts::day(at, &shell.zone)) } }
                @if shell.owner || !removed {
                    td {
                        div.row-actions {
                            @if changes {
                                a.button.small href={ "/staff/" (colleague.id) } aria-label={ (colleague.name) " " (words.change) } { (words.change) }
                            }
                            @if shell.owner {
                                a.button.small href=(parts::address("/audit", [("staff", colleague.id.as_str())]))
                                    aria-label={ (colleague.name) " " (words.activity) } { (words.activity) }
                            }
                        }
                    }
                }
            }
        }
    };
    parts::table(caption, &head, &body)
}
