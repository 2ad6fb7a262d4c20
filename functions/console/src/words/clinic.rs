//! Texts of the pages about clinic.

/// Texts of the pages about clinic.
#[derive(Debug)]
pub struct Clinic {
    /// The title of the page.
    pub title: &'static str,
}
