//! Looks for unknown bundles in the provider's history. A call is recognised by the link tokens that it shows, which exist once;
//! where a template has no link of ours, by phone and text together.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::bundles::{self, Bundle};
use shared::db::messages::{self, Message};
use shared::db::{Database, campaigns};
use shared::failure::Failure;
use shared::model::PhoneNumber;
use shared::model::template::Button;
use shared::provider::{Listing, NoAnswer, Provider, Report, TakenCall, day_in_korea, tokens_in};

use crate::SAFE_AGE;

/// Bundles per run: their messages are held in memory.
const BUNDLES: u32 = 20;
/// By how much the provider's clock may be behind ours.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);
/// 50,000 calls; a history that is longer is not read to its end and proves nothing.
const MOST_PAGES: u32 = 100;
/// Calls that are looked into in one run.
const MOST_CALLS: usize = 100;

/// An unknown bundle with what it is recognised by.
pub(crate) struct Wanted {
    /// The bundle.
    pub bundle: Bundle,
    called_at: DateTime<Utc>,
    has_link: bool,
    messages: Vec<Message>,
}

/// What the history says about a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finding {
    /// This call is it.
    Taken(TakenCall),
    /// Every call that it could be is another one.
    Absent,
    /// Not every call that it could be has been looked into, or shows its messages yet.
    Unclear,
}

/// The unknown bundles that were called since the moment.
pub(crate) async fn list(database: &Database, since: DateTime<Utc>) -> Result<Vec<Wanted>, Failure> {
    let mut connection = database.acquire().await?;
    let mut wanted = Vec::new();
    for bundle in bundles::list_unknown_since(&mut connection, since, BUNDLES).await? {
        let campaign = campaigns::find(&mut connection, bundle.clinic, bundle.campaign).await?;
        let (Some(called_at), Some(campaign)) = (bundle.called_at, campaign) else { continue };
        let messages = messages::list_of_bundle(&mut connection, bundle.clinic, bundle.id).await?;
        let has_link = campaign.buttons.iter().any(Button::is_tracked);
        wanted.push(Wanted { bundle, called_at, has_link, messages });
    }
    Ok(wanted)
}

/// A finding for each bundle, in their order.
pub(crate) async fn search(
    database: &Database,
    provider: &impl Provider,
    wanted: &[Wanted],
    now: DateTime<Utc>,
) -> Result<Vec<Finding>, Failure> {
    let earliest = wanted.iter().map(|wanted| wanted.called_at).min().unwrap_or(now) - CLOCK_DIFFERENCE;
    let (calls, is_complete) = history(provider, earliest, now).await?;
    // Asked after the history was read: what has been bound meanwhile is no candidate.
    let since = earliest - TimeDelta::days(1);
    let bound = bundles::list_provider_ids_since(&mut *database.acquire().await?, since).await?;
    let mut candidates: Vec<_> = calls.into_iter().filter(|call| !bound.contains(&call.provider_id)).collect();
    candidates.sort_by_key(|call| distance(call, wanted));

    let index = Index::new(wanted);
    let mut taken: HashMap<usize, TakenCall> = HashMap::new();
    let mut doubtful = vec![!is_complete; wanted.len()];
    for (looked_into, call) in candidates.into_iter().enumerate() {
        let reports = if looked_into < MOST_CALLS { detail(provider, &call.provider_id).await? } else { Vec::new() };
        match index.find(&reports) {
            Some(position) => _ = taken.insert(position, call),
            None => index.doubt(&call, &reports, &mut doubtful),
        }
    }
    let finding = |(position, wanted): (usize, &Wanted)| match taken.remove(&position) {
        Some(call) => Finding::Taken(call),
        None if doubtful[position] || now - wanted.called_at < SAFE_AGE => Finding::Unclear,
        None => Finding::Absent,
    };
    Ok(wanted.iter().enumerate().map(finding).collect())
}

