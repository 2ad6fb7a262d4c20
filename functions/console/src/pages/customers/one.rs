//! One customer: what the clinic knows, the groups, how they stand, what was sent to them.

use axum::extract::{Path, Query};
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::campaigns::message_tone;
use crate::pages::customers::selection::DO;
use crate::pages::customers::{Column, Customer, fields};
use crate::pages::groups::choose::Choice;
use crate::parts;
use crate::site::{Answer, Person};
use crate::visitor::Tone;

/// Which of their messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    cursor: String,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(flatten)]
    customer: Customer,
    groups: Vec<Label>,
    #[serde(default)]
    member: Option<Member>,
    #[serde(default)]
    suppression: Option<Suppression>,
}

#[derive(Debug, Deserialize)]
struct Label {
    id: String,
    name: String,
    unassigned: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    user_id: String,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Suppression {
    id: String,
    since: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    campaign_id: String,
    campaign_name: String,
    requested_at: DateTime<Utc>,
    #[serde(default)]
    text: Option<String>,
    state: String,
    #[serde(default)]
    state_text: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    first_click_at: Option<DateTime<Utc>>,
}

/// What the page shows.
struct Content<'a> {
    id: &'a str,
    detail: Detail,
    messages: List<Message>,
    is_first: bool,
    groups: fields::Groups,
}

/// Shows a customer.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn show(site: Person, Path(id): Path<String>, Query(asked): Query<Asked>) -> Answer {
    page(&site, &id, &asked.cursor, None, &Errors::none()).await
}

/// Deletes a customer; where the person asked to be forgotten, for ever.
///
/// # Errors
/// When there is none, or the API does not answer.
pub async fn delete(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let words = site.words();
    if form.restored() {
        let path = format!("/customers/{}", parts::encoded(&id));
        return Ok(site.go_saying(&path, Tone::Warning, words.common.not_done));
    }
    let forget = form.has("forget");
    site.api().delete(["customers", &id]).maybe("forget", forget.then_some("true")).done().await?;
    let text = if forget { words.customers.forgotten } else { words.customers.deleted_one };
    Ok(site.go_saying("/customers", Tone::Good, text))
}

/// The page, with this form in place of what the API knows.
///
/// # Errors
/// When there is no such customer, or the API does not answer.
pub async fn page(site: &Person, id: &str, cursor: &str, form: Option<&Form>, errors: &Errors) -> Answer {
    let api = site.api();
    let (shell, detail, messages, columns) = tokio::try_join!(
        site.shell(),
        api.get(["customers", id]).send::<Detail>(),
        api.get(["customers", id, "messages"]).maybe("cursor", Some(cursor)).query("limit", 20).send::<List<Message>>(),
        api.get(["customers", "columns"]).send::<List<Column>>(),
    )?;
    let own: Vec<_> = detail.groups.iter().filter(|group| !group.unassigned).map(|group| group.id.clone()).collect();
    let kept = fields::of(&detail.customer, &columns.items, &own);
    let form = form.unwrap_or(&kept);
    // How many are in them is not known here.
    let own = detail.groups.iter().map(|group| Choice {
        id: group.id.clone(),
        name: group.name.clone(),
        unassigned: group.unassigned,
        customers: None,
    });
    let groups = fields::groups(site, form, own).await?;
    let content = Content { id, detail, messages, is_first: cursor.is_empty(), groups };
    Ok(drawn(site, shell, &content, form, errors))
}

