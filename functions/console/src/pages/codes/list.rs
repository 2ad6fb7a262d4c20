//! The codes of the clinic and of its members, and making one.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::{LONGEST_LABEL, ReferralCode, badge, end_of_day, last_day, uses};
use crate::api::{List, Problem};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::members;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;

/// Which codes to show.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    owner: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn of_members(&self) -> bool {
        self.owner == "member"
    }

    fn owner(&self) -> &'static str {
        if self.of_members() { "member" } else { "clinic" }
    }
}

/// Shows the codes.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked, &Form::default(), &Errors::none()).await
}

/// Makes a code of the clinic's own.
///
/// # Errors
/// As the API says.
pub async fn make(site: Person, form: Form) -> Answer {
    let asked = Asked::default();
    if form.restored() {
        return page(&site, &asked, &form, &Errors::none()).await;
    }
    let mut body = json!({ "label": form.text("label") });
    if let Some(day) = form.filled("last-day") {
        let shell = site.shell().await?;
        let Some(ends) = end_of_day(day, &shell.zone) else {
            let mut errors = Errors::none();
            errors.add("last-day", site.words().codes.last_day_hint);
            return page(&site, &asked, &form, &errors).await;
        };
        body["expiresAt"] = json!(ends);
    }
    match site.api().post(["referral-codes"]).idempotent(form.text("key")).json(&body).send::<ReferralCode>().await {
        Ok(code) => Ok(site.go_saying(&code.path(), Tone::Good, site.words().codes.made_said)),
        Err(failure) => page(&site, &asked, &form, &errors(&failure.about_input()?)).await,
    }
}

/// What is wrong, beside the fields of the forms here.
pub fn errors(problem: &Problem) -> Errors {
    match problem.field.as_deref().map(|field| field.trim_start_matches("$.")) {
        Some("label" | "expiresAt") => Errors::of(problem, &[("expiresAt", "last-day")]),
        Some(_) => Errors::whole(problem.short()),
        None => Errors::whole(problem.text()),
    }
}

async fn page(site: &Site, asked: &Asked, form: &Form, errors: &Errors) -> Answer {
    let codes = site.api().get(["referral-codes"]).query("owner", asked.owner()).maybe("cursor", Some(&asked.cursor));
    let (shell, codes) = tokio::try_join!(site.shell(), codes.send::<List<ReferralCode>>())?;
    Ok(body(site, shell, (asked, &codes), (form, errors)))
}

fn body(
    site: &Site,
    shell: Shell,
    (asked, codes): (&Asked, &List<ReferralCode>),
    (form, errors): (&Form, &Errors),
) -> Response {
    let words = &site.words().codes;
    let zone = shell.zone.clone();
    let path = parts::address("/codes", [("owner", asked.owner())]);
    Page::staff(site, shell, Nav::Codes, words.title).errors(errors).body(html! {
        h1 { (words.title) }
        p { (words.lead) }
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        nav aria-label=(words.owners) {
            ul.chips {
                @for (owner, word) in [("clinic", words.of_clinic), ("member", words.of_members)] {
                    @let path = parts::address("/codes", [("owner", owner)]);
                    li { a href=(path) aria-current=[(owner == asked.owner()).then_some("page")] { (word) } }
                }
            }
        }
        @if !asked.of_members() { (new_code(site, form, errors)) }
        @if !codes.items.is_empty() {
            (table(site, codes, asked, &zone))
        } @else if asked.of_members() {
            (parts::empty(words.none_of_members, words.none_of_members_text, None))
        } @else {
            (parts::empty(words.none, words.none_text, None))
        }
        (parts::pager(site, &path, asked.cursor.is_empty(), codes.next_cursor.as_deref()))
    })
}

fn new_code(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().codes;
    let key = form.filled("key").filter(|_| errors.is_empty()).map_or_else(|| site.fresh_key(), str::to_owned);
    html! {
        section.card aria-labelledby="new" {
            h2 #new { (words.new) }
            form #new-code method="post" action="/codes" {
                (parts::csrf(site)) (parts::hidden("key", &key))
                div.inline-form {
                    (Field::text("label", words.label, form, errors).hint(words.label_hint).max_length(LONGEST_LABEL).required())
                    (Field::text("last-day", words.last_day, form, errors).kind("date").hint(words.last_day_hint))
                    button.button.primary type="submit" { (words.make) }
                }
            }
        }
    }
}

fn table(site: &Site, codes: &List<ReferralCode>, asked: &Asked, zone: &str) -> Markup {
    let words = &site.words().codes;
    let head = html! {
        th scope="col" { @if asked.of_members() { (words.member) } @else { (words.label) } }
        th scope="col" { (words.print) }
        th scope="col" { (site.words().common.state) }
        th.number scope="col" { (words.uses) }
        th scope="col" { (words.last_day) }
    };
    let rows = html! {
        @for code in &codes.items {
            tr {
                th.name scope="row" {
                    @match &code.member {
                        Some(owner) => { a href=(members::path(&owner.user_id)) { (owner.name) } br; a.small href=(code.path()) { code { (code.code) } } },
                        None => { a href=(code.path()) { (code.name(words)) } br; code.muted.small { (code.code) } },
                    }
                }
                td {
                    div.row-actions {
                        @for (format, word) in [("poster", words.poster), ("card", words.cards)] {
                            a.button.small href={ (code.path()) "/print?format=" (format) } {
                                (word) span.visually-hidden { " " (code.code) }
                            }
                        }
                    }
                }
                td { (badge(words, code.state)) }
                td.number data-label=(words.uses) { (uses(words, code)) }
                td.nowrap data-label=[code.expires_at.map(|_| words.last_day)] {
                    @match code.expires_at {
                        Some(ends) => (last_day(ends, zone)),
                        None => span.muted { (words.no_end) },
                    }
                }
            }
        }
    };
    let caption = if asked.of_members() { words.of_members } else { words.of_clinic };
    html! { div.codes { (parts::table(caption, &head, &rows)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_the_api_refuses_is_shown_beside_the_day() {
        let problem = |field: Option<&str>| {
            let problem =
                json!({ "status": 422, "type": "x/invalid-input", "title": "제목.", "detail": "설명.", "field": field });
            serde_json::from_value::<Problem>(problem).unwrap()
        };
        assert_eq!(errors(&problem(Some("expiresAt"))).at("last-day"), Some("설명."));
        assert_eq!(errors(&problem(Some("label"))).at("label"), Some("설명."));
        assert_eq!(errors(&problem(None)).of_whole(), Some("제목. 설명."));
    }
}
