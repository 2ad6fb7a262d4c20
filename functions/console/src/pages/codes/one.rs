//! One code: its link and picture, its name, its end, and whether it can be used.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::list::errors;
use super::{LONGEST_LABEL, ReferralCode, State, badge, end_of_day, last_day, uses};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::members;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Shows a code.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Path(code): Path<String>) -> Answer {
    page(&site, &code, None).await
}

/// Disables or enables a code, or changes its name and end.
///
/// # Errors
/// As the API says.
pub async fn change(site: Person, Path(code): Path<String>, form: Form) -> Answer {
    let words = site.words();
    let path = format!("/codes/{code}");
    let (body, said) = match form.text("do") {
        "disable" => (json!({ "disabled": true }), words.codes.disabled_said),
        "enable" => (json!({ "disabled": false }), words.codes.enabled_said),
        _ if form.restored() => return page(&site, &code, Some((&form, &Errors::none()))).await,
        _ => {
            let shell = site.shell().await?;
            let Some(changes) = changes(&form, &shell.zone) else {
                let mut errors = Errors::none();
                errors.add("last-day", words.codes.last_day_hint);
                return page(&site, &code, Some((&form, &errors))).await;
            };
            (Value::Object(changes), words.codes.saved_said)
        }
    };
    if form.restored() {
        return Ok(site.go_saying(&path, Tone::Warning, words.common.not_done));
    }
    match site.api().patch(["referral-codes", &code]).json(&body).done().await {
        Ok(()) => Ok(site.go_saying(&path, Tone::Good, said)),
        Err(failure) => page(&site, &code, Some((&form, &errors(&failure.about_input()?)))).await,
    }
}

/// What a form changes, and nothing else: an end that was set to the minute elsewhere stays as long as nobody touches the day. None
/// when the day is no day.
fn changes(form: &Form, zone: &str) -> Option<Map<String, Value>> {
    let mut changes = Map::new();
    if form.text("label") != form.text("label-was") {
        changes.insert("label".to_owned(), json!(form.text("label")));
    }
    if form.text("last-day") != form.text("last-day-was") {
        let ends = match form.filled("last-day") {
            Some(day) => json!(end_of_day(day, zone)?),
            None => Value::Null,
        };
        changes.insert("expiresAt".to_owned(), ends);
    }
    Some(changes)
}

async fn page(site: &Site, code: &str, sent: Option<(&Form, &Errors)>) -> Answer {
    let (shell, code) = tokio::try_join!(site.shell(), site.api().get(["referral-codes", code]).send::<ReferralCode>())?;
    Ok(body(site, shell, &code, sent))
}

fn body(site: &Site, shell: Shell, code: &ReferralCode, sent: Option<(&Form, &Errors)>) -> Response {
    let words = &site.words().codes;
    let zone = shell.zone.clone();
    let was = code.expires_at.map(|ends| last_day(ends, &zone)).unwrap_or_default();
    let label = code.label.as_deref().unwrap_or_default();
    let stored = Form::with([("label", label), ("label-was", label), ("last-day", &was), ("last-day-was", &was)]);
    let none = Errors::none();
    let (form, errors) = sent.unwrap_or((&stored, &none));
    Page::staff(site, shell, Nav::Codes, format!("{} · {}", code.name(words), words.title)).errors(errors).body(html! {
        div.head {
            h1 { (code.name(words)) " " (badge(words, code.state)) }
            div.actions {
                a.button.primary href={ (code.path()) "/print?format=poster" } { (words.poster) }
                a.button.primary href={ (code.path()) "/print?format=card" } { (words.cards) }
            }
        }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        div.columns {
            div {
                section.card aria-labelledby="link" {
                    h2 #link { (words.link) }
                    (facts(site, code, &zone))
                    div.actions {
                        @let common = &site.words().common;
                        button.button type="button" hidden data-with-script data-copy=(code.invite_link) data-copied=(common.copied) data-not-copied=(common.not_copied) {
                            (words.copy_link)
                        }
                    }
                }
                section.card aria-labelledby="settings" {
                    h2 #settings { (words.settings) }
                    (settings(site, code, form, errors))
                    (switch(site, code))
                }
            }
            section.card aria-labelledby="qr" {
                h2 #qr { "QR" }
                img.qr src={ (code.path()) "/qr.svg" } alt=(words.qr_of.replace("{}", &code.code)) width="256" height="256";
                p { a href={ (code.path()) "/qr.png" } download={ (code.code) ".png" } { (words.qr_png) } }
                p { a href={ (code.path()) "/qr.svg" } download={ (code.code) ".svg" } { (words.qr_svg) } }
            }
        }
    })
}

fn facts(site: &Site, code: &ReferralCode, zone: &str) -> Markup {
    let words = &site.words().codes;
    html! {
        dl.facts {
            dt { (words.link) } dd { code #invite-link { (code.invite_link) } }
            dt { (words.code) } dd { code { (code.code) } }
            @if let Some(owner) = &code.member { dt { (words.member) } dd { a href=(members::path(&owner.user_id)) { (owner.name) } } }
            dt { (words.uses) } dd { (uses(words, code)) }
            dt { (words.last_day) }
            dd { @match code.expires_at { Some(ends) => (last_day(ends, zone)), None => (words.no_end) } }
            dt { (words.made_at) } dd { (parts::day(code.created_at, zone)) }
            @if let Some(at) = code.disabled_at { dt { (words.disabled) } dd { (parts::moment(at, zone)) } }
        }
    }
}

fn settings(site: &Site, code: &ReferralCode, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().codes;
    html! {
        form #code-settings method="post" action=(code.path()) {
            (parts::csrf(site))
            @for name in ["label-was", "last-day-was"] { (parts::hidden(name, form.text(name))) }
            // A member's code is called as the member is.
            @if code.member.is_none() {
                (Field::text("label", words.label, form, errors).hint(words.label_hint).max_length(LONGEST_LABEL))
            }
            (Field::text("last-day", words.last_day, form, errors).kind("date").hint(words.last_day_hint))
            button.button.primary type="submit" { (site.words().common.save) }
        }
    }
}

fn switch(site: &Site, code: &ReferralCode) -> Markup {
    let words = &site.words().codes;
    html! {
        div.actions {
            @if code.state == State::Disabled {
                form method="post" action=(code.path()) {
                    (parts::csrf(site)) (parts::hidden("do", "enable"))
                    button.button type="submit" { (words.enable) }
                }
            } @else {
                (parts::confirm(site, "disable-code", words.disable, words.disable_question, &code.path(), &parts::hidden("do", "disable")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_touched_is_not_sent() {
        let changes = |label: &str, day: &str, was: &str| {
            let fields = [("label", label), ("label-was", "접수대"), ("last-day", day), ("last-day-was", was)];
            changes(&Form::with(fields), "Asia/Seoul").map(Value::Object)
        };
        assert_eq!(changes("입구", "2026-12-31", "2026-12-31"), Some(json!({ "label": "입구" })));
        assert_eq!(changes("접수대", "", "2026-12-31"), Some(json!({ "expiresAt": null })));
        assert_eq!(changes("접수대", "2026-12-31", ""), Some(json!({ "expiresAt": "2026-12-31T15:00:00Z" })));
        assert_eq!(changes("접수대", "tomorrow", ""), None);
    }
}
