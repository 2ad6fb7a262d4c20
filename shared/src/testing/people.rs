//! What functions about people need in a test.

use crate::http::SourceKey;
use crate::model::console::ConsoleOrigin;
use crate::model::person_key::Pepper;

/// The pepper of tests.
///
/// # Panics
/// Never: it is long enough.
#[must_use]
pub fn pepper() -> Pepper {
    Pepper::new("the pepper of tests, and of nothing else").expect("it is long enough")
}

/// Where the console of tests is.
///
/// # Panics
/// Never: it is an origin.
#[must_use]
pub fn console() -> ConsoleOrigin {
    "https://app.example.com".parse().expect("it is an origin")
}

/// The key of tests, by which the console proves where its visitors come from.
///
/// # Panics
/// Never: it is long enough.
#[must_use]
pub fn source_key() -> SourceKey {
    SourceKey::new("the key of tests, and of nothing else").expect("it is long enough")
}
