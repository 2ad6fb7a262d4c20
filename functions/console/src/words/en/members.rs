//! English texts of the pages about members.

use crate::words::members::Members;

/// English.
pub const WORDS: Members = Members { title: "Members" };
