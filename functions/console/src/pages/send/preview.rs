//! Fifth: the message as one of the recipients will read it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};
use shared::model::result::Reason;
use shared::model::template::Button;

use super::frame::Frame;
use super::known::Template;
use super::preflight::plain;
use super::step::Step;
use super::talk::{Bubble, bubble};
use crate::api::{Failure, List};
use crate::form::Errors;
use crate::parts::{self, Field};
use crate::site::Answer;
use crate::visitor::Tone;

/// How many recipients stand beside the message.
const PAGE: usize = 12;
/// How many pages back one can go.
const TRAIL: usize = 8;

/// A recipient.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    id: String,
    name: String,
    phone: String,
    advertising_consent_at: Option<DateTime<Utc>>,
}

/// The message of one.
#[derive(Debug, Deserialize)]
struct Preview {
    text: Option<String>,
    title: Option<String>,
    #[serde(default)]
    subtitle: String,
    buttons: Option<Vec<Button>>,
    characters: Option<usize>,
    destination: Option<String>,
    problems: Vec<Obstructed>,
}

/// What stands in the way of it.
#[derive(Debug, Deserialize)]
struct Obstructed {
    text: String,
    #[serde(default)]
    variables: Vec<String>,
}

/// Where in the list of recipients one is.
struct Place {
    group: String,
    search: String,
    cursor: String,
    trail: Vec<String>,
    last: bool,
}

impl Place {
    /// What the form says, with the step that its button makes.
    fn of(frame: &Frame<'_>) -> Self {
        let form = frame.form;
        let group = form.filled("of").filter(|id| frame.known.groups.iter().any(|group| group.id == *id));
        let group = group.or(frame.known.groups.first().map(|group| group.id.as_str())).unwrap_or_default();
        let search = form.text("q");
        let beginning =
            Self { group: group.to_owned(), search: search.to_owned(), cursor: String::new(), trail: Vec::new(), last: false };
        if form.text("searched") != search || form.text("was-of") != group {
            return beginning;
        }
        let mut trail: Vec<String> = form.all("trail").into_iter().map(str::to_owned).collect();
        let cursor = form.text("cursor").to_owned();
        match form.text("go") {
            "next" => {
                trail.push(cursor);
                trail.drain(..trail.len().saturating_sub(TRAIL));
                Self { cursor: form.text("following").to_owned(), trail, ..beginning }
            }
            "previous" => Self { cursor: trail.pop().unwrap_or_default(), trail, last: true, ..beginning },
            _ => Self { cursor, trail, ..beginning },
        }
    }
}

/// The page.
///
/// # Errors
/// When the API does not answer.
pub async fn page(frame: &Frame<'_>) -> Answer {
    let Some(template) = &frame.known.template else { return Ok(frame.asking(&[], Step::Preview, &html! {})) };
    let words = &frame.site.words().send;
    let place = Place::of(frame);
    let list = frame.site.api().get(["customers"]).query("groupId", &place.group).query("limit", PAGE);
    let list: List<Customer> = list.maybe("q", Some(&place.search)).maybe("cursor", Some(&place.cursor)).send().await?;
    let has_moved = frame.form.has("go") || frame.form.has("find");
    let listed = list.items.iter().position(|customer| customer.id == frame.plan.who);
    let shown = match listed {
        Some(at) => list.items.get(at),
        None if place.last => list.items.last(),
        None => list.items.first(),
    };
    let kept = (!frame.plan.who.is_empty() && listed.is_none() && !has_moved).then_some(frame.plan.who.as_str());
    let kept = match kept {
        Some(who) => customer(frame, who).await?,
        None => None,
    };
    let shown = kept.as_ref().or(shown);
    let preview = match shown {
        Some(customer) => Some(preview(frame, template, customer).await),
        None => None,
    };
    let content = html! {
        h2 { (words.what_they_read) }
        div.columns.preview-columns {
            div {
                @match (&preview, shown) {
                    (Some(Ok(preview)), Some(customer)) => (message(frame, template, customer, preview)),
                    (Some(Err(problem)), _) => (parts::notice(Tone::Bad, html! { (problem) })),
                    _ => p.muted { @if place.search.is_empty() { (words.nobody_in_group) } @else { (words.nobody_found) } },
                }
            }
            (recipients(frame, &place, &list, shown))
        }
        (parts::hidden("who", shown.map_or("", |customer| customer.id.as_str())))
    };
    Ok(frame.asking(&["who"], Step::Preview, &content))
}

