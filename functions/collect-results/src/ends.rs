//! What the provider's reports say about messages.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use shared::db::messages::End;
use shared::db::messages::results::Awaited;
use shared::model::PhoneNumber;
use shared::model::result::{self, Reason};
use shared::model::state::MessageState;
use shared::provider::{Report, tokens_in};

/// What the provider said.
pub(crate) struct Answers {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// About each message that it shows.
    pub(crate) reports: Vec<Report>,
    /// Whether these are all.
    pub(crate) is_complete: bool,
    /// Whether nobody asks again: what has no result by now has none.
    pub(crate) is_last: bool,
}

/// The same by the messages that wait.
pub(crate) struct Read<'a> {
    /// How they ended.
    ends: BTreeMap<u32, End>,
    /// Those that are shown, ended or not.
    shown: BTreeSet<u32>,
    /// The SMS that were sent instead.
    substitutes: BTreeMap<u32, &'a str>,
    /// How many messages of the call are shown, those that ended earlier included, that were certainly taken.
    taken: usize,
    is_complete: bool,
}

impl Answers {
    /// A report is about the message whose link it shows; the phone decides only where a template has no link of ours.
    pub(crate) fn read(&self, waiting: &[Awaited]) -> Read<'_> {
        let by_token: HashMap<&str, u32> = waiting.iter().map(|message| (message.link.as_str(), message.number)).collect();
        let by_phone: HashMap<&str, u32> = waiting.iter().map(|message| (message.phone.e164(), message.number)).collect();
        let mut read = Read {
            ends: BTreeMap::new(),
            shown: BTreeSet::new(),
            substitutes: BTreeMap::new(),
            taken: taken(&self.reports),
            is_complete: self.is_complete,
        };
        for report in &self.reports {
            let phone = report.phone.parse::<PhoneNumber>().ok();
            let by_link = tokens_in(&report.buttons).find_map(|token| by_token.get(token));
            let found = by_link.or_else(|| by_phone.get(phone.as_ref()?.e164()));
            if let Some(number) = found {
                read.add(*number, report);
            }
        }
        read
    }
}

/// How many different messages are shown that the provider did take. What it lists as a bad number is perhaps one that it did not.
fn taken(reports: &[Report]) -> usize {
    let is_taken = |report: &&Report| !matches!(result::read(&report.code).reason, Some(Reason::BadNumber));
    let different: BTreeSet<_> =
        reports.iter().filter(is_taken).map(|report| (&report.phone, &report.text, &report.buttons)).collect();
    different.len()
}

