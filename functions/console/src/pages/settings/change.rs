//! Changing settings: what a form says, as the API takes it, and of that what was changed.

use std::collections::BTreeSet;

use axum::extract::Path;
use serde_json::{Value, json};

use super::forms::values;
use super::show::page;
use super::{Clinic, Section};
use crate::api::Failure;
use crate::began;
use crate::form::{Errors, Form};
use crate::pages::broken;
use crate::pages::clinic::hosts;
use crate::site::{Answer, Person, Site};
use crate::visitor::Tone;
use crate::words::settings::Settings;

/// Names of the form's fields where the API has others.
const FIELDS: &[(&str, &str)] = &[("quietHours", "quietFrom"), ("quietHours.from", "quietFrom"), ("quietHours.to", "quietTo")];

/// Changes a part of the settings.
///
/// # Errors
/// When the person is no owner, or the API does not answer.
pub async fn change(site: Person, Path(section): Path<String>, form: Form) -> Answer {
    let Some(section) = Section::named(&section) else { return Ok(broken::missing(&site)) };
    let clinic: Clinic = site.api().get(["clinic"]).send().await?;
    if form.restored() {
        return Ok(page(&site, &clinic, Some((section, &form, &Errors::none()))));
    }
    let words = &site.words().settings;
    let body = match change_of(section, &form, &clinic, words) {
        Ok(body) => body,
        Err(errors) => return Ok(page(&site, &clinic, Some((section, &form, &errors)))),
    };
    match site.api().patch(["clinic"]).json(&body).done().await {
        Ok(()) if body["senderKey"].is_string() => checked(&site).await,
        Ok(()) => Ok(site.go_saying("/settings", Tone::Good, words.saved)),
        Err(failure) => {
            let problem = failure.about_input()?;
            let mut errors = Errors::of(&problem, FIELDS);
            if problem.is("sender-key-taken") {
                errors = Errors::none();
                errors.add("senderKey", problem.text());
            }
            Ok(page(&site, &clinic, Some((section, &form, &errors))))
        }
    }
}

/// Says whether the provider knows the key that was saved: its templates are read with it.
async fn checked(site: &Site) -> Answer {
    let words = &site.words().settings;
    match site.api().post(["templates", "sync"]).done().await {
        Ok(()) => Ok(site.go_saying("/settings", Tone::Good, words.saved)),
        Err(Failure::Problem(problem)) if problem.is("provider-refused") => {
            let clinic = site.api().get(["clinic"]).send().await?;
            let mut errors = Errors::none();
            errors.add("senderKey", (words.sender_key_refused)(problem.short()));
            Ok(page(site, &clinic, Some((Section::Clinic, &values(Section::Clinic, &clinic), &errors))))
        }
        Err(_) => Ok(site.go_saying("/settings", Tone::Warning, words.sender_key_unchecked)),
    }
}

/// What the form says and did not say when it began: what another owner changed meanwhile stays. Of the hosts those are added and
/// taken away that were added and taken away in the form.
fn change_of(section: Section, form: &Form, clinic: &Clinic, words: &Settings) -> Result<Value, Errors> {
    let began = began::before(form);
    let before = wanted(section, &began, words).unwrap_or_default();
    let mut change = began::changed(wanted(section, form, words)?, &before);
    if let Some(hosts) = change.get_mut("linkHosts") {
        let [now, before] = [form, &began].map(|form| hosts::typed(form.text("linkHosts")));
        *hosts = json!(merged(&now, &before, &clinic.link_hosts));
    }
    Ok(change)
}

/// What is there, with what was added to what there was before, and without what was taken from it.
fn merged<'a>(now: &'a [String], before: &[String], there: &'a [String]) -> Vec<&'a str> {
    let [is_now, was_before, is_there] = [now, before, there].map(|hosts| hosts.iter().collect::<BTreeSet<_>>());
    let kept = now.iter().filter(|host| !was_before.contains(host) || is_there.contains(host));
    let new = there.iter().filter(|host| !was_before.contains(host) && !is_now.contains(host));
    kept.chain(new).map(String::as_str).collect()
}

fn wanted(section: Section, form: &Form, words: &Settings) -> Result<Value, Errors> {
    match section {
        // What was never entered may stay empty; what was there cannot be taken away, and the API says so.
        Section::Clinic => Ok(json!({
            "name": form.text("name"),
            "senderKey": form.text("senderKey"),
            "senderPhone": form.text("senderPhone"),
            "linkHosts": hosts::typed(form.text("linkHosts")),
        })),
        Section::QuietHours if !form.has("quiet") => Ok(json!({ "quietHours": null })),
        Section::QuietHours => {
            complete(["quietFrom", "quietTo"].into_iter().filter(|field| form.filled(field).is_none()), words.quiet_missing)?;
            Ok(json!({ "quietHours": { "from": form.text("quietFrom"), "to": form.text("quietTo") } }))
        }
        Section::Points => {
            complete(
                ["joinPoints", "invitePoints"].into_iter().filter(|field| count(form, field).is_none()),
                words.not_a_number,
            )?;
            Ok(json!({
                "pointsEnabled": form.has("pointsEnabled"),
                "joinPoints": count(form, "joinPoints"),
                "invitePoints": count(form, "invitePoints"),
                "pointsNotice": form.text("pointsNotice"),
            }))
        }
        Section::Members => {
            let unread = |field: &&str| form.filled(field).is_some() && count(form, field).is_none();
            complete(["invitesPerDay", "invitesInTotal"].into_iter().filter(unread), words.not_a_number)?;
            Ok(json!({
                "acceptsMembers": form.has("acceptsMembers"),
                "paysForKnown": form.has("paysForKnown"),
                "holdsUnproven": form.has("holdsUnproven"),
                "invitesPerDay": count(form, "invitesPerDay"),
                "invitesInTotal": count(form, "invitesInTotal"),
            }))
        }
    }
}

