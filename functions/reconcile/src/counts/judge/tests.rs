use chrono::{DateTime, TimeDelta, Utc};
use shared::db::recount::{Message, Numbers, Unrecorded};
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClickId, ClinicId, TemplateId};
use uuid::Uuid;

use super::*;

const CAMPAIGN: Uuid = Uuid::from_u128(2);
const GROUP: Uuid = Uuid::from_u128(4);
const HUMAN: Column = Column::Visits(ClickClass::Human);

fn owner() -> Owner {
    let id = Uuid::from_u128;
    Owner {
        clinic: ClinicId::from_uuid(id(1)),
        campaign: CampaignId::from_uuid(CAMPAIGN),
        template: TemplateId::from_uuid(id(3)),
        is_test: false,
    }
}

fn minute(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(9) + TimeDelta::minutes(minute)
}

/// Numbers of the part in that hour, and the same in the whole.
fn sums(numbers: &[(Uuid, i64, Column, i64)]) -> Sums {
    let mut sums = Sums::new();
    for (part, hour, column, count) in numbers {
        add(&mut sums, Place { scope: CAMPAIGN, part: *part, hour: minute(hour * 60) }, column.clone(), *count);
    }
    sums
}

/// Ten messages of the group that were sent in the first hour and arrived in the second, where five were clicked.
fn numbers() -> [(Uuid, i64, Column, i64); 4] {
    [(GROUP, 0, Column::Sent, 10), (GROUP, 1, Column::Delivered, 10), (GROUP, 1, HUMAN, 5), (GROUP, 1, Column::Unique, 5)]
}

fn rows() -> Rows {
    let numbers = Numbers { prepared: 10, last: 10, missing: Vec::new() };
    Rows { sums: sums(&self::numbers()), numbers, ..Rows::default() }
}

fn stored() -> Sums {
    let parts = sums(&numbers());
    parts.clone().into_iter().chain(whole(&parts)).collect()
}

/// The rows without so many of a number.
fn less(mut rows: Rows, hour: i64, column: Column, count: i64) -> Rows {
    add(&mut rows.sums, Place { scope: CAMPAIGN, part: GROUP, hour: minute(hour * 60) }, column, -count);
    rows
}

fn judged(rows: &Rows, stored: &Sums) -> (Vec<(Kind, String)>, Sums) {
    let verdict = judge(owner(), rows, stored);
    let findings = verdict.findings.into_iter().map(|finding| (finding.kind, finding.place));
    (findings.collect(), verdict.differences)
}

fn group(hour: i64) -> String {
    format!("grp_{} at 1970-01-10T0{hour}Z", GROUP.simple())
}

#[test]
fn numbers_that_agree_with_their_rows_are_left_alone() {
    assert_eq!(judged(&rows(), &stored()), (Vec::new(), Sums::new()));
}

#[test]
fn a_wrong_number_is_found_where_it_is_and_one_that_was_never_counted_is_one_difference() {
    let mut wrong = stored();
    add(&mut wrong, Place { scope: CAMPAIGN, part: GROUP, hour: minute(60) }, HUMAN, 3);
    assert_eq!(judged(&rows(), &wrong), (vec![(Kind::Counts, group(1))], sums(&[(GROUP, 1, HUMAN, -3)])));
    let mut wrong = stored();
    add(&mut wrong, Place { scope: CAMPAIGN, part: WHOLE, hour: minute(60) }, HUMAN, 3);
    let place = "whole at 1970-01-10T01Z".to_owned();
    assert_eq!(judged(&rows(), &wrong), (vec![(Kind::Counts, place)], sums(&[(WHOLE, 1, HUMAN, -3)])));

    let uncounted = less(rows(), 1, HUMAN, -2);
    let (findings, differences) = judged(&uncounted, &stored());
    assert_eq!(findings, [(Kind::Counts, group(1))]);
    assert_eq!(differences, sums(&[(GROUP, 1, HUMAN, 2), (WHOLE, 1, HUMAN, 2)]));
    // A number that stands where nothing happened.
    let mut stray = stored();
    add(&mut stray, Place { scope: CAMPAIGN, part: CAMPAIGN, hour: minute(0) }, Column::Sent, 1);
    assert_eq!(judged(&rows(), &stray).0, [(Kind::Counts, "no group at 1970-01-10T00Z".to_owned())]);
}

#[test]
fn a_finding_says_what_is_there_and_what_should_be() {
    let mut wrong = stored();
    for (column, count) in [(HUMAN, 3), (Column::FailedBecause("blocked".to_owned()), 1)] {
        add(&mut wrong, Place { scope: CAMPAIGN, part: GROUP, hour: minute(60) }, column, count);
    }
    let finding = judge(owner(), &rows(), &wrong).findings.remove(0);
    assert_eq!((finding.expected.as_str(), finding.found.as_str()), ("blocked 0, human 5", "blocked 1, human 8"));
}

