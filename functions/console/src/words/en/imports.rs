//! English texts of the pages about imports.

use crate::words::imports::Imports;

/// English.
pub const WORDS: Imports = Imports { title: "Imports" };