/// A number that is not below nothing.
fn count(form: &Form, field: &str) -> Option<i64> {
    form.number(field).filter(|number| *number >= 0)
}

fn complete<'a>(wrong: impl Iterator<Item = &'a str>, text: &str) -> Result<(), Errors> {
    let mut errors = Errors::none();
    for field in wrong {
        errors.add(field, text);
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    fn clinic() -> Clinic {
        serde_json::from_value(json!({
            "name": "단골의원", "timeZone": "Asia/Seoul", "linkHosts": [], "pointsEnabled": true, "joinPoints": 1, "invitePoints": 2,
            "pointsNotice": "안내", "acceptsMembers": true, "paysForKnown": false, "holdsUnproven": false, "senderKey": "key",
        }))
        .unwrap()
    }

    fn asked(section: Section, fields: &[(&str, &str)]) -> Result<Value, Vec<String>> {
        let words = &Words::of(Language::Korean).settings;
        let wanted = wanted(section, &Form::with(fields.iter().copied()), words);
        wanted.map_err(|errors| errors.fields().map(|(name, _)| name.to_owned()).collect())
    }

    /// What is changed by a form that began with the settings of the clinic, when they are these by now.
    fn changed(section: Section, fields: &[(&str, &str)], by_now: &Clinic) -> Value {
        let begun = values(section, &clinic());
        let form = fields.iter().fold(begun, |form, (name, value)| form.with_value(name, value));
        change_of(section, &form, by_now, &Words::of(Language::Korean).settings).unwrap()
    }

    #[test]
    fn an_empty_limit_takes_the_limit_off_and_what_is_no_number_is_said_beside_its_field() {
        let body = asked(Section::Members, &[("invitesPerDay", ""), ("invitesInTotal", "1,000"), ("acceptsMembers", "yes")]);
        let body = body.unwrap();
        assert_eq!((&body["invitesPerDay"], &body["invitesInTotal"]), (&Value::Null, &json!(1000)));
        assert_eq!((&body["acceptsMembers"], &body["paysForKnown"]), (&json!(true), &json!(false)));
        assert_eq!(asked(Section::Members, &[("invitesPerDay", "many")]), Err(vec!["invitesPerDay".to_owned()]));
        assert_eq!(
            asked(Section::Points, &[("joinPoints", ""), ("invitePoints", "-1")]),
            Err(vec!["joinPoints".to_owned(), "invitePoints".to_owned()])
        );
    }

    #[test]
    fn quiet_hours_are_taken_off_without_the_tick_and_need_both_times_with_it() {
        let off = asked(Section::QuietHours, &[("quietFrom", "21:00"), ("quietTo", "08:00")]);
        assert_eq!(off, Ok(json!({ "quietHours": null })));
        let on = asked(Section::QuietHours, &[("quiet", "yes"), ("quietFrom", "21:00"), ("quietTo", "08:30")]);
        assert_eq!(on, Ok(json!({ "quietHours": { "from": "21:00", "to": "08:30" } })));
        assert_eq!(asked(Section::QuietHours, &[("quiet", "yes"), ("quietFrom", "21:00")]), Err(vec!["quietTo".to_owned()]));
    }

    #[test]
    fn a_sender_that_was_never_entered_may_stay_empty_and_one_that_was_there_may_not() {
        let body = changed(Section::Clinic, &[("linkHosts", "https://a.kr/x"), ("senderKey", "")], &clinic());
        assert_eq!(body, json!({ "linkHosts": ["a.kr"], "senderKey": "" }));
    }

    #[test]
    fn a_form_that_is_sent_as_it_began_changes_nothing_whatever_became_of_the_settings() {
        let by_now = Clinic { name: "새이름의원".to_owned(), points_enabled: false, ..clinic() };
        for section in Section::ALL {
            assert_eq!(changed(section, &[], &by_now), json!({}), "{section:?}");
        }
        assert_eq!(changed(Section::Points, &[("joinPoints", "1,000")], &by_now), json!({ "joinPoints": 1000 }));
    }

    #[test]
    fn hosts_that_another_owner_added_or_took_away_meanwhile_stay_so() {
        let hosts = |hosts: &[&str]| hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>();
        let (now, before) = (hosts(&["a.kr", "b.kr", "new.kr"]), hosts(&["a.kr", "b.kr", "old.kr"]));
        assert_eq!(merged(&now, &before, &hosts(&["a.kr", "old.kr", "theirs.kr"])), ["a.kr", "new.kr", "theirs.kr"]);
        assert_eq!(merged(&now, &before, &before), ["a.kr", "b.kr", "new.kr"]);
        assert_eq!(merged(&now, &[], &hosts(&["new.kr"])), ["a.kr", "b.kr", "new.kr"]);
    }
}
