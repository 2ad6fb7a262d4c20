//! While others write, and while somebody else compares the same.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;

/// Group, state, reason and end of a message.
type Row = (Option<GroupId>, String, Option<String>, Option<DateTime<Utc>>);

/// A worker that sends, ends and clicks messages of a campaign until it is told to stop, each with its numbers in one transaction.
async fn work(scene: &Scene, database: &Database, campaign: &Campaign, worker: u32, stop: &AtomicBool) -> u32 {
    let size = 600;
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        let number = (rounds * 7 + worker * 3) % size + 1;
        let now = scene.clock.now() - TimeDelta::minutes(i64::from(rounds % 300));
        let owner = Owner::from(campaign);
        let moved = database.transaction::<_, sqlx::Error>("work", |tx| {
            Box::pin(async move {
                let locked =
                    "SELECT group_id, state, reason, resulted_at FROM messages WHERE campaign_id = ? AND number = ? FOR UPDATE";
                let row = sqlx::query_as::<_, Row>(locked).bind(campaign.id).bind(number);
                let (group, state, reason, resulted_at) = row.fetch_one(&mut **tx).await?;
                let mut moves = Moves::default();
                let statement = match state.as_str() {
                    "queued" => {
                        moves.add(owner, group, now, Delta { sent: 1, ..Delta::default() });
                        "UPDATE messages SET state = 'sent', sent_at = ? WHERE campaign_id = ? AND number = ?"
                    }
                    "sent" => {
                        moves.fail(owner, group, now, "blocked", 1);
                        "UPDATE messages SET state = 'failed', reason = 'blocked', resulted_at = ? WHERE campaign_id = ? AND number = ?"
                    }
                    "failed" => {
                        // So that there is always something to do.
                        moves.fail(owner, group, resulted_at.unwrap(), &reason.unwrap(), -1);
                        "UPDATE messages SET state = 'sent', reason = NULL, resulted_at = ? WHERE campaign_id = ? AND number = ?"
                    }
                    _ => return Ok(()),
                };
                let at = (state != "failed").then_some(now.naive_utc());
                sqlx::query(statement).bind(at).bind(campaign.id).bind(number).execute(&mut **tx).await?;
                moves.store(tx).await
            })
        });
        moved.await.unwrap();
        // Visits arrive in any order.
        let visit = |part: u32| {
            let class = if part == 3 { ClickClass::Bot } else { ClickClass::Human };
            scene.visit(campaign, (number + part) % size + 1, class, (u64::from(worker), rounds * 4 + part + 1), now)
        };
        let visits: Vec<_> = (0..4).map(visit).collect();
        record(database, &visits).await;
        rounds += 1;
    }
    rounds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_false_alarm_while_workers_write() {
    let scene = Scene::new(&[600, 10, 10, 600]).await;
    let stop = AtomicBool::new(false);
    let (one, two, three) = (scene.test.another().await, scene.test.another().await, scene.test.another().await);
    let runs = AtomicU32::new(0);
    let look = async {
        let until = Instant::now() + Duration::from_secs(6);
        while Instant::now() < until {
            let checked = scene.run().await;
            assert_eq!(checked, Checked::default());
            runs.fetch_add(1, Ordering::Relaxed);
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (first, last) = (&scene.campaigns[0], &scene.campaigns[3]);
    let ((), a, b, c) = tokio::join!(
        look,
        work(&scene, &one, first, 1, &stop),
        work(&scene, &two, first, 2, &stop),
        work(&scene, &three, last, 3, &stop)
    );
    assert!(runs.into_inner() > 5 && a.min(b).min(c) > 20, "nobody was beside the other: {a}, {b}, {c}");
    assert_equals_rows(&scene.test.pool).await;
    scene.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_mended_while_workers_write_and_others_mend_is_mended_once() {
    let scene = Scene::new(&[600, 10, 10, 600]).await;
    let stop = AtomicBool::new(false);
    let (one, two, other) = (scene.test.another().await, scene.test.another().await, scene.test.another().await);
    let mend = async {
        for round in 0..12 {
            scene.execute("UPDATE hourly_totals SET sent = sent + 3, human_clicks = human_clicks - 2 WHERE RAND() < 0.1").await;
            scene.execute("UPDATE messages SET first_click_at = NULL WHERE number % 50 = 7").await;
            scene.execute("DELETE FROM hourly_failures WHERE RAND() < 0.05").await;
            scene.clock.advance(TimeDelta::minutes(1));
            let (now, until) = (scene.clock.now(), Instant::now() + Duration::from_mins(1));
            // As if the other had begun before this one said that it compares.
            let late = now + TimeDelta::microseconds(1);
            let (one, two) = tokio::join!(check(&scene.test.database, now, until), check(&other, late, until));
            assert!(one.unwrap().differ + two.unwrap().differ > 0, "{round}");
        }
        stop.store(true, Ordering::Relaxed);
    };
    let (first, last) = (&scene.campaigns[0], &scene.campaigns[3]);
    tokio::join!(mend, work(&scene, &one, first, 1, &stop), work(&scene, &two, last, 2, &stop));
    // What somebody moved in that moment is left for the next time.
    scene.run().await;
    assert_equals_rows(&scene.test.pool).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}

/// Marks the campaign as compared at this moment, and what is found then.
async fn find(scene: &Scene, campaign: &Campaign, now: DateTime<Utc>) -> Verdict {
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let due = recount::list_due(&mut connection, &rhythm(scene.clock.now()), 10).await.unwrap();
    let due = due.into_iter().find(|due| due.owner.campaign == campaign.id).unwrap();
    assert!(recount::mark_checked(&mut connection, &due, now).await.unwrap());
    let look = look(&scene.test.database, due.owner, now, Instant::now() + Duration::from_mins(1));
    let (rows, stored) = look.await.unwrap().unwrap();
    judge(due.owner, &rows, &stored)
}

#[tokio::test]
async fn two_who_see_the_same_difference_do_not_both_make_it_good() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    scene.execute("UPDATE hourly_totals SET sent = sent + 3").await;
    let (campaign, now) = (&scene.campaigns[0], scene.clock.now());
    let owner = Owner::from(campaign);
    let first = find(&scene, campaign, now).await;
    let late = now + TimeDelta::microseconds(1);
    let second = find(&scene, campaign, late).await;
    assert!(first.is_mendable() && first == second);
    assert!(!mend(&scene.test.database, owner, now, &first, 0).await.unwrap(), "somebody else has begun since");
    assert!(mend(&scene.test.database, owner, late, &second, 0).await.unwrap());
    scene.run().await;
    assert_equals_rows(&scene.test.pool).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn a_first_click_that_somebody_moves_between_is_left_for_the_next_time() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    let (campaign, now) = (&scene.campaigns[0], scene.clock.now());
    let owner = Owner::from(campaign);
    let id = hex(campaign.id.uuid());
    let first = format!("SELECT first_click_at FROM messages WHERE campaign_id = {id} AND number = 3");
    let first: chrono::NaiveDateTime = sqlx::query_scalar(AssertSqlSafe(first)).fetch_one(&scene.test.pool).await.unwrap();
    // It remembers a visit that never was, and somebody comes between that one and the earliest: nobody moves the first click.
    let lost = format!(
        "UPDATE messages SET first_click_at = first_click_at - INTERVAL 3 HOUR WHERE campaign_id = {id} AND number = 3"
    );
    scene.damage(&lost).await;
    let between = scene.visit(campaign, 3, ClickClass::Human, (900, 1), first.and_utc() - TimeDelta::hours(1));
    let verdict = find(&scene, campaign, now).await;
    assert_eq!(verdict.first_clicks.len(), 1);
    record(&scene.test.database, &[between]).await;
    assert!(!mend(&scene.test.database, owner, now, &verdict, 0).await.unwrap());
    let checked = scene.run().await;
    // Its hour had not been given up for that of the earlier visit.
    assert_eq!((checked.differ, checked.standing), (3, 0), "{checked:?}");
    assert_equals_rows(&scene.test.pool).await;
    assert_eq!(scene.run().await, Checked::default());

    // It was forgotten, and somebody comes.
    scene.damage(&format!("UPDATE messages SET first_click_at = NULL WHERE campaign_id = {id} AND number = 5")).await;
    let now = scene.clock.now() + TimeDelta::microseconds(1);
    scene.clock.advance(TimeDelta::minutes(1));
    let verdict = find(&scene, campaign, now).await;
    record(&scene.test.database, &[scene.visit(campaign, 5, ClickClass::Human, (900, 2), now)]).await;
    assert!(!mend(&scene.test.database, owner, now, &verdict, 0).await.unwrap());
    assert!(scene.run().await.differ > 0);
    assert_equals_rows(&scene.test.pool).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn messages_that_are_added_between_are_not_forgotten() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    let (campaign, now) = (&scene.campaigns[0], scene.clock.now());
    let id = hex(campaign.id.uuid());
    scene.damage(&format!("UPDATE campaigns SET prepared_messages = prepared_messages - 7 WHERE id = {id}")).await;
    let verdict = find(&scene, campaign, now).await;
    assert_eq!(verdict.prepared, Some((53, 60)));
    let added = scene.message(campaign, 61);
    messages::insert_all(&mut scene.test.pool.acquire().await.unwrap(), &[added]).await.unwrap();
    scene.damage(&format!("UPDATE campaigns SET prepared_messages = prepared_messages + 1 WHERE id = {id}")).await;
    assert!(!mend(&scene.test.database, campaign.into(), now, &verdict, 0).await.unwrap());
    assert_eq!(scene.run().await.mended, 1);
    let prepared = format!("SELECT prepared_messages FROM campaigns WHERE id = {id}");
    let prepared: u32 = sqlx::query_scalar(AssertSqlSafe(prepared)).fetch_one(&scene.test.pool).await.unwrap();
    assert_eq!(prepared, 61);
    scene.test.finish().await;
}

#[tokio::test]
async fn while_a_clinic_is_mended_the_one_beside_it_adds_campaigns() {
    let scene = Scene::new(&[10, 10, 10, 10]).await;
    let clinics = [scene.campaigns[0].clinic, scene.campaigns[3].clinic];
    let (before, mended) = (clinics[0].min(clinics[1]), clinics[0].max(clinics[1]));
    let oldest = recount::oldest(&mut scene.test.pool.acquire().await.unwrap(), mended).await.unwrap();
    let done = scene.test.database.repeatable_transaction::<_, sqlx::Error>("mend", |tx| {
        let scene = &scene;
        Box::pin(async move {
            recount::lock(tx, mended, oldest).await?;
            let mut connection = scene.test.pool.acquire().await?;
            let campaign = shared::testing::campaign(&scene.ambient, before);
            campaigns::insert(&mut connection, &campaign, &[]).await
        })
    });
    done.await.unwrap();
    scene.test.finish().await;
}
