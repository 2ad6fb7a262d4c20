use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use super::*;

const AFTER: TimeDelta = TimeDelta::minutes(15);

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(1) + TimeDelta::minutes(minute)
}

fn token(letter: char) -> String {
    std::iter::repeat_n(letter, 44).collect()
}

/// A message of the bundle has one of the tokens `a..` and one of the phones `..0001`, `..0002` and so on.
fn marks() -> (Vec<String>, Vec<String>) {
    (('a'..='e').map(token).collect(), (1..=5).map(|person| format!("+82102345000{person}")).collect())
}

fn report(phone: &str, buttons: &str) -> Report {
    Report {
        phone: phone.to_owned(),
        text: format!("{phone} 님, 검진하실 때가 되었습니다."),
        buttons: buttons.to_owned(),
        code: String::new(),
        message: String::new(),
        is_final: false,
        substitute_id: String::new(),
    }
}

fn link(letter: char) -> String {
    format!(r#"{{"button":[{{"linkMo":"https://go.example.com/c/{}"}}]}}"#, token(letter))
}

fn call(messages: Option<u32>) -> TakenCall {
    TakenCall { provider_id: "1".to_owned(), taken_at: Some(at(0)), messages }
}

/// What a call that says it has so many messages, and shows these, is to the bundle.
fn sight_of(messages: Option<u32>, reports: &[Report], is_read: bool) -> Sight {
    let (tokens, phones) = marks();
    let marks =
        Marks { tokens: tokens.iter().map(String::as_str).collect(), phones: phones.iter().map(String::as_str).collect() };
    sight(&Seen::new(&call(messages), reports, is_read), &marks)
}

fn ground(minute: i64) -> Ground {
    Ground { at: at(minute), after: AFTER, is_whole: true, misses_known: false, clock: Clock::Right }
}

/// A bundle that was called at minute 0.
fn look(ground: Ground, absent_since: Option<i64>) -> Look<'static> {
    Look { ground, called_at: at(0), absent_since: absent_since.map(at), has_links: true, calls: &[] }
}

#[test]
fn a_call_with_one_of_our_tokens_is_ours_however_little_it_shows() {
    for (messages, is_read) in [(Some(1), true), (Some(500), true), (None, true), (Some(0), false)] {
        let shown = [report("010-9999-0000", &link('z')), report("010-2345-0003", &link('c'))];
        assert_eq!(sight_of(messages, &shown, is_read), Sight::Ours);
    }
    // Also when it is the text that shows it.
    let in_text = Report { text: format!("https://go.example.com/c/{}", token('a')), ..report("", "") };
    assert_eq!(sight_of(None, &[in_text], false), Sight::Ours);
}

#[test]
fn a_call_of_another_system_with_foreign_tokens_or_to_others_is_another_call() {
    assert_eq!(sight_of(Some(1), &[report("010-2345-0001", &link('z'))], true), Sight::Other);
    assert_eq!(sight_of(Some(1), &[report("010-9999-0000", "")], true), Sight::Other);
    assert_eq!(sight_of(Some(2), &[report("01099990000", ""), report("01023450001", &link('y'))], true), Sight::Other);
}

#[test]
fn a_call_that_shows_fewer_messages_than_it_has_because_they_appear_late_could_be_ours() {
    let incomplete = Sight::Unclear(Doubt::CallIncomplete);
    assert_eq!(sight_of(Some(2), &[report("01099990000", &link('z'))], true), incomplete);
    assert_eq!(sight_of(Some(1), &[], true), incomplete);
    // It counts only what it shows: then a call that has just been taken has none.
    assert_eq!(sight_of(Some(0), &[], true), incomplete);
}

#[test]
fn a_message_that_is_shown_twice_because_pages_shift_does_not_stand_for_two() {
    let twice = [report("01099990000", &link('z')), report("01099990000", &link('z'))];
    assert_eq!(sight_of(Some(2), &twice, true), Sight::Unclear(Doubt::CallIncomplete));
}

