//! Inviting colleagues by a link, which is shown once.

use axum::extract::{Path, Query};
use axum::response::Response;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{Turned, lists, role_badge, roles, roles_explained};
use crate::api::List;
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::staff::Staff;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invitation {
    id: String,
    name: String,
    role: String,
    state: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    link: String,
    expires_at: DateTime<Utc>,
}

/// Lists invitations.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person, Query(turned): Query<Turned>) -> Answer {
    let api = site.api();
    let call = api.get(["staff", "invitations"]).query("limit", 50).maybe("cursor", turned.cursor.clone());
    let (shell, found) = tokio::join!(site.shell(), call.send::<List<Invitation>>());
    let shell = shell?;
    let words = &site.words().staff;
    if found.as_ref().is_err_and(|failure| failure.problem().is_some_and(|problem| problem.is("not-owner"))) {
        return Ok(for_owners(&site, shell));
    }
    let (found, first) = (found?, turned.cursor.is_none());
    let listed = rows(&site, &shell, &found);
    Ok(Page::staff(&site, shell, Nav::Staff, words.invitations).body(html! {
        div.head {
            h1 { (words.title) }
            div.actions { a.button.primary href="/staff/invitations/new" { (words.invite) } }
        }
        (lists(&site, true, "/staff/invitations"))
        @if found.items.is_empty() && first {
            (parts::empty(words.none_invited, words.none_invited_text, Some(("/staff/invitations/new", words.invite))))
        } @else {
            (listed)
            (parts::pager(&site, "/staff/invitations", first, found.next_cursor.as_deref()))
        }
    }))
}

fn for_owners(site: &Site, shell: Shell) -> Response {
    let words = &site.words().staff;
    Page::staff(site, shell, Nav::Staff, words.invitations).status(axum::http::StatusCode::FORBIDDEN).body(html! {
        div.head { h1 { (words.title) } }
        (lists(site, false, "/staff/invitations"))
        (parts::notice(Tone::Plain, html! { (words.invitations_for_owners) }))
    })
}

fn state_badge(words: &Staff, state: &str) -> Markup {
    match state {
        "open" => parts::badge(Tone::Warning, words.state_open),
        "accepted" => parts::badge(Tone::Good, words.state_accepted),
        "revoked" => parts::badge(Tone::Plain, words.state_revoked),
        "expired" => parts::badge(Tone::Plain, words.state_expired),
        other => parts::badge(Tone::Plain, other),
    }
}

fn rows(site: &Site, shell: &Shell, found: &List<Invitation>) -> Markup {
    let (words, common) = (&site.words().staff, &site.words().common);
    let head = html! {
        th scope="col" { (common.name) }
        th scope="col" { (words.role) }
        th scope="col" { (common.state) }
        th scope="col" { (words.made) }
        th scope="col" { (words.expires) }
        th scope="col" { (words.actions) }
    };
    let body = html! {
        @for invitation in &found.items {
            tr {
                th.name scope="row" { (invitation.name) }
                td { (role_badge(words, &invitation.role)) }
                td { (state_badge(words, &invitation.state)) }
                td.nowrap { (parts::day(invitation.created_at, &shell.zone)) }
                td.nowrap { (parts::moment(invitation.expires_at, &shell.zone)) }
                td {
                    @if invitation.state == "open" {
                        (parts::confirm(site, &format!("revoke-{}", invitation.id), words.revoke, words.revoke_question,
                            &format!("/staff/invitations/{}/revoke", invitation.id), &html! { p { strong { (invitation.name) } } }))
                    }
                }
            }
        }
    };
    parts::table(words.invitations_caption, &head, &body)
}

/// Asks whom to invite.
///
/// # Errors
/// When the API does not answer.
pub async fn show_new(site: Person) -> Answer {
    let shell = site.shell().await?;
    Ok(form_page(&site, shell, &Form::with([("role", "staff")]), &Errors::none()))
}

/// Makes an invitation, and shows its link.
///
/// # Errors
/// When the person is no owner, or the API does not answer.
pub async fn invite(site: Person, form: Form) -> Answer {
    if form.restored() {
        return Ok(form_page(&site, site.shell().await?, &form, &Errors::none()));
    }
    let body = json!({ "name": form.text("name"), "role": form.text("role") });
    let api = site.api();
    let (shell, made) = tokio::join!(site.shell(), api.post(["staff", "invitations"]).json(&body).send::<Made>());
    match made {
        Ok(made) => Ok(link_page(&site, shell?, form.text("name"), &made)),
        Err(failure) => Ok(form_page(&site, shell?, &form, &Errors::of(&failure.about_input()?, &[]))),
    }
}

fn form_page(site: &Site, shell: Shell, form: &Form, errors: &Errors) -> Response {
    let (words, common) = (&site.words().staff, &site.words().common);
    if !shell.owner {
        return for_owners(site, shell);
    }
    Page::staff(site, shell, Nav::Staff, words.invite).errors(errors).body(html! {
        p { a href="/staff" { (words.title) } }
        div.head { h1 { (words.invite) } }
        p { (words.invite_lead) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card.form-card method="post" action="/staff/invitations/new" {
            (parts::csrf(site))
            (Field::text("name", words.staff_name, form, errors).hint(words.staff_name_hint).max_length(100).required())
            (Field::text("role", words.role, form, errors).options(roles(words)))
            (roles_explained(words))
            div.actions {
                button.button.primary type="submit" { (words.make_link) }
                a.button href="/staff" { (common.cancel) }
            }
        }
    })
}

fn link_page(site: &Site, shell: Shell, name: &str, made: &Made) -> Response {
    let (words, common) = (&site.words().staff, &site.words().common);
    let until = parts::moment(made.expires_at, &shell.zone);
    Page::staff(site, shell, Nav::Staff, words.link_title).body(html! {
        div.head { h1 { (words.link_title) } }
        (parts::notice(Tone::Warning, html! { (words.link_once) }))
        div.card.form-card {
            dl.facts {
                dt { (words.link_for) } dd { (name) }
                dt { (words.link_until) } dd { (until) }
            }
            div.field {
                label for="link" { (words.link_label) }
                input #link type="text" readonly value=(made.link);
            }
            div.actions {
                button.button.primary type="button" hidden data-with-script data-copy=(made.link) data-copied=(common.copied) data-not-copied=(common.not_copied) { (words.copy_link) }
                a.button href="/staff/invitations" { (words.to_invitations) }
            }
        }
    })
}

/// Leads to the list with the button, when somebody had to sign in again.
pub async fn back(site: Person) -> Response {
    site.go("/staff/invitations")
}

/// Revokes an invitation.
///
/// # Errors
/// When the person is no owner, or the API does not answer.
pub async fn revoke(site: Person, Path(id): Path<String>, form: Form) -> Answer {
    let path = "/staff/invitations";
    if form.restored() {
        return Ok(site.go_saying(path, Tone::Warning, site.words().common.not_done));
    }
    match site.api().delete(["staff", "invitations", &id]).done().await {
        Ok(()) => Ok(site.go_saying(path, Tone::Good, site.words().staff.revoked)),
        Err(failure) => Ok(site.go_saying(path, Tone::Bad, &failure.about_input()?.text())),
    }
}
