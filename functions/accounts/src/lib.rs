//! Triggered by the routes below `/v1/accounts`, `/v1/sessions`, `/v1/password` and `/v1/me/phone`.
//! Responsible for what people do with their accounts: Cognito keeps them, and nobody learns here whose address has one.

mod account;
mod cognito;
mod input;
mod phone;
mod refusal;
mod session;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use shared::http::{Kind, Problem, Table};
use shared::route;
use utoipa::openapi::OpenApi;

use refusal::No;

pub use cognito::Cognito;

/// How long an answer takes at least that must not tell, by its time, whether an address has an account: longer than the three
/// calls of Cognito that such an answer may need.
pub const FLOOR: Duration = Duration::from_millis(1500);

/// How long a call of Cognito may take with all its tries. A request needs up to four, with the one that reads the client's secret;
/// they end before the function's `Timeout`, so that nothing is left undone between two of them without an answer.
pub const CALL: Duration = Duration::from_secs(5);

/// What the use case needs.
pub struct Deps {
    /// Who keeps the accounts.
    pub cognito: Cognito,
    /// Whether the user pool sends text messages.
    pub proves_phones: bool,
    /// How long answers take at least that are the same with and without an account.
    pub floor: Duration,
}

/// Too many requests for the service that keeps the accounts, or for this one.
const BUSY: Kind = Kind::TooManyAttempts;
/// That service does not answer.
const DOWN: Kind = Kind::SignInUnavailable;

fn table() -> Table<Arc<Deps>> {
    Table::new(
        "Accounts",
        "Signing up, signing in, and proving what is one's own. No answer tells whether an address has an account.",
    )
    .add(route!(account::sign_up).answers(&[Kind::WeakPassword, BUSY, DOWN]))
    .add(route!(account::confirm).answers(&[Kind::WrongCode, Kind::WeakPassword, BUSY, DOWN]))
    .add(route!(account::resend).answers(&[BUSY, DOWN]))
    .add(route!(session::sign_in).answers(&[Kind::WrongCredentials, BUSY, DOWN]))
    .add(route!(session::refresh).answers(&[Kind::Unauthenticated, BUSY, DOWN]))
    .add(route!(session::end).answers(&[BUSY, DOWN]))
    .add(route!(account::forgot).answers(&[BUSY, DOWN]))
    .add(route!(account::reset).answers(&[Kind::WrongCode, Kind::WeakPassword, BUSY, DOWN]))
    .add(route!(phone::send_code).answers(&[Kind::PhoneProofOff, Kind::WrongCode, BUSY, DOWN]))
    .add(route!(phone::verify).answers(&[Kind::PhoneProofOff, Kind::WrongCode, BUSY, DOWN]))
}

/// The routes of this function.
pub fn routes(deps: Deps) -> Router {
    table().router(Arc::new(deps))
}

/// The documentation of these routes.
#[must_use]
pub fn openapi() -> OpenApi {
    table().document()
}

/// Does it, and answers no sooner than that.
async fn no_sooner<T>(floor: Duration, work: impl Future<Output = T>) -> T {
    let (answer, ()) = tokio::join!(work, tokio::time::sleep(floor));
    answer
}

/// What to answer when it is not about the person.
fn troubled(refusal: No) -> Problem {
    match refusal {
        No::Busy | No::TooOften => Problem::of(Kind::TooManyAttempts),
        _ => Problem::of(Kind::SignInUnavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    /// The number that stands at a key, the first one behind a certain line of the template.
    fn number(line: &str, key: &str) -> u64 {
        let (_, rest) = TEMPLATE.split_once(&format!("{line}\n")).unwrap_or_else(|| panic!("no {line}"));
        let (_, rest) = rest.split_once(key).unwrap_or_else(|| panic!("no {key} behind {line}"));
        let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap()
    }

    #[test]
    fn every_call_of_a_request_has_ended_before_the_function_is_cut_off() {
        assert!(number("  AccountsFunction:", "Timeout: ") > 4 * CALL.as_secs());
    }

    #[test]
    fn answers_that_are_held_back_leave_environments_for_those_who_sign_in() {
        let burst = |path: &str| number(&format!("        - ResourcePath: {path}"), "ThrottlingBurstLimit: ");
        let held = ["/~1v1~1accounts", "/~1v1~1accounts~1resend", "/~1v1~1password~1forgot"].map(burst);
        let environments = number("  AccountsFunction:", "ReservedConcurrentExecutions: !If [LimitConcurrency, ");
        assert!(held.iter().sum::<u64>() + burst("/~1v1~1sessions") <= environments, "{held:?} {environments}");
    }
}
