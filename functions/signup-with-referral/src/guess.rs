//! Looking a code up, for one who may be guessing.

use shared::clock::Ambient;
use shared::db::Database;
use shared::db::code_guesses::{self, PER_ACCOUNT, PER_SOURCE};
use shared::db::referral_codes::{self, Shown};
use shared::http::{Kind, Problem, Source};
use shared::model::ReferralCode;
use shared::model::person_key::{Pepper, PersonKey};

/// One who shows codes, and how many that cannot be used are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guesser {
    key: PersonKey,
    limit: u32,
}

impl Guesser {
    /// Somebody who is signed in.
    pub(crate) fn account(pepper: &Pepper, subject: &str) -> Self {
        Self { key: pepper.guesser(subject), limit: PER_ACCOUNT }
    }

    /// A place in the network. Nobody, when the place is not known: then all who come from nowhere would be one.
    pub(crate) fn source(pepper: &Pepper, source: &Source) -> Option<Self> {
        (!source.0.is_empty()).then(|| Self { key: pepper.guesser(&source.0), limit: PER_SOURCE })
    }
}

/// What the code leads to. Codes that do not exist, are disabled, have expired or lost their owner are answered alike after the same
/// statements, and are counted. Whoever has shown too many of them is told nothing more for a while, not about right codes either:
/// what is answered then says nothing about the code, which is not even looked up.
///
/// `subject` is who is signed in: somebody who has joined by a code of before may show it again.
pub(crate) async fn look_up(
    database: &Database,
    ambient: &Ambient,
    guesser: Option<Guesser>,
    code: &ReferralCode,
    subject: Option<&str>,
) -> Result<Shown, Problem> {
    let now = ambient.now();
    {
        let mut connection = database.acquire().await?;
        if let Some(Guesser { key, limit }) = guesser
            && let Some(end) = code_guesses::find_end_of_block(&mut connection, key, limit, now).await?
        {
            // Rounded up: a second too late is right, a second too early is not.
            let seconds = (end - now).num_milliseconds().unsigned_abs().div_ceil(1000);
            tracing::info!(event = "code.guessing", "somebody has shown too many codes that cannot be used");
            return Err(Problem::of(Kind::TooManyGuesses).retry_after(seconds));
        }
        if let Some(shown) = referral_codes::find_shown(&mut connection, code, subject, now).await? {
            return Ok(shown);
        }
    }
    if let Some(Guesser { key, .. }) = guesser {
        // Lines of others are deleted meanwhile: a deadlock with that is tried again.
        let work = database.transaction::<_, sqlx::Error>("count_guess", |tx| {
            Box::pin(async move { code_guesses::count(tx, key, now).await })
        });
        work.await?;
    }
    Err(Problem::of(Kind::UnknownCode))
}
