//! Visits that the redirect parked in the store because their queue was away.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::Serialize;
use shared::aws::queues::{NotSent, Queue, Refused};
use shared::clock::Ambient;
use shared::failure::Failure;
use shared::message::ClickReceived;
use shared::store::Store;

/// The queue takes so many by one call.
const AT_ONCE: usize = 10;
/// How long calls may begin; what is left waits for the next minute. One takes ten seconds at most, and the function has 55.
const TIME: TimeDelta = TimeDelta::seconds(30);

/// The queue of record-clicks.
pub trait ClickQueue: Sync {
    /// Sends at most ten messages as they are, by one call; answers those that it did not take.
    fn send_bodies(&self, bodies: &[String]) -> impl Future<Output = Result<Vec<Refused>, NotSent>> + Send;
}

impl ClickQueue for Queue {
    async fn send_bodies(&self, bodies: &[String]) -> Result<Vec<Refused>, NotSent> {
        Self::send_bodies(self, bodies).await
    }
}

/// Where visits wait, and where they belong.
pub struct ParkedClicks<Q> {
    /// Where they wait.
    pub store: Store,
    /// Where they belong.
    pub queue: Q,
}

/// What became of the visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct HandedOver {
    /// Visits that their queue has now.
    pub queued: usize,
    /// Visits that their queue never takes. They are in the log.
    pub unqueueable: usize,
}

impl<Q: ClickQueue> ParkedClicks<Q> {
    /// Hands parked visits over, oldest first. One leaves the store only when the queue has it, or will never take it: killed in
    /// between, it is queued twice, and recorded once by its id.
    ///
    /// # Errors
    /// When the store does not answer, or the queue does not take them: the alarm on this function's errors then says so.
    pub async fn hand_over(&self, ambient: &Ambient) -> Result<HandedOver, Failure> {
        if let Some(count) = self.store.parked_too_many().await.map_err(Failure::retry)? {
            tracing::error!(
                event = "clicks.parked_too_many",
                count,
                "there is hardly room for more clicks; the oldest go first"
            );
        }
        let mut done = HandedOver::default();
        let outcome = self.work_off(ambient, &mut done).await;
        if done.queued > 0 {
            tracing::warn!(event = "clicks.unparked", count = done.queued, "clicks were queued late");
        }
        outcome.map(|()| done)
    }

    /// Those that the queue does not take now stay, and do not keep later ones from their turn. When a call fails as a whole, the
    /// others need not be tried before the next minute.
    async fn work_off(&self, ambient: &Ambient, done: &mut HandedOver) -> Result<(), Failure> {
        let until = ambient.now() + TIME;
        let (mut last, mut left) = (None::<String>, 0);
        while ambient.now() < until {
            let parked = self.store.parked_behind(last.as_deref(), AT_ONCE).await.map_err(Failure::retry)?;
            let (ids, bodies): (Vec<_>, Vec<_>) = parked.into_iter().unzip();
            last = ids.last().cloned();
            if last.is_none() {
                break;
            }
            let refused = self.queue.send_bodies(&bodies).await.map_err(Failure::retry)?;
            let (unqueueable, refused): (Vec<_>, Vec<_>) = refused.into_iter().partition(|one| one.is_for_ever);
            for one in &unqueueable {
                if let (Some(id), Some(body)) = (ids.get(one.position), bodies.get(one.position)) {
                    say_unqueueable(id, body, &one.code);
                }
            }
            let refused: BTreeSet<_> = refused.iter().map(|one| one.position).collect();
            let gone = ids.into_iter().enumerate().filter(|(position, _)| !refused.contains(position));
            let gone: Vec<_> = gone.map(|(_, id)| id).collect();
            self.store.unpark(&gone).await.map_err(Failure::retry)?;
            done.queued += gone.len().saturating_sub(unqueueable.len());
            done.unqueueable += unqueueable.len();
            left += refused.len();
        }
        match left {
            0 => Ok(()),
            left => Err(Failure::retry(format!("{left} parked clicks were not taken by their queue"))),
        }
    }
}

/// Whose visit is lost, without what the visitor sent.
fn say_unqueueable(parked: &str, body: &str, code: &str) {
    let visit = serde_json::from_str::<ClickReceived>(body).ok();
    let visit =
        visit.map(|ClickReceived::V1 { click_id, campaign_id, message_number, .. }| (click_id, campaign_id, message_number));
    tracing::error!(
        event = "clicks.unqueueable",
        parked.id = parked,
        click.id = visit.map(|(click, ..)| tracing::field::display(click)),
        campaign.id = visit.map(|(_, campaign, _)| tracing::field::display(campaign)),
        message.number = visit.map(|(.., number)| number),
        code,
        "a queue never takes this click; it waits no more"
    );
}
