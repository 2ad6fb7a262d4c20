//! Korean texts of the pages about audit.

use crate::words::audit::Audit;

/// Korean.
pub const WORDS: Audit = Audit { title: "감사 기록" };
