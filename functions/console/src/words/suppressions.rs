//! Texts of the pages about suppressions.

/// Texts of the pages about suppressions.
#[derive(Debug)]
pub struct Suppressions {
    /// The title of the page.
    pub title: &'static str,
}
