//! Last: who gets it and who does not, what it costs, a test to one's own phone, and the button that sends.

use axum::response::Response;
use maud::{Markup, html};

use super::frame::Frame;
use super::known::Known;
use super::plan::{PATH, Plan};
use super::preflight::{self, Preflight, plain, won};
use super::trial;
use crate::api::Failure;
use crate::form::{Errors, Form};
use crate::parts::{self, Field};
use crate::site::{Answer, Site};
use crate::visitor::Tone;

/// The page. `is_waited_for`: pre-flight is part of it, and not fetched afterwards.
///
/// # Errors
/// When the API does not answer.
pub async fn page(frame: &Frame<'_>, is_waited_for: bool) -> Answer {
    let words = &frame.site.words().send;
    let checked = if is_waited_for || frame.form.restored() {
        preflight::now(frame.site, frame.known, frame.plan, preflight::WHOLE, frame.form, frame.errors).await?
    } else {
        preflight::later(frame, preflight::WHOLE, words.checking).await?
    };
    Ok(show(frame, &checked))
}

/// The page with what is wrong with the form that sends, or the one that tests.
///
/// # Errors
/// When the API does not answer.
pub async fn again(frame: &Frame<'_>) -> Result<Response, Failure> {
    let checked = preflight::now(frame.site, frame.known, frame.plan, preflight::WHOLE, frame.form, frame.errors).await?;
    Ok(show(frame, &checked))
}

