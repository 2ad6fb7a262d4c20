//! Texts of the page behind an invite link.

/// Texts of the page behind an invite link.
#[derive(Debug)]
pub struct Invite {
    /// The title, with the clinic's name.
    pub title: fn(&str) -> String,
    /// Above the clinic's name when a friend's code was used.
    pub of_friend: &'static str,
    /// Above the clinic's name when it was the clinic's own code.
    pub of_clinic: &'static str,
    /// What one gets, with the number of points.
    pub points: fn(&str) -> String,
    /// Below it: for whom that is.
    pub points_once: &'static str,
    /// What a member gets besides points.
    pub benefits: [&'static str; 2],
    /// What the clinic sees of whoever joins.
    pub seen: &'static str,
    /// To a member, above the clinic's name.
    pub member: &'static str,
    /// To a member whose own link it is.
    pub own: &'static str,
    /// To somebody who waits for the clinic.
    pub pending: &'static str,
    /// For somebody who is signed in: joins.
    pub join: &'static str,
    /// For everybody else: signs up first.
    pub sign_up_and_join: &'static str,
    /// For somebody with an account.
    pub sign_in_and_join: &'static str,
    /// What follows after either.
    pub comes_back: &'static str,
    /// For somebody who has a code to confirm a sign-up.
    pub have_code: &'static str,
    /// After joining, with the clinic's name.
    pub joined: fn(&str) -> String,
    /// The same, with the clinic's name and the points.
    pub joined_with_points: fn(&str, &str) -> String,
    /// The same, when the clinic looks at the points first.
    pub joined_points_held: fn(&str) -> String,
    /// A code that cannot be used: title.
    pub unknown_title: &'static str,
    /// A code that cannot be used: what to do.
    pub unknown_text: &'static str,
    /// Leads to the person's own page.
    pub to_my_page: &'static str,
    /// In a link preview.
    pub preview: &'static str,
}