#[test]
fn what_a_damaged_or_lost_message_was_counted_as_stays_counted() {
    let message =
        |state: &str, sent_at, resulted_at| Message { number: 3, part: GROUP, state: state.to_owned(), sent_at, resulted_at };
    let of = |message, rows: Rows| Rows { contradicting: vec![message], ..rows };
    let state = || (vec![(Kind::State, "message 3".to_owned())], Sums::new());
    let without_sent_at = of(message("delivered", None, Some(minute(61))), less(rows(), 0, Column::Sent, 1));
    assert_eq!(judged(&without_sent_at, &stored()), state());
    let without_end = of(message("delivered", Some(minute(1)), None), less(rows(), 1, Column::Delivered, 1));
    assert_eq!(judged(&without_end, &stored()), state());
    let set_back = of(message("sent", Some(minute(1)), Some(minute(61))), less(rows(), 1, Column::Delivered, 1));
    assert_eq!(judged(&set_back, &stored()), state());
    // In another hour nothing is excused, nor is a second one.
    let elsewhere = of(message("sent", Some(minute(1)), Some(minute(1))), less(rows(), 1, Column::Delivered, 1));
    assert_eq!(judged(&elsewhere, &stored()).0.len(), 2);
    let twice = of(message("sent", Some(minute(1)), Some(minute(61))), less(rows(), 1, Column::Delivered, 2));
    let (findings, differences) = judged(&twice, &stored());
    assert_eq!(findings.len(), 2);
    assert_eq!(differences, sums(&[(GROUP, 1, Column::Delivered, -1), (WHOLE, 1, Column::Delivered, -1)]));

    let numbers = Numbers { missing: vec![(7, 7)], ..rows().numbers };
    let lost = less(less(rows(), 0, Column::Sent, 1), 1, Column::Delivered, 1);
    let lost = less(Rows { numbers, ..lost }, 1, Column::Unique, 1);
    let missing = (Kind::MessagesMissing, "message 7".to_owned());
    assert_eq!(judged(&lost, &stored()), (vec![missing], Sums::new()));
    let numbers = Numbers { prepared: 10, last: 9, missing: Vec::new() };
    let lost = Rows { numbers, ..less(rows(), 0, Column::Sent, 1) };
    assert_eq!(judged(&lost, &stored()), (vec![(Kind::Prepared, "campaign".to_owned())], Sums::new()));
}

#[test]
fn a_visit_that_is_lost_is_still_the_first_one_and_one_that_was_never_there_is_not() {
    let gap = Unrecorded { origin: 8, earlier: 3, later: 5, earlier_at: Some(minute(61)), later_at: minute(70) };
    let misplaced = |found| Misplaced { number: 3, part: GROUP, expected: Some(minute(130)), found: Some(minute(found)) };
    // Its earliest visit that is left was in the third hour.
    let moved = less(less(less(rows(), 1, HUMAN, 1), 1, Column::Unique, 1), 2, Column::Unique, -1);
    let lost = Rows { unrecorded: vec![gap], misplaced: vec![misplaced(65)], ..moved };
    let missing = || (Kind::VisitsMissing, "origin 8, numbers 4 to 4".to_owned());
    assert_eq!(judged(&lost, &stored()), (vec![missing()], Sums::new()));

    let invented = Rows { misplaced: vec![misplaced(20)], ..lost.clone() };
    let (findings, _) = judged(&invented, &stored());
    assert!(findings.contains(&missing()), "{findings:?}");
    assert!(findings.contains(&(Kind::FirstClick, "message 3".to_owned())), "{findings:?}");
}

#[test]
fn a_visit_of_no_class_is_one_difference() {
    let stray = Stray {
        id: ClickId::from_uuid(Uuid::from_u128(9)),
        number: 3,
        part: Some(GROUP),
        class: "humam".to_owned(),
        clicked_at: minute(62),
    };
    let misplaced = Misplaced { number: 3, part: GROUP, expected: None, found: Some(minute(62)) };
    let rows = less(less(rows(), 1, HUMAN, 1), 1, Column::Unique, 1);
    let rows = Rows { strays: vec![stray.clone()], misplaced: vec![misplaced], ..rows };
    assert_eq!(judged(&rows, &stored()), (vec![(Kind::StrayVisit, stray.id.to_string())], Sums::new()));
}

#[test]
fn a_campaign_that_says_that_it_has_fewer_messages_than_there_are_is_wrong() {
    let rows = Rows { numbers: Numbers { prepared: 9, ..rows().numbers }, ..rows() };
    assert_eq!(judge(owner(), &rows, &stored()).prepared, Some((9, 10)));
}

#[test]
fn where_too_much_is_wrong_to_look_at_that_is_told_and_the_numbers_are_left_alone() {
    let wrong = Misplaced { number: 3, part: GROUP, expected: None, found: None };
    let many = Rows { misplaced: vec![wrong; MOST + 1], ..less(rows(), 1, HUMAN, 4) };
    let verdict = judge(owner(), &many, &stored());
    let told = |verdict: &Verdict| {
        let (_, standing) = verdict.divided();
        let too_many = standing.into_iter().filter(|finding| finding.kind == Kind::TooMany);
        too_many.map(|finding| finding.place.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&verdict), ["first_click"]);
    assert!(!verdict.is_complete && verdict.differences.is_empty());
    // Those that are listed are made good.
    assert_eq!((verdict.first_clicks.len(), verdict.findings.len()), (MOST + 1, MOST + 2));

    // What excuses a first click is not known when that list, too, is cut off.
    let gap = Unrecorded { origin: 8, earlier: 3, later: 5, earlier_at: None, later_at: minute(70) };
    let numbers = Numbers { missing: vec![(7, 7); MOST + 1], ..rows().numbers };
    let contradicting =
        vec![Message { number: 3, part: GROUP, state: "sent".to_owned(), sent_at: None, resulted_at: None }; MOST + 1];
    let many = Rows { unrecorded: vec![gap; MOST + 1], numbers, contradicting, ..many };
    let verdict = judge(owner(), &many, &stored());
    assert_eq!(told(&verdict), ["messages.missing", "state", "first_click", "clicks.missing"]);
    assert!(!verdict.is_complete && !verdict.is_mendable(), "{verdict:?}");

    let most = Rows { misplaced: vec![Misplaced { number: 3, part: GROUP, expected: None, found: None }; MOST], ..rows() };
    assert!(judge(owner(), &most, &stored()).is_complete);
}
