//! Korean texts of the pages about campaigns.

use crate::words::campaigns::Campaigns;

/// Korean.
pub const WORDS: Campaigns = Campaigns { title: "발송" };
