//! Korean texts of the pages about groups.

use crate::words::groups::Groups;

/// Korean.
pub const WORDS: Groups = Groups { title: "그룹" };
