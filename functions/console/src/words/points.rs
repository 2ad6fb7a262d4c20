//! Texts of the pages about points.

/// Texts of the pages about points.
#[derive(Debug)]
pub struct Points {
    /// The title of the page.
    pub title: &'static str,
}
