//! Texts of the pages about groups.

/// Texts of the pages about groups.
#[derive(Debug)]
pub struct Groups {
    /// The title of the page.
    pub title: &'static str,
}
