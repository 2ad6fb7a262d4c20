//! What the redirect keeps in the store: live counters, visits whose queue was away, and how often somebody guessed.

use std::collections::BTreeMap;
use std::time::Duration;

use redis::{AsyncCommands, Pipeline, RedisError, RedisResult};

use super::{LINK_LIFE, Store, link_key};
use crate::failure::chain;
use crate::model::CampaignId;
use crate::model::link::Destination;
use crate::model::state::ClickClass;

/// The stream of visits that wait for their queue.
const PARKED: &str = "clicks:parked";
/// About so many visits are kept in it: 200 MB of usual ones, 600 MB when every agent is as long as it may be.
const PARKED_MOST: u64 = 300_000;
/// How long guesses of one minute are remembered: longer than the minute, whatever the clocks of the processes say.
const GUESS_LIFE: Duration = Duration::from_mins(2);

impl Store {
    /// Looks a destination up and counts the visit live, in one round trip. When the connection turns out to be gone, the
    /// destination is looked up by the next one and nothing is counted: the store may have counted before, and must never have
    /// counted more than there were.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn visit(&self, campaign: CampaignId, class: ClickClass) -> Result<Option<Destination>, RedisError> {
        let key = live_key(campaign);
        let mut pipe = redis::pipe();
        pipe.ignore_errors().get(link_key(campaign)).hincr(&key, class.as_str(), 1);
        pipe.expire(&key, seconds(LINK_LIFE)).ignore();
        match self.write::<(RedisResult<Option<String>>, RedisResult<i64>)>(&pipe).await {
            Ok((value, counted)) => {
                if let Err(error) = self.written(counted) {
                    // A store that is full or no primary any more knows the way all the same.
                    tracing::warn!(event = "store.failed", error = chain(&error), "the store knows the way and does not count");
                }
                value.map(read)
            }
            Err(error) if error.is_connection_dropped() => self.find_destination(campaign).await,
            Err(error) => Err(error),
        }
    }

    /// Looks a destination up and counts nothing.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn find_destination(&self, campaign: CampaignId) -> Result<Option<Destination>, RedisError> {
        self.connection().get(link_key(campaign)).await.map(read)
    }

    /// Counts a visit live whose way is known. Answers how many there are of its class: 1 says that the store knew of none, be
    /// it because this is the first or because the store was emptied.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn count(&self, campaign: CampaignId, class: ClickClass) -> Result<i64, RedisError> {
        let key = live_key(campaign);
        let mut pipe = redis::pipe();
        pipe.hincr(&key, class.as_str(), 1).expire(&key, seconds(LINK_LIFE)).ignore();
        self.write::<(i64,)>(&pipe).await.map(|(count,)| count)
    }

    /// Teaches a store that was emptied, or cannot read what it has, where the links lead.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn teach(&self, campaign: CampaignId, destination: &Destination) -> Result<(), RedisError> {
        self.written(self.put_destination(campaign, destination).await)
    }

    /// Takes a visit that was counted live out of its class, and into another if it was answered.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn count_as(&self, campaign: CampaignId, was: ClickClass, is: Option<ClickClass>) -> Result<(), RedisError> {
        let key = live_key(campaign);
        let mut pipe = redis::pipe();
        pipe.hincr(&key, was.as_str(), -1).ignore();
        if let Some(is) = is {
            pipe.hincr(&key, is.as_str(), 1).ignore();
        }
        pipe.expire(&key, seconds(LINK_LIFE)).ignore();
        self.write(&pipe).await
    }

    /// The visits answered for a campaign, as the store saw them. Fewer than there were when the store was away or emptied.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn live(&self, campaign: CampaignId) -> Result<BTreeMap<ClickClass, u64>, RedisError> {
        let counted: BTreeMap<String, i64> = self.connection().hgetall(live_key(campaign)).await?;
        let known = |(class, count): (String, i64)| Some((class.parse().ok()?, u64::try_from(count).unwrap_or_default()));
        Ok(counted.into_iter().filter_map(known).collect())
    }

    /// Keeps a visit until its queue works again, as the message that would have been sent.
    ///
    /// # Errors
    /// When the store does not answer; it may have the visit all the same.
    pub async fn park(&self, body: &str) -> Result<(), RedisError> {
        self.park_all([body]).await
    }

    /// [park](Self::park) for several, in one round trip.
    ///
    /// # Errors
    /// When the store does not answer; it may have some or all of them all the same.
    pub async fn park_all(&self, bodies: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), RedisError> {
        let mut pipe = Pipeline::new();
        for body in bodies {
            let mut add = redis::cmd("XADD");
            add.arg(PARKED).arg("MAXLEN").arg("~").arg(PARKED_MOST).arg("*").arg("body").arg(body.as_ref());
            pipe.add_command(add).ignore();
        }
        if pipe.is_empty() {
            return Ok(());
        }
        self.write(&pipe).await
    }

    /// How many visits are parked when that is many: from four fifths of those that are kept. The oldest go first then.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked_too_many(&self) -> Result<Option<u64>, RedisError> {
        let parked: u64 = redis::cmd("XLEN").arg(PARKED).query_async(&mut self.connection()).await?;
        Ok((parked >= PARKED_MOST / 5 * 4).then_some(parked))
    }

    /// The visits that have been parked longest, at most `count`: their ids in the stream, and the messages.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked(&self, count: usize) -> Result<Vec<(String, String)>, RedisError> {
        self.parked_behind(None, count).await
    }

    /// The same behind one of them, by its id.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked_behind(&self, id: Option<&str>, count: usize) -> Result<Vec<(String, String)>, RedisError> {
        let begin = id.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
        let mut range = redis::cmd("XRANGE");
        range.arg(PARKED).arg(begin).arg("+").arg("COUNT").arg(count);
        let entries: Vec<(String, (String, String))> = range.query_async(&mut self.connection()).await?;
        Ok(entries.into_iter().map(|(id, (_, body))| (id, body)).collect())
    }

    /// Lets go of parked visits, by their ids in the stream, when their queue has them.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn unpark(&self, ids: &[String]) -> Result<(), RedisError> {
        if ids.is_empty() {
            return Ok(());
        }
        redis::cmd("XDEL").arg(PARKED).arg(ids).query_async::<u64>(&mut self.connection()).await.map(drop)
    }

    /// Counts a token that is not ours against who showed it. Answers how many there were in this minute, by all processes.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn guess(&self, guesser: &str, minute: i64) -> Result<u64, RedisError> {
        let key = format!("guess:{guesser}:{minute}");
        let (count,) = redis::pipe()
            .incr(&key, 1)
            .expire(&key, seconds(GUESS_LIFE))
            .ignore()
            .query_async::<(u64,)>(&mut self.connection())
            .await?;
        Ok(count)
    }
}

/// What is not readable is not known, and will be told anew.
fn read(value: Option<String>) -> Option<Destination> {
    value.and_then(|value| serde_json::from_str(&value).ok())
}

fn live_key(campaign: CampaignId) -> String {
    format!("live:{campaign}")
}

fn seconds(life: Duration) -> i64 {
    i64::try_from(life.as_secs()).unwrap_or(i64::MAX)
}
