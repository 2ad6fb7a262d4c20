//! Korean texts of the pages about imports.

use crate::words::imports::Imports;

/// Korean.
pub const WORDS: Imports = Imports { title: "대량 등록" };
