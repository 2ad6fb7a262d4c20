//! Korean texts of the pages about suppressions.

use crate::words::suppressions::Suppressions;

/// Korean.
pub const WORDS: Suppressions = Suppressions { title: "수신 거부" };
