//! Whether the provider's history proves that it does not have a bundle. What says yes here makes us send once more, so every doubt
//! says no. Without I/O, so that each doubt can be tested by itself.
//!
//! A call holds the messages of one bundle and each message shows a token that exists once. So a call is another one if all that it
//! shows is somebody else's, and the bundle is absent if all calls are others, twice, with time in between for what comes late.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::bundles::watch::Bound;
use shared::model::PhoneNumber;
use shared::provider::{Report, TakenCall, tokens_in};

/// By how much the provider's clock may be wrong.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(10);
/// So long after we called, by its clock, the provider may have taken the call. Our own side gives up after 20 s.
const TAKEN_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// Calls that were made at most so long before or after another one tell whether the history can be relied on for that time.
const NEAR: TimeDelta = TimeDelta::hours(3);

/// Whether a call says something about the history at the time of another one.
pub(crate) fn is_near(bound: &Bound, called_at: DateTime<Utc>) -> bool {
    (bound.called_at - called_at).abs() <= NEAR
}

/// Why a look proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Doubt {
    /// Without a link of ours in each message a call cannot be told from others.
    NoLink,
    /// The call was made too short a while ago.
    TooEarly,
    /// Not all pages were read, or they hold fewer calls than the first of them said there were.
    HistoryIncomplete,
    /// Calls that we know were taken are not in it.
    KnownCallMissing,
    /// Calls that we know were taken have times far from ours.
    ClockWrong,
    /// What a call holds could not be read to its end, or was not looked at.
    CallNotRead,
    /// A call does not say how many messages it has.
    CallWithoutCount,
    /// A call shows fewer messages than it has.
    CallIncomplete,
    /// A call shows a message that could be the bundle's.
    CallCouldBeOurs,
}

impl Doubt {
    /// As the log spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoLink => "no_link",
            Self::TooEarly => "too_early",
            Self::HistoryIncomplete => "history_incomplete",
            Self::KnownCallMissing => "known_call_missing",
            Self::ClockWrong => "clock_wrong",
            Self::CallNotRead => "call_not_read",
            Self::CallWithoutCount => "call_without_count",
            Self::CallIncomplete => "call_incomplete",
            Self::CallCouldBeOurs => "call_could_be_ours",
        }
    }
}

/// What a look says about a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A call shows a token of the bundle.
    Present,
    /// Nothing is proven, and what an earlier look saw does not count any more.
    Unclear(Doubt),
    /// The bundle is not there. A look that comes long enough after the first of such looks, without a doubt in between, proves it.
    Absent,
    /// The bundle was not there then and is not there now.
    Proven,
}

/// Whether the provider's clock agrees with ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Calls of which we know when we made them have about that time.
    Right,
    /// There is none to tell by.
    Untold,
    /// One of them has another time.
    Wrong,
}

impl Clock {
    /// Compares the times of calls in the history, those near to the given one, with what we know of them. A call that was under way for long, because whoever made
    /// it was frozen or its answer got lost, may have been taken at any moment of that: it can show that the clock is wrong, but not
    /// that it is right.
    pub(crate) fn of(calls: &[TakenCall], known: &HashMap<String, Bound>, called_at: DateTime<Utc>) -> Self {
        let mut clock = Self::Untold;
        for call in calls {
            let (Some(at), Some(bound)) = (call.taken_at, known.get(&call.provider_id)) else { continue };
            if !is_near(bound, called_at) {
                continue;
            }
            if at < bound.called_at - CLOCK_DIFFERENCE || at > bound.known_at + CLOCK_DIFFERENCE {
                return Self::Wrong;
            }
            if bound.known_at - bound.called_at <= CLOCK_DIFFERENCE {
                clock = Self::Right;
            }
        }
        clock
    }
}

/// What the messages of a bundle are recognised by.
#[derive(Debug, Default)]
pub(crate) struct Marks<'a> {
    /// Their tokens. Empty when not each message has one.
    pub(crate) tokens: HashSet<&'a str>,
    /// Their phones in E.164.
    pub(crate) phones: HashSet<&'a str>,
}

/// A call as it shows itself.
#[derive(Debug)]
pub(crate) struct Seen<'a> {
    /// How many messages it says it has.
    promised: Option<u32>,
    /// Whether all that there was to read was read.
    is_read: bool,
    messages: Vec<SeenMessage<'a>>,
    /// Messages that differ in anything: one that is shown twice, on two pages, is one.
    distinct: usize,
}

#[derive(Debug)]
struct SeenMessage<'a> {
    phone: Option<PhoneNumber>,
    tokens: Vec<&'a str>,
}

impl<'a> Seen<'a> {
    /// Takes what was read of a call.
    pub(crate) fn new(call: &TakenCall, reports: &'a [Report], is_read: bool) -> Self {
        let message = |report: &'a Report| {
            let tokens = tokens_in(&report.buttons).chain(tokens_in(&report.text)).collect();
            SeenMessage { phone: report.phone.parse().ok(), tokens }
        };
        let distinct: HashSet<_> = reports.iter().map(|report| (&report.phone, &report.text, &report.buttons)).collect();
        Self { promised: call.messages, is_read, messages: reports.iter().map(message).collect(), distinct: distinct.len() }
    }
}

