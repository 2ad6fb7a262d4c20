//! Texts of a person's own pages.

/// Texts of a person's own pages.
#[derive(Debug)]
pub struct Me {
    /// The title of the page.
    pub title: &'static str,
    /// Nothing is there: title and text.
    pub empty: (&'static str, &'static str),
    /// Leads to the clinic's pages, for staff.
    pub to_clinic: &'static str,
    /// Leads to the form of a new clinic, for others.
    pub register: &'static str,
    /// States of a membership: pending, confirmed.
    pub pending: &'static str,
    /// States of a membership.
    pub confirmed: &'static str,
    /// What pending means.
    pub pending_text: &'static str,
    /// Since when.
    pub since: &'static str,
    /// A number of points.
    pub points: fn(&str) -> String,
    /// Points that wait for the clinic.
    pub held: fn(&str) -> String,
    /// The person's own code.
    pub my_code: &'static str,
    /// What it is for.
    pub my_code_text: &'static str,
    /// What the QR code is, for those who do not see it.
    pub qr_alt: fn(&str) -> String,
    /// Opens the QR code.
    pub show_qr: &'static str,
    /// Hands the link to another application.
    pub share: &'static str,
    /// What is said along with a shared link.
    pub share_text: fn(&str) -> String,
    /// Copies the link.
    pub copy_link: &'static str,
    /// The title of friends.
    pub friends: &'static str,
    /// How many the person has invited.
    pub invited_count: fn(&str) -> String,
    /// Nobody yet.
    pub no_friends: &'static str,
    /// Who invited the person.
    pub invited_by: &'static str,
    /// Whom the person has invited.
    pub invited: &'static str,
    /// The clinic.
    pub clinic: &'static str,
    /// When somebody joined.
    pub joined_at: &'static str,
    /// All of a list.
    pub show_all: &'static str,
    /// The title of the ledger.
    pub history: &'static str,
    /// No line yet.
    pub no_history: &'static str,
    /// What a line is about.
    pub reason: &'static str,
    /// By how much.
    pub amount: &'static str,
    /// What there was then.
    pub balance: &'static str,
    /// Reasons by the API's names.
    pub reasons: [(&'static str, &'static str); 5],
    /// The title of name and phone.
    pub profile: &'static str,
    /// A hint about the name.
    pub name_hint: &'static str,
    /// After it was changed.
    pub name_changed: &'static str,
    /// No phone is proven.
    pub no_phone: &'static str,
    /// The title of proving a phone.
    pub prove_phone: &'static str,
    /// Why one would.
    pub prove_phone_text: &'static str,
    /// What to do where no code can be sent.
    pub ask_at_the_desk: &'static str,
    /// Sends a code.
    pub send_code: &'static str,
    /// After it was sent.
    pub code_sent: &'static str,
    /// The code.
    pub code: &'static str,
    /// Confirms the code.
    pub verify: &'static str,
    /// After that.
    pub phone_proven: &'static str,
    /// Leaves a clinic.
    pub leave: &'static str,
    /// Asks once more, with the clinic.
    pub leave_question: fn(&str) -> String,
    /// After that, with the clinic.
    pub left: fn(&str) -> String,
    /// Leaves Dangol: the title and the button.
    pub withdraw: &'static str,
    /// What happens then.
    pub withdraw_text: [&'static str; 4],
    /// The box to tick.
    pub withdraw_tick: &'static str,
    /// When it is not ticked.
    pub withdraw_untick: &'static str,
    /// After that.
    pub withdrawn: &'static str,
    /// All clinics, in a filter.
    pub all_clinics: &'static str,
}

impl Me {
    /// What a line of the ledger is about.
    #[must_use]
    pub fn reason_of(&self, name: &str) -> &'static str {
        self.reasons.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }
}
