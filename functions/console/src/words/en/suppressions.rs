//! English texts of the pages about suppressions.

use crate::words::suppressions::Suppressions;

/// English.
pub const WORDS: Suppressions = Suppressions { title: "Opt-outs" };
