//! Texts of the pages about campaigns.

/// Texts of the pages about campaigns.
#[derive(Debug)]
pub struct Campaigns {
    /// The title of the page.
    pub title: &'static str,
}
