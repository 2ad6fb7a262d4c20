//! Looks for unknown bundles in the provider's history. A call is recognised by the link tokens that it shows, which exist once;
//! where a template has no link of ours, by phone and text together, if nothing else could be meant.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::bundles::{self, Bundle};
use shared::db::messages::{self, Message};
use shared::db::{Database, campaigns};
use shared::failure::Failure;
use shared::model::PhoneNumber;
use shared::model::template::Button;
use shared::provider::{Listing, NoAnswer, Provider, Report, TakenCall, day_in_korea, tokens_in};
use tokio::time::{Instant, timeout_at};

/// Bundles per run: their messages are held in memory.
const BUNDLES: u32 = 20;
/// By how much the provider's clock may be behind ours.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);
/// So long after we called, by its clock, the provider may have taken the call.
const TAKEN_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// 50,000 calls; a history that is longer is not read to its end.
const MOST_PAGES: u32 = 100;
/// Calls that are looked into in one run.
const MOST_CALLS: usize = 100;
/// How long a run looks; what has been found by then counts. The function may run for 55 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// An unknown bundle with what it is recognised by.
pub(crate) struct Wanted {
    bundle: Bundle,
    called_at: DateTime<Utc>,
    has_link: bool,
    messages: Vec<Message>,
}

/// When a bundle was called that the provider took at this moment.
fn called_for(taken_at: DateTime<Utc>) -> RangeInclusive<DateTime<Utc>> {
    taken_at - TAKEN_WITHIN..=taken_at + CLOCK_DIFFERENCE
}

/// Some unknown bundles that were called since the moment.
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

/// The bundles that were found, each with its call.
pub(crate) async fn search<'a>(
    database: &Database,
    provider: &impl Provider,
    wanted: &'a [Wanted],
    now: DateTime<Utc>,
) -> Result<Vec<(&'a Bundle, TakenCall)>, Failure> {
    let until = Instant::now() + PATIENCE;
    let earliest = wanted.iter().map(|wanted| wanted.called_at).min().unwrap_or(now) - CLOCK_DIFFERENCE;
    let (calls, is_complete) = history(provider, earliest, now, until).await?;
    // Asked after the history was read: what has been bound meanwhile is no candidate.
    let since = earliest - TimeDelta::days(1);
    let bound = bundles::list_provider_ids_since(&mut *database.acquire().await?, since).await?;
    let mut candidates: Vec<_> = calls.into_iter().filter(|call| !bound.contains(&call.provider_id)).collect();
    candidates.sort_by_key(|call| distance(call, wanted));

    let mut index = Index::new(wanted);
    for (looked_into, call) in candidates.into_iter().enumerate() {
        let reports = if looked_into < MOST_CALLS { detail(provider, &call, until).await } else { Vec::new() };
        index.add(call, &reports);
    }
    let mut found = Vec::new();
    let mut connection = database.acquire().await?;
    for (wanted, fit) in wanted.iter().zip(index.fits) {
        let (Fit::One(call), bundle) = (fit, &wanted.bundle) else { continue };
        if !wanted.has_link {
            let window = called_for(call.taken_at.unwrap_or(wanted.called_at));
            if !is_complete || bundles::has_rival(&mut connection, bundle.id, &call.provider_id, window).await? {
                continue;
            }
        }
        found.push((bundle, call));
    }
    Ok(found)
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
    until: Instant,
) -> Result<(Vec<TakenCall>, bool), NoAnswer> {
    let days = day_in_korea(since)..=day_in_korea(now + CLOCK_DIFFERENCE);
    let (mut calls, mut seen) = (Vec::new(), HashSet::new());
    for page in 1..=MOST_PAGES {
        let Ok(answer) = timeout_at(until, provider.history(days.clone(), page)).await else { break };
        let Listing { rows, pages } = answer?;
        let passed = rows.last().and_then(|call| call.taken_at).is_some_and(|at| at < since);
        let recent = rows.into_iter().filter(|call| call.taken_at.is_none_or(|at| at >= since));
        calls.extend(recent.filter(|call| seen.insert(call.provider_id.clone())));
        if passed || page >= pages {
            return Ok((calls, true));
        }
    }
    Ok((calls, false))
}

