//! Looking a code up, for one who may be guessing.

use shared::clock::Ambient;
use shared::db::code_guesses;
use shared::db::referral_codes::{self, Shown};
use shared::http::{Kind, Problem};
use shared::model::ReferralCode;
use shared::model::person_key::PersonKey;
use sqlx::MySqlConnection;

/// What the code leads to. Codes that do not exist, are disabled, have expired or lost their owner are answered alike after the same
/// statements, and are counted. Whoever has shown too many of them is told nothing more for a while, not about right codes either:
/// what is answered then says nothing about the code, which is not even looked up.
///
/// `subject` is who is signed in: somebody who has joined by a code of before may show it again.
pub(crate) async fn look_up(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    guesser: PersonKey,
    code: &ReferralCode,
    subject: Option<&str>,
) -> Result<Shown, Problem> {
    let now = ambient.now();
    if let Some(end) = code_guesses::find_end_of_block(connection, guesser, now).await? {
        // Rounded up: a second too late is right, a second too early is not.
        let seconds = (end - now).num_milliseconds().unsigned_abs().div_ceil(1000);
        tracing::info!(event = "code.guessing", "somebody has shown too many codes that cannot be used");
        return Err(Problem::of(Kind::TooManyGuesses).retry_after(seconds));
    }
    if let Some(shown) = referral_codes::find_shown(connection, code, subject, now).await? {
        return Ok(shown);
    }
    code_guesses::count(connection, guesser, now).await?;
    Err(Problem::of(Kind::UnknownCode))
}
