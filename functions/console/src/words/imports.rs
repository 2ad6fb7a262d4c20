//! Texts of the pages about imports.

/// Texts of the pages about imports.
#[derive(Debug)]
pub struct Imports {
    /// The title of the page.
    pub title: &'static str,
}
