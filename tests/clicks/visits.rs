//! Who visits links, and the log of what they were answered.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aligo_simulator::random::Random;
use chrono::{DateTime, SubsecRound, Utc};
use shared::clock::{Clock, SystemClock};
use shared::model::MessageId;
use shared::model::state::ClickClass;

use crate::world::say;

/// How long a visitor may wait, for 99 of 100.
pub const BAR: Duration = Duration::from_millis(60);
/// How long anybody may wait.
pub const LONGEST: Duration = Duration::from_millis(400);

/// A visitor, by what they call themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visitor {
    /// HTTP method.
    pub method: &'static str,
    /// Who it is.
    pub class: ClickClass,
    agent: &'static str,
}

/// In-app browser, previewer, somebody who looks ahead, search engine. `*` is where the visit's number goes.
const VISITORS: [Visitor; 4] = [
    Visitor {
        method: "GET",
        class: ClickClass::Human,
        agent: "Mozilla/5.0 (Linux; Android 14; SM-S918N Build/V*; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
                Chrome/120.0.6099.230 Mobile Safari/537.36;KAKAOTALK 2410210",
    },
    Visitor {
        method: "GET",
        class: ClickClass::Preview,
        agent: "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984 Build/V*",
    },
    Visitor {
        method: "HEAD",
        class: ClickClass::Prefetch,
        agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Build/V*",
    },
    Visitor {
        method: "GET",
        class: ClickClass::Bot,
        agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html) Build/V*",
    },
];

impl Visitor {
    /// Seven of ten are people.
    pub fn draw(random: &mut Random) -> Self {
        VISITORS[[0, 0, 0, 0, 0, 0, 0, 1, 2, 3][random.below(10)]]
    }

    /// What this visit's program calls itself; no two visits do so alike.
    pub fn agent(self, number: u32) -> String {
        self.agent.replace('*', &format!("{number:08}"))
    }
}

/// The number of the visit that an agent was made for.
pub fn number_of(agent: &str) -> Option<u32> {
    let at = agent.find("Build/V")? + "Build/V".len();
    agent.get(at..at + 8)?.parse().ok()
}

/// A visit that was answered.
#[derive(Debug, Clone)]
pub struct Visit {
    pub number: u32,
    pub message: MessageId,
    pub class: ClickClass,
    /// Which phase it began in.
    pub phase: usize,
    pub asked: DateTime<Utc>,
    pub answered: DateTime<Utc>,
    pub took: Duration,
    /// Whether the answer was the redirect to the right address.
    pub sent_on: bool,
    /// HTTP status.
    pub status: u16,
}

/// A visit under way.
pub struct Begun {
    pub number: u32,
    phase: usize,
    asked: DateTime<Utc>,
    at: Instant,
}

/// A stretch of time in which something is away.
struct Phase {
    name: &'static str,
    bar: Option<Duration>,
}

/// The log of answered visits, by phase, with how late the machine itself was meanwhile.
#[derive(Default)]
pub struct Ledger(Mutex<Inner>, AtomicU32);

#[derive(Default)]
struct Inner {
    phases: Vec<Phase>,
    visits: Vec<Visit>,
    lateness: Vec<(usize, Duration)>,
}

impl Ledger {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Visits that begin from now on belong to this phase, in which 99 of 100 may wait so long.
    pub fn enter(&self, name: &'static str, bar: Option<Duration>) {
        self.inner().phases.push(Phase { name, bar });
    }

    fn phase(&self) -> usize {
        self.inner().phases.len()
    }

    /// A visit begins.
    pub fn begin(&self) -> Begun {
        let (number, phase) = (self.1.fetch_add(1, Ordering::Relaxed), self.phase());
        Begun { number, phase, asked: SystemClock.now().trunc_subsecs(6), at: Instant::now() }
    }

    /// It was answered.
    pub fn end(&self, begun: &Begun, message: MessageId, class: ClickClass, status: u16, sent_on: bool) {
        let took = begun.at.elapsed();
        let Begun { number, phase, asked, .. } = *begun;
        let visit = Visit { number, message, class, phase, asked, answered: SystemClock.now(), took, sent_on, status };
        self.inner().visits.push(visit);
    }