#[test]
fn a_call_whose_count_is_missing_or_that_was_not_read_to_its_end_could_be_ours() {
    let foreign = [report("01099990000", &link('z'))];
    assert_eq!(sight_of(None, &foreign, true), Sight::Unclear(Doubt::CallWithoutCount));
    assert_eq!(sight_of(Some(1), &foreign, false), Sight::Unclear(Doubt::CallNotRead));
}

#[test]
fn a_message_to_one_of_ours_without_a_token_or_to_nobody_knows_whom_could_be_ours() {
    for (phone, buttons) in [
        ("010-2345-0001", ""),
        ("+82 10 2345 0001", "{}"),
        ("010-****-0001", ""),
        ("", ""),
        ("010-2345-0001", &link('a')[..70]),
    ] {
        let shown = [report("01099990000", &link('z')), report(phone, buttons)];
        assert_eq!(sight_of(Some(2), &shown, true), Sight::Unclear(Doubt::CallCouldBeOurs), "{phone} {buttons}");
    }
}

#[test]
fn absence_is_proven_by_two_looks_and_time_before_and_between_them() {
    assert_eq!(judge(&look(ground(14), None)), Verdict::Unclear(Doubt::TooEarly));
    let first = look(ground(15), None);
    assert_eq!((judge(&first), remember(&first, judge(&first))), (Verdict::Absent, Some(at(15))));
    let between = look(ground(29), Some(15));
    assert_eq!((judge(&between), remember(&between, judge(&between))), (Verdict::Absent, Some(at(15))));
    assert_eq!(judge(&look(ground(30), Some(15))), Verdict::Proven);
}

#[test]
fn a_first_look_that_came_too_early_or_was_for_an_earlier_attempt_is_none() {
    for first in [-600, 0, 14] {
        let look = look(ground(60), Some(first));
        assert_eq!((judge(&look), remember(&look, judge(&look))), (Verdict::Absent, Some(at(60))), "{first}");
    }
    // Nor is one that is still to come, by a clock that was set back.
    assert_eq!(judge(&look(ground(60), Some(61))), Verdict::Absent);
}

#[test]
fn each_doubt_about_the_history_is_enough_and_makes_the_first_look_forgotten() {
    let doubted = |change: fn(&mut Look<'static>)| {
        let mut look = look(ground(60), Some(15));
        assert_eq!(judge(&look), Verdict::Proven);
        change(&mut look);
        let verdict = judge(&look);
        assert_eq!(remember(&look, verdict), None);
        verdict
    };
    assert_eq!(doubted(|look| look.has_links = false), Verdict::Unclear(Doubt::NoLink));
    assert_eq!(doubted(|look| look.ground.at = at(14)), Verdict::Unclear(Doubt::TooEarly));
    assert_eq!(doubted(|look| look.ground.is_whole = false), Verdict::Unclear(Doubt::HistoryIncomplete));
    assert_eq!(doubted(|look| look.ground.misses_known = true), Verdict::Unclear(Doubt::KnownCallMissing));
    assert_eq!(doubted(|look| look.ground.clock = Clock::Wrong), Verdict::Unclear(Doubt::ClockWrong));
    for doubt in [Doubt::CallNotRead, Doubt::CallWithoutCount, Doubt::CallIncomplete, Doubt::CallCouldBeOurs] {
        let calls = [(Some(at(0)), Sight::Other), (Some(at(1)), Sight::Unclear(doubt))];
        let look = Look { calls: &calls, ..look(ground(60), Some(15)) };
        assert_eq!((judge(&look), remember(&look, judge(&look))), (Verdict::Unclear(doubt), None));
    }
    let found = Look { calls: &[(Some(at(600)), Sight::Ours)], ..look(ground(60), Some(15)) };
    assert_eq!((judge(&found), remember(&found, judge(&found))), (Verdict::Present, None));
}

