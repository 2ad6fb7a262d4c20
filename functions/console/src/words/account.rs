//! Texts of the pages about accounts.

/// Texts of the pages about accounts.
#[derive(Debug)]
pub struct Account {
    /// The title of the sign-in page and its button.
    pub sign_in: &'static str,
    /// Above the sign-in that interrupts a form.
    pub sign_in_again: &'static str,
    /// What becomes of that form.
    pub form_is_kept: &'static str,
    /// A password.
    pub password: &'static str,
    /// Leads to the sign-up.
    pub sign_up: &'static str,
    /// Leads to the reset of a password.
    pub forgot: &'static str,
    /// Before the link to the sign-up.
    pub no_account: &'static str,
}
