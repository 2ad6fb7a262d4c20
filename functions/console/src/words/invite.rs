//! Texts of the pages about invite.

/// Texts of the pages about invite.
#[derive(Debug)]
pub struct Invite {
    /// The title of the page.
    pub title: &'static str,
}
