//! The database, as a visitor asks it: only when nobody else knows, and not again and again while it is away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::SdkConfig;
use shared::clock::Ambient;
use shared::config::DatabaseConfig;
use shared::db::{Database, campaigns};
use shared::failure::chain;
use shared::model::CampaignId;
use shared::model::link::Destination;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::breaker::Breaker;

/// How long a visitor waits. The process must outlive the visitor: it knows the way of others.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection waits for an answer: longer than the database works on one, so that it never works for nobody.
const QUERY_PATIENCE: Duration = Duration::from_secs(25);
/// How long a process that begins waits for the credentials.
const PREPARING: Duration = Duration::from_secs(3);
/// How long it is known that a campaign is gone. It does not come back.
const GONE_LIFE: TimeDelta = TimeDelta::minutes(1);
/// So many are known to be gone.
const GONE_MOST: usize = 1_000;

/// Where the database is had from.
#[derive(Debug)]
pub struct DatabaseSource {
    database: OnceCell<Database>,
    settings: Option<(DatabaseConfig, SdkConfig)>,
}

impl From<Database> for DatabaseSource {
    fn from(database: Database) -> Self {
        Self { database: OnceCell::new_with(Some(database)), settings: None }
    }
}

impl DatabaseSource {
    /// Reads the credentials. When they are not to be had now, they are read when somebody asks: usually the store knows the way.
    pub async fn prepare(config: DatabaseConfig, sdk: SdkConfig) -> Self {
        let source = Self { database: OnceCell::new(), settings: Some((config, sdk)) };
        let prepared = timeout(PREPARING, source.database()).await;
        if let Err(NobodyKnows(error)) = prepared.unwrap_or_else(|_| Err(no_answer())).map(drop) {
            tracing::warn!(event = "database.not_prepared", error, "the credentials are read when they are needed");
        }
        source
    }

    async fn database(&self) -> Result<&Database, NobodyKnows> {
        let connect = async || {
            let (config, sdk) = self.settings.as_ref().ok_or_else(no_answer)?;
            Database::connect_lazily(config, sdk).await.map_err(|error| NobodyKnows(chain(&error)))
        };
        self.database.get_or_try_init(connect).await
    }
}

/// Why nobody knows the way.
#[derive(Debug)]
pub struct NobodyKnows(pub String);

fn no_answer() -> NobodyKnows {
    NobodyKnows("no answer in time".to_owned())
}

/// The database behind a breaker.
pub struct GuardedDatabase {
    source: DatabaseSource,
    breaker: Breaker,
    gone: Mutex<HashMap<CampaignId, DateTime<Utc>>>,
    pub query_patience: Duration,
}

impl GuardedDatabase {
    pub fn new(source: DatabaseSource) -> Self {
        Self { source, breaker: Breaker::default(), gone: Mutex::default(), query_patience: QUERY_PATIENCE }
    }

    /// Whether the database said a moment ago that the campaign's links lead nowhere.
    pub fn said_that_gone(&self, campaign: CampaignId, now: DateTime<Utc>) -> bool {
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.get(&campaign).is_some_and(|until| now < *until)
    }

    /// Where the campaign's links lead. Asks in a task of its own: what the database does is not cut short when the visitor gives
    /// up, and whether it answered is noted all the same.
    pub async fn find(
        self: &Arc<Self>,
        campaign: CampaignId,
        ambient: &Arc<Ambient>,
    ) -> Result<Option<Destination>, NobodyKnows> {
        if !self.breaker.lets_through(ambient.now()) {
            return Err(NobodyKnows("the database did not answer a moment ago and is left alone".to_owned()));
        }
        let (database, clock) = (Arc::clone(self), Arc::clone(ambient));
        let asked = tokio::spawn(async move {
            let answer = database.ask(campaign).await;
            database.breaker.note(answer.is_ok(), clock.now());
            if let Ok(None) = answer {
                database.remember_that_gone(campaign, clock.now());
            }
            answer
        });
        match timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(NobodyKnows(chain(&error))),
            Err(_) => {
                self.breaker.note(false, ambient.now());
                Err(no_answer())
            }
        }
    }

    /// A connection is used once: there is one at a time, and giving it back to be used again would wait for a peer that may have
    /// vanished, as long as the system waits for it.
    async fn ask(&self, campaign: CampaignId) -> Result<Option<Destination>, NobodyKnows> {
        let mut connection = match self.source.database().await?.acquire().await {
            Ok(connection) => connection,
            Err(error) => return Err(NobodyKnows(chain(&error))),
        };
        connection.close_on_drop();
        match timeout(self.query_patience, campaigns::find_destination(&mut connection, campaign)).await {
            Ok(answer) => answer.map_err(|error| NobodyKnows(chain(&error))),
            Err(_) => Err(no_answer()),
        }
    }

    fn remember_that_gone(&self, campaign: CampaignId, now: DateTime<Utc>) {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        if gone.len() >= GONE_MOST {
            gone.clear();
        }
        gone.insert(campaign, now + GONE_LIFE);
    }
}
