//! The ledger: what it adds up to, its lines, and taking one back.

use axum::extract::Query;
use axum::response::Response;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use shared::model::state::PointReason;

use super::LONGEST_NOTE;
use super::line::{self, Line, Of};
use crate::api::{Failure, List};
use crate::form::{Errors, Form};
use crate::page::{Nav, Page, Shell};
use crate::pages::members;
use crate::parts::{self, Field};
use crate::site::{Answer, Person, Site, inside};
use crate::visitor::Tone;

/// Which lines to show.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asked {
    #[serde(default)]
    user_id: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    cursor: String,
}

impl Asked {
    fn reason(&self) -> Option<PointReason> {
        PointReason::ALL.iter().copied().find(|reason| reason.as_str() == self.reason)
    }

    fn path(&self, reason: Option<PointReason>) -> String {
        parts::address("/points", [("userId", self.user_id.as_str()), ("reason", reason.map_or("", PointReason::as_str))])
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    granted: i64,
    spent: i64,
    adjusted: i64,
    reversed: i64,
    outstanding: i64,
    held: u64,
    held_count: u64,
}

#[derive(Deserialize)]
struct Whose {
    name: String,
    points: i64,
}

#[derive(Deserialize)]
struct Written {
    balance: i64,
}

/// What stands above the lines.
enum Above {
    /// The sums of the clinic.
    Sums(Totals),
    /// Whose lines they are.
    Member(Whose),
}

/// Shows the ledger.
///
/// # Errors
/// As the API says.
pub async fn show(site: Person, Query(asked): Query<Asked>) -> Answer {
    page(&site, &asked, None).await
}

/// Takes a line back.
///
/// # Errors
/// As the API says.
pub async fn take_back(site: Person, form: Form) -> Answer {
    let words = &site.words().points;
    let everything = Asked::default();
    if form.restored() {
        return page(&site, &everything, Some((&form, &Errors::none()))).await;
    }
    let body = form.filled("note").map_or_else(|| json!({}), |note| json!({ "note": note }));
    let asked = site.api().post(["points", form.text("entry"), "reverse"]).idempotent(form.text("key")).json(&body);
    match asked.send::<Written>().await {
        Ok(written) => {
            let said = words.taken_back_said.replace("{}", &parts::number(written.balance));
            Ok(site.go_saying(inside(form.text("next")).unwrap_or("/points"), Tone::Good, &said))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            let errors = match problem.field.as_deref() {
                Some("note") => Errors::of(&problem, &[]),
                Some(_) => Errors::whole(problem.short()),
                None => Errors::whole(problem.text()),
            };
            page(&site, &everything, Some((&form, &errors))).await
        }
    }
}

/// The page, with the question whether a line is to be taken back when that was asked for and not done.
async fn page(site: &Site, asked: &Asked, question: Option<(&Form, &Errors)>) -> Answer {
    let api = site.api();
    let lines = api
        .get(["points"])
        .maybe("userId", Some(&asked.user_id))
        .maybe("reason", asked.reason())
        .maybe("cursor", Some(&asked.cursor))
        .send::<List<Line>>();
    let above = async {
        if asked.user_id.is_empty() {
            return api.get(["points", "totals"]).send().await.map(Above::Sums);
        }
        api.get(["members", asked.user_id.as_str()]).send().await.map(Above::Member)
    };
    let (shell, above, lines) = tokio::try_join!(site.shell(), above, lines)?;
    Ok::<_, Failure>(body(site, shell, asked, (&above, &lines, question)))
}

fn body(site: &Site, shell: Shell, asked: &Asked, shown: (&Above, &List<Line>, Option<(&Form, &Errors)>)) -> Response {
    let words = &site.words().points;
    let (above, lines, question) = shown;
    let (zone, owner) = (shell.zone.clone(), shell.owner);
    let title = match above {
        Above::Sums(_) => words.title.to_owned(),
        Above::Member(whose) => words.of_member.replace("{}", &whose.name),
    };
    let none = Errors::none();
    let errors = question.map_or(&none, |(_, errors)| errors);
    let here = asked.path(asked.reason());
    Page::staff(site, shell, Nav::Points, title.as_str()).errors(errors).body(html! {
        h1 { (title) }
        @if let Some((form, errors)) = question { (asks_again(site, form, errors)) }
        @match above {
            Above::Sums(totals) => (sums(site, totals)),
            Above::Member(whose) => {
                p {
                    (site.words().members.balance) " " strong #balance { (parts::number(whose.points)) }
                    " · " a href=(members::path(&asked.user_id)) { (words.to_member) }
                    " · " a href="/points" { (words.everybody) }
                }
            },
        }
        h2 #ledger { (words.ledger) }
        (chips(site, asked))
        @if lines.items.is_empty() {
            (parts::empty(words.none_title, words.none_text, None))
        } @else {
            @let of = if asked.user_id.is_empty() { Of::Everybody(&here) } else { Of::Member(&here) };
            (line::table(site, &lines.items, (&zone, owner), of))
        }
        (parts::pager(site, &here, asked.cursor.is_empty(), lines.next_cursor.as_deref()))
    })
}

/// The equation that the ledger is: what was granted, less what was used, and so on, is what members have.
fn sums(site: &Site, totals: &Totals) -> Markup {
    let words = &site.words().points;
    let terms = [
        (None, words.granted, totals.granted),
        (Some(("−", words.minus)), words.spent, totals.spent),
        (Some(("+", words.plus)), words.adjusted, totals.adjusted),
        (Some(("+", words.plus)), words.reversed, totals.reversed),
        (Some(("=", words.equals)), words.outstanding, totals.outstanding),
    ];
    html! {
        section aria-label=(words.totals) {
            ul.equation #totals {
                @for (sign, word, value) in terms {
                    li {
                        @if let Some((sign, said)) = sign { span.sign aria-hidden="true" { (sign) } span.visually-hidden { (said) " " } }
                        span.term { span.muted { (word) } " " strong.figure { (parts::number(value)) } }
                    }
                }
            }
            p {
                (words.held) " " strong #held { (parts::number(totals.held)) } " · "
                @if totals.held_count > 0 {
                    a.button.primary href="/points/held" { (words.held_count.replace("{}", &parts::number(totals.held_count))) }
                } @else {
                    a href="/points/held" { (words.nothing_held) }
                }
            }
        }
    }
}

