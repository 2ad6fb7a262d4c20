//! English texts of the pages about codes.

use crate::words::codes::Codes;

/// English.
pub const WORDS: Codes = Codes { title: "Referral codes" };
