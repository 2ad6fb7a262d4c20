//! What staff do with a member: decide, use points, correct them.

use axum::extract::Path;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::model::Points;

use super::{path, profile};
use crate::api::Problem;
use crate::form::{Errors, Form};
use crate::parts;
use crate::site::{Answer, Person, Site, inside};
use crate::visitor::Tone;

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Written {
    amount: i64,
    balance: i64,
}

/// Does what the button says.
///
/// # Errors
/// As the API says.
pub async fn act(site: Person, Path(user): Path<String>, form: Form) -> Answer {
    match form.text("do") {
        deed @ ("spend" | "adjust") => write(&site, &user, deed, &form).await,
        deed @ ("confirm" | "decline" | "end") => decide(&site, &user, deed, &form).await,
        _ => Ok(site.go(&path(&user))),
    }
}

async fn decide(site: &Site, user: &str, deed: &str, form: &Form) -> Answer {
    let words = site.words();
    let back = inside(form.text("next")).map_or_else(|| path(user), str::to_owned);
    if form.restored() {
        return Ok(site.go_saying(&back, Tone::Warning, words.common.not_done));
    }
    match site.api().post(["members", user, deed]).send::<Named>().await {
        Ok(member) => {
            let said = match deed {
                "confirm" => words.members.confirmed_said,
                "decline" => words.members.declined_said,
                _ => words.members.ended_said,
            };
            Ok(site.go_saying(&back, Tone::Good, &said.replace("{}", &member.name)))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            Ok(site.go_saying(&back, Tone::Bad, &problem.text()))
        }
    }
}

/// Writes a line of the ledger.
async fn write(site: &Site, user: &str, deed: &str, form: &Form) -> Answer {
    let words = &site.words().members;
    if form.restored() {
        return profile::page(site, user, form, &Errors::none()).await;
    }
    let (amount, note) = (format!("{deed}-amount"), format!("{deed}-note"));
    let Some(points) = form.number(&amount).filter(|points| is_possible(deed, *points)) else {
        let mut errors = Errors::none();
        errors.add(&amount, if deed == "spend" { words.spend_range } else { words.adjust_range });
        return profile::page(site, user, form, &errors).await;
    };
    let body = body(deed, points, form.filled(&note));
    match site.api().post(["members", user, "points", deed]).idempotent(form.text("key")).json(&body).send::<Written>().await {
        Ok(written) => {
            let balance = parts::number(written.balance);
            let said = match deed {
                "spend" => words.spent_said.replacen("{}", &parts::number(-written.amount), 1).replacen("{}", &balance, 1),
                _ => words.adjusted_said.replace("{}", &balance),
            };
            Ok(site.go_saying(&path(user), Tone::Good, &said))
        }
        Err(failure) => {
            let problem = failure.about_input()?;
            profile::page(site, user, form, &errors(&problem, &amount, &note)).await
        }
    }
}

/// Whether the API would take so many.
fn is_possible(deed: &str, points: i64) -> bool {
    let most = i64::from(Points::MAX);
    points != 0 && (if deed == "spend" { 0..=most } else { -most..=most }).contains(&points)
}

fn body(deed: &str, points: i64, note: Option<&str>) -> Value {
    match (deed, note) {
        // Of a correction the API itself says that it wants a reason.
        ("adjust", note) => json!({ "amount": points, "note": note.unwrap_or_default() }),
        (_, Some(note)) => json!({ "amount": points, "note": note }),
        (_, None) => json!({ "amount": points }),
    }
}

/// What is wrong, beside its field where it has one in this form.
fn errors(problem: &Problem, amount: &str, note: &str) -> Errors {
    let mut errors = Errors::none();
    match problem.field.as_deref().map(|field| field.trim_start_matches("$.")) {
        Some("amount") => errors.add(amount, problem.short()),
        Some("note") => errors.add(note, problem.short()),
        Some(_) => return Errors::whole(problem.short()),
        None if problem.is("not-enough-points") => errors.add(amount, problem.text()),
        None => return Errors::whole(problem.text()),
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str, field: Option<&str>) -> Problem {
        serde_json::from_value(json!({
            "status": 422, "type": format!("https://dangol.dev/problems/{kind}"), "title": "제목.", "detail": "설명.", "field": field,
        }))
        .unwrap()
    }

    #[test]
    fn what_is_wrong_stands_beside_a_field_of_this_form_or_above_it() {
        let of = |kind, field| errors(&problem(kind, field), "spend-amount", "spend-note");
        assert_eq!(of("invalid-input", Some("note")).at("spend-note"), Some("설명."));
        assert_eq!(of("not-enough-points", None).at("spend-amount"), Some("제목. 설명."));
        let about_the_person = of("invalid-input", Some("userId"));
        assert_eq!((about_the_person.of_whole(), about_the_person.fields().count()), (Some("설명."), 0));
    }

    #[test]
    fn nobody_uses_less_than_one_point_and_a_correction_goes_both_ways() {
        assert_eq!(
            [-1, 0, 1, 1_000_000, 1_000_001].map(|points| is_possible("spend", points)),
            [false, false, true, true, false]
        );
        assert_eq!([-1_000_001, -1_000_000, 0, 1].map(|points| is_possible("adjust", points)), [false, true, false, true]);
    }

    #[test]
    fn a_note_is_sent_when_there_is_one() {
        assert_eq!(body("spend", 5, None), json!({ "amount": 5 }));
        assert_eq!(body("adjust", -5, None), json!({ "amount": -5, "note": "" }));
    }
}
