//! One look through the provider's history for unknown bundles: which call is which, and who is not there.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::Database;
use shared::db::bundles::watch::{self, Bound};
use shared::failure::Failure;
use shared::provider::{Provider, TakenCall, day_in_korea};
use tokio::time::Instant;

use crate::Deps;
use crate::absence::{self, CLOCK_DIFFERENCE, Clock, Doubt, Ground, Look, Seen, Sight, Verdict};
use crate::history::{self, History};
use crate::search::{Fit, Index, called_for};
use crate::unknown::Wanted;

/// Calls that are looked into in one run.
const MOST_CALLS: usize = 100;
/// Days are asked for as if the provider's clock were wrong by as much.
const DAYS_MARGIN: TimeDelta = TimeDelta::hours(1);

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
    let days = day_in_korea(earliest - DAYS_MARGIN)..=day_in_korea(at + DAYS_MARGIN);
    let history = history::read(provider, days, until).await?;
    // Asked after the history was read: what has been bound meanwhile is no candidate.
    let known = watch::list_calls_since(&mut *database.acquire().await?, earliest - TimeDelta::days(1)).await?;
    let ground = Ground {
        at,
        after,
        is_whole: history.is_whole,
        misses_known: misses(&history, &known, earliest, at - after),
        clock: Clock::of(&history.calls, &known),
    };

    let marks: Vec<_> = wanted.iter().map(Wanted::marks).collect();
    let mut sights: Vec<Vec<(Option<DateTime<Utc>>, Sight)>> = wanted.iter().map(|_| Vec::new()).collect();
    let mut index = Index::new(wanted);
    for (looked_into, call) in candidates(&history, &known, wanted, ground.clock).into_iter().enumerate() {
        let read = looked_into < MOST_CALLS;
        let (reports, is_read) = if read { history::detail(provider, call, until).await } else { (Vec::new(), false) };
        index.add(call, &reports);
        let seen = Seen::new(call, &reports, is_read);
        for (sights, marks) in sights.iter_mut().zip(&marks) {
            sights.push((call.taken_at, absence::sight(&seen, marks)));
        }
    }

    let mut conclusions = Vec::with_capacity(wanted.len());
    for (((wanted, fit), marks), calls) in wanted.iter().zip(index.fits).zip(&marks).zip(&sights) {
        let Wanted { bundle, called_at, messages, .. } = wanted;
        if let Some(call) = found(database, wanted, fit, history.is_read).await? {
            conclusions.push(Conclusion::Found(call));
            continue;
        }
        let look = Look {
            ground,
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

/// Whether a call that we know was taken between these moments is missing from the history.
fn misses(history: &History, known: &HashMap<String, Bound>, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
    let shown: HashSet<_> = history.calls.iter().map(|call| call.provider_id.as_str()).collect();
    known.iter().any(|(id, bound)| (from..=until).contains(&bound.called_at) && !shown.contains(id.as_str()))
}

/// The calls that no bundle is bound to, those first that are near to one that is wanted. By a clock that is not known to be right
/// none is too old.
fn candidates<'a>(history: &'a History, known: &HashMap<String, Bound>, wanted: &[Wanted], clock: Clock) -> Vec<&'a TakenCall> {
    let earliest = wanted.iter().map(|wanted| wanted.called_at - CLOCK_DIFFERENCE).min();
    let is_old = |call: &TakenCall| clock == Clock::Right && call.taken_at.is_some_and(|at| Some(at) < earliest);
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