/// What a call shows; nothing when that is not to be had (in time). The first page is enough to recognise a call by.
async fn detail(provider: &impl Provider, call: &TakenCall, until: Instant) -> Vec<Report> {
    match timeout_at(until, provider.detail(&call.provider_id, 1)).await {
        Ok(Ok(listing)) => listing.rows,
        Ok(Err(error)) => {
            tracing::warn!(event = "call.not_shown", error = %error, "the provider does not show a call");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

/// The calls that can be a bundle.
enum Fit {
    None,
    One(TakenCall),
    Several,
}

/// Tells which bundle a call is.
struct Index<'a> {
    wanted: &'a [Wanted],
    by_token: HashMap<&'a str, usize>,
    texts: Vec<HashSet<(&'a str, String)>>,
    /// For each bundle.
    fits: Vec<Fit>,
}

impl<'a> Index<'a> {
    fn new(wanted: &'a [Wanted]) -> Self {
        let (mut by_token, mut texts) = (HashMap::new(), Vec::new());
        for (position, wanted) in wanted.iter().enumerate() {
            let (linked, plain) = if wanted.has_link { (&*wanted.messages, &[][..]) } else { (&[][..], &*wanted.messages) };
            by_token.extend(linked.iter().map(|message| (message.link.as_str(), position)));
            texts.push(plain.iter().map(|message| (message.phone.e164(), letters(&message.body))).collect());
        }
        Self { wanted, by_token, texts, fits: wanted.iter().map(|_| Fit::None).collect() }
    }

    fn add(&mut self, call: TakenCall, reports: &[Report]) {
        let mut tokens = reports.iter().flat_map(|report| tokens_in(&report.buttons));
        if let Some(position) = tokens.find_map(|token| self.by_token.get(token)) {
            self.fits[*position] = Fit::One(call);
            return;
        }
        let shown: Vec<_> = reports.iter().map(|report| (report.phone.parse(), letters(&report.text))).collect();
        for ((wanted, texts), fit) in self.wanted.iter().zip(&self.texts).zip(&mut self.fits) {
            let in_time = call.taken_at.is_some_and(|at| called_for(at).contains(&wanted.called_at));
            // A call that shows nothing could be any.
            let could_be = shown.iter().all(|(phone, text)| {
                let phone: Option<&PhoneNumber> = phone.as_ref().ok();
                phone.is_some_and(|phone| texts.contains(&(phone.e164(), text.clone())))
            });
            if !wanted.has_link && in_time && could_be {
                let is_only = matches!(fit, Fit::None) && !reports.is_empty();
                *fit = if is_only { Fit::One(call.clone()) } else { Fit::Several };
            }
        }
    }
}

/// A text without blanks and line breaks, which do not always survive.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use chrono::NaiveDate;
    use shared::model::approval::Described;
    use shared::provider::{Call, ChangeOutcome, SendOutcome, TemplateChange};

    use super::*;

    /// A provider that never answers.
    struct Silent;

    impl Provider for Silent {
        async fn send(&self, _: &Call<'_>) -> SendOutcome {
            pending().await
        }

        async fn templates(&self, _: &str) -> Result<Vec<Described>, NoAnswer> {
            pending().await
        }

        async fn change_template(&self, _: &str, _: &TemplateChange<'_>) -> ChangeOutcome {
            pending().await
        }

        async fn balance(&self) -> Result<u64, NoAnswer> {
            pending().await
        }

        async fn history(&self, _: RangeInclusive<NaiveDate>, _: u32) -> Result<Listing<TakenCall>, NoAnswer> {
            pending().await
        }

        async fn detail(&self, _: &str, _: u32) -> Result<Listing<Report>, NoAnswer> {
            pending().await
        }
    }

    #[tokio::test]
    async fn when_the_time_is_up_what_was_found_by_then_counts() {
        let now = DateTime::UNIX_EPOCH;
        let call = TakenCall { provider_id: "1".to_owned(), taken_at: Some(now), messages: None };
        assert_eq!(history(&Silent, now, now, Instant::now()).await, Ok((Vec::new(), false)));
        assert_eq!(detail(&Silent, &call, Instant::now()).await, []);
    }
}