/// What a call is to a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It shows a token of the bundle.
    Ours,
    /// It is another one.
    Other,
    /// It could be either.
    Unclear(Doubt),
}

/// Looks at a call for the messages of a bundle.
pub(crate) fn sight(call: &Seen<'_>, marks: &Marks<'_>) -> Sight {
    let mut tokens = call.messages.iter().flat_map(|message| &message.tokens);
    if tokens.any(|token| marks.tokens.contains(token)) {
        return Sight::Ours;
    }
    if !call.is_read {
        return Sight::Unclear(Doubt::CallNotRead);
    }
    let Some(promised) = call.promised else { return Sight::Unclear(Doubt::CallWithoutCount) };
    // A call without any message is one that does not show them yet.
    if promised == 0 || u32::try_from(call.distinct).is_ok_and(|shown| shown < promised) {
        return Sight::Unclear(Doubt::CallIncomplete);
    }
    let is_others = |message: &SeenMessage<'_>| {
        let phone_is_others = message.phone.as_ref().is_some_and(|phone| !marks.phones.contains(phone.e164()));
        phone_is_others || !message.tokens.is_empty()
    };
    if call.messages.iter().all(is_others) { Sight::Other } else { Sight::Unclear(Doubt::CallCouldBeOurs) }
}

/// What a look says about the history at the time when a bundle was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ground {
    /// When the look began, before the first page was read.
    pub(crate) at: DateTime<Utc>,
    /// How long after the call, and after the first look, a look counts.
    pub(crate) after: TimeDelta,
    /// Whether all of the history was read.
    pub(crate) is_whole: bool,
    /// Whether calls near to the bundle's that were taken long enough ago, as we know, are missing from it.
    pub(crate) misses_known: bool,
    /// Whether the times in it can be relied on, by calls near to the bundle's.
    pub(crate) clock: Clock,
}

/// What a look says about one bundle.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    /// The history at that time.
    pub(crate) ground: Ground,
    /// When the bundle was called.
    pub(crate) called_at: DateTime<Utc>,
    /// When a look first did not show it.
    pub(crate) absent_since: Option<DateTime<Utc>>,
    /// Whether each of its messages has a link of ours.
    pub(crate) has_links: bool,
    /// Every call that no bundle is bound to: when it was taken, and what it is to this bundle.
    pub(crate) calls: &'a [(Option<DateTime<Utc>>, Sight)],
}

/// Draws the conclusion.
pub(crate) fn judge(look: &Look<'_>) -> Verdict {
    if look.calls.iter().any(|(_, sight)| *sight == Sight::Ours) {
        return Verdict::Present;
    }
    if let Some(doubt) = doubt(look) {
        return Verdict::Unclear(doubt);
    }
    let Ground { at, after, .. } = look.ground;
    if first_look(look).is_some_and(|first| at - first >= after) { Verdict::Proven } else { Verdict::Absent }
}

/// What is remembered of a look for the next one: since when the bundle is not there.
pub(crate) fn remember(look: &Look<'_>, verdict: Verdict) -> Option<DateTime<Utc>> {
    (verdict == Verdict::Absent).then(|| first_look(look).unwrap_or(look.ground.at))
}

/// The first of the looks that did not show the bundle. One that came too early, or for an earlier attempt, was none.
fn first_look(look: &Look<'_>) -> Option<DateTime<Utc>> {
    look.absent_since.filter(|first| *first - look.called_at >= look.ground.after)
}

fn doubt(look: &Look<'_>) -> Option<Doubt> {
    let Ground { at, after, is_whole, misses_known, clock } = look.ground;
    let concerns_all = [
        (!look.has_links, Doubt::NoLink),
        (at - look.called_at < after, Doubt::TooEarly),
        (!is_whole, Doubt::HistoryIncomplete),
        (misses_known, Doubt::KnownCallMissing),
        (clock == Clock::Wrong, Doubt::ClockWrong),
    ];
    let general = concerns_all.into_iter().find(|(is_so, _)| *is_so).map(|(_, doubt)| doubt);
    general.or_else(|| {
        let mut near = look.calls.iter().filter(|(taken_at, _)| could_be_in_time(*taken_at, look));
        near.find_map(|(_, sight)| if let Sight::Unclear(doubt) = sight { Some(*doubt) } else { None })
    })
}

/// Whether a call was taken before a bundle was called: none, as long as nothing speaks for the provider's clock.
pub(crate) fn is_too_old(taken_at: Option<DateTime<Utc>>, called_at: DateTime<Utc>, clock: Clock) -> bool {
    clock == Clock::Right && taken_at.is_some_and(|at| at < called_at - CLOCK_DIFFERENCE)
}

/// Whether a call could be the bundle's by its time: any, as long as nothing speaks for the provider's clock.
fn could_be_in_time(taken_at: Option<DateTime<Utc>>, look: &Look<'_>) -> bool {
    let window = look.called_at - CLOCK_DIFFERENCE..=look.called_at + TAKEN_WITHIN + CLOCK_DIFFERENCE;
    look.ground.clock != Clock::Right || taken_at.is_none_or(|at| window.contains(&at))
}

#[cfg(test)]
mod tests;