impl<'a> Read<'a> {
    fn add(&mut self, number: u32, report: &'a Report) {
        self.shown.insert(number);
        if !report.substitute_id.is_empty() && report.substitute_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            self.substitutes.insert(number, &report.substitute_id);
        }
        if !report.is_final {
            return;
        }
        let reading = result::read(&report.code);
        let end = End::new(reading.state, reading.reason, Some((report.code.clone(), report.message.clone())));
        // Should a message have two reports, it arrived if one of them says so.
        let known = self.ends.get(&number).is_some_and(|known| known.state == MessageState::Delivered);
        if !known {
            self.ends.insert(number, end);
        }
    }

    /// How those ended whose end is told, by their numbers.
    pub(crate) fn ends(&self) -> BTreeMap<u32, End> {
        self.ends.clone()
    }

    /// Whether it is told how this one ended.
    pub(crate) fn has_ended(&self, number: u32) -> bool {
        self.ends.contains_key(&number)
    }

    /// The SMS that were sent instead of messages, by their numbers.
    pub(crate) fn substitutes(&self) -> impl Iterator<Item = (u32, &'a str)> {
        self.substitutes.iter().map(|(number, substitute_id)| (*number, *substitute_id))
    }

    /// How those end about whom nothing more is to be had, after a provider that said it took so many messages: when it shows all that
    /// it took, it did not take those that it does not show. Otherwise nobody knows.
    pub(crate) fn given_up(&self, taken: Option<u32>) -> impl Fn(u32) -> End {
        let promised = taken.and_then(|taken| usize::try_from(taken).ok()).filter(|taken| *taken > 0);
        let shows_all = self.is_complete && promised.is_some_and(|promised| self.taken >= promised);
        move |number| {
            if shows_all && !self.shown.contains(&number) {
                End::failed(Reason::NotTaken, None)
            } else {
                End::new(MessageState::Unknown, Some(Reason::NoResult), None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(number: u32) -> String {
        format!("{number:0>44}")
    }

    fn awaited(numbers: std::ops::RangeInclusive<u32>) -> Vec<Awaited> {
        let phone = |number| format!("010-2345-{number:04}").parse().expect("a phone");
        numbers.map(|number| Awaited { number, phone: phone(number), link: token(number), group: None }).collect()
    }

    fn report(number: u32, code: &str) -> Report {
        Report {
            phone: format!("0102345{number:04}"),
            text: "본문".to_owned(),
            buttons: format!("https://go.example.com/c/{}", token(number)),
            code: code.to_owned(),
            message: String::new(),
            is_final: !code.is_empty(),
            substitute_id: String::new(),
        }
    }

    fn answers(reports: Vec<Report>, is_complete: bool) -> Answers {
        Answers { at: DateTime::UNIX_EPOCH, reports, is_complete, is_last: true }
    }

    /// Why the third of three messages ends whose first two are told of so.
    fn third(reports: Vec<Report>, is_complete: bool, taken: Option<u32>) -> Option<&'static str> {
        let answers = answers(reports, is_complete);
        answers.read(&awaited(1..=3)).given_up(taken)(3).reason
    }

    #[test]
    fn who_is_not_among_all_that_were_taken_was_not_taken() {
        let two = || vec![report(1, "0"), report(2, "A")];
        assert_eq!(third(two(), true, Some(2)), Some("not_taken"));
        // Not all pages, fewer than were taken, nobody says how many were taken.
        assert_eq!(third(two(), false, Some(2)), Some("no_result"));
        assert_eq!(third(two(), true, Some(3)), Some("no_result"));
        assert_eq!(third(two(), true, None), Some("no_result"));
        assert_eq!(third(two(), true, Some(0)), Some("no_result"));
    }

    #[test]
    fn a_number_that_may_not_have_been_taken_does_not_stand_for_one_that_was() {
        assert_eq!(third(vec![report(1, "0"), report(2, "I")], true, Some(2)), Some("no_result"));
        assert_eq!(third(vec![report(1, "0"), report(2, "I")], true, Some(1)), Some("not_taken"));
    }

    #[test]
    fn a_message_that_is_shown_twice_is_one() {
        assert_eq!(third(vec![report(1, "0"), report(1, "0")], true, Some(2)), Some("no_result"));
    }

    #[test]
    fn who_is_shown_without_a_result_was_taken() {
        assert_eq!(third(vec![report(1, "0"), report(2, "0"), report(3, "")], true, Some(2)), Some("no_result"));
    }

    #[test]
    fn of_two_reports_the_one_that_says_delivered_counts() {
        for codes in [["0", "8"], ["8", "0"]] {
            let answers = answers(codes.map(|code| report(1, code)).into(), true);
            assert_eq!(answers.read(&awaited(1..=1)).ends()[&1].state, MessageState::Delivered);
        }
    }

    #[test]
    fn a_substitute_is_kept_if_it_can_be() {
        let with = |id: &str| Report { substitute_id: id.to_owned(), ..report(1, "A") };
        for (id, kept) in [("42", Some("42")), ("", None), ("대체", None), ("4 2", None)] {
            let answers = answers(vec![with(id)], true);
            assert_eq!(answers.read(&awaited(1..=1)).substitutes().map(|(_, id)| id).next(), kept, "{id}");
        }
    }
}
