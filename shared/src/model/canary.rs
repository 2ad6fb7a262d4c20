//! The canary: the first bundle of a campaign has at most five messages, and the others wait for what becomes of them. Sender and
//! template are the same for all, so a wrong one costs five messages instead of all.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::result::Reason;
use crate::model::state::{BundleState, MessageState};

/// The first bundle goes alone: when sender or template are wrong, no more people than these get to see it.
pub const MOST_MESSAGES: usize = 5;
/// After so long one result speaks for the others.
pub const ONE_IS_ENOUGH_AFTER: TimeDelta = TimeDelta::seconds(60);
/// After so long the others go without a result: they are not held up by five people whose phones are off.
pub const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// What the other bundles are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on waiting.
    Wait,
    /// Go.
    Release,
    /// Wait for somebody to look: the provider refused the first ones, and would refuse these as well.
    Pause,
    /// Stay for good: they would fail for the same reason.
    Stop(Reason),
}

/// Whether every further message of a campaign would fail for this reason, too.
#[must_use]
pub const fn is_about_all(reason: Reason) -> bool {
    matches!(reason, Reason::SenderProfile | Reason::NoTemplate | Reason::SenderNumber | Reason::TemplateMismatch)
}

/// What the messages of a bundle say about the campaign: the reason for which it is to stop, if there is one.
#[must_use]
pub fn stop_reason(messages: impl IntoIterator<Item = (MessageState, Option<Reason>)>) -> Option<Reason> {
    let failed = messages.into_iter().filter(|(state, _)| *state == MessageState::Failed);
    failed.filter_map(|(_, reason)| reason).find(|reason| is_about_all(*reason))
}

/// The canary at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// How far the bundle is.
    pub state: BundleState,
    /// When it was last called.
    pub called_at: Option<DateTime<Utc>>,
    /// When the provider took it.
    pub answered_at: Option<DateTime<Utc>>,
    /// When somebody last let the campaign go on.
    pub resumed_at: Option<DateTime<Utc>>,
    /// A reason to stop that one of its messages shows.
    pub stop: Option<Reason>,
    /// Whether a message has a result.
    pub has_result: bool,
    /// Whether a message waits for its result.
    pub has_open: bool,
}

/// What follows.
#[must_use]
pub fn judge(look: &Look, now: DateTime<Utc>) -> Verdict {
    if let Some(reason) = look.stop {
        return Verdict::Stop(reason);
    }
    let is_past = |moment: Option<DateTime<Utc>>, patience| moment.is_none_or(|moment| now - moment >= patience);
    let goes = match look.state {
        BundleState::Accepted if !look.has_open => true,
        BundleState::Accepted if look.has_result => is_past(look.answered_at, ONE_IS_ENOUGH_AFTER),
        BundleState::Accepted => is_past(look.answered_at, PATIENCE),
        BundleState::Unknown => is_past(look.called_at, PATIENCE),
        // Nobody was left in it, which says nothing about the others; or somebody has seen that it was refused, and let them go.
        BundleState::Rejected if !look.has_result => true,
        BundleState::Rejected if look.resumed_at.zip(look.answered_at).is_some_and(|(resumed, refused)| resumed > refused) => {
            true
        }
        BundleState::Rejected => return Verdict::Pause,
        BundleState::Prepared | BundleState::Calling => false,
    };
    if goes { Verdict::Release } else { Verdict::Wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn look(state: BundleState, has_result: bool, has_open: bool) -> Look {
        Look { state, called_at: Some(at(0)), answered_at: Some(at(0)), resumed_at: None, stop: None, has_result, has_open }
    }

    /// From which second on the others go.
    fn released(look: &Look) -> Option<i64> {
        (0..1000).find(|second| judge(look, at(*second)) == Verdict::Release)
    }

    #[test]
    fn the_others_go_when_all_results_are_there_or_one_a_minute_later_or_none_ten_minutes_later() {
        assert_eq!(released(&look(BundleState::Accepted, true, false)), Some(0));
        assert_eq!(released(&look(BundleState::Accepted, true, true)), Some(60));
        assert_eq!(released(&look(BundleState::Accepted, false, true)), Some(600));
        assert_eq!(released(&look(BundleState::Unknown, false, false)), Some(600));
        assert_eq!(released(&look(BundleState::Rejected, false, false)), Some(0));
        assert_eq!(released(&look(BundleState::Prepared, false, false)), None);
        assert_eq!(released(&look(BundleState::Calling, false, false)), None);
    }

    #[test]
    fn a_first_bundle_that_was_refused_pauses_the_others_until_somebody_lets_them_go() {
        let refused = |resumed: Option<i64>| {
            let look = Look { resumed_at: resumed.map(at), ..look(BundleState::Rejected, true, false) };
            judge(&look, at(10_000))
        };
        assert_eq!([None, Some(-1), Some(0)].map(refused), [Verdict::Pause; 3]);
        assert_eq!(refused(Some(1)), Verdict::Release);
    }

    #[test]
    fn a_reason_to_stop_comes_before_everything_else() {
        for state in BundleState::ALL {
            for (has_result, has_open) in [(false, false), (false, true), (true, false), (true, true)] {
                let look = Look { stop: Some(Reason::NoTemplate), ..look(*state, has_result, has_open) };
                assert_eq!(judge(&look, at(10_000)), Verdict::Stop(Reason::NoTemplate), "{state}");
            }
        }
    }

    #[test]
    fn what_is_about_all_is_what_results_say_about_the_set_up() {
        for code in ('0'..='9').chain('A'..='Z').chain('a'..='z').map(String::from) {
            let reading = crate::model::result::read(&code);
            assert_eq!(reading.stop, reading.reason.is_some_and(is_about_all), "{code}");
        }
        let seen = [
            (MessageState::Delivered, None),
            (MessageState::Excluded, Some(Reason::NoTemplate)),
            (MessageState::Failed, Some(Reason::NoKakaotalk)),
        ];
        assert_eq!(stop_reason(seen), None);
        let wrong = (MessageState::Failed, Some(Reason::TemplateMismatch));
        assert_eq!(stop_reason(seen.into_iter().chain([wrong])), Some(Reason::TemplateMismatch));
    }
}
