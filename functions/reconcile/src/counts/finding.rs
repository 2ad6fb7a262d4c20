//! What is found to differ, in words for whoever looks into it. Ids and numbers only.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use shared::db::hourly_totals::{Owner, WHOLE};
use shared::db::recount::{Column, Misplaced, Place, Standing, Sums};
use shared::model::{CampaignId, ClinicId, GroupId, TemplateId};
use uuid::Uuid;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A row of the roll-up and the rows that it counts.
    Counts,
    /// The first click of a message and its earliest visit of a person.
    FirstClick,
    /// How many messages a campaign says that it has, and how many there are.
    Prepared,
    /// Numbers that no message has.
    MessagesMissing,
    /// The state of a message and its times.
    State,
    /// A visit of no message of the clinic, or of no class.
    StrayVisit,
    /// Visits that were answered and are not recorded.
    VisitsMissing,
    /// A number of a process that two visits have.
    VisitTwice,
    /// More of one kind than are looked at.
    TooMany,
}

impl Kind {
    /// As the log spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::FirstClick => "first_click",
            Self::Prepared => "prepared",
            Self::MessagesMissing => "messages.missing",
            Self::State => "state",
            Self::StrayVisit => "clicks.stray",
            Self::VisitsMissing => "clicks.missing",
            Self::VisitTwice => "clicks.twice",
            Self::TooMany => "too_many",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    pub(crate) place: String,
    pub(crate) expected: String,
    pub(crate) found: String,
    /// Whether it can be made good here.
    pub(crate) is_mendable: bool,
}

impl Finding {
    pub(crate) fn standing(kind: Kind, place: String, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { kind, place, expected: expected.into(), found: found.into(), is_mendable: false }
    }

    pub(crate) fn mendable(kind: Kind, place: String, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { is_mendable: true, ..Self::standing(kind, place, expected, found) }
    }

    pub(crate) fn first_click(misplaced: &Misplaced) -> Self {
        let moment = |at: Option<DateTime<Utc>>| at.map_or_else(|| "none".to_owned(), |at| at.to_rfc3339());
        let place = format!("message {}", misplaced.number);
        Self::mendable(Kind::FirstClick, place, moment(misplaced.expected), moment(misplaced.found))
    }

    /// A row of the roll-up, with the numbers of it that differ.
    pub(crate) fn counts(place: String, differences: &BTreeMap<Column, i64>, found: impl Fn(&Column) -> i64) -> Self {
        let numbers = |of: &dyn Fn(&Column, i64) -> i64| {
            let numbers = differences.iter().map(|(column, difference)| format!("{column} {}", of(column, *difference)));
            numbers.collect::<Vec<_>>().join(", ")
        };
        let expected = numbers(&|column, difference| found(column).saturating_add(difference));
        Self::mendable(Kind::Counts, place, expected, numbers(&|column, _| found(column)))
    }

    /// Who it is about is told beside. What can be made good is told before the end of the transaction that does so: a line too many
    /// is better than none.
    pub(crate) fn log(&self, clinic: ClinicId, campaign: Option<CampaignId>) {
        tracing::error!(
            event = "counts.differ",
            clinic.id = %clinic,
            campaign.id = campaign.map(tracing::field::display),
            kind = self.kind.as_str(),
            place = self.place,
            expected = self.expected,
            found = self.found,
            is_mended = self.is_mendable,
            "numbers and rows differ"
        );
    }
}

impl From<&Finding> for Standing {
    fn from(finding: &Finding) -> Self {
        let Finding { place, expected, found, .. } = finding.clone();
        Self { kind: finding.kind.as_str().to_owned(), place, expected, found }
    }
}

/// The same by the row of the roll-up.
pub(crate) fn by_place(sums: &Sums) -> BTreeMap<Place, BTreeMap<Column, i64>> {
    let mut places: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for ((place, column), count) in sums {
        places.entry(*place).or_default().insert(column.clone(), *count);
    }
    places
}

/// A row of a campaign.
pub(crate) fn in_campaign(owner: Owner, place: Place) -> String {
    let part = match place.part {
        part if part == WHOLE => "whole".to_owned(),
        part if part == owner.campaign.uuid() => "no group".to_owned(),
        part => GroupId::from_uuid(part).to_string(),
    };
    at(&part, place)
}

/// A row of a clinic.
pub(crate) fn in_clinic(clinic: ClinicId, templates: &[TemplateId], place: Place) -> String {
    let is_template = |scope: Uuid| templates.iter().any(|template| template.uuid() == scope);
    match place.scope {
        scope if scope == clinic.uuid() => at("clinic", place),
        scope if is_template(scope) => at(&TemplateId::from_uuid(scope).to_string(), place),
        scope => at(&GroupId::from_uuid(scope).to_string(), place),
    }
}

fn at(whose: &str, place: Place) -> String {
    format!("{whose} at {}", place.hour.format("%Y-%m-%dT%HZ"))
}