#[test]
fn only_a_clock_that_calls_of_ours_speak_for_makes_a_call_too_early_or_too_late_to_be_ours() {
    let unclear = Sight::Unclear(Doubt::CallIncomplete);
    let verdict = |clock, taken_at: Option<i64>| {
        let calls = [(taken_at.map(at), unclear)];
        judge(&Look { calls: &calls, ..look(Ground { clock, ..ground(60) }, Some(15)) })
    };
    let doubt = Verdict::Unclear(Doubt::CallIncomplete);
    // A row without a date can have any.
    for taken_at in [None, Some(-10), Some(0), Some(20)] {
        assert_eq!(verdict(Clock::Right, taken_at), doubt, "{taken_at:?}");
    }
    for taken_at in [Some(-11), Some(21)] {
        assert_eq!(verdict(Clock::Right, taken_at), Verdict::Proven, "{taken_at:?}");
        assert_eq!(verdict(Clock::Untold, taken_at), doubt, "{taken_at:?}");
    }
}

#[test]
fn a_clock_that_is_wrong_by_minutes_is_told_by_calls_that_we_know() {
    // The third was under way for an hour.
    let bound = |called: i64, known: i64| Bound { called_at: at(called), known_at: at(known) };
    let known = HashMap::from([("1".to_owned(), bound(0, 0)), ("2".to_owned(), bound(5, 5)), ("3".to_owned(), bound(0, 60))]);
    let clock = |minutes: &[(&str, Option<i64>)]| {
        let call = |(id, minute): &(&str, Option<i64>)| TakenCall {
            provider_id: (*id).to_owned(),
            taken_at: minute.map(at),
            messages: None,
        };
        Clock::of(&minutes.iter().map(call).collect::<Vec<_>>(), &known, at(180))
    };
    assert_eq!(clock(&[("1", Some(9)), ("2", Some(-4)), ("4", Some(900))]), Clock::Right);
    assert_eq!(clock(&[("1", Some(0)), ("2", Some(16))]), Clock::Wrong);
    assert_eq!(clock(&[("1", Some(-11))]), Clock::Wrong);
    assert_eq!(clock(&[("1", None), ("4", Some(0))]), Clock::Untold);
    assert_eq!(clock(&[("1", Some(0)), ("3", Some(40))]), Clock::Right, "it may have been taken then");
    assert_eq!(clock(&[("1", Some(0)), ("3", Some(71))]), Clock::Wrong, "we knew of it before");
    assert_eq!(clock(&[("3", Some(0))]), Clock::Untold, "it may have been taken at any time");
    let distant = TakenCall { provider_id: "1".to_owned(), taken_at: Some(at(600)), messages: None };
    assert_eq!(Clock::of(&[distant], &known, at(181)), Clock::Untold, "three hours ago it was another clock");
}

/// What a careless proof does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Careless {
    /// Nothing.
    Not,
    /// The second look.
    OneLook,
    /// All messages of a call: what it shows is enough.
    Partial,
    /// The end of a call that could not be read.
    Unread,
    /// The number of messages that a call has.
    Uncounted,
    /// The likeness of a message without a token.
    Alike,
}

