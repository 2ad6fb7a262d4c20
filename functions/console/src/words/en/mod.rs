//! Everything that people read in English.

pub mod account;
pub mod audit;
pub mod campaigns;
pub mod clinic;
pub mod codes;
pub mod common;
pub mod customers;
pub mod dashboard;
pub mod groups;
pub mod imports;
pub mod invite;
pub mod me;
pub mod members;
pub mod points;
pub mod send;
pub mod settings;
pub mod staff;
pub mod suppressions;
pub mod templates;

use super::Words;

/// All of it.
pub static WORDS: Words = Words {
    common: common::WORDS,
    account: account::WORDS,
    audit: audit::WORDS,
    campaigns: campaigns::WORDS,
    clinic: clinic::WORDS,
    codes: codes::WORDS,
    customers: customers::WORDS,
    dashboard: dashboard::WORDS,
    groups: groups::WORDS,
    imports: imports::WORDS,
    invite: invite::WORDS,
    me: me::WORDS,
    members: members::WORDS,
    points: points::WORDS,
    send: send::WORDS,
    settings: settings::WORDS,
    staff: staff::WORDS,
    suppressions: suppressions::WORDS,
    templates: templates::WORDS,
};
