//! Classifying the past again, against a real database.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod world;

use std::time::Duration;

use chrono::TimeDelta;
use reclassify_clicks::{Change, Command, Pace, Reclassified, handle, handle_at};
use shared::db::{clicks, messages};
use shared::model::click::RULE_VERSION;
use shared::model::state::ClickClass;
use shared::testing::message;
use shared::testing::rollup::assert_equals_rows;

use crate::world::{Rules, World};

const ALL: Command = Command { campaign_id: None, dry_run: false };

/// Small enough that a few hundred visits are many chunks.
const SLOW: Pace = Pace { page: 64, chunk: 7, patience: Duration::from_mins(5) };

/// What is stored after a history of visits, under the same ids in every database.
async fn fresh(seed: u64, visits: usize) -> world::Stored {
    let world = World::new(seed).await;
    let history = world.history(seed, visits);
    world.record(&history, Rules::OfToday).await;
    assert_equals_rows(&world.test.pool).await;
    let stored = world.stored().await;
    world.test.finish().await;
    stored
}

#[tokio::test]
async fn history_by_old_rules_becomes_what_recording_it_by_the_rules_of_today_would_have_made() {
    for (seed, pace) in [(1, Pace::default()), (2, SLOW), (3, Pace { page: 1, chunk: 1, ..SLOW })] {
        let world = World::new(seed).await;
        let history = world.history(seed, 400);
        world.record(&history, Rules::Wrong(seed)).await;
        assert_equals_rows(&world.test.pool).await;

        let done = handle_at(&world.worker().await, ALL, pace).await.unwrap();
        let asked = history.iter().filter(|click| click.class != ClickClass::Rejected).count();
        assert_eq!((done.looked, done.left), (u64::try_from(asked).unwrap(), false), "seed {seed}");
        assert_eq!(done.changed, done.by_change.iter().map(|change| change.count).sum::<u64>());
        assert!(done.changed > 100 && done.by_change.iter().all(|change| change.from != Some(change.to)), "{done:?}");
        let is_rejected = |change: &Change| change.from == Some(ClickClass::Rejected) || change.to == ClickClass::Rejected;
        assert!(!done.by_change.iter().any(is_rejected));
        assert_equals_rows(&world.test.pool).await;
        assert_eq!(world.stored().await, fresh(seed, 400).await, "seed {seed}");
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_second_run_finds_nothing_to_do() {
    let world = World::new(4).await;
    world.record(&world.history(4, 150), Rules::Wrong(4)).await;
    handle(&world.worker().await, ALL).await.unwrap();
    let before = world.stored().await;
    assert_eq!(handle(&world.worker().await, ALL).await.unwrap(), Reclassified::default());
    assert_eq!(world.stored().await, before);
    world.test.finish().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_change_and_changes_nothing() {
    let world = World::new(5).await;
    world.record(&world.history(5, 200), Rules::Wrong(5)).await;
    let before = world.stored().await;
    let said = handle_at(&world.worker().await, Command { dry_run: true, ..ALL }, SLOW).await.unwrap();
    assert_eq!(world.stored().await, before);
    assert!(said.changed > 50);
    assert_eq!(handle(&world.worker().await, ALL).await.unwrap(), said);
    world.test.finish().await;
}

#[tokio::test]
async fn only_the_campaign_that_is_named_is_classified_again() {
    let world = World::new(6).await;
    let history = world.history(6, 300);
    world.record(&history, Rules::Wrong(6)).await;
    let campaign = world.campaigns[0].id;
    let command = Command { campaign_id: Some(campaign), dry_run: false };
    let said = handle_at(&world.worker().await, Command { dry_run: true, ..command }, SLOW).await.unwrap();
    // Pages end in the middle of visits of one message at one moment, too.
    let done = handle_at(&world.worker().await, command, SLOW).await.unwrap();
    assert_eq!(done, said);
    assert_equals_rows(&world.test.pool).await;
    for (id, line) in world.stored().await.clicks {
        let click = history.iter().find(|click| click.id == id).unwrap();
        let is_new = click.message.campaign == campaign && click.class != ClickClass::Rejected;
        assert_eq!(line.rule_version, if is_new { RULE_VERSION } else { 0 });
    }
    let rest = handle_at(&world.worker().await, ALL, SLOW).await.unwrap();
    let asked = history.iter().filter(|click| click.class != ClickClass::Rejected).count();
    assert_eq!(done.looked + rest.looked, u64::try_from(asked).unwrap());
    assert_eq!(world.stored().await, fresh(6, 300).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_run_out_of_time_says_so_and_the_next_one_goes_on() {
    let world = World::new(7).await;
    world.record(&world.history(7, 120), Rules::Wrong(7)).await;
    let worker = world.worker().await;
    let hurried = Pace { patience: Duration::ZERO, ..SLOW };
    assert_eq!(handle_at(&worker, ALL, hurried).await.unwrap(), Reclassified { left: true, ..Reclassified::default() });
    let (mut runs, mut looked) = (0, 0);
    loop {
        // About one chunk in each.
        let done = handle_at(&worker, ALL, Pace { patience: Duration::from_millis(2), ..SLOW }).await.unwrap();
        assert_equals_rows(&world.test.pool).await;
        (runs, looked) = (runs + 1, looked + done.looked);
        if !done.left {
            break;
        }
    }
    assert!(runs > 1, "{looked} visits in {runs} runs");
    assert_eq!(world.stored().await, fresh(7, 120).await);
    world.test.finish().await;
}

#[tokio::test]
async fn a_run_that_is_killed_anywhere_leaves_numbers_that_are_right() {
    let world = World::new(8).await;
    world.record(&world.history(8, 200), Rules::Wrong(8)).await;
    for kill in 0..25 {
        let worker = world.worker().await;
        let run = tokio::spawn(async move { handle_at(&worker, ALL, SLOW).await.map(drop) });
        tokio::time::sleep(Duration::from_micros(1500 * kill)).await;
        run.abort();
        // The connection that it left is closed, and its transaction with it.
        drop(run.await);
        assert_equals_rows(&world.test.pool).await;
    }
    handle(&world.worker().await, ALL).await.unwrap();
    assert_eq!(world.stored().await, fresh(8, 200).await);
    world.test.finish().await;
}

#[tokio::test]
async fn visits_are_recorded_meanwhile_and_two_runs_at_once_count_nothing_twice() {
    let world = World::new(9).await;
    let history = world.history(9, 600);
    let (early, late) = history.split_at(300);
    world.record(early, Rules::Wrong(9)).await;
    let (one, two) = (world.worker().await, world.worker().await);
    // Some of those that come late were classified by the version before, whose redirect still answers.
    let recorder = async {
        for (at, batch) in late.chunks(5).enumerate() {
            world.record(batch, if at % 2 == 0 { Rules::OfToday } else { Rules::Wrong(9) }).await;
        }
    };
    let runs = async |worker| {
        let mut looked = 0;
        for _ in 0..4 {
            looked += handle_at(worker, ALL, SLOW).await.unwrap().looked;
        }
        looked
    };
    let ((), first, second) = tokio::join!(recorder, runs(&one), runs(&two));
    assert_equals_rows(&world.test.pool).await;
    let rest = handle(&one, ALL).await.unwrap().looked;
    let by_old_rules = early.iter().chain(late.chunks(5).skip(1).step_by(2).flatten());
    let asked = by_old_rules.filter(|click| click.class != ClickClass::Rejected).count();
    assert_eq!(first + second + rest, u64::try_from(asked).unwrap(), "each by one run");
    assert_equals_rows(&world.test.pool).await;
    assert_eq!(world.stored().await, fresh(9, 600).await);
    world.test.finish().await;
}

#[tokio::test]
async fn the_first_click_moves_to_the_earliest_visit_of_a_person_and_back() {
    let world = World::new(10).await;
    let campaign = &world.campaigns[0];
    let at = |hours| campaign.created_at + TimeDelta::hours(hours);
    // By the old rules the only person came at two; in truth a person came at one, and at two a preview.
    let person = world::visit(campaign, 1, at(1), world::PERSON);
    let preview = world::visit(campaign, 1, at(2), world::PREVIEW);
    // And this one was never opened by a person.
    let program = world::visit(campaign, 2, at(1), world::PROGRAM);
    let mut wrong = [person, preview, program];
    for (click, class) in wrong.iter_mut().zip([ClickClass::Bot, ClickClass::Human, ClickClass::Human]) {
        click.class = class;
    }
    world.record(&wrong, Rules::AsTheySay).await;
    let firsts = world.stored().await.first_clicks;
    assert_eq!([firsts[&(campaign.id, 1)], firsts[&(campaign.id, 2)]], [Some(at(2)), Some(at(1))]);

    let done = handle(&world.worker().await, ALL).await.unwrap();
    let change = |from, to| Change { from: Some(from), to, count: 1 };
    let expected = [
        change(ClickClass::Human, ClickClass::Preview),
        change(ClickClass::Human, ClickClass::Bot),
        change(ClickClass::Bot, ClickClass::Human),
    ];
    assert_eq!(done, Reclassified { looked: 3, changed: 3, by_change: expected.into(), left: false });
    let firsts = world.stored().await.first_clicks;
    assert_eq!([firsts[&(campaign.id, 1)], firsts[&(campaign.id, 2)]], [Some(at(1)), None]);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn a_visit_of_no_class_gets_one_and_is_counted_once_whoever_classified_it() {
    for version in [0, RULE_VERSION] {
        let world = World::new(11).await;
        let history = world.history(11, 200);
        world.record(&history, Rules::OfToday).await;
        let pool = &world.test.pool;
        let before = world.stored().await;
        // A person's only visit, as if it had never had a class: it is in no number.
        let campaign = &world.campaigns[0];
        let visit = world::visit(campaign, 13, campaign.created_at, world::PERSON);
        let mut connection = pool.acquire().await.unwrap();
        messages::insert_all(&mut connection, &[message(campaign, 13)]).await.unwrap();
        clicks::insert_all(&mut connection, std::slice::from_ref(&visit)).await.unwrap();
        drop(connection);
        let spoil = sqlx::query("UPDATE clicks SET class = 'hand', rule_version = ? WHERE id = ?").bind(version).bind(visit.id);
        spoil.execute(pool).await.unwrap();

        let said = handle(&world.worker().await, Command { dry_run: true, ..ALL }).await.unwrap();
        let change = Change { from: None, to: ClickClass::Human, count: 1 };
        assert_eq!(said, Reclassified { looked: 1, changed: 1, by_change: vec![change], left: false });
        let of_campaign = Command { campaign_id: Some(campaign.id), ..ALL };
        assert_eq!(handle(&world.worker().await, of_campaign).await.unwrap(), said);
        assert_equals_rows(pool).await;
        let after = world.stored().await;
        assert_eq!(after.first_clicks[&(campaign.id, 13)], Some(visit.clicked_at));
        assert!(before.clicks.iter().all(|(id, line)| after.clicks[id] == *line));
        assert_eq!(handle(&world.worker().await, ALL).await.unwrap(), Reclassified::default());
        world.test.finish().await;
    }
}

#[tokio::test]
async fn a_stray_of_a_foreign_clinic_is_left_alone_and_is_nobodys_first_click() {
    let world = World::new(12).await;
    let campaign = &world.campaigns[0];
    let at = |hours| campaign.created_at + TimeDelta::hours(hours);
    // In truth a preview came first, then a person.
    let mut first = world::visit(campaign, 1, at(2), world::PREVIEW);
    first.class = ClickClass::Human;
    world.record(&[first, world::visit(campaign, 1, at(3), world::PERSON)], Rules::AsTheySay).await;
    // Earlier than both, by the link of a clinic that the campaign is not of: one would stay a person, one would become one.
    let mut strays = [(); 2].map(|()| world::visit(campaign, 1, at(1), world::PERSON));
    strays[1].class = ClickClass::Bot;
    for stray in &mut strays {
        (stray.clinic, stray.rule_version) = (world.campaigns[2].clinic, 0);
    }
    clicks::insert_all(&mut world.test.pool.acquire().await.unwrap(), &strays).await.unwrap();
    let before = world.stored().await;

    let said = handle(&world.worker().await, Command { dry_run: true, ..ALL }).await.unwrap();
    let done = handle(&world.worker().await, ALL).await.unwrap();
    let change = Change { from: Some(ClickClass::Human), to: ClickClass::Preview, count: 1 };
    assert_eq!(done, Reclassified { looked: 2, changed: 1, by_change: vec![change], left: false });
    assert_eq!(said, done);
    let after = world.stored().await;
    assert_eq!(after.first_clicks[&(campaign.id, 1)], Some(at(3)));
    for stray in &strays {
        assert_eq!(after.clicks[&stray.id], before.clicks[&stray.id]);
        sqlx::query("DELETE FROM clicks WHERE id = ?").bind(stray.id).execute(&world.test.pool).await.unwrap();
    }
    // No number contained them.
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[test]
fn a_command_with_a_word_too_many_is_refused_so_that_a_slip_does_not_touch_everything() {
    let read = serde_json::from_str::<Command>;
    assert_eq!(read("{}").unwrap(), ALL);
    assert_eq!(read(r#"{"dryRun":true}"#).unwrap(), Command { dry_run: true, ..ALL });
    assert!(read(r#"{"campaign":"cmp_019a9d2f5c007000800000000000c0de"}"#).is_err());
    assert!(read(r#"{"campaignId":"cli_019a9d2f5c007000800000000000c0de"}"#).is_err());
}