/// How far a call is from the nearest of the bundles, so that the likely ones are looked into first.
fn distance(call: &TakenCall, wanted: &[Wanted]) -> TimeDelta {
    let distances = wanted.iter().filter_map(|wanted| Some((call.taken_at? - wanted.called_at).abs()));
    distances.min().unwrap_or_default()
}

/// The calls taken since the moment, and whether these are all. Newest first, so calls taken meanwhile push others to later pages,
/// where they are seen again; none is missed.
async fn history(
    provider: &impl Provider,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(Vec<TakenCall>, bool), NoAnswer> {
    let days = day_in_korea(since)..=day_in_korea(now + CLOCK_DIFFERENCE);
    let (mut calls, mut seen) = (Vec::new(), HashSet::new());
    for page in 1..=MOST_PAGES {
        let Listing { rows, pages } = provider.history(days.clone(), page).await?;
        let passed = rows.last().and_then(|call| call.taken_at).is_some_and(|at| at < since);
        let recent = rows.into_iter().filter(|call| call.taken_at.is_none_or(|at| at >= since));
        calls.extend(recent.filter(|call| seen.insert(call.provider_id.clone())));
        if passed || page >= pages {
            return Ok((calls, true));
        }
    }
    Ok((calls, false))
}

/// The first page shows enough to recognise a call by.
async fn detail(provider: &impl Provider, provider_id: &str) -> Result<Vec<Report>, NoAnswer> {
    Ok(provider.detail(provider_id, 1).await?.rows)
}

/// Tells which bundle a call is.
struct Index<'a> {
    wanted: &'a [Wanted],
    by_token: HashMap<&'a str, usize>,
    by_text: HashMap<(&'a str, String), usize>,
    phones: Vec<HashSet<&'a str>>,
}

impl<'a> Index<'a> {
    fn new(wanted: &'a [Wanted]) -> Self {
        let (mut by_token, mut by_text) = (HashMap::new(), HashMap::new());
        for (position, wanted) in wanted.iter().enumerate() {
            for message in &wanted.messages {
                if wanted.has_link {
                    by_token.insert(message.link.as_str(), position);
                } else {
                    by_text.insert((message.phone.e164(), letters(&message.body)), position);
                }
            }
        }
        let phones = wanted.iter().map(|wanted| wanted.messages.iter().map(|message| message.phone.e164()).collect());
        Self { wanted, by_token, by_text, phones: phones.collect() }
    }

    fn find(&self, reports: &[Report]) -> Option<usize> {
        reports.iter().find_map(|report| {
            let by_link = tokens_in(&report.buttons).find_map(|token| self.by_token.get(token));
            let phone = report.phone.parse::<PhoneNumber>().ok();
            by_link.or_else(|| self.by_text.get(&(phone.as_ref()?.e164(), letters(&report.text)))).copied()
        })
    }

    /// Marks the bundles that a call which was not recognised could be all the same: taken at the right time, and nothing that it
    /// shows is certainly another's. A call shows its messages only after a while, and some never.
    fn doubt(&self, call: &TakenCall, reports: &[Report], doubtful: &mut [bool]) {
        for ((wanted, phones), doubtful) in self.wanted.iter().zip(&self.phones).zip(doubtful) {
            let window = wanted.called_at - CLOCK_DIFFERENCE..=wanted.called_at + SAFE_AGE;
            let in_time = call.taken_at.is_none_or(|at| window.contains(&at));
            *doubtful |= in_time && !reports.iter().any(|report| is_anothers(report, phones));
        }
    }
}

/// Whether a message is certainly not one of a bundle with these phones: it shows another link of ours, or another phone.
fn is_anothers(report: &Report, phones: &HashSet<&str>) -> bool {
    let phone = report.phone.parse::<PhoneNumber>();
    tokens_in(&report.buttons).next().is_some() || phone.is_ok_and(|phone| !phones.contains(phone.e164()))
}

/// A text without blanks and line breaks, which do not always survive.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}
