//! Texts of the pages about a new clinic.

/// Texts of the pages about a new clinic.
#[derive(Debug)]
pub struct Clinic {
    /// The title of the page.
    pub title: &'static str,
    /// Above the form.
    pub lead: &'static str,
    /// The clinic's name.
    pub name: &'static str,
    /// Beside it.
    pub name_hint: &'static str,
    /// Above what sending needs.
    pub sender_title: &'static str,
    /// The key of the channel.
    pub sender_key: &'static str,
    /// Beside it.
    pub sender_key_hint: &'static str,
    /// The number of the sender.
    pub sender_phone: &'static str,
    /// Beside it.
    pub sender_phone_hint: &'static str,
    /// Where links may lead.
    pub link_hosts: &'static str,
    /// Beside it.
    pub link_hosts_hint: &'static str,
    /// Registers the clinic.
    pub register: &'static str,
    /// After it was registered.
    pub registered: &'static str,
    /// Leads to the ways for others.
    pub not_yours: &'static str,
    /// Asks what somebody is here for.
    pub choices: &'static str,
    /// To those who register a clinic.
    pub to_form: &'static str,
    /// To those who are invited to work for a clinic.
    pub staff_title: &'static str,
    /// What they do.
    pub staff_text: &'static str,
    /// To patients.
    pub member_title: &'static str,
    /// How they come to their clinic.
    pub member_text: &'static str,
}
