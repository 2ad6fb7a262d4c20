//! Reading the provider's history, for as long as there is time.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use chrono::NaiveDate;
use shared::provider::{Listing, NoAnswer, Provider, Report, TakenCall};
use tokio::time::{Instant, timeout_at};

/// 50,000 calls; a history that is longer is not read to its end.
const MOST_PAGES: u32 = 100;
/// 500 messages, if the provider gave only 50 of them at a time.
const MOST_PAGES_OF_A_CALL: u32 = 10;

/// The calls of some days.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct History {
    /// Each once, newest first. One whose id cannot be read has an empty one.
    pub(crate) calls: Vec<TakenCall>,
    /// Whether the last page was read.
    pub(crate) is_read: bool,
    /// Whether these are all: as many as the provider said there were before the first page was read. Calls that are taken meanwhile
    /// push others to later pages, where they are seen again; but whatever else moves rows while they are read makes them fewer.
    pub(crate) is_whole: bool,
}

/// Reads the calls of these days.
///
/// # Errors
/// When the provider does not answer.
pub(crate) async fn read(
    provider: &impl Provider,
    days: RangeInclusive<NaiveDate>,
    until: Instant,
) -> Result<History, NoAnswer> {
    let mut history = History { calls: Vec::new(), is_read: false, is_whole: false };
    let (mut ids, mut promised) = (HashSet::new(), None);
    for page in 1..=MOST_PAGES {
        let Ok(answer) = timeout_at(until, provider.history(days.clone(), page)).await else { break };
        let Listing { rows, pages, total } = answer?;
        if page == 1 {
            promised = total;
        }
        history
            .calls
            .extend(rows.into_iter().filter(|call| call.provider_id.is_empty() || ids.insert(call.provider_id.clone())));
        if page >= pages {
            history.is_read = true;
            let count = u32::try_from(ids.len()).unwrap_or(u32::MAX);
            history.is_whole = promised.is_some_and(|promised| promised <= count);
            break;
        }
    }
    Ok(history)
}

/// What a call shows of its messages, and whether that is all that there is to read. What cannot be had (in time) is not read.
pub(crate) async fn detail(provider: &impl Provider, call: &TakenCall, until: Instant) -> (Vec<Report>, bool) {
    let mut reports = Vec::new();
    if call.provider_id.is_empty() {
        return (reports, false);
    }
    for page in 1..=MOST_PAGES_OF_A_CALL {
        match timeout_at(until, provider.detail(&call.provider_id, page)).await {
            Ok(Ok(Listing { rows, pages, .. })) => {
                reports.extend(rows);
                if page >= pages {
                    return (reports, true);
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(event = "call.not_shown", error = %error, "the provider does not show a call");
                break;
            }
            Err(_) => break,
        }
    }
    (reports, false)
}

#[cfg(test)]
mod tests;
