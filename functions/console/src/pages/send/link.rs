//! Third: where the link leads, and until when.

use axum::response::Response;
use maud::html;
use shared::model::link::{self, BadDestination};

use super::frame::Frame;
use super::known::Known;
use super::plan::{Plan, moment};
use super::step::Step;
use crate::form::Errors;
use crate::parts::{self, Field};
use crate::site::Person;
use crate::visitor::Tone;

/// What is not answered here, by the rules of the API.
pub fn errors(site: &Person, known: &Known, plan: &Plan) -> Errors {
    let words = &site.words().send;
    let mut errors = Errors::none();
    if plan.destination.is_empty() {
        errors.add("destination", words.no_destination);
    } else if let Err(error) = link::destination(&plan.destination, &known.clinic.link_hosts) {
        let (ko, en) = error.explanation();
        let text = match error {
            BadDestination::ForeignHost => words
                .foreign_host
                .replace("{host}", &host(&plan.destination))
                .replace("{hosts}", &known.clinic.link_hosts.join(", ")),
            _ => site.language().choose(ko, en).to_owned(),
        };
        errors.add("destination", text);
    }
    if !plan.ends.is_empty() {
        let now = site.deps().ambient.now();
        match moment(&plan.ends, &known.shell.zone) {
            None => errors.add("ends", words.no_time),
            Some(ends) if ends <= now => errors.add("ends", words.past_time),
            Some(_) => {}
        }
    }
    errors
}

/// The host of an address, or all of it when it has none.
fn host(address: &str) -> String {
    url::Url::parse(address).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_else(|| address.to_owned())
}

/// The page.
pub fn page(frame: &Frame<'_>) -> Response {
    let words = &frame.site.words().send;
    let hosts = &frame.known.clinic.link_hosts;
    let content = html! {
        h2 { (words.where_it_leads) }
        @if hosts.is_empty() {
            (parts::notice(Tone::Warning, html! {
                p { (words.no_hosts) }
                p { a href="/settings" { (words.to_settings) } }
            }))
        } @else {
            p { (words.hosts_are) " " @for (place, host) in hosts.iter().enumerate() { @if place > 0 { ", " } code { (host) } } }
        }
        (Field::text("destination", words.destination, frame.form, frame.errors).value(&frame.plan.destination).kind("url")
            .hint(words.destination_hint).max_length(2000).autocomplete("off").required())
        (Field::text("ends", words.ends, frame.form, frame.errors).value(&frame.plan.ends).kind("datetime-local").hint(words.ends_hint))
    };
    frame.asking(&["destination", "ends"], Step::Link.after(frame.known.template.as_ref()).unwrap_or(Step::Preview), &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_as_people_know_it() {
        assert_eq!(host("https://evil.example/a?b"), "evil.example");
        assert_eq!(host("나쁜 주소"), "나쁜 주소");
    }
}
