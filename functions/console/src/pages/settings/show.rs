//! Showing settings: forms for an owner, plain facts for everybody else.

use std::time::Duration;

use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;

use super::forms::{self, values};
use super::{Clinic, Section};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// How long the page waits for the provider to say what is left.
const PATIENCE: Duration = Duration::from_millis(800);

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

/// What is left at the provider, if it says so in time.
async fn balance(site: &Site) -> Option<u64> {
    let asked = site.api().get(["balance"]).send::<Balance>();
    Some(tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?.messages)
}

fn draw(site: &Site, clinic: &Clinic, balance: Option<u64>, typed: Option<(Section, &Form, &Errors)>) -> Response {
    let words = &site.words().settings;
    let shell = clinic.shell();
    let owner = shell.owner;
    let none = Errors::none();
    let errors = typed.map_or(&none, |(_, _, errors)| errors);
    Page::staff(site, shell, Nav::Settings, words.title).errors(errors).body(html! {
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

fn balance_card(site: &Site, balance: Option<u64>) -> Markup {
    let words = &site.words().settings;
    html! {
        section.card #balance {
            h2 { (words.balance_title) }
            @match balance {
                Some(0) => (parts::notice(Tone::Bad, html! { (words.balance_none) })),
                Some(messages) => {
                    p.figure { (parts::number(messages)) }
                    p.muted { (words.balance_unit) }
                }
                None => {
                    p { (words.balance_unknown) }
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
