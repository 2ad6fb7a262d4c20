//! Texts of the pages about settings.

/// Texts of the pages about settings.
#[derive(Debug)]
pub struct Settings {
    /// The title of the page.
    pub title: &'static str,
}
