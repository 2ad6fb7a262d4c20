//! English texts of the pages about points.

use crate::words::points::Points;

/// English.
pub const WORDS: Points = Points { title: "Points" };
