//! Showing settings: forms for an owner, plain facts for everybody else.

use axum::response::Response;
use maud::{Markup, html};

use super::forms::{self, values};
use super::{Clinic, Section};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page};
use crate::parts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Shows the settings.
///
/// # Errors
/// When the API does not answer.
pub async fn show(site: Person) -> Answer {
    Ok(page(&site, &site.api().get(["clinic"]).send().await?, None))
}

/// Leads to the page of a form, when somebody comes back to its address.
pub async fn back(site: Person) -> Response {
    site.go("/settings")
}

/// The page, with a form as somebody has filled it in.
pub fn page(site: &Site, clinic: &Clinic, typed: Option<(Section, &Form, &Errors)>) -> Response {
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
            aside { (about(site, clinic)) }
        }
    })
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
