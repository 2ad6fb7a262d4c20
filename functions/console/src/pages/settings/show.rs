//! Showing settings: forms for an owner, plain facts for everybody else.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{self, values};
use super::{Clinic, Section};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, fragment};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// How long the page waits for the provider to say what is left. A script asks again without this limit.
const PATIENCE: Duration = Duration::from_millis(700);

#[derive(Deserialize)]
struct Balance {
    messages: u64,
}

/// Shows the settings.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person) -> Answer {
    let (clinic, balance) = tokio::join!(site.api().get(["clinic"]).send::<Clinic>(), balance(&site));
    Ok(draw(&site, &clinic?, balance, None))
}

/// The page with a form as somebody has filled it in.
pub async fn page(site: &Site, clinic: &Clinic, typed: Option<(Section, &Form, &Errors)>) -> Response {
    draw(site, clinic, balance(site).await, typed)
}

/// Leads to the page of a form, when somebody comes back to its address.
pub async fn back(site: Person) -> Response {
    site.go("/settings")
}

/// What is left at the provider.
#[derive(Clone, Copy)]
enum Left {
    Messages(u64),
    /// The provider takes its time.
    Later,
    Unknown,
}

async fn balance(site: &Site) -> Left {
    tokio::time::timeout(PATIENCE, ask(site)).await.unwrap_or(Left::Later)
}

async fn ask(site: &Site) -> Left {
    let asked = site.api().get(["balance"]).send::<Balance>().await;
    asked.map_or(Left::Unknown, |balance| Left::Messages(balance.messages))
}

/// The part of the page that says what is left, however long the provider takes.
pub async fn show_balance(site: Person) -> Response {
    fragment(balance_card(&site, ask(&site).await))
}

fn draw(site: &Site, clinic: &Clinic, balance: Left, typed: Option<(Section, &Form, &Errors)>) -> Response {
    let words = &site.words().settings;
    let shell = clinic.shell();
    let owner = shell.owner;
    let none = Errors::none();
    let errors = typed.map_or(&none, |(_, _, errors)| errors);
    Page::staff(site, shell, Nav::Settings, words.title).script("live").errors(errors).body(html! {
        div.head { h1 { (words.title) } }
        @if !owner { (parts::notice(Tone::Plain, html! { (words.owner_only) })) }
        @if let Some((_, form, _)) = typed { (parts::restored(site, form)) }
        (parts::error_summary(site, errors))
        nav aria-label=(words.sections) {
            ul.chips {
                @for section in Section::ALL {
                    li { a href={ "#" (section.name()) } { (forms::title(words, section)) } }
                }
            }
        }
        div.columns {
            div {
                @for section in Section::ALL {
                    section.card.setting #(section.name()) aria-labelledby={ (section.name()) "-title" } {
                        h2 id={ (section.name()) "-title" } { (forms::title(words, section)) }
                        @match (owner, typed.filter(|(typed, ..)| *typed == section)) {
                            (false, _) => (forms::facts(site, section, clinic)),
                            (true, Some((_, form, errors))) => (forms::form(site, section, clinic, form, errors)),
                            (true, None) => (forms::form(site, section, clinic, &values(section, clinic), &none)),
                        }
                    }
                }
            }
            aside {
                (balance_card(site, balance))
                (about(site, clinic))
            }
        }
    })
}

fn balance_card(site: &Site, left: Left) -> Markup {
    let words = &site.words().settings;
    let live = matches!(left, Left::Later).then_some("/settings/balance");
    html! {
        section.card #balance data-live=[live] {
            h2 { (words.balance_title) }
            @match left {
                Left::Messages(0) => (parts::notice(Tone::Bad, html! { (words.balance_none) })),
                Left::Messages(messages) => {
                    p.figure { (parts::number(messages)) }
                    p.muted { (words.balance_unit) }
                }
                Left::Later | Left::Unknown => {
                    p { (if live.is_some() { words.balance_later } else { words.balance_unknown }) }
                    p { a.button href="/settings" { (site.words().common.refresh) } }
                }
            }
        }
    }
}

fn about(site: &Site, clinic: &Clinic) -> Markup {
    let words = &site.words().settings;
    let ready = clinic.sender_key.is_some() && clinic.sender_phone.is_some();
    html! {
        section.card {
            h2 { (words.about_title) }
            dl.facts {
                dt { (words.sender_state) }
                dd {
                    @if ready { (parts::badge(Tone::Good, words.sender_ready)) }
                    @else { (parts::badge(Tone::Warning, words.sender_missing)) }
                }
                @if let Some(code) = &clinic.referral_code {
                    dt { (words.referral_code) }
                    dd { a href="/codes" { code { (code) } } }
                }
                dt { (words.time_zone) }
                dd { (clinic.time_zone) }
            }
        }
    }
}
