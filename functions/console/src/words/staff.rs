//! Texts of the pages about staff.

/// Texts of the pages about staff.
#[derive(Debug)]
pub struct Staff {
    /// The title of the page.
    pub title: &'static str,
}
