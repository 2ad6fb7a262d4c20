//! Whatever staff do in the preview, in whatever order: the verdicts and counts are those of the rule.

use std::collections::HashMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::db::import_rows::ImportRow;
use shared::model::ImportId;
use shared::model::state::Verdict;

use crate::support::{World, row, world};

/// Phones that rows share: two that nobody has, one of a customer, one that is suppressed, one that is both; and none that is
/// one.
const PHONES: [&str; 6] = ["010-7000-0001", "010-7000-0002", "010-7000-0003", "010-7000-0004", "010-7000-0005", "없음"];
/// The same phones as other people would write them.
const WRITTEN: [&str; 6] = ["01070000001", "+82 10-7000-0002", "1070000003", "010.7000.0004", "(010)70000005", "모름"];
const NO_PHONE: usize = 5;
const CUSTOMERS: [usize; 2] = [2, 4];
const SUPPRESSED: [usize; 2] = [3, 4];
const ROWS: u32 = 9;

/// A row as far as the rule looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    named: bool,
    /// Which of the phones.
    phone: usize,
    deleted: bool,
    verdict: Verdict,
    duplicate_of: Option<u32>,
}

/// A step of the review; rows by their place from 0.
#[derive(Debug, Clone)]
enum Step {
    Name(u32, bool),
    Phone(u32, usize),
    Both(u32, bool, usize),
    DeleteOne(u32),
    Numbers(bool, Vec<u32>),
    Verdict(bool, usize),
    All(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let phone = || 0..PHONES.len();
    let named = || prop::bool::weighted(0.7);
    prop_oneof![
        2 => (0..ROWS, named()).prop_map(|(row, named)| Step::Name(row, named)),
        4 => (0..ROWS, phone()).prop_map(|(row, phone)| Step::Phone(row, phone)),
        1 => (0..ROWS, named(), phone()).prop_map(|(row, named, phone)| Step::Both(row, named, phone)),
        3 => (0..ROWS).prop_map(Step::DeleteOne),
        4 => (any::<bool>(), prop::collection::vec(0..ROWS, 1..4)).prop_map(|(delete, rows)| Step::Numbers(delete, rows)),
        3 => (any::<bool>(), 0..Verdict::ALL.len()).prop_map(|(delete, verdict)| Step::Verdict(delete, verdict)),
        1 => any::<bool>().prop_map(Step::All),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    (prop::bool::weighted(0.85), 0..PHONES.len()).prop_map(|(named, phone)| Line {
        named,
        phone,
        deleted: false,
        verdict: Verdict::New,
        duplicate_of: None,
    })
}

const fn number(place: u32) -> u32 {
    // Rows above and between the list are empty.
    place * 3 + 5
}

/// The rule, in full and for all rows.
fn judge(lines: &mut [Line]) {
    let mut claimed = HashMap::new();
    for (place, line) in (0..).zip(lines.iter_mut()).filter(|(_, line)| !line.deleted) {
        line.duplicate_of = None;
        line.verdict = match line.phone {
            _ if !line.named => Verdict::MissingName,
            NO_PHONE => Verdict::BadPhone,
            phone if claimed.contains_key(&phone) => Verdict::Duplicate,
            phone if SUPPRESSED.contains(&phone) => Verdict::Suppressed,
            phone if CUSTOMERS.contains(&phone) => Verdict::Updates,
            _ => Verdict::New,
        };
        match line.verdict {
            Verdict::MissingName | Verdict::BadPhone => {}
            Verdict::Duplicate => line.duplicate_of = claimed.get(&line.phone).copied(),
            Verdict::New | Verdict::Updates | Verdict::Suppressed => drop(claimed.insert(line.phone, number(place))),
        }
    }
}

fn set_deleted(lines: &mut [Line], deleted: bool, wanted: impl Fn(u32, &Line) -> bool) -> usize {
    let changing = (0..).zip(lines.iter_mut()).filter(|(place, line)| line.deleted != deleted && wanted(*place, line));
    changing.map(|(_, line)| line.deleted = deleted).count()
}

/// Does the step by the routes and in the model; answers the counts that the route gave.
async fn take(world: &World, id: ImportId, lines: &mut [Line], step: &Step) -> Option<Value> {
    let verb = |delete: &bool| if *delete { "/rows/delete" } else { "/rows/restore" };
    let (body, path, changed) = match step {
        Step::Name(row, named) => return edit(world, id, lines, *row, Some(*named), None).await,
        Step::Phone(row, phone) => return edit(world, id, lines, *row, None, Some(*phone)).await,
        Step::Both(row, named, phone) => return edit(world, id, lines, *row, Some(*named), Some(*phone)).await,
        Step::DeleteOne(row) => {
            let changed = set_deleted(lines, true, |place, _| place == *row);
            let (status, answer) = world.delete_row(id, number(*row)).await;
            assert_eq!((status, &answer["changed"]), (200, &json!(changed)));
            return Some(answer);
        }
        Step::Numbers(delete, rows) => {
            let numbers: Vec<u32> = rows.iter().map(|row| number(*row)).collect();
            (json!({ "numbers": numbers }), verb(delete), set_deleted(lines, *delete, |place, _| rows.contains(&place)))
        }
        Step::Verdict(delete, at) => {
            let verdict = Verdict::ALL[*at];
            (json!({ "verdict": verdict }), verb(delete), set_deleted(lines, *delete, |_, line| line.verdict == verdict))
        }
        Step::All(delete) => (json!({"all": true}), verb(delete), set_deleted(lines, *delete, |_, _| true)),
    };
    let (status, answer) = world.post(id, path, body).await;
    assert_eq!((status, &answer["changed"]), (200, &json!(changed)));
    Some(answer)
}

async fn edit(
    world: &World,
    id: ImportId,
    lines: &mut [Line],
    row: u32,
    named: Option<bool>,
    phone: Option<usize>,
) -> Option<Value> {
    let mut body = json!({});
    if let Some(named) = named {
        body["name"] = json!(if named { "김단골" } else { " " });
    }
    if let Some(phone) = phone {
        body["phone"] = json!(WRITTEN[phone]);
    }
    let (status, mut answer) = world.edit(id, number(row), body).await;
    let line = &mut lines[row as usize];
    if line.deleted {
        assert_eq!(status, 409);
        return None;
    }
    assert_eq!(status, 200, "{answer:?}");
    line.named = named.unwrap_or(line.named);
    line.phone = phone.unwrap_or(line.phone);
    answer["deleted"] = json!(lines.iter().filter(|line| line.deleted).count());
    Some(answer)
}

async fn stored(world: &World, id: ImportId) -> Vec<(u32, String, Option<u32>, bool)> {
    let query = "SELECT number, verdict, duplicate_of, deleted FROM import_rows WHERE import_id = ? ORDER BY number";
    sqlx::query_as(query).bind(id).fetch_all(&world.test.pool).await.unwrap()
}

/// What is not as the model says.
async fn difference(world: &World, id: ImportId, lines: &[Line], counts: Option<Value>) -> Option<String> {
    let model = (0..).zip(lines);
    let model: Vec<_> =
        model.map(|(place, line)| (number(place), line.verdict.as_str().to_owned(), line.duplicate_of, line.deleted)).collect();
    let stored = stored(world, id).await;
    if stored != model {
        return Some(format!("{stored:?} instead of {model:?}"));
    }
    let count = |wanted: &dyn Fn(&Line) -> bool| lines.iter().filter(|line| wanted(line)).count();
    let verdicts = Verdict::ALL
        .iter()
        .map(|verdict| (verdict.as_str().to_owned(), json!(count(&|line| !line.deleted && line.verdict == *verdict))));
    let expected = json!({"counts": Value::Object(verdicts.collect()), "deleted": count(&|line| line.deleted)});
    let counts = counts.map(|counts| json!({"counts": counts["counts"], "deleted": counts["deleted"]}));
    counts.filter(|counts| *counts != expected).map(|counts| format!("{counts} instead of {expected}"))
}

async fn review(world: &World, mut lines: Vec<Line>, steps: &[Step]) {
    judge(&mut lines);
    let rows: Vec<ImportRow> = (0..)
        .zip(&lines)
        .map(|(place, line)| {
            let mut row = row(number(place), PHONES[line.phone], line.verdict, line.duplicate_of);
            if !line.named {
                row.name.clear();
            }
            row
        })
        .collect();
    let id = world.ready_with(&rows).await;
    for step in steps {
        let counts = take(world, id, &mut lines, step).await;
        judge(&mut lines);
        assert_eq!(difference(world, id, &lines, counts).await, None);
    }
}

#[tokio::test]
async fn a_verdict_or_a_count_that_is_wrong_is_noticed() {
    let world = world().await;
    let id = world.ready_with(&[row(number(0), PHONES[0], Verdict::New, None)]).await;
    let lines = [Line { named: true, phone: 0, deleted: false, verdict: Verdict::New, duplicate_of: None }];
    let counts = world.post(id, "/rows/restore", json!({"all": true})).await.1;
    assert_eq!(difference(&world, id, &lines, Some(counts.clone())).await, None);
    let mut wrong = counts;
    wrong["counts"]["updates"] = json!(1);
    assert!(difference(&world, id, &lines, Some(wrong)).await.is_some());
    sqlx::query("UPDATE import_rows SET verdict = 'updates'").execute(&world.test.pool).await.unwrap();
    assert!(difference(&world, id, &lines, None).await.is_some());
    world.test.finish().await;
}

#[test]
fn after_every_step_of_any_review_verdicts_and_counts_are_those_of_the_rule() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(async {
        let world = world().await;
        for phone in CUSTOMERS {
            world.know(PHONES[phone], "고객", &[]).await;
        }
        for phone in SUPPRESSED {
            world.suppress(PHONES[phone]).await;
        }
        world
    });
    let mut runner = TestRunner::new(Config { cases: 250, failure_persistence: None, ..Config::default() });
    let lines = prop::collection::vec(line(), ROWS as usize);
    let reviews = (lines, prop::collection::vec(step(), 1..16));
    runner
        .run(&reviews, |(lines, steps)| {
            runtime.block_on(review(&world, lines, &steps));
            Ok(())
        })
        .unwrap();
    runtime.block_on(world.test.finish());
}
