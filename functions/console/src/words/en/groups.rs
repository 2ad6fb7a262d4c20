//! English texts of the pages about groups.

use crate::words::groups::Groups;

/// English.
pub const WORDS: Groups = Groups { title: "Groups" };