/// Somebody who was looked at before, if there still.
async fn customer(frame: &Frame<'_>, id: &str) -> Result<Option<Customer>, Failure> {
    match frame.site.api().get(["customers", id]).send().await {
        Ok(customer) => Ok(Some(customer)),
        Err(failure) if failure.problem().is_some_and(|problem| matches!(problem.status, 404 | 422)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Asks for the message by the rules by which it is sent.
async fn preview(frame: &Frame<'_>, template: &Template, customer: &Customer) -> Result<Preview, String> {
    let mut wish = json!({ "customerId": customer.id });
    if let Value::Object(wish) = &mut wish {
        let mut said = frame.plan.message(template, &frame.known.shell.zone);
        for name in ["destination", "sources"] {
            wish.extend(said.remove(name).map(|value| (name.to_owned(), value)));
        }
    }
    let answer = frame.site.api().post(["templates", &template.id, "preview"]).json(&wish).send().await;
    answer.map_err(|failure| {
        failure.problem().map_or_else(|| frame.site.words().common.broken_text.to_owned(), crate::api::Problem::text)
    })
}

/// The message, or why there is none.
fn message(frame: &Frame<'_>, template: &Template, customer: &Customer, preview: &Preview) -> Markup {
    let words = &frame.site.words().send;
    let buttons: Vec<_> = preview.buttons.iter().flatten().map(|button| button.name.as_str()).collect();
    html! {
        p.preview-of { strong { (customer.name) } " " span.muted { (customer.phone) } }
        @if frame.plan.is_advertising(template) && customer.advertising_consent_at.is_none() {
            (parts::notice(Tone::Warning, html! { p { (words.gets_nothing) " " (plain(frame.site, Reason::NoConsent.as_str())) } }))
        }
        @for problem in &preview.problems {
            (parts::notice(Tone::Warning, html! {
                p { (words.gets_nothing) " " (problem.text) @if !problem.variables.is_empty() { " (" (problem.variables.join(", ")) ")" } }
            }))
        }
        @match &preview.text {
            Some(text) => {
                (bubble(Bubble {
                    sender: &frame.known.shell.clinic,
                    heading: words.talk_heading,
                    title: preview.title.as_deref().unwrap_or_default(),
                    subtitle: &preview.subtitle,
                    text,
                    buttons: &buttons,
                }))
            }
            None => {
                (bubble(Bubble {
                    sender: &frame.known.shell.clinic,
                    heading: words.talk_heading,
                    title: &template.emphasis_title,
                    subtitle: &template.emphasis_subtitle,
                    text: &template.content,
                    buttons: &template.buttons.iter().map(|button| button.name.as_str()).collect::<Vec<_>>(),
                }))
            }
        }
        p.small.muted {
            @if let Some(characters) = preview.characters { (words.characters.replace("{}", &characters.to_string())) }
            @if let Some(destination) = &preview.destination { br; (words.link_leads_to) " " (destination) }
        }
    }
}

/// The list beside it: search, the groups, next and previous.
fn recipients(frame: &Frame<'_>, place: &Place, list: &List<Customer>, shown: Option<&Customer>) -> Markup {
    let (words, common) = (&frame.site.words().send, &frame.site.words().common);
    let at = shown.and_then(|shown| list.items.iter().position(|customer| customer.id == shown.id));
    let before = at.and_then(|at| list.items.get(at.checked_sub(1)?));
    let after = at.and_then(|at| list.items.get(at + 1));
    html! {
        div.recipients {
            div.actions {
                @match before {
                    Some(customer) => button.button.small type="submit" name="show" value=(customer.id) { (words.previous_one) },
                    None => button.button.small type="submit" name="go" value="previous" disabled[place.trail.is_empty()] { (words.previous_one) },
                }
                @match after {
                    Some(customer) => button.button.small type="submit" name="show" value=(customer.id) { (words.next_one) },
                    None => button.button.small type="submit" name="go" value="next" disabled[list.next_cursor.is_none()] { (words.next_one) },
                }
            }
            @if frame.known.groups.len() > 1 {
                div.field {
                    label for="preview-group" { (words.group) }
                    select #preview-group name="of" {
                        @for group in &frame.known.groups { option value=(group.id) selected[group.id == place.group] { (group.name(frame.site.words())) } }
                    }
                }
            }
            div.search role="search" {
                (Field::text("q", words.search_people, frame.form, &Errors::none()).kind("search").max_length(50))
                button.button type="submit" name="find" value="yes" { (common.search) }
            }
            (parts::hidden("searched", &place.search)) (parts::hidden("was-of", &place.group)) (parts::hidden("cursor", &place.cursor))
            (parts::hidden("following", list.next_cursor.as_deref().unwrap_or_default()))
            @for cursor in &place.trail { (parts::hidden("trail", cursor)) }
            ul.recipient-list {
                @for customer in &list.items {
                    @let is_shown = shown.is_some_and(|shown| shown.id == customer.id);
                    li {
                        button type="submit" name="show" value=(customer.id) aria-current=[is_shown.then_some("true")] {
                            span { (customer.name) } " " span.muted.number { (customer.phone) }
                        }
                    }
                }
            }
        }
    }
}
