//! English texts of the pages about campaigns.

use crate::words::campaigns::Campaigns;

/// English.
pub const WORDS: Campaigns = Campaigns { title: "Sending" };
