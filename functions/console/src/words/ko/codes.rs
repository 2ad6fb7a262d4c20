//! Korean texts of the pages about codes.

use crate::words::codes::Codes;

/// Korean.
pub const WORDS: Codes = Codes { title: "추천 코드" };
