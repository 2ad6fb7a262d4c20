//! Points, in whole points.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::schema::{number, schema};

/// An amount of points to grant: never negative, at most [`Points::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32")]
pub struct Points(u32);

/// The amount is more than one grant may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most {}", Points::MAX)]
pub struct TooManyPoints;

impl Points {
    /// The most that one grant may be: a guard against a slipped finger, not a legal limit.
    pub const MAX: u32 = 1_000_000;

    /// The amount as a number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for Points {
    type Error = TooManyPoints;

    fn try_from(amount: u32) -> Result<Self, TooManyPoints> {
        if amount <= Self::MAX { Ok(Self(amount)) } else { Err(TooManyPoints) }
    }
}

schema!(Points, number("An amount of points to grant.", 0, Points::MAX, 1000));

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
