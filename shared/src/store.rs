//! Redis: where links lead, live click counters, progress. It can be flushed at any time: nothing lives only here.

mod clicks;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncCommands, Client, ErrorKind, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, RedisResult, ServerErrorKind,
};

use crate::config::Environment;
use crate::failure::chain;
use crate::model::link::Destination;
use crate::model::{CampaignId, ImportId};

/// How long a campaign's destination stays without being asked for.
const LINK_LIFE: Duration = Duration::from_hours(24 * 90);
/// How long progress is kept after the last step.
const PROGRESS_LIFE: Duration = Duration::from_hours(24);

/// After a failure to connect it is tried once more, so much later.
const PAUSE: Duration = Duration::from_millis(10);
/// A host that is gone says nothing at all. When it has not even acknowledged what was sent for so long, the connection is given
/// up and made anew, where the name leads then.
const GONE: Duration = Duration::from_secs(2);

/// A connection to the store, which heals itself.
#[derive(Clone)]
pub struct Store {
    connection: Arc<RwLock<ConnectionManager>>,
    client: Client,
    config: ConnectionManagerConfig,
    patience: Duration,
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
        Self::with_time_to_connect(url, patience, patience)
    }

    /// The same for those who have a limit of their own and stop waiting: a connection that takes longer than their patience is
    /// made all the same, for the next command.
    ///
    /// # Errors
    /// When the address is malformed.
    pub fn with_time_to_connect(url: &str, patience: Duration, to_connect: Duration) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(to_connect))
            .set_response_timeout(Some(patience))
            .set_min_delay(PAUSE)
            .set_number_of_retries(1);
        let tcp = TcpSettings::default().set_nodelay(true).set_user_timeout(GONE);
        let client = Client::open(url.into_connection_info()?.set_tcp_settings(tcp))?;
        let connection = ConnectionManager::new_lazy_with_config(client.clone(), config.clone())?;
        Ok(Self { connection: Arc::new(RwLock::new(connection)), client, config, patience })
    }

    /// How long a command waits.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    fn connection(&self) -> ConnectionManager {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs commands that write. Where nobody listened when the connection was last tried, it is tried anew: nothing was sent yet.
    async fn write<T: FromRedisValue>(&self, pipe: &Pipeline) -> RedisResult<T> {
        match pipe.query_async(&mut self.connection()).await {
            Err(error) if error.is_connection_refusal() => self.written(pipe.query_async(&mut self.connection()).await),
            answer => self.written(answer),
        }
    }

    /// Passes the answer to a command that writes on. A peer that must not write is no primary any more: the next command goes
    /// where the name leads then.
    fn written<T>(&self, answer: RedisResult<T>) -> RedisResult<T> {
        if let Err(error) = &answer
            && error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
            && let Ok(fresh) = ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone())
        {
            *self.connection.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        }
        answer
    }

    /// Connects before anybody waits for it, for at most so long; a store that is down is no obstacle.
    pub async fn warm_up(&self, patience: Duration) {
        let mut connection = self.connection();
        let ping = redis::cmd("PING");
        let error = match tokio::time::timeout(patience, ping.query_async::<String>(&mut connection)).await {
            Ok(Ok(_)) => return,
            Ok(Err(error)) => chain(&error),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(event = "store.failed", error, "the store is not there yet");
    }

    /// Remembers where a campaign's links lead.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn put_destination(&self, campaign: CampaignId, destination: &Destination) -> Result<(), RedisError> {
        let value = serde_json::to_string(destination).unwrap_or_default();
        self.connection().set_ex(link_key(campaign), value, LINK_LIFE.as_secs()).await
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
            .query_async(&mut self.connection())
            .await
    }

    /// How far an import is, as far as is known.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn progress(&self, import: ImportId) -> Result<Progress, RedisError> {
        let key = format!("progress:{import}");
        let rows_read = self.connection().hget(key, "rows_read").await?;
        Ok(Progress { rows_read })
    }
}

fn link_key(campaign: CampaignId) -> String {
    format!("link:{campaign}")
}
