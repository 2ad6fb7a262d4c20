//! Korean texts of the pages about settings.

use crate::words::settings::Settings;

/// Korean.
pub const WORDS: Settings = Settings { title: "설정" };