fn chips(site: &Site, asked: &Asked) -> Markup {
    let words = &site.words().points;
    let choices = std::iter::once(None).chain(PointReason::ALL.iter().copied().map(Some));
    html! {
        nav aria-label=(words.reasons) {
            ul.chips {
                @for choice in choices {
                    @let word = choice.map_or(words.all, |reason| line::reason(words, reason));
                    li { a href=(asked.path(choice)) aria-current=[(choice == asked.reason()).then_some("page")] { (word) } }
                }
            }
        }
    }
}

/// The question of a line's button, when it could not be answered: the person had to sign in again, or something was wrong.
fn asks_again(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = site.words();
    html! {
        (parts::restored(site, form))
        (parts::error_summary(site, errors))
        form.card #take-back method="post" action="/points" {
            (parts::csrf(site))
            @for name in ["entry", "what", "next"] { (parts::hidden(name, form.text(name))) }
            // What the API has refused is asked for anew.
            (parts::hidden("key", &form.filled("key").filter(|_| errors.is_empty()).map_or_else(|| site.fresh_key(), str::to_owned)))
            p { (words.points.take_back_question.replace("{}", form.text("what"))) }
            (Field::text("note", words.points.take_back_note, form, errors).max_length(LONGEST_NOTE))
            div.actions {
                button.button.danger type="submit" { (words.points.take_back) }
                a.button href=(inside(form.text("next")).unwrap_or("/points")) { (words.common.cancel) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kinds_that_there_are_are_asked_for() {
        let asked = |reason: &str| Asked { reason: reason.to_owned(), ..Asked::default() };
        assert_eq!(asked("spend").path(asked("spend").reason()), "/points?reason=spend");
        assert_eq!(asked("<b>").path(asked("<b>").reason()), "/points");
    }
}
