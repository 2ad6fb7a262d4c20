//! Texts of the pages about colleagues.

/// Texts of the pages about colleagues.
#[derive(Debug)]
pub struct Staff {
    /// The title of the list.
    pub title: &'static str,
    /// What the links between the lists are called.
    pub lists: &'static str,
    /// Those who work for the clinic.
    pub present: &'static str,
    /// Those who are invited.
    pub invitations: &'static str,
    /// Those who have left.
    pub removed: &'static str,
    /// Leads to the form, and makes an invitation.
    pub invite: &'static str,
    /// What the table lists.
    pub caption: &'static str,
    /// What the table lists.
    pub removed_caption: &'static str,
    /// What the table lists.
    pub invitations_caption: &'static str,
    /// What somebody may do.
    pub role: &'static str,
    /// May do everything.
    pub owner: &'static str,
    /// May do the daily work.
    pub staff: &'static str,
    /// What an owner may do.
    pub owner_text: &'static str,
    /// What a colleague may do.
    pub staff_text: &'static str,
    /// Since when somebody has worked for the clinic.
    pub since: &'static str,
    /// When somebody left.
    pub until: &'static str,
    /// Beside the person who looks.
    pub you: &'static str,
    /// What can be done.
    pub actions: &'static str,
    /// Leads to the form of a colleague.
    pub change: &'static str,
    /// Leads to what somebody did.
    pub activity: &'static str,
    /// Nobody but the owner is there: title.
    pub alone_title: &'static str,
    /// Nobody but the owner is there: text.
    pub alone_text: &'static str,
    /// Nobody has left.
    pub none_removed: &'static str,
    /// What becomes of those who leave.
    pub none_removed_text: &'static str,
    /// Nobody was invited.
    pub none_invited: &'static str,
    /// How to invite.
    pub none_invited_text: &'static str,
    /// What a clinic calls somebody.
    pub staff_name: &'static str,
    /// Beside it.
    pub staff_name_hint: &'static str,
    /// Above the form.
    pub invite_lead: &'static str,
    /// Makes the link.
    pub make_link: &'static str,
    /// The title of the page with the link.
    pub link_title: &'static str,
    /// How often it is shown.
    pub link_once: &'static str,
    /// The link.
    pub link_label: &'static str,
    /// For whom it is.
    pub link_for: &'static str,
    /// Until when it works.
    pub link_until: &'static str,
    /// Copies the link.
    pub copy_link: &'static str,
    /// Leads to the invitations.
    pub to_invitations: &'static str,
    /// It can be accepted.
    pub state_open: &'static str,
    /// Somebody has accepted it.
    pub state_accepted: &'static str,
    /// It was revoked.
    pub state_revoked: &'static str,
    /// It is too old.
    pub state_expired: &'static str,
    /// When an invitation was made.
    pub made: &'static str,
    /// When it ends.
    pub expires: &'static str,
    /// Revokes an invitation.
    pub revoke: &'static str,
    /// Asks once more.
    pub revoke_question: &'static str,
    /// After it was revoked.
    pub revoked: &'static str,
    /// To those who may not see them.
    pub invitations_for_owners: &'static str,
    /// The title of the form.
    pub change_title: &'static str,
    /// After a change.
    pub changed: &'static str,
    /// Above the button.
    pub remove_title: &'static str,
    /// What it means.
    pub remove_text: &'static str,
    /// The button.
    pub remove: &'static str,
    /// Asks once more.
    pub remove_question: &'static str,
    /// After it.
    pub was_removed: &'static str,
    /// Above the button for oneself.
    pub leave_title: &'static str,
    /// What it means.
    pub leave_text: &'static str,
    /// The button.
    pub leave: &'static str,
    /// Asks once more.
    pub leave_question: &'static str,
    /// After it.
    pub left: &'static str,
    /// The title of the page behind a link.
    pub invited_title: &'static str,
    /// Which clinic invites, with `{clinic}`.
    pub invited_by: &'static str,
    /// What it is about.
    pub invited_text: &'static str,
    /// To those who are not signed in.
    pub invited_signed_out: &'static str,
    /// With which account it would be accepted.
    pub invited_as: &'static str,
    /// Leads to the sign-out.
    pub other_account: &'static str,
    /// Accepts the invitation.
    pub accept: &'static str,
    /// After it, with `{clinic}`.
    pub accepted: &'static str,
    /// A link that does not work: title.
    pub unknown_title: &'static str,
    /// A link that does not work: text.
    pub unknown_text: &'static str,
}
