//! English texts of the pages about send.

use crate::words::send::Send;

/// English.
pub const WORDS: Send = Send { title: "New sending" };
