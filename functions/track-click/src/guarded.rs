//! The store, as a visitor asks it: not for long, and not again and again while it is away.

use std::time::Duration;

use chrono::{DateTime, Utc};
use shared::failure::chain;
use shared::message::ClickReceived;
use shared::model::CampaignId;
use shared::model::link::Destination;
use shared::model::state::ClickClass;
use shared::store::Store;

use crate::breaker::Breaker;

/// The store behind a breaker.
pub struct GuardedStore {
    store: Store,
    breaker: Breaker,
}

/// What came of asking.
#[derive(Debug)]
pub enum Asked<T> {
    /// It answered.
    Said(T),
    /// It did not, or not in time.
    Silent,
    /// It was left alone, because it did not answer a moment ago.
    Spared,
}

impl<T> Asked<T> {
    /// The answer, if there is one.
    pub fn said(self) -> Option<T> {
        match self {
            Self::Said(answer) => Some(answer),
            Self::Silent | Self::Spared => None,
        }
    }
}

impl GuardedStore {
    pub fn new(store: Store) -> Self {
        Self { store, breaker: Breaker::default() }
    }

    /// Looks a destination up and counts the visit.
    pub async fn visit(&self, campaign: CampaignId, class: ClickClass, now: DateTime<Utc>) -> Asked<Option<Destination>> {
        self.ask(now, self.store.visit(campaign, class)).await
    }

    /// Looks a destination up when nobody else knows, so that the store is asked even if it did not answer a moment ago.
    pub async fn look_up(&self, campaign: CampaignId, now: DateTime<Utc>) -> Option<Destination> {
        self.wait(now, self.store.find_destination(campaign)).await.said().flatten()
    }

    /// How long a visitor waits.
    pub const fn patience(&self) -> Duration {
        self.store.patience()
    }

    /// Counts a visit; answers how many there are now.
    pub async fn count(&self, campaign: CampaignId, class: ClickClass, now: DateTime<Utc>) -> Option<i64> {
        self.ask(now, self.store.count(campaign, class)).await.said()
    }

    /// Takes a counted visit out of its class, and into another.
    pub async fn count_as(&self, campaign: CampaignId, was: ClickClass, is: ClickClass, now: DateTime<Utc>) {
        self.ask(now, self.store.count_as(campaign, was, Some(is))).await;
    }

    /// Takes a visit out that was counted or will be, and was not answered. Also a store that did not answer a moment ago is told:
    /// it may have counted, and too few is better than too many.
    pub async fn take_back(&self, campaign: CampaignId, class: ClickClass, now: DateTime<Utc>) {
        self.wait(now, self.store.count_as(campaign, class, None)).await;
    }

    /// Tells a store that does not know it where links lead.
    pub async fn teach(&self, campaign: CampaignId, destination: &Destination, now: DateTime<Utc>) {
        self.ask(now, self.store.teach(campaign, destination)).await;
    }

    /// Keeps visits until their queue works again. Answers whether it has them.
    pub async fn park(&self, clicks: &[ClickReceived], now: DateTime<Utc>) -> bool {
        let bodies = clicks.iter().map(|click| serde_json::to_string(click).unwrap_or_default());
        self.ask(now, self.store.park_all(bodies)).await.said().is_some()
    }

    /// Counts a guess; answers how many there were in this minute.
    pub async fn guess(&self, guesser: u64, minute: i64, now: DateTime<Utc>) -> Option<u64> {
        self.ask(now, self.store.guess(&format!("{guesser:016x}"), minute)).await.said()
    }

    async fn ask<T, E>(&self, now: DateTime<Utc>, asked: impl Future<Output = Result<T, E>>) -> Asked<T>
    where
        E: std::error::Error + 'static,
    {
        if self.breaker.lets_through(now) { self.wait(now, asked).await } else { Asked::Spared }
    }

    /// Waits, but not for long. Connecting anew counts, which the store's own patience does not cover.
    async fn wait<T, E>(&self, now: DateTime<Utc>, asked: impl Future<Output = Result<T, E>>) -> Asked<T>
    where
        E: std::error::Error + 'static,
    {
        let error = match tokio::time::timeout(self.patience(), asked).await {
            Ok(Ok(answer)) => {
                self.breaker.note(true, now);
                return Asked::Said(answer);
            }
            Ok(Err(error)) => chain(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        self.breaker.note(false, now);
        tracing::warn!(event = "store.failed", error, "the store did not help and is left alone for a while");
        Asked::Silent
    }
}
