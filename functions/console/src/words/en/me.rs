//! English texts of the pages about me.

use crate::words::me::Me;

/// English.
pub const WORDS: Me = Me { title: "My clinics" };