fn drawn(site: &Person, shell: Shell, content: &Content<'_>, form: &Form, errors: &Errors) -> Response {
    let words = site.words();
    let zone = shell.zone.clone();
    let customer = &content.detail.customer;
    let path = format!("/customers/{}", parts::encoded(content.id));
    Page::staff(site, shell, Nav::Customers, customer.name.as_str()).errors(errors).script("groups").body(html! {
        p.back { a href="/customers" { "← " (words.customers.title) } }
        h1 { (customer.name) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        div.columns {
            section.card aria-labelledby="edit-title" {
                h2 #edit-title { (words.customers.edit) }
                form.customer method="post" action=(path) {
                    (fields::fields(site, form, errors, &content.groups))
                    div.actions { button.button.primary type="submit" name=(DO) value="save" { (words.common.save) } }
                }
            }
            div {
                (standing(site, content, &zone))
                (end(site, &path))
            }
        }
        (messages(site, content, &zone, &path))
    })
}

fn standing(site: &Person, content: &Content<'_>, zone: &str) -> Markup {
    let (words, detail) = (&site.words().customers, &content.detail);
    let customer = &detail.customer;
    html! {
        section.card aria-labelledby="standing-title" {
            h2 #standing-title { (words.standing) }
            @if let Some(suppression) = &detail.suppression {
                (parts::notice(Tone::Warning, html! {
                    p { (words.suppressed) @if let Some(since) = suppression.since { " (" (parts::day(since, zone)) ")" } }
                    p { a href={ "/suppressions/" (parts::encoded(&suppression.id)) } { (words.suppression_link) } }
                }))
            }
            dl.facts {
                dt { (site.words().groups.title) }
                dd { ul.tags { @for group in &detail.groups { li { a href=(parts::address("/customers", [("group", group.id.as_str())])) { (site.words().groups.name_of(&group.name, group.unassigned)) } } } } }
                dt { (words.member) }
                dd {
                    @match &detail.member {
                        Some(member) => a href={ "/members/" (parts::encoded(&member.user_id)) } { ((words.member_state)(&member.state)) },
                        None => span.muted { (words.no_member) },
                    }
                }
                dt { (words.consent_short) }
                dd {
                    @match customer.advertising_consent_at {
                        Some(at) => { (parts::badge(Tone::Good, words.agreed)) " " (parts::day(at, zone)) }
                        None => span.muted { (words.not_agreed) },
                    }
                }
                dt { (words.added) } dd { (parts::moment(customer.created_at, zone)) }
                dt { (words.last_changed) } dd { (parts::moment(customer.updated_at, zone)) }
            }
        }
    }
}

fn end(site: &Person, path: &str) -> Markup {
    let words = &site.words().customers;
    let action = format!("{path}/delete");
    html! {
        section.card aria-labelledby="end-title" {
            h2 #end-title { (words.end) }
            p.hint { (words.delete_one_hint) }
            p { (parts::confirm(site, "delete-customer", words.delete_one, words.delete_one_question, &action, &html! {})) }
            p.hint { (words.forget_hint) }
            p { (parts::confirm(site, "forget-customer", words.forget, words.forget_question, &action, &parts::hidden("forget", "yes"))) }
        }
    }
}

fn messages(site: &Person, content: &Content<'_>, zone: &str, path: &str) -> Markup {
    let words = &site.words().customers;
    let messages = &content.messages;
    let head = html! {
        th scope="col" { (words.requested) }
        th scope="col" { (words.campaign) }
        th scope="col" { (site.words().common.state) }
        th scope="col" { (words.clicked) }
        th scope="col" { (words.text) }
    };
    let rows = html! { @for message in &messages.items { (row(site, message, zone)) } };
    html! {
        section #messages aria-labelledby="messages-title" {
            h2 #messages-title { (words.messages) }
            @if messages.items.is_empty() {
                p.muted { (words.no_messages) }
            } @else {
                (parts::table(words.messages, &head, &rows))
                (parts::pager(site, path, content.is_first, messages.next_cursor.as_deref()))
            }
        }
    }
}

fn row(site: &Person, message: &Message, zone: &str) -> Markup {
    let words = &site.words().customers;
    html! {
        tr {
            td.nowrap { (parts::moment(message.requested_at, zone)) }
            th.person scope="row" { a href={ "/campaigns/" (parts::encoded(&message.campaign_id)) } { (message.campaign_name) } }
            td {
                (parts::badge(message_tone(&message.state), &message.state_text))
                @if let Some(reason) = &message.reason { p.hint { (reason) } }
            }
            td.nowrap { @match message.first_click_at { Some(at) => (parts::moment(at, zone)), None => span.muted { "–" } } }
            td {
                @if let Some(text) = message.text.as_deref().filter(|text| !text.is_empty()) {
                    details.more { summary { (words.show_text) } pre { (text) } }
                }
            }
        }
    }
}
