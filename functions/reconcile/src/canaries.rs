//! Campaigns whose bundles wait for the first one. collect-results releases or stops them as soon as results are there; here are
//! those for which none came, and those whose collector died before it could.

use shared::aws::topics::Publisher;
use shared::db::campaigns::canary::{self, Settled};
use shared::db::campaigns::schedule;
use shared::db::outbox;
use shared::failure::Failure;

use crate::{Deps, Parts, in_time};

/// Campaigns per run; the next run takes more.
const CAMPAIGNS: u32 = 100;

/// Answers how many were released, how many paused, and how many stopped.
pub(crate) async fn settle<V, P: Publisher, Q>(deps: &Deps<V, P, Q>) -> Result<(usize, usize, usize), Failure> {
    let ambient = &deps.ambient;
    let waiting = schedule::list_unreleased(&mut *deps.database.acquire().await?, CAMPAIGNS).await?;
    let mut parts = Parts(None);
    let (mut released, mut paused, mut stopped) = (0, 0, 0);
    for waiting in in_time(&waiting) {
        let done = deps.database.transaction::<_, Failure>("settle_canary", |tx| {
            Box::pin(async move { Ok(canary::settle(tx, ambient, waiting.clinic, waiting.id).await?) })
        });
        match parts.run("settle_canary", done.await) {
            Settled::Released(outgoing) => {
                outbox::publish(&deps.database, &deps.publisher, &outgoing).await;
                released += 1;
            }
            Settled::Paused => paused += 1,
            Settled::Stopped => stopped += 1,
            Settled::Waiting => {}
        }
    }
    parts.0.map_or(Ok((released, paused, stopped)), Err)
}
