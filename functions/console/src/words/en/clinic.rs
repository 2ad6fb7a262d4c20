//! English texts of the pages about clinic.

use crate::words::clinic::Clinic;

/// English.
pub const WORDS: Clinic = Clinic { title: "Your clinic" };
