//! Korean texts of the pages about clinic.

use crate::words::clinic::Clinic;

/// Korean.
pub const WORDS: Clinic = Clinic { title: "병원 등록" };
