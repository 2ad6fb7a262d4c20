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
    /// Leads to the sign-up; its title.
    pub sign_up: &'static str,
    /// Leads to the reset of a password.
    pub forgot: &'static str,
    /// Before the link to the sign-up.
    pub no_account: &'static str,
    /// Before the link to the sign-in.
    pub have_account: &'static str,
    /// Leads to the second step of a sign-up that was interrupted.
    pub have_code: &'static str,
    /// Above sign-up and sign-in of somebody who came by an invite link.
    pub back_to_invite: &'static str,
    /// Above sign-up and sign-in of somebody who is to work for a clinic.
    pub back_to_staff_invitation: &'static str,
    /// What the list of steps is called.
    pub steps: &'static str,
    /// The first step.
    pub step_address: &'static str,
    /// The second step.
    pub step_code: &'static str,
    /// Above the first step.
    pub sign_up_lead: &'static str,
    /// Beside the address.
    pub email_hint: &'static str,
    /// Beside the name.
    pub name_hint: &'static str,
    /// The same for those who come to work for a clinic.
    pub staff_name_hint: &'static str,
    /// A phone that may be left out.
    pub phone_optional: &'static str,
    /// Beside it.
    pub phone_hint: &'static str,
    /// Sends the first code.
    pub send_code: &'static str,
    /// The title of the second step.
    pub check_mail: &'static str,
    /// Before the address that a code went to.
    pub code_sent_before: &'static str,
    /// Above the code when no address is known.
    pub code_lead: &'static str,
    /// Where to look for the mail.
    pub mail_hint: &'static str,
    /// The code of a mail.
    pub code: &'static str,
    /// Beside it.
    pub code_hint: &'static str,
    /// A new password.
    pub choose_password: &'static str,
    /// What a password needs.
    pub password_hint: &'static str,
    /// Ends the sign-up.
    pub confirm: &'static str,
    /// Sends the code again.
    pub resend: &'static str,
    /// After it was sent.
    pub resent: &'static str,
    /// Leads back to the first step.
    pub other_address: &'static str,
    /// To those who have an account and do not know it any more.
    pub signed_up_before: &'static str,
    /// After the sign-up, when signing in has not worked.
    pub confirmed: &'static str,
    /// After the sign-up.
    pub welcome: &'static str,
    /// When nobody knows whether a code was used up.
    pub cut_off: &'static str,
    /// The title of the reset.
    pub reset_title: &'static str,
    /// Above the first step of the reset.
    pub forgot_lead: &'static str,
    /// Above the second step of the reset.
    pub reset_lead: &'static str,
    /// Where to look for the mail of a reset.
    pub reset_mail_hint: &'static str,
    /// A new password.
    pub new_password: &'static str,
    /// Sets the new password.
    pub reset: &'static str,
    /// After the reset.
    pub was_reset: &'static str,
    /// After the reset, when signing in has not worked.
    pub was_reset_sign_in: &'static str,
    /// Shows a password.
    pub reveal: &'static str,
    /// Hides it again.
    pub conceal: &'static str,
}
