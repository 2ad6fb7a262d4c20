//! Texts of the pages about customers.

/// Texts of the pages about customers.
#[derive(Debug)]
pub struct Customers {
    /// The title of the page.
    pub title: &'static str,
}
