//! Texts of the pages about settings.

/// Texts of the pages about settings.
#[derive(Debug)]
pub struct Settings {
    /// The title of the page.
    pub title: &'static str,
    /// After something was saved.
    pub saved: &'static str,
    /// The provider refuses the key that was saved, with what it says.
    pub sender_key_refused: fn(&str) -> String,
    /// The provider could not be asked about the key that was saved.
    pub sender_key_unchecked: &'static str,
    /// To those who may look only.
    pub owner_only: &'static str,
    /// What the list of sections is called.
    pub sections: &'static str,
    /// Name, sender and domains.
    pub clinic_title: &'static str,
    /// The clinic's name.
    pub clinic_name: &'static str,
    /// Beside it.
    pub clinic_name_hint: &'static str,
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
    /// Hours without messages.
    pub quiet_title: &'static str,
    /// What they are.
    pub quiet_lead: &'static str,
    /// Switches them on.
    pub quiet_on: &'static str,
    /// When they begin.
    pub quiet_from: &'static str,
    /// When they end.
    pub quiet_to: &'static str,
    /// Beside the beginning.
    pub quiet_hint: &'static str,
    /// When a time is missing.
    pub quiet_missing: &'static str,
    /// What the law says, with `{from}` and `{to}`.
    pub quiet_law: &'static str,
    /// When there are none.
    pub quiet_none: &'static str,
    /// Points.
    pub points_title: &'static str,
    /// Switches points on.
    pub points_enabled: &'static str,
    /// Beside it.
    pub points_enabled_hint: &'static str,
    /// What a new user earns.
    pub join_points: &'static str,
    /// What the friend earns.
    pub invite_points: &'static str,
    /// What people read about points.
    pub points_notice: &'static str,
    /// Beside it.
    pub points_notice_hint: &'static str,
    /// Members.
    pub members_title: &'static str,
    /// Whether new members are taken.
    pub accepts_members: &'static str,
    /// Beside it.
    pub accepts_members_hint: &'static str,
    /// Whether known people pay.
    pub pays_for_known: &'static str,
    /// Beside it.
    pub pays_for_known_hint: &'static str,
    /// Whether points are held.
    pub holds_unproven: &'static str,
    /// Beside it.
    pub holds_unproven_hint: &'static str,
    /// A limit.
    pub per_day: &'static str,
    /// A limit.
    pub in_total: &'static str,
    /// Beside a limit.
    pub limit_hint: &'static str,
    /// No limit.
    pub unlimited: &'static str,
    /// When something is no number.
    pub not_a_number: &'static str,
    /// What cannot be changed.
    pub about_title: &'static str,
    /// Whether messages can be sent.
    pub sender_state: &'static str,
    /// They can.
    pub sender_ready: &'static str,
    /// They cannot.
    pub sender_missing: &'static str,
    /// The clinic's own code.
    pub referral_code: &'static str,
    /// The clinic's time zone.
    pub time_zone: &'static str,
    /// Nothing was entered.
    pub none: &'static str,
}
