//! Redis: where links lead, live click counters, progress. It can be flushed at any time: nothing lives only here.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisError};
use serde::{Deserialize, Serialize};

use crate::config::Environment;
use crate::model::state::ClickClass;
use crate::model::{CampaignId, ClinicId, ImportId};

/// How long a campaign's destination stays without being asked for.
const LINK_LIFE: Duration = Duration::from_hours(24 * 90);
/// How long progress is kept after the last step.
const PROGRESS_LIFE: Duration = Duration::from_hours(24);

/// A connection to the store, which heals itself.
#[derive(Clone)]
pub struct Store {
    connection: ConnectionManager,
}

/// Where the links of a campaign lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Whose campaign.
    pub clinic: ClinicId,
    /// The address.
    pub url: String,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Rows of the file read so far.
    pub rows_read: Option<u32>,
}

/// The setting `REDIS_URL`.
pub fn read_url(environment: &mut Environment) -> String {
    environment.text("REDIS_URL")
}

impl Store {
    /// Prepares the connection; a store that is down now may be up later, so this does not wait for it. A command waits at
    /// most `patience`, whatever happens to the store.
    ///
    /// # Errors
    /// When the address is malformed.
    pub fn new(url: &str, patience: Duration) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience))
            .set_number_of_retries(1);
        let connection = ConnectionManager::new_lazy_with_config(Client::open(url)?, config)?;
        Ok(Self { connection })
    }

    /// Remembers where a campaign's links lead.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn put_destination(&self, campaign: CampaignId, destination: &Destination) -> Result<(), RedisError> {
        let value = serde_json::to_string(destination).unwrap_or_default();
        self.connection.clone().set_ex(link_key(campaign), value, LINK_LIFE.as_secs()).await
    }

    /// Looks a destination up and counts the visit live, in one round trip.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn visit(&self, campaign: CampaignId, class: ClickClass) -> Result<Option<Destination>, RedisError> {
        let life = i64::try_from(LINK_LIFE.as_secs()).unwrap_or(i64::MAX);
        let (value,): (Option<String>,) = redis::pipe()
            .get(link_key(campaign))
            .hincr(live_key(campaign), class.as_str(), 1)
            .ignore()
            .expire(live_key(campaign), life)
            .ignore()
            .query_async(&mut self.connection.clone())
            .await?;
        Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
    }

    /// Says how many rows of an import's file are read.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn set_rows_read(&self, import: ImportId, rows: u32) -> Result<(), RedisError> {
        let key = format!("progress:{import}");
        let life = i64::try_from(PROGRESS_LIFE.as_secs()).unwrap_or(i64::MAX);
        redis::pipe()
            .hset(&key, "rows_read", rows)
            .ignore()
            .expire(&key, life)
            .ignore()
            .query_async(&mut self.connection.clone())
            .await
    }

    /// How far an import is, as far as is known.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn progress(&self, import: ImportId) -> Result<Progress, RedisError> {
        let key = format!("progress:{import}");
        let rows_read = self.connection.clone().hget(key, "rows_read").await?;
        Ok(Progress { rows_read })
    }
}

fn link_key(campaign: CampaignId) -> String {
    format!("link:{campaign}")
}

fn live_key(campaign: CampaignId) -> String {
    format!("live:{campaign}")
}
