//! Lines of the ledger, as a table.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::state::PointReason;

use super::{Colleague, LONGEST_NOTE, Named, colleague, link};
use crate::parts;
use crate::site::Site;
use crate::visitor::Tone;
use crate::words::points::Points;

/// A line of the ledger.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    id: String,
    member: Named,
    reason: PointReason,
    amount: i64,
    balance: Option<i64>,
    staff: Option<Colleague>,
    #[serde(default)]
    note: String,
    reverses: Option<String>,
    reversed_by: Option<String>,
    at: DateTime<Utc>,
}

/// Whose lines a table has, and the page to which whoever takes one back returns.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// One member's, with the balance after each.
    Member(&'a str),
    /// Everybody's, with their names.
    Everybody(&'a str),
}

impl Line {
    /// Whether it can be taken back: once, not when it takes another back itself, not of people who have withdrawn; a correction by
    /// owners alone.
    fn can_be_taken_back(&self, owner: bool) -> bool {
        let open = self.reverses.is_none() && self.reversed_by.is_none() && self.member.name.is_some();
        match self.reason {
            PointReason::Reverse => false,
            PointReason::Adjust => open && owner,
            PointReason::Join | PointReason::Invite | PointReason::Spend => open,
        }
    }

    /// The line in a few words, for a question.
    fn in_short(&self, words: &Points) -> String {
        let name = self.member.name.as_deref().unwrap_or(words.withdrawn);
        format!("{name} · {} {}", reason(words, self.reason), signed(self.amount))
    }
}

/// What people call a reason.
#[must_use]
pub const fn reason(words: &Points, reason: PointReason) -> &'static str {
    match reason {
        PointReason::Join => words.join,
        PointReason::Invite => words.invite,
        PointReason::Spend => words.spend,
        PointReason::Adjust => words.adjust,
        PointReason::Reverse => words.reverse,
    }
}

/// `+1,000` or `-1,000`.
#[must_use]
pub fn signed(amount: i64) -> String {
    if amount > 0 { format!("+{}", parts::number(amount)) } else { parts::number(amount) }
}

/// The table, with a button for each line that can be taken back.
#[must_use]
pub fn table(site: &Site, lines: &[Line], (zone, owner): (&str, bool), of: Of<'_>) -> Markup {
    let words = &site.words().points;
    let common = &site.words().common;
    let head = html! {
        th scope="col" { (common.when) }
        @if let Of::Everybody(_) = of { th scope="col" { (words.member) } }
        th scope="col" { (words.kind) }
        th.number scope="col" { (words.amount) }
        @if let Of::Member(_) = of { th.number scope="col" { (words.balance) } }
        th scope="col" { (common.note) }
        th scope="col" { (words.written_by) }
        th scope="col" { (words.take_back) }
    };
    let rows = html! {
        @for line in lines {
            tr {
                td.nowrap { (parts::moment(line.at, zone)) }
                @if let Of::Everybody(_) = of { th.nowrap scope="row" { (link(words, &line.member)) } }
                td.nowrap { (reason(words, line.reason)) }
                td.number { strong.(if line.amount > 0 { "delta-up" } else { "delta-down" }) { (signed(line.amount)) } }
                @if let Of::Member(_) = of { td.number { (line.balance.map(parts::number).unwrap_or_default()) } }
                td.note { (line.note) }
                td.nowrap {
                    @match &line.staff {
                        Some(staff) => (colleague(words, staff)),
                        None => span.muted { (words.by_system) },
                    }
                }
                td.take-back {
                    @if line.reversed_by.is_some() {
                        (parts::badge(Tone::Plain, words.is_reversed))
                    } @else if line.can_be_taken_back(owner) {
                        (button(site, line, of))
                    }
                }
            }
        }
    };
    parts::table(words.ledger, &head, &rows)
}

/// Asks once more, with a place for the reason.
fn button(site: &Site, line: &Line, of: Of<'_>) -> Markup {
    let words = &site.words().points;
    let (Of::Member(next) | Of::Everybody(next)) = of;
    let what = line.in_short(words);
    let note = format!("note-{}", line.id);
    let fields = html! {
        (parts::hidden("entry", &line.id)) (parts::hidden("what", &what)) (parts::hidden("next", next))
        (parts::hidden("key", &site.fresh_key()))
        div.field {
            label for=(note) { (words.take_back_note) }
            input id=(note) name="note" type="text" maxlength=(LONGEST_NOTE);
        }
    };
    let question = words.take_back_question.replace("{}", &what);
    parts::confirm(site, &format!("take-back-{}", line.id), words.take_back, &question, "/points", &fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(reason: &str, more: (&str, &str)) -> Line {
        let mut line = json!({
            "id": "pte_1", "member": {"userId": "usr_1", "name": "김단골"}, "reason": reason, "amount": 5, "at": "2026-11-21T00:00:00Z",
        });
        line[more.0] = json!(more.1);
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn a_line_is_taken_back_once_and_a_correction_by_the_owner_alone() {
        for owner in [true, false] {
            assert!(line("spend", ("note", "")).can_be_taken_back(owner));
            assert_eq!(line("adjust", ("note", "")).can_be_taken_back(owner), owner);
            assert!(!line("spend", ("reversedBy", "pte_2")).can_be_taken_back(owner));
            assert!(!line("reverse", ("reverses", "pte_0")).can_be_taken_back(owner));
        }
        let mut withdrawn = line("join", ("note", ""));
        withdrawn.member.name = None;
        assert!(!withdrawn.can_be_taken_back(true));
    }

    #[test]
    fn a_change_has_its_sign() {
        assert_eq!([1000, -1000, 0].map(signed), ["+1,000", "-1,000", "0"]);
    }
}
