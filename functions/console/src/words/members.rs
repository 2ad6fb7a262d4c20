//! Texts of the pages about members.

/// Texts of the pages about members.
#[derive(Debug)]
pub struct Members {
    /// The title of the page.
    pub title: &'static str,
}
