//! English texts of the pages about staff.

use crate::words::staff::Staff;

/// English.
pub const WORDS: Staff = Staff { title: "Staff" };