    /// A sleep ended so much later than it should have.
    pub fn was_late(&self, by: Duration) {
        let phase = self.phase();
        self.inner().lateness.push((phase, by));
    }

    /// How many were answered.
    pub fn count(&self) -> usize {
        self.inner().visits.len()
    }

    /// Everything that was answered.
    pub fn visits(&self) -> Vec<Visit> {
        self.inner().visits.clone()
    }

    /// How many of all visitors of a phase waited for so long.
    pub fn share_of(&self, name: &str, wait: Duration) -> f64 {
        let inner = self.inner();
        let place = inner.phases.iter().position(|phase| phase.name == name).expect("there is such a phase");
        let took: Vec<_> =
            inner.visits.iter().filter(|visit| visit.phase == place + 1).map(|visit| visit.took >= wait).collect();
        let waited = took.iter().filter(|waited| **waited).count();
        f64::from(u32::try_from(waited).expect("a small number"))
            / f64::from(u32::try_from(took.len()).expect("a small number"))
    }

    /// Shows a line for each phase; answers what is wrong.
    pub fn judge(&self) -> Vec<String> {
        let inner = self.inner();
        let mut wrong = Vec::new();
        say(
            "phase                                     | visits | other | p50 ms | p99 ms | max ms | control p99 | control max",
        );
        for (place, Phase { name, bar }) in inner.phases.iter().enumerate() {
            let of_phase = || inner.visits.iter().filter(|visit| visit.phase == place + 1);
            let others: Vec<_> = of_phase().filter(|visit| !visit.sent_on).map(|visit| visit.status).collect();
            let waits = Spread::of(of_phase().map(|visit| visit.took));
            let control = Spread::of(inner.lateness.iter().filter(|(phase, _)| *phase == place + 1).map(|(_, by)| *by));
            say(&format!(
                "{name:<41} | {:>6} | {:>5} | {:>6.1} | {:>6.1} | {:>6.1} | {:>11.1} | {:>11.1}",
                waits.count,
                others.len(),
                waits.half,
                waits.most,
                waits.longest,
                control.most,
                control.longest
            ));
            if !others.is_empty() {
                wrong.push(format!("{name}: {} answers were no redirect: {others:?}", others.len()));
            }
            if waits.count < 50 {
                wrong.push(format!("{name}: only {} visits", waits.count));
            }
            let longest = LONGEST.as_secs_f64() * 1000.0 + control.longest;
            if bar.is_some() && waits.longest > longest {
                wrong.push(format!("{name}: somebody waited {:.1} ms, {longest:.1} ms are allowed", waits.longest));
            }
            let allowed = bar.map(|bar| bar.as_secs_f64() * 1000.0 + control.most);
            if let Some(allowed) = allowed.filter(|allowed| waits.most > *allowed) {
                wrong.push(format!("{name}: p99 is {:.1} ms, {allowed:.1} ms are allowed", waits.most));
            }
        }
        wrong
    }
}

/// How times spread, in milliseconds.
struct Spread {
    count: usize,
    half: f64,
    /// 99 of 100 are at most this.
    most: f64,
    longest: f64,
}

impl Spread {
    fn of(times: impl Iterator<Item = Duration>) -> Self {
        let mut times: Vec<_> = times.map(|time| time.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0.0);
        Self { count: times.len(), half: at(50), most: at(99), longest: at(100) }
    }
}

#[test]
fn a_visit_is_told_by_its_agent() {
    for visitor in VISITORS {
        assert_eq!(number_of(&visitor.agent(1_234)), Some(1_234));
        let visit = shared::model::click::Visit { method: visitor.method, agent: &visitor.agent(7), purpose: "" };
        assert_eq!(shared::model::click::classify(visit).0, visitor.class);
    }
    assert_eq!(number_of("curl/8.5.0"), None);
}

#[test]
fn of_a_hundred_times_the_second_longest_is_p99() {
    let spread = Spread::of((1..=100).rev().map(Duration::from_millis));
    assert_eq!((spread.count, spread.half, spread.most, spread.longest), (100, 50.0, 99.0, 100.0));
}
