//! What the rows and the numbers of a campaign say about each other. Without I/O.

use shared::db::hourly_totals::{Owner, WHOLE, hour_of};
use shared::db::recount::{Column, MOST, Misplaced, Place, Rows, Stray, Sums, add, differences};

use super::excuse::{Excuses, divide};
use super::finding::{Finding, Kind, by_place, in_campaign};

/// What was found about a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<Finding>,
    /// What is to be added to the numbers of the campaign and its parts.
    pub(crate) differences: Sums,
    /// First clicks that are to be set.
    pub(crate) first_clicks: Vec<Misplaced>,
    /// How many messages the campaign says that it has, and how many it is to say.
    pub(crate) prepared: Option<(u32, u32)>,
    /// Whether everything was looked at.
    pub(crate) is_complete: bool,
}

impl Verdict {
    /// Whether something can be made good.
    pub(crate) fn is_mendable(&self) -> bool {
        !self.differences.is_empty() || !self.first_clicks.is_empty() || self.prepared.is_some()
    }

    /// What is made good, and what is not.
    pub(crate) fn divided(&self) -> (Vec<&Finding>, Vec<&Finding>) {
        self.findings.iter().partition(|finding| finding.is_mendable)
    }
}

/// Draws the conclusion. Of lists that are not complete nothing is concluded, but that the first clicks in them are wrong.
pub(crate) fn judge(owner: Owner, rows: &Rows, stored: &Sums) -> Verdict {
    let mut verdict = Verdict::default();
    judge_rows(rows, &mut verdict);
    let too_many = too_many(rows);
    verdict.is_complete = too_many.is_empty();
    for kind in &too_many {
        let place = kind.as_str().to_owned();
        verdict.findings.push(Finding::standing(Kind::TooMany, place, format!("at most {MOST}"), "more"));
    }
    if verdict.is_complete {
        judge_numbers(owner, rows, stored, &mut verdict);
    } else if too_many == [Kind::FirstClick] {
        judge_first_clicks(divide(rows).0, &mut verdict);
    }
    verdict
}

/// Of what there is more than is listed.
fn too_many(rows: &Rows) -> Vec<Kind> {
    let lists = [
        (Kind::MessagesMissing, rows.numbers.missing.len()),
        (Kind::State, rows.contradicting.len()),
        (Kind::FirstClick, rows.misplaced.len()),
        (Kind::StrayVisit, rows.strays.len()),
        (Kind::VisitsMissing, rows.unrecorded.len()),
    ];
    lists.into_iter().filter(|(_, length)| *length > MOST).map(|(kind, _)| kind).collect()
}

fn judge_first_clicks(wrong: Vec<Misplaced>, verdict: &mut Verdict) {
    verdict.findings.extend(wrong.iter().map(Finding::first_click));
    verdict.first_clicks = wrong;
}

fn judge_rows(rows: &Rows, verdict: &mut Verdict) {
    let findings = &mut verdict.findings;
    for (first, last) in &rows.numbers.missing {
        let place = if first == last { format!("message {first}") } else { format!("messages {first} to {last}") };
        findings.push(Finding::standing(Kind::MessagesMissing, place, (last - first + 1).to_string(), "0"));
    }
    let (prepared, last) = (rows.numbers.prepared, rows.numbers.last);
    if prepared != last {
        // Fewer than there are is certainly wrong. More may be true, and the last of them are lost.
        let make = if prepared < last { Finding::mendable } else { Finding::standing };
        findings.push(make(Kind::Prepared, "campaign".to_owned(), last.to_string(), prepared.to_string()));
        verdict.prepared = (prepared < last).then_some((prepared, last));
    }
    for message in &rows.contradicting {
        let has = |moment: Option<_>| if moment.is_some() { "yes" } else { "no" };
        let found = format!("{}, sent: {}, resulted: {}", message.state, has(message.sent_at), has(message.resulted_at));
        findings.push(Finding::standing(Kind::State, format!("message {}", message.number), "times that fit the state", found));
    }
    // The visits of a message that is lost are not wrong.
    let is_lost = |number: u32| {
        let is_gap = rows.numbers.missing.iter().any(|(first, last)| (*first..=*last).contains(&number));
        is_gap || (last + 1..=prepared).contains(&number)
    };
    for Stray { id, number, part, class, .. } in &rows.strays {
        if part.is_none() && is_lost(*number) {
            continue;
        }
        let found = format!("class {class}, message {number}{}", if part.is_none() { ", which is not there" } else { "" });
        findings.push(Finding::standing(Kind::StrayVisit, id.to_string(), "a class and a message of the clinic", found));
    }
    for gap in &rows.unrecorded {
        let (origin, earlier, later) = (gap.origin, gap.earlier, gap.later);
        findings.push(match gap.count() {
            0 => Finding::standing(Kind::VisitTwice, format!("origin {origin}, number {later}"), "1", "2"),
            count => {
                let place = format!("origin {origin}, numbers {} to {}", earlier + 1, later - 1);
                Finding::standing(Kind::VisitsMissing, place, count.to_string(), "0")
            }
        });
    }
}

fn judge_numbers(owner: Owner, rows: &Rows, stored: &Sums, verdict: &mut Verdict) {
    let (wrong, remembered) = divide(rows);
    judge_first_clicks(wrong, verdict);
    let mut expected = rows.sums.clone();
    for Misplaced { part, expected: earliest, found, .. } in remembered {
        for (moment, count) in [(earliest, -1), (found, 1)] {
            if let Some(moment) = moment {
                let place = Place { scope: owner.campaign.uuid(), part, hour: hour_of(moment) };
                add(&mut expected, place, Column::Unique, count);
            }
        }
    }
    Excuses::of(rows).apply(&mut expected, stored);
    let differing_parts = differences(&expected, &within(stored, false));
    let differing_whole = differences(&whole(&expected), &within(stored, true));

    let found = |place: Place| move |column: &Column| stored.get(&(place, column.clone())).copied().unwrap_or_default();
    let of_parts = by_place(&whole(&differing_parts));
    for (place, differences) in by_place(&differing_parts) {
        verdict.findings.push(Finding::counts(in_campaign(owner, place), &differences, found(place)));
    }
    for (place, differences) in by_place(&differing_whole) {
        // What is wrong in the parts and in the whole alike went wrong once.
        if of_parts.get(&place) != Some(&differences) {
            verdict.findings.push(Finding::counts(in_campaign(owner, place), &differences, found(place)));
        }
    }
    verdict.differences = differing_parts.into_iter().chain(differing_whole).collect();
}

/// The numbers of the whole, or of the parts.
fn within(sums: &Sums, whole: bool) -> Sums {
    let numbers = sums.iter().filter(|((place, _), _)| (place.part == WHOLE) == whole);
    numbers.map(|(key, count)| (key.clone(), *count)).collect()
}

/// What parts add up to.
fn whole(parts: &Sums) -> Sums {
    let mut whole = Sums::new();
    for ((place, column), count) in parts {
        add(&mut whole, Place { part: WHOLE, ..*place }, column.clone(), *count);
    }
    whole.retain(|_, count| *count != 0);
    whole
}

#[cfg(test)]
mod tests;
