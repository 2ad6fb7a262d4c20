//! Triggered by a schedule, each minute.
//! Responsible for what a withdrawal cannot do at once: deleting the account, and letting messages and imports forget the person; and
//! for letting go of what was kept for a time.

mod accounts;
mod person;

use chrono::TimeDelta;
use serde::Serialize;
use shared::clock::Ambient;
use shared::db::Database;
use shared::db::withdrawals::finish;
use shared::failure::{Failure, chain};
use tokio::time::{Duration, Instant};

pub use accounts::{Accounts, CognitoAccounts};
use person::Round;

/// How long after a withdrawal something may still be written by a use case that had read the person before: longer than any function
/// runs. Until then it is not finished.
pub const SETTLES_WITHIN: TimeDelta = TimeDelta::minutes(30);
/// Withdrawals per run.
const AT_ONCE: u32 = 100;
/// How long a run begins something new for people; the next one goes on. One statement takes 20 s at most, and the function has 55.
pub const TIME: Duration = Duration::from_secs(20);
/// How long a run lets go of what is old, before it looks at anybody.
const EXPIRING: Duration = Duration::from_secs(5);
/// How long a run looks for the phones of one customer, so that others have their turn.
const LOOKING: Duration = Duration::from_secs(5);
/// Lines that one statement lets go of.
const LINES: u32 = 1000;

/// What the use case needs.
pub struct Deps<A> {
    /// The database.
    pub database: Database,
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where accounts are.
    pub accounts: A,
    /// How long a run begins something new for people: [`TIME`].
    pub time: Duration,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Run {
    /// Accounts that were deleted.
    pub accounts: usize,
    /// Messages that were not sent.
    pub excluded: u64,
    /// Messages that forgot whose they were.
    pub forgotten: usize,
    /// Withdrawals of which nothing is left to do.
    pub finished: usize,
    /// Those that wait: for messages that are on their way, or for the next run.
    pub waiting: usize,
    /// Lines that were let go of because of their age: finished withdrawals, hashes, counts of guesses.
    pub expired: u64,
}

/// Goes on with every withdrawal that is not finished, as far as it goes today. Each step can be repeated; one that fails keeps nobody
/// else waiting.
///
/// # Errors
/// When a step failed; the next run tries it again.
pub async fn handle<A: Accounts>(deps: &Deps<A>) -> Result<Run, Failure> {
    // First, and for a time of its own: however much there is to do for people, nothing is kept for longer than is said.
    let (mut expired, mut failed) = (0, None);
    if let Err(error) = expire(deps, &mut expired).await {
        failed.get_or_insert(error);
    }
    let mut round = Round::new(Instant::now() + deps.time);
    let unfinished = finish::list(&mut *deps.database.acquire().await?, AT_ONCE).await?;
    for one in &unfinished {
        if round.is_over() {
            round.run.waiting += 1;
            continue;
        }
        match person::go_on(deps, one, &mut round).await {
            Ok(true) => round.run.finished += 1,
            Ok(false) => round.run.waiting += 1,
            Err(error) => {
                tracing::warn!(event = "withdrawal.failed", user.id = %one.user, error = %chain(&error), "the next run tries again");
                round.run.waiting += 1;
                failed.get_or_insert(error);
            }
        }
    }
    let run = Run { expired, ..round.run };
    if run != Run::default() {
        tracing::info!(event = "withdrawals.worked_on", ?run, "people were forgotten");
    }
    failed.map_or(Ok(run), Err)
}

/// Lets go of what has been kept for long enough.
async fn expire<A>(deps: &Deps<A>, expired: &mut u64) -> Result<(), Failure> {
    let (now, until) = (deps.ambient.now(), Instant::now() + EXPIRING);
    let mut connection = deps.database.acquire().await?;
    while Instant::now() < until {
        let mut gone = finish::delete_finished(&mut connection, now, LINES).await?;
        gone += finish::delete_keys(&mut connection, now, LINES).await?;
        gone += finish::delete_guesses(&mut connection, now, LINES).await?;
        *expired += gone;
        if gone == 0 {
            break;
        }
    }
    Ok(())
}
