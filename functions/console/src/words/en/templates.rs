//! English texts of the pages about templates.

use crate::words::templates::Templates;

/// English.
pub const WORDS: Templates = Templates { title: "Templates" };