/// The same with what was found already.
pub fn with(frame: &Frame<'_>, found: &Preflight) -> Response {
    show(frame, &html! { div #preflight { (result(frame.site, frame.known, frame.plan, found, frame.form, frame.errors)) } })
}

fn show(frame: &Frame<'_>, checked: &Markup) -> Response {
    let words = &frame.site.words().send;
    let Known { clinic, shell, .. } = frame.known;
    frame.telling(&html! {
        h2 { (words.check_title) }
        @if clinic.sender_key.is_none() || clinic.sender_phone.is_none() {
            (parts::notice(Tone::Bad, html! {
                p { (words.no_sender) }
                @if shell.owner { p { a href="/settings" { (words.to_settings) } } }
            }))
        }
        @if !frame.plan.tested.is_empty() { (trial::waiting(frame.site, &frame.plan.tested)) }
        (checked)
    })
}

/// What pre-flight found, and the forms that follow from it.
pub fn result(site: &Site, known: &Known, plan: &Plan, found: &Preflight, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().send;
    html! {
        p.visually-hidden role="status" { (words.checked) }
        (numbers(site, found))
        @if !found.complete { (parts::notice(Tone::Warning, html! { (words.not_everybody) })) }
        (warnings(site, known, found))
        (comparisons(site, found))
        (excluded(site, plan, found))
        (trial::form(site, plan, form, errors))
        @if found.ready { (sending(site, known, plan, found, form, errors)) }
        @else {
            (parts::notice(Tone::Bad, html! { @if found.sendable == 0 { (words.nobody_gets_it) } @else { (words.not_as_approved) } }))
        }
    }
}

fn numbers(site: &Site, found: &Preflight) -> Markup {
    let words = &site.words().send;
    html! {
        ul.cards.preflight-numbers {
            li.card { p.small.muted { (words.gets_it) } p.figure #sendable { (words.people.replace("{}", &parts::number(found.sendable))) } p.small.muted { (words.of_all.replace("{}", &parts::number(found.recipients))) } }
            li.card { p.small.muted { (words.gets_none) } p.figure { (words.people.replace("{}", &parts::number(found.excluded.total))) } }
            li.card {
                p.small.muted { (words.costs) }
                p.figure { (words.won.replace("{}", &won(found.cost.total))) }
                p.small.muted { (words.each_costs.replace("{}", &won(found.cost.unit_price))) }
            }
        }
        p.small.muted { (words.longest.replace("{}", &parts::number(found.characters.longest))) }
    }
}

fn warnings(site: &Site, known: &Known, found: &Preflight) -> Markup {
    let words = &site.words().send;
    html! {
        @if !found.warnings.is_empty() {
            (parts::notice(Tone::Warning, html! {
                p { strong { (words.worth_knowing) } }
                ul {
                    @for warning in &found.warnings {
                        li {
                            (warning.text)
                            @if let Some(count) = warning.count { " (" (words.messages.replace("{}", &parts::number(count))) ")" }
                            @if let Some(at) = warning.at { " (" (words.at_that_moment(&warning.kind)) (parts::moment(at, &known.shell.zone)) ")" }
                        }
                    }
                }
            }))
        }
    }
}

/// What we would send beside what the provider has.
fn comparisons(site: &Site, found: &Preflight) -> Markup {
    let words = &site.words().send;
    let differs: Vec<_> = found.checks.iter().filter(|check| check.outcome == "differs").collect();
    let is_same = found.checks.iter().all(|check| check.outcome == "same");
    html! {
        @if !differs.is_empty() {
            (parts::notice(Tone::Bad, html! {
                p { strong { (words.differs) } }
                ul { @for check in &differs { li { (words.compared(&check.compared)) ": " (check.explanation.as_deref().unwrap_or_default()) } } }
            }))
        } @else if is_same {
            p { (parts::badge(Tone::Good, words.as_approved)) " " (words.all_compared) }
        } @else {
            p {
                (parts::badge(Tone::Warning, words.not_compared)) " "
                (found.checks.iter().find_map(|check| check.explanation.as_deref()).unwrap_or_default())
            }
        }
    }
}

/// Who gets nothing, and why.
fn excluded(site: &Site, plan: &Plan, found: &Preflight) -> Markup {
    let words = &site.words().send;
    let listed: Vec<_> = found.problems.items.iter().collect();
    html! {
        @if found.excluded.total > 0 {
            section {
                h3 { (words.who_gets_nothing) }
                ul.reason-list {
                    @for (code, count) in &found.excluded.by_reason {
                        li { (plain(site, code)) " " strong.nowrap { (words.people.replace("{}", &parts::number(*count))) } }
                    }
                }
                (preflight::people(site, &listed))
                @if found.problems.next_cursor.is_some() {
                    @match plan.address("/send/excluded", &[]) {
                        Some(address) => p { a href=(address) { (words.show_all) } },
                        None => form method="post" action="/send/excluded" {
                            (parts::csrf(site)) (plan.hidden(&[]))
                            button.button.small type="submit" { (words.show_all) }
                        },
                    }
                }
            }
        }
    }
}

/// The form that sends. It asks once more, in a window that opens without a script.
fn sending(site: &Site, known: &Known, plan: &Plan, found: &Preflight, form: &Form, errors: &Errors) -> Markup {
    let (words, common) = (&site.words().send, &site.words().common);
    let template = known.template.as_ref();
    let is_advertising = template.is_some_and(|template| plan.is_advertising(template));
    let (count, is_exact) = found.reaches(known);
    let people = if is_exact { words.people } else { words.at_most }.replace("{}", &parts::number(count));
    #[expect(clippy::cast_precision_loss, reason = "nobody has so many customers")]
    let cost = if is_exact { found.cost.total } else { found.cost.unit_price * count as f64 };
    let question = words.sure.replace("{n}", &people).replace("{won}", &won(cost));
    // Of this page alone: whoever presses twice asks once, and whoever comes back to the page asks anew.
    let key = form.filled("key").map_or_else(|| site.fresh_key(), str::to_owned);
    html! {
        section.card.send-card {
            h3 { (words.send_title) }
            @if is_advertising { p { (parts::badge(Tone::Warning, words.advertising)) " " (words.advertising_hint) } }
            form #send method="post" action="/send/ask" {
                // Enter in a field looks again; nothing is sent by it.
                button.visually-hidden type="submit" formaction=(PATH) name="step" value="check" tabindex="-1" aria-hidden="true" { (words.check_again) }
                (parts::csrf(site))
                (plan.hidden(&["name", "when", "at"]))
                (parts::hidden("key", &key)) (parts::hidden("confirmed-members", &known.members().to_string()))
                @if is_exact { (parts::hidden("confirmed", &count.to_string())) }
                (Field::text("name", words.name, form, errors).value(&plan.name).hint(words.name_hint).max_length(100))
                fieldset.when {
                    legend { (words.when) }
                    label.choice { input type="radio" name="when" value="now" checked[!plan.later]; span { (words.at_once) } }
                    label.choice { input type="radio" name="when" value="later" checked[plan.later]; span { (words.later) } }
                    (Field::text("at", words.begins_at, form, errors).value(&plan.at).kind("datetime-local").hint(words.begins_at_hint))
                    button.button.small type="submit" formaction=(PATH) name="step" value="check" { (words.check_again) }
                }
                button.button.primary type="button" popovertarget="sure" { (words.send_now.replace("{}", &people)) }
                div.dialog #sure popover="auto" role="dialog" aria-labelledby="sure-title" {
                    p #sure-title { (question) }
                    p.muted { (words.no_way_back) }
                    div.actions {
                        button.button.primary type="submit" { (words.yes_send) }
                        button.button type="button" popovertarget="sure" popovertargetaction="hide" { (common.cancel) }
                    }
                }
            }
        }
    }
}
