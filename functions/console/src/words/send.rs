//! Texts of the pages about send.

/// Texts of the pages about send.
#[derive(Debug)]
pub struct Send {
    /// The title of the page.
    pub title: &'static str,
}