/// A provider that has taken the bundle, and shows it bit by bit.
#[derive(Debug, Clone, PartialEq)]
struct Late {
    /// By how many minutes its clock is ahead.
    clock: i64,
    /// How many minutes after the call the history lists it: less than the proof takes.
    listed_after: i64,
    /// How many minutes after that each message appears; none for never.
    messages: Vec<Option<i64>>,
    /// Which of them show no button.
    blank: Vec<bool>,
    /// What the count of messages says: all, those that are shown, nothing.
    count: Count,
    /// Whether its rows have no date.
    is_undated: bool,
    /// Minutes between looks, and whether the call can be read to its end at that time.
    looks: Vec<(i64, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Count {
    All,
    Shown,
    Missing,
}

fn late() -> impl Strategy<Value = Late> {
    let message = prop_oneof![1 => Just(None), 4 => (0_i64..60).prop_map(Some)];
    let count = prop_oneof![4 => Just(Count::All), 1 => Just(Count::Shown), 1 => Just(Count::Missing)];
    let messages = (1..=5_usize).prop_flat_map(move |people| (vec(message.clone(), people), vec(any::<bool>(), people)));
    (-10_i64..=10, 0_i64..=2 * AFTER.num_minutes(), messages, count, any::<bool>(), vec((1_i64..=20, any::<bool>()), 1..40))
        .prop_map(|(clock, listed_after, (messages, blank), count, is_undated, looks)| Late {
            clock,
            listed_after,
            messages,
            blank,
            count,
            is_undated,
            looks,
        })
}

impl Late {
    /// What is listed at that minute.
    fn listed(&self, minute: i64) -> Option<(TakenCall, Vec<Report>)> {
        let shown_for = minute - self.listed_after;
        let people = ('a'..).zip(1..).zip(self.messages.iter().zip(&self.blank));
        let shown = people.filter(|(_, (appears, _))| appears.is_some_and(|appears| appears <= shown_for));
        let reports: Vec<_> = shown
            .map(|((letter, person), (_, is_blank))| {
                let buttons = if *is_blank { String::new() } else { link(letter) };
                report(&format!("0102345000{person}"), &buttons)
            })
            .collect();
        let messages = match self.count {
            Count::All => u32::try_from(self.messages.len()).ok(),
            Count::Shown => u32::try_from(reports.len()).ok(),
            Count::Missing => None,
        };
        let taken_at = (!self.is_undated).then(|| at(self.clock));
        (shown_for >= 0).then(|| (TakenCall { provider_id: "1".to_owned(), taken_at, messages }, reports))
    }

    /// Whether the bundle would be sent once more although it was taken.
    fn is_sent_twice(&self, careless: Careless) -> bool {
        let (tokens, phones) = marks();
        let marks =
            Marks { tokens: tokens.iter().map(String::as_str).collect(), phones: phones.iter().map(String::as_str).collect() };
        let ignored = match careless {
            Careless::Not | Careless::OneLook => None,
            Careless::Partial => Some(Doubt::CallIncomplete),
            Careless::Unread => Some(Doubt::CallNotRead),
            Careless::Uncounted => Some(Doubt::CallWithoutCount),
            Careless::Alike => Some(Doubt::CallCouldBeOurs),
        };
        let (mut minute, mut absent_since) = (0, None);
        for (wait, is_read) in &self.looks {
            minute += wait;
            let listed = self.listed(minute);
            let sights = listed.iter().map(|(call, reports)| {
                let is_read = *is_read || reports.is_empty();
                (call.taken_at, sight(&Seen::new(call, reports, is_read), &marks))
            });
            let calls: Vec<_> = sights
                .map(|(taken_at, seen)| {
                    let is_ignored = ignored.is_some_and(|doubt| seen == Sight::Unclear(doubt));
                    (taken_at, if is_ignored { Sight::Other } else { seen })
                })
                .collect();
            if careless == Careless::OneLook {
                absent_since = Some(at(AFTER.num_minutes()));
            }
            let look = Look { ground: ground(minute), called_at: at(0), absent_since, has_links: true, calls: &calls };
            let verdict = judge(&look);
            match verdict {
                Verdict::Proven => return true,
                // Found, and bound.
                Verdict::Present => return false,
                _ => absent_since = remember(&look, verdict),
            }
            // A careless first look proves at once.
            if careless == Careless::OneLook && verdict == Verdict::Absent {
                return true;
            }
        }
        false
    }
}

fn search_for_a_second_send(careless: Careless) -> Result<(), TestError<Late>> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: 20_000, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, rng).run(&late(), |late| {
        prop_assert!(!late.is_sent_twice(careless));
        Ok(())
    })
}

#[test]
fn what_was_taken_and_is_shown_late_bit_by_bit_is_never_proven_absent() {
    assert_eq!(search_for_a_second_send(Careless::Not), Ok(()));
}

#[test]
fn without_any_one_of_its_conditions_the_proof_would_send_twice() {
    for careless in [Careless::OneLook, Careless::Partial, Careless::Unread, Careless::Uncounted, Careless::Alike] {
        let found = search_for_a_second_send(careless);
        assert!(matches!(found, Err(TestError::Fail(..))), "{careless:?}: {found:?}");
    }
}
