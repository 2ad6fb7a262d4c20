//! Korean texts of the pages about points.

use crate::words::points::Points;

/// Korean.
pub const WORDS: Points = Points { title: "포인트" };
