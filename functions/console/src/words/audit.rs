//! Texts of the pages about audit.

/// Texts of the pages about audit.
#[derive(Debug)]
pub struct Audit {
    /// The title of the page.
    pub title: &'static str,
}
