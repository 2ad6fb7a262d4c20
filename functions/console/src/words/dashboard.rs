//! Texts of the pages about dashboard.

/// Texts of the pages about dashboard.
#[derive(Debug)]
pub struct Dashboard {
    /// The title of the page.
    pub title: &'static str,
}
