//! English texts of the pages about settings.

use crate::words::settings::Settings;

/// English.
pub const WORDS: Settings = Settings { title: "Settings" };
