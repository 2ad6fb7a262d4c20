//! Korean texts of the pages about staff.

use crate::words::staff::Staff;

/// Korean.
pub const WORDS: Staff = Staff { title: "직원" };
