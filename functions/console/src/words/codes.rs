//! Texts of the pages about codes.

/// Texts of the pages about codes.
#[derive(Debug)]
pub struct Codes {
    /// The title of the page.
    pub title: &'static str,
}
