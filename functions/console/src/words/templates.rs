//! Texts of the pages about templates.

/// Texts of the pages about templates.
#[derive(Debug)]
pub struct Templates {
    /// The title of the page.
    pub title: &'static str,
}
