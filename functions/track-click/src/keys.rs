//! The keys that sign links, which change while this process runs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::model::MessageId;
use shared::model::link::{LinkKeys, UnknownLink};
use tokio::sync::Mutex;

/// How long a visitor waits for the keys to be read again.
const PATIENCE: Duration = Duration::from_secs(1);
/// They are read again at most once in this time, whatever guessers show.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Where the keys are kept.
pub trait KeySource: Send + Sync + 'static {
    /// Reads all keys; an error says why not, without a word of the secret.
    fn read(&self) -> impl Future<Output = Result<LinkKeys, String>> + Send;
}

/// For keys that cannot be read again. There is none.
#[derive(Debug)]
pub enum NoSource {}

impl KeySource for NoSource {
    async fn read(&self) -> Result<LinkKeys, String> {
        match *self {}
    }
}

/// The keys, and where to read them again: prepare-campaign may sign with a newer key than a process knows that has run for
/// hours.
pub struct Keys<K> {
    held: RwLock<Arc<LinkKeys>>,
    source: Option<K>,
    read_at: Mutex<Option<DateTime<Utc>>>,
}

impl<K: KeySource> Keys<K> {
    /// Begins with keys that were read already.
    pub fn new(keys: LinkKeys, source: Option<K>) -> Self {
        Self { held: RwLock::new(Arc::new(keys)), source, read_at: Mutex::new(None) }
    }

    /// The same keys, read again from somewhere else.
    pub fn from<S>(self, source: S) -> Keys<S> {
        Keys { held: self.held, source: Some(source), read_at: self.read_at }
    }

    /// The keys as they are known now.
    pub fn held(&self) -> Arc<LinkKeys> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads a token; if it names a key that is not held, after reading the keys again.
    pub async fn read(&self, token: &str, now: DateTime<Utc>) -> Result<MessageId, UnknownLink> {
        let held = self.held();
        match held.read(token) {
            Err(UnknownLink) if held.lack_key_of(token) => self.read_with_new_keys(token, now).await,
            read => read,
        }
    }

    async fn read_with_new_keys(&self, token: &str, now: DateTime<Utc>) -> Result<MessageId, UnknownLink> {
        let source = self.source.as_ref().ok_or(UnknownLink)?;
        // Whoever comes meanwhile waits for what the first one finds.
        let mut read_at = self.read_at.lock().await;
        // A clock that was set back must not keep them from being read.
        let may_read = read_at.is_none_or(|at| now < at || at + PAUSE <= now);
        if may_read {
            *read_at = Some(now);
            match tokio::time::timeout(PATIENCE, source.read()).await.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
                Ok(keys) => {
                    *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
                    tracing::info!(event = "link.keys_read", "a link names a key that was not known; they were read again");
                }
                Err(error) => tracing::warn!(event = "link.keys_not_read", error, "a link names a key that nobody can tell"),
            }
        }
        drop(read_at);
        self.held().read(token)
    }
}
