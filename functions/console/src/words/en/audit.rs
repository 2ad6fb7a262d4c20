//! English texts of the pages about audit.

use crate::words::audit::Audit;

/// English.
pub const WORDS: Audit = Audit { title: "Audit log" };
