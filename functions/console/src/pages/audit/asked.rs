//! Which lines of the log somebody wants to see.

use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;

use crate::form::{Errors, Form};
use crate::parts;
use crate::words::audit::Audit;

/// The query of the page.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    /// A colleague.
    #[serde(default)]
    pub staff: String,
    /// What it was about.
    #[serde(default)]
    pub subject: String,
    /// An action by its stable name.
    #[serde(default)]
    pub action: String,
    /// The first day.
    #[serde(default)]
    pub from: String,
    /// The last day.
    #[serde(default)]
    pub to: String,
    /// Where the page before ended.
    #[serde(default)]
    pub cursor: String,
}

impl Asked {
    /// The page with these filters, from its beginning, without one of them.
    pub fn without(&self, filter: &str) -> String {
        parts::address("/audit", self.filters().into_iter().filter(|(name, _)| *name != filter))
    }

    /// The page with one filter more.
    pub fn also(&self, filter: &str, value: &str) -> String {
        let filters = self.filters().into_iter().filter(|(name, _)| *name != filter);
        parts::address("/audit", filters.chain([(filter, value)]))
    }

    /// Whether there is any filter.
    pub fn is_narrow(&self) -> bool {
        self.filters().iter().any(|(_, value)| !value.is_empty())
    }

    fn filters(&self) -> [(&str, &str); 5] {
        [("staff", &self.staff), ("subject", &self.subject), ("action", &self.action), ("from", &self.from), ("to", &self.to)]
    }

    /// What the form shows.
    pub fn form(&self) -> Form {
        Form::with(self.filters())
    }

    /// The first moment, and the first one after the last day.
    pub fn span(&self, zone: &str, words: &Audit) -> Result<[Option<DateTime<Utc>>; 2], Errors> {
        let mut errors = Errors::none();
        let mut moment = |name: &str, text: &str, days: u64| {
            if text.is_empty() {
                return None;
            }
            let at = begin(text, days, zone);
            if at.is_none() {
                errors.add(name, words.bad_day);
            }
            at
        };
        let span = [moment("from", self.from.trim(), 0), moment("to", self.to.trim(), 1)];
        if errors.is_empty() { Ok(span) } else { Err(errors) }
    }
}

/// When a day begins on the clinic's clock, or the one so many days later.
fn begin(day: &str, later: u64, zone: &str) -> Option<DateTime<Utc>> {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::Asia::Seoul);
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?.checked_add_days(Days::new(later))?;
    Some(zone.from_local_datetime(&day.and_hms_opt(0, 0, 0)?).earliest()?.to_utc())
}

#[cfg(test)]
mod tests {
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    fn asked(from: &str, to: &str) -> Asked {
        Asked { from: from.to_owned(), to: to.to_owned(), action: "customer.export".to_owned(), ..Asked::default() }
    }

    #[test]
    fn days_are_the_clinics_and_the_last_one_is_whole() {
        let words = &Words::of(Language::Korean).audit;
        let [from, to] = asked("2026-11-21", "2026-11-21").span("Asia/Seoul", words).unwrap();
        assert_eq!(from.unwrap().to_rfc3339(), "2026-11-20T15:00:00+00:00");
        assert_eq!(to.unwrap().to_rfc3339(), "2026-11-21T15:00:00+00:00");
        assert!(asked("", "").span("Asia/Seoul", words).unwrap().iter().all(Option::is_none));
        let errors = asked("yesterday", "2026-02-30").span("Asia/Seoul", words).unwrap_err();
        assert_eq!(errors.fields().count(), 2);
    }

    #[test]
    fn a_filter_is_added_to_the_others_and_taken_from_them() {
        let asked = asked("2026-11-21", "");
        assert_eq!(asked.without("from"), "/audit?action=customer.export");
        assert_eq!(asked.also("staff", "stf_1"), "/audit?action=customer.export&from=2026-11-21&staff=stf_1");
        assert!(asked.is_narrow() && !Asked::default().is_narrow());
    }

    #[test]
    fn every_action_of_the_log_can_be_chosen_in_the_words_in_which_it_is_shown() {
        let source = include_str!("../../../../staff/src/words.rs");
        for (language, place) in [(Language::Korean, 1), (Language::English, 2)] {
            let offered: Vec<_> =
                Words::of(language).audit.actions.iter().flat_map(|(_, actions)| actions.iter().copied()).collect();
            let lines = source.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.strip_suffix("\"),"));
            let mut known: Vec<_> =
                lines.map(|line| line.split("\", \"").collect::<Vec<_>>()).map(|line| (line[0], line[place])).collect();
            let mut offered = offered;
            known.sort_unstable();
            offered.sort_unstable();
            assert!(known.len() > 50, "{known:?}");
            assert_eq!(offered, known);
        }
    }
}
