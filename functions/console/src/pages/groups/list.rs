//! All groups: found, made, and chosen to send to.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::groups::{Group, MAX_NAME};
use crate::parts::{self, Field};
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Which groups to show.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    cursor: String,
}

/// Shows a page of groups.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked, &Form::default(), &Errors::none()).await
}

/// Makes a group.
///
/// # Errors
/// When the API does not answer.
pub async fn make(site: Person, form: Form) -> Answer {
    if form.restored() {
        return page(&site, &Asked::default(), &form, &Errors::none()).await;
    }
    match site.api().post(["groups"]).json(&json!({ "name": form.text("name") })).send::<Group>().await {
        Ok(group) => Ok(site.go_saying("/groups", Tone::Good, &(site.words().groups.made)(&group.name))),
        Err(failure) => {
            let problem = failure.about_input()?;
            page(&site, &Asked::default(), &form, &Errors::of(&problem, &[])).await
        }
    }
}

async fn page(site: &Person, asked: &Asked, form: &Form, errors: &Errors) -> Answer {
    let q: String = asked.q.trim().chars().take(MAX_NAME).collect();
    let groups = site.api().get(["groups"]).maybe("q", Some(&q)).maybe("cursor", Some(&asked.cursor)).query("limit", 50);
    let (shell, groups) = tokio::try_join!(site.shell(), groups.send::<List<Group>>())?;
    Ok(drawn(site, shell, &groups, (&q, asked.cursor.is_empty()), form, errors))
}

fn drawn(
    site: &Person,
    shell: Shell,
    groups: &List<Group>,
    (q, is_first): (&str, bool),
    form: &Form,
    errors: &Errors,
) -> Response {
    let words = site.words();
    let search = Form::with([("q", q)]);
    let none = Errors::none();
    let lonely = is_first && q.is_empty() && groups.items.iter().all(|group| group.unassigned);
    Page::staff(site, shell, Nav::Customers, words.groups.title).errors(errors).script("select").body(html! {
        p.back { a href="/customers" { "← " (words.customers.title) } }
        h1 { (words.groups.title) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        section.card aria-labelledby="make-title" {
            h2 #make-title { (words.groups.make) }
            form.inline-form method="post" action="/groups" {
                (parts::csrf(site))
                (Field::text("name", words.groups.new_name, form, errors).hint(words.groups.name_hint).max_length(MAX_NAME).autocomplete("off").required())
                button.button.primary type="submit" { (words.groups.make_button) }
            }
        }
        form.search method="get" action="/groups" role="search" {
            (Field::text("q", words.groups.search, &search, &none).kind("search").max_length(MAX_NAME))
            button.button type="submit" { (words.common.search) }
            @if !q.is_empty() { a.button href="/groups" { (words.common.reset) } }
        }
        @if groups.items.is_empty() {
            (parts::empty(words.groups.none_found, words.groups.none_found_text, None))
        } @else {
            form method="get" action="/send" data-select {
                (table(site, &groups.items))
                div.selection {
                    span role="status" data-count=(words.groups.chosen) {}
                    button.button.primary type="submit" data-needs { (words.groups.send_chosen) }
                }
            }
        }
        @if lonely { (parts::empty(words.groups.none, words.groups.none_text, None)) }
        (parts::pager(site, &parts::address("/groups", [("q", q)]), is_first, groups.next_cursor.as_deref()))
    })
}

fn table(site: &Person, groups: &[Group]) -> Markup {
    let words = &site.words().groups;
    let head = html! {
        th.box { span hidden data-with-script { input type="checkbox" data-all aria-label=(words.choose_page); } span.visually-hidden { (words.choose_page) } }
        th scope="col" { (words.group) }
        th.number scope="col" { (words.customers) }
        th scope="col" { (words.actions) }
    };
    let rows = html! {
        @for group in groups {
            @let name = words.name_of(&group.name, group.unassigned);
            tr {
                td.box { input type="checkbox" name="group" value=(group.id) data-row aria-label=((words.choose_this)(name)); }
                th scope="row" {
                    a href=(parts::address("/customers", [("group", group.id.as_str())])) { (name) }
                    @if group.unassigned { p.hint { (words.unassigned) } }
                }
                td.number { (parts::number(group.customers)) }
                td {
                    div.row-actions {
                        a.button.small href=(parts::address("/send", [("group", group.id.as_str())])) { (words.send) span.visually-hidden { ": " (name) } }
                        @if !group.unassigned {
                            a.button.small href={ "/groups/" (parts::encoded(&group.id)) } { (words.manage) span.visually-hidden { ": " (name) } }
                        }
                    }
                }
            }
        }
    };
    parts::table(words.title, &head, &rows)
}
