//! Korean texts of the pages about me.

use crate::words::me::Me;

/// Korean.
pub const WORDS: Me = Me { title: "내 단골" };
