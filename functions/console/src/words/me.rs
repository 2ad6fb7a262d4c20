//! Texts of the pages about me.

/// Texts of the pages about me.
#[derive(Debug)]
pub struct Me {
    /// The title of the page.
    pub title: &'static str,
}
