//! The forms of the settings, and what they say to those who may not change them.

use maud::{Markup, html};

use super::{Clinic, Hours, Section};
use crate::began;
use crate::form::{Errors, Form};
use crate::parts::{self, Field, tick};
use crate::site::Site;
use crate::words::settings::Settings;

/// What a part is called.
pub const fn title(words: &Settings, section: Section) -> &'static str {
    match section {
        Section::Clinic => words.clinic_title,
        Section::QuietHours => words.quiet_title,
        Section::Points => words.points_title,
        Section::Members => words.members_title,
    }
}

/// The form of a part, filled with what holds at present, with which it begins.
pub fn values(section: Section, clinic: &Clinic) -> Form {
    let yes = |name: &'static str, on: bool| on.then(|| (name, "yes".to_owned()));
    let limit = |limit: Option<u32>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    let fields: Vec<(&str, String)> = match section {
        Section::Clinic => vec![
            ("name", clinic.name.clone()),
            ("senderKey", clinic.sender_key.clone().unwrap_or_default()),
            ("senderPhone", clinic.sender_phone.clone().unwrap_or_default()),
            ("linkHosts", clinic.link_hosts.join("\n")),
        ],
        Section::QuietHours => clinic
            .quiet_hours
            .iter()
            .cloned()
            .flat_map(|Hours { from, to }| [("quiet", "yes".to_owned()), ("quietFrom", from), ("quietTo", to)])
            .collect(),
        Section::Points => yes("pointsEnabled", clinic.points_enabled)
            .into_iter()
            .chain([
                ("joinPoints", clinic.join_points.to_string()),
                ("invitePoints", clinic.invite_points.to_string()),
                ("pointsNotice", clinic.points_notice.clone()),
            ])
            .collect(),
        Section::Members => [
            yes("acceptsMembers", clinic.accepts_members),
            yes("paysForKnown", clinic.pays_for_known),
            yes("holdsUnproven", clinic.holds_unproven),
            Some(("invitesPerDay", limit(clinic.invites_per_day))),
            Some(("invitesInTotal", limit(clinic.invites_in_total))),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    began::with(&Form::with(fields.iter().map(|(name, value)| (*name, value.as_str()))))
}

/// The form of a part.
pub fn form(site: &Site, section: Section, clinic: &Clinic, form: &Form, errors: &Errors) -> Markup {
    let fields = match section {
        Section::Clinic => clinic_fields(site, form, errors),
        Section::QuietHours => quiet_fields(site, clinic, form, errors),
        Section::Points => points_fields(site, form, errors),
        Section::Members => members_fields(site, form, errors),
    };
    html! {
        form method="post" action={ "/settings/" (section.name()) } {
            (parts::csrf(site))
            (began::hidden(form))
            (fields)
            button.button.primary type="submit" aria-describedby={ (section.name()) "-title" } { (site.words().common.save) }
        }
    }
}

fn clinic_fields(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().settings;
    html! {
        (Field::text("name", words.clinic_name, form, errors).hint(words.clinic_name_hint).max_length(100).required())
        (Field::text("senderKey", words.sender_key, form, errors).hint(words.sender_key_hint).max_length(64))
        (Field::text("senderPhone", words.sender_phone, form, errors).kind("tel").hint(words.sender_phone_hint).max_length(30))
        (Field::text("linkHosts", words.link_hosts, form, errors).rows(3).hint(words.link_hosts_hint).max_length(6000))
    }
}

fn quiet_fields(site: &Site, clinic: &Clinic, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().settings;
    html! {
        p { (words.quiet_lead) }
        (tick("quiet", words.quiet_on, form.has("quiet"), None))
        p.hint { (words.quiet_hint) }
        div.pair {
            (Field::text("quietFrom", words.quiet_from, form, errors).kind("time"))
            (Field::text("quietTo", words.quiet_to, form, errors).kind("time"))
        }
        (by_law(words, clinic))
    }
}

fn by_law(words: &Settings, clinic: &Clinic) -> Markup {
    html! {
        @if let Some(law) = &clinic.advertising_quiet_hours {
            p.muted.small { (words.quiet_law.replace("{from}", &law.from).replace("{to}", &law.to)) }
        }
    }
}

fn points_fields(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().settings;
    html! {
        (tick("pointsEnabled", words.points_enabled, form.has("pointsEnabled"), Some(words.points_enabled_hint)))
        div.pair {
            (Field::text("joinPoints", words.join_points, form, errors).input_mode("numeric").max_length(9).required())
            (Field::text("invitePoints", words.invite_points, form, errors).input_mode("numeric").max_length(9).required())
        }
        (Field::text("pointsNotice", words.points_notice, form, errors).rows(3).hint(words.points_notice_hint).max_length(500).required())
    }
}

fn members_fields(site: &Site, form: &Form, errors: &Errors) -> Markup {
    let words = &site.words().settings;
    html! {
        (tick("acceptsMembers", words.accepts_members, form.has("acceptsMembers"), Some(words.accepts_members_hint)))
        (tick("paysForKnown", words.pays_for_known, form.has("paysForKnown"), Some(words.pays_for_known_hint)))
        (tick("holdsUnproven", words.holds_unproven, form.has("holdsUnproven"), Some(words.holds_unproven_hint)))
        (Field::text("invitesPerDay", words.per_day, form, errors).input_mode("numeric").max_length(9).hint(words.limit_hint))
        (Field::text("invitesInTotal", words.in_total, form, errors).input_mode("numeric").max_length(9).hint(words.limit_hint))
    }
}

/// What holds at present, for those who may only look.
pub fn facts(site: &Site, section: Section, clinic: &Clinic) -> Markup {
    let (words, common) = (&site.words().settings, &site.words().common);
    let switch = |on: bool| if on { common.on } else { common.off }.to_owned();
    let limit = |limit: Option<u32>| limit.map_or_else(|| words.unlimited.to_owned(), parts::number);
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).unwrap_or(words.none).to_owned();
    let facts: Vec<(&str, String)> = match section {
        Section::Clinic => vec![
            (words.clinic_name, clinic.name.clone()),
            (words.sender_key, text(clinic.sender_key.as_deref())),
            (words.sender_phone, text(clinic.sender_phone.as_deref())),
            (words.link_hosts, text(Some(&clinic.link_hosts.join(", ")))),
        ],
        Section::QuietHours => vec![(
            words.quiet_title,
            clinic.quiet_hours.as_ref().map_or(words.quiet_none.to_owned(), |Hours { from, to }| format!("{from} – {to}")),
        )],
        Section::Points => vec![
            (words.points_enabled, switch(clinic.points_enabled)),
            (words.join_points, parts::number(clinic.join_points)),
            (words.invite_points, parts::number(clinic.invite_points)),
            (words.points_notice, clinic.points_notice.clone()),
        ],
        Section::Members => vec![
            (words.accepts_members, switch(clinic.accepts_members)),
            (words.pays_for_known, switch(clinic.pays_for_known)),
            (words.holds_unproven, switch(clinic.holds_unproven)),
            (words.per_day, limit(clinic.invites_per_day)),
            (words.in_total, limit(clinic.invites_in_total)),
        ],
    };
    html! {
        dl.facts { @for (name, value) in facts { dt { (name) } dd { (value) } } }
        @if section == Section::QuietHours { (by_law(words, clinic)) }
    }
}
