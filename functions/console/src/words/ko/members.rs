//! Korean texts of the pages about members.

use crate::words::members::Members;

/// Korean.
pub const WORDS: Members = Members { title: "단골" };
