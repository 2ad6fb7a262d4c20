//! Every text that people read: the type of each subject here, its texts in `ko/` and `en/`. A text that is missing in one language
//! does not compile.

pub mod account;
pub mod audit;
pub mod campaigns;
pub mod clinic;
pub mod codes;
pub mod common;
pub mod customers;
pub mod dashboard;
pub mod en;
pub mod groups;
pub mod imports;
pub mod invite;
pub mod ko;
pub mod me;
pub mod members;
pub mod points;
pub mod send;
pub mod settings;
pub mod staff;
pub mod suppressions;
pub mod templates;

use shared::http::Language;

/// All texts of one language.
#[derive(Debug)]
pub struct Words {
    /// What every page has.
    pub common: common::Common,
    /// Signing up and in.
    pub account: account::Account,
    /// The audit log.
    pub audit: audit::Audit,
    /// What was sent.
    pub campaigns: campaigns::Campaigns,
    /// First steps of a clinic.
    pub clinic: clinic::Clinic,
    /// Referral codes.
    pub codes: codes::Codes,
    /// Customers.
    pub customers: customers::Customers,
    /// The numbers.
    pub dashboard: dashboard::Dashboard,
    /// Groups.
    pub groups: groups::Groups,
    /// Lists that are uploaded.
    pub imports: imports::Imports,
    /// Where an invite link leads.
    pub invite: invite::Invite,
    /// What is mine.
    pub me: me::Me,
    /// Members.
    pub members: members::Members,
    /// The ledger.
    pub points: points::Points,
    /// Sending.
    pub send: send::Send,
    /// Settings.
    pub settings: settings::Settings,
    /// Colleagues.
    pub staff: staff::Staff,
    /// Who wants no messages.
    pub suppressions: suppressions::Suppressions,
    /// Texts for messages.
    pub templates: templates::Templates,
}

impl Words {
    /// The texts of a language.
    #[must_use]
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::Korean => &ko::WORDS,
            Language::English => &en::WORDS,
        }
    }
}
