//! One look through the provider's history for unknown bundles: which call is which, and who is not there.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::Database;
use shared::db::bundles::watch::{self, Bound};
use shared::failure::Failure;
use shared::provider::{Provider, TakenCall, day_in_korea};
use tokio::time::Instant;

use crate::Deps;
use crate::absence::{self, Clock, Doubt, Ground, Look, Seen, Sight, Verdict};
use crate::history::{self, History};
use crate::search::{Fit, Index, called_for};
use crate::unknown::Wanted;

/// Calls that are looked into in one run.
const MOST_CALLS: usize = 100;
/// Days are asked for as if the provider's clock were wrong by an hour, and so that calls that are near to the first are among them.
const DAYS_FROM: TimeDelta = TimeDelta::hours(4);
/// The same for the last day.
const DAYS_UNTIL: TimeDelta = TimeDelta::hours(1);

/// What a look through the history says about a bundle.
pub(crate) enum Conclusion {
    /// This call is the bundle.
    Found(TakenCall),
    /// It is proven that the provider does not have it.
    Absent,
    /// Neither.
    Open {
        /// What keeps it from being proven absent, now and later.
        doubt: Option<Doubt>,
        /// Since when looks do not show it.
        absent_since: Option<DateTime<Utc>>,
    },
}

/// Reads the history once for all of them, and says for each in turn what it shows.
pub(crate) async fn look<V: Provider, P, Q>(
    deps: &Deps<V, P, Q>,
    wanted: &[Wanted],
    at: DateTime<Utc>,
    until: Instant,
) -> Result<Vec<Conclusion>, Failure> {
    let (provider, database, after) = (&deps.provider, &deps.database, deps.absence_after);
    let earliest = wanted.iter().map(|wanted| wanted.called_at).min().unwrap_or(at);
    let days = day_in_korea(earliest - DAYS_FROM)..=day_in_korea(at + DAYS_UNTIL);
    let history = history::read(provider, days, until).await?;
    // Asked after the history was read: what has been bound meanwhile is no candidate.
    let since = earliest - DAYS_FROM * 2 - TimeDelta::days(1);
    let known = watch::list_calls_since(&mut *database.acquire().await?, since).await?;
    let missing = missing(&history, &known, at - after);
    // What is wrong with the history at the time of one bundle is no doubt about the others.
    let grounds = wanted.iter().map(|wanted| Ground {
        at,
        after,
        is_whole: history.is_whole,
        misses_known: missing.iter().any(|bound| absence::is_near(bound, wanted.called_at)),
        clock: Clock::of(&history.calls, &known, wanted.called_at),
    });
    let grounds: Vec<_> = grounds.collect();

    let marks: Vec<_> = wanted.iter().map(Wanted::marks).collect();
    let mut sights: Vec<Vec<(Option<DateTime<Utc>>, Sight)>> = wanted.iter().map(|_| Vec::new()).collect();
    let mut index = Index::new(wanted);
    for (looked_into, call) in candidates(&history, &known, wanted, &grounds).into_iter().enumerate() {
        let read = looked_into < MOST_CALLS;
        let (reports, is_read) = if read { history::detail(provider, call, until).await } else { (Vec::new(), false) };
        index.add(call, &reports);
        let seen = Seen::new(call, &reports, is_read);
        for (sights, marks) in sights.iter_mut().zip(&marks) {
            sights.push((call.taken_at, absence::sight(&seen, marks)));
        }
    }

    let mut conclusions = Vec::with_capacity(wanted.len());
    for ((((wanted, ground), fit), marks), calls) in wanted.iter().zip(&grounds).zip(index.fits).zip(&marks).zip(&sights) {
        let Wanted { bundle, called_at, messages, .. } = wanted;
        if let Some(call) = found(database, wanted, fit, history.is_read).await? {
            conclusions.push(Conclusion::Found(call));
            continue;
        }
        let look = Look {
            ground: *ground,
            called_at: *called_at,
            absent_since: bundle.absent_since,
            has_links: !messages.is_empty() && marks.tokens.len() == messages.len(),
            calls,
        };
        let verdict = absence::judge(&look);
        conclusions.push(match verdict {
            Verdict::Proven => Conclusion::Absent,
            Verdict::Unclear(doubt) => Conclusion::Open { doubt: Some(doubt), absent_since: None },
            Verdict::Present | Verdict::Absent => {
                Conclusion::Open { doubt: None, absent_since: absence::remember(&look, verdict) }
            }
        });
    }
    Ok(conclusions)
}

/// The calls that we know were taken at that moment or before, and that are missing from the history, or older than it.
fn missing<'a>(history: &History, known: &'a HashMap<String, Bound>, until: DateTime<Utc>) -> Vec<&'a Bound> {
    let shown: HashSet<_> = history.calls.iter().map(|call| call.provider_id.as_str()).collect();
    let is_missing = |id: &str, bound: &Bound| bound.called_at <= until && !shown.contains(id);
    known.iter().filter(|(id, bound)| is_missing(id, bound)).map(|(_, bound)| bound).collect()
}

/// The calls that no bundle is bound to, those first that are near to one that is wanted. By a clock that is not known to be right
/// none is too old.
fn candidates<'a>(
    history: &'a History,
    known: &HashMap<String, Bound>,
    wanted: &[Wanted],
    grounds: &[Ground],
) -> Vec<&'a TakenCall> {
    let is_old = |call: &TakenCall| {
        let mut all = wanted.iter().zip(grounds);
        all.all(|(wanted, ground)| absence::is_too_old(call.taken_at, wanted.called_at, ground.clock))
    };
    let distance = |call: &&TakenCall| {
        let distances = wanted.iter().filter_map(|wanted| Some((call.taken_at? - wanted.called_at).abs()));
        distances.min().unwrap_or_default()
    };
    let unbound = history.calls.iter().filter(|call| !known.contains_key(&call.provider_id) && !is_old(call));
    let mut candidates: Vec<_> = unbound.collect();
    candidates.sort_by_key(distance);
    candidates
}

/// The call that is the bundle, if it is certain.
async fn found(database: &Database, wanted: &Wanted, fit: Fit, is_read: bool) -> Result<Option<TakenCall>, Failure> {
    let Fit::One(call) = fit else { return Ok(None) };
    if !wanted.has_link {
        let window = called_for(call.taken_at.unwrap_or(wanted.called_at));
        let mut connection = database.acquire().await?;
        if !is_read || watch::has_rival(&mut connection, wanted.bundle.id, &call.provider_id, window).await? {
            return Ok(None);
        }
    }
    Ok(Some(call))
}
