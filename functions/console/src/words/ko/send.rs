//! Korean texts of the pages about send.

use crate::words::send::Send;

/// Korean.
pub const WORDS: Send = Send { title: "새 발송" };
