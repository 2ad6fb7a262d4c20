//! Referral codes and their sheets.

mod list;
mod one;
mod print;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde::Deserialize;

use crate::parts;
use crate::site::Deps;
use crate::visitor::Tone;
use crate::words::codes::Codes;

/// Its routes.
pub fn routes() -> Router<Arc<Deps>> {
    Router::new()
        .route("/codes", get(list::show).post(list::make))
        .route("/codes/{code}", get(one::show).post(one::change))
        .route("/codes/{code}/print", get(print::show))
        .route("/codes/{code}/{picture}", get(print::picture))
}

/// The longest name that the API takes, in characters.
const LONGEST_LABEL: usize = 60;

/// A code, as the API shows one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReferralCode {
    code: String,
    invite_link: String,
    member: Option<Owner>,
    label: Option<String>,
    state: State,
    uses: u64,
    disabled_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

/// The member whose code it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Owner {
    user_id: String,
    name: String,
}

/// Whether people can join with a code, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum State {
    Usable,
    Disabled,
    Expired,
    OwnerNotMember,
}

impl ReferralCode {
    /// What people call it.
    fn name<'a>(&'a self, words: &'a Codes) -> &'a str {
        match (&self.member, &self.label) {
            (Some(owner), _) => &owner.name,
            (None, Some(label)) => label,
            (None, None) => words.unnamed,
        }
    }

    fn path(&self) -> String {
        format!("/codes/{}", self.code)
    }
}

fn badge(words: &Codes, state: State) -> Markup {
    match state {
        State::Usable => parts::badge(Tone::Good, words.usable),
        State::Disabled => parts::badge(Tone::Bad, words.disabled),
        State::Expired => parts::badge(Tone::Warning, words.expired),
        State::OwnerNotMember => parts::badge(Tone::Plain, words.owner_not_member),
    }
}

/// How many have joined through it, with the way to them.
fn uses(words: &Codes, code: &ReferralCode) -> Markup {
    let people = words.people.replace("{}", &parts::number(code.uses));
    html! {
        @if code.uses == 0 { (people) } @else { a href=(parts::address("/members", [("code", code.code.as_str())])) { (people) } }
    }
}

fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(chrono_tz::Asia::Seoul)
}

/// The last day on which a code that ends then can be used: `2026-12-31`.
fn last_day(ends: DateTime<Utc>, zone_name: &str) -> String {
    (ends - TimeDelta::seconds(1)).with_timezone(&zone(zone_name)).date_naive().to_string()
}

/// The end of a day on the clinic's clock; nothing when it is no day.
fn end_of_day(day: &str, zone_name: &str) -> Option<DateTime<Utc>> {
    let next = day.parse::<NaiveDate>().ok()?.checked_add_days(Days::new(1))?;
    let zone = zone(zone_name);
    // Where the clock skips midnight, the day begins an hour later.
    let begins = [0, 1].into_iter().filter_map(|hour| NaiveTime::from_hms_opt(hour, 0, 0));
    let begins = begins.into_iter().find_map(|time| next.and_time(time).and_local_timezone(zone).earliest())?;
    Some(begins.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_ends_with_its_last_day_on_the_clinics_clock() {
        let ends = end_of_day("2026-12-31", "Asia/Seoul").unwrap();
        assert_eq!(ends.to_rfc3339(), "2026-12-31T15:00:00+00:00");
        assert_eq!(last_day(ends, "Asia/Seoul"), "2026-12-31");
        // Set for the afternoon elsewhere: still usable on that day.
        assert_eq!(last_day("2026-12-31T06:00:00Z".parse().unwrap(), "Asia/Seoul"), "2026-12-31");
        // On the day after, Beirut's clock goes from 23:59 to 01:00.
        let skipped = end_of_day("2026-03-28", "Asia/Beirut").unwrap();
        assert_eq!(last_day(skipped, "Asia/Beirut"), "2026-03-28");
        for no_day in ["", "2026-02-30", "31.12.2026", "+262142-12-31"] {
            assert_eq!(end_of_day(no_day, "Asia/Seoul"), None, "{no_day:?}");
        }
    }
}
