//! One thing at a time.

use super::*;

#[tokio::test]
async fn what_agrees_is_left_alone() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    assert_eq!(scene.run().await, Checked::default());
    assert_equals_rows(&scene.test.pool).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn what_was_never_counted_is_one_difference_and_is_made_good_everywhere() {
    let scene = Scene::new(&[60, 40, 10, 10]).await;
    let id = hex(scene.campaigns[0].id.uuid());
    // A message fails, and nobody counts it: its part, campaign, clinic, template and group are wrong.
    scene
        .damage(&format!("UPDATE messages SET state = 'failed', reason = 'other' WHERE campaign_id = {id} AND number = 2"))
        .await;
    let checked = scene.run().await;
    assert_eq!((checked.differ, checked.mended), (1, 1), "{checked:?}");
    let (campaign, finding) = &checked.told[0];
    assert_eq!((*campaign, finding.kind), (Some(scene.campaigns[0].id), Kind::Counts));
    assert!(finding.expected.starts_with("delivered ") && finding.expected.contains("other 1"), "{finding:?}");
    assert_equals_rows(&scene.test.pool).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn a_difference_that_cannot_be_mended_is_told_once_and_again_when_it_comes_back() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    let id = hex(scene.campaigns[0].id.uuid());
    let of = |state: &str| format!("UPDATE messages SET state = '{state}' WHERE campaign_id = {id} AND number = 2");
    for _ in 0..2 {
        scene.damage(&of("sent")).await;
        let checked = scene.run().await;
        assert_eq!((checked.differ, checked.mended, checked.standing), (1, 0, 1), "{checked:?}");
        let again = scene.run().await;
        assert_eq!((again.differ, again.standing), (0, 1), "{again:?}");
        scene.damage(&of("delivered")).await;
        assert_eq!(scene.run().await, Checked::default());
        // What the row says again is what the numbers never ceased to say.
        assert_equals_rows(&scene.test.pool).await;
    }
    scene.test.finish().await;
}

#[tokio::test]
async fn a_visit_that_is_not_recorded_is_awaited_for_a_quarter_of_an_hour() {
    let scene = Scene::new(&[60, 10, 10, 10]).await;
    let campaign = &scene.campaigns[0];
    let now = scene.clock.now();
    let visit = |sequence| scene.visit(campaign, 1, ClickClass::Bot, (7, sequence), now + TimeDelta::seconds(sequence.into()));
    record(&scene.test.database, &[visit(1), visit(4)]).await;
    scene.clock.advance(TimeDelta::minutes(14));
    assert_eq!(scene.run().await, Checked::default());
    let missing = scene.run().await;
    assert_eq!((missing.differ, missing.standing), (1, 1), "{missing:?}");
    let (_, finding) = &missing.told[0];
    assert_eq!((finding.kind, finding.place.as_str()), (Kind::VisitsMissing, "origin 7, numbers 2 to 3"));
    assert_eq!((finding.expected.as_str(), finding.found.as_str()), ("2", "0"));
    record(&scene.test.database, &[visit(2), visit(3)]).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn fresh_campaigns_are_compared_each_time_recent_ones_every_hour_and_others_every_day() {
    let scene = Scene::new(&[20, 10, 10, 10]).await;
    let now = scene.clock.now();
    for (campaign, days) in scene.campaigns.iter().zip([1, 3, 29, 31]) {
        let statement = sqlx::query("UPDATE campaigns SET created_at = ? WHERE id = ?");
        statement.bind(now - TimeDelta::days(days)).bind(campaign.id).execute(&scene.test.pool).await.unwrap();
    }
    assert_eq!(due(&scene, 0).await, [3, 2, 1, 0], "all that never were, the oldest first");
    assert_eq!(due(&scene, 1).await, [0]);
    assert_eq!(due(&scene, 58).await, [0]);
    assert_eq!(due(&scene, 1).await, [2, 1, 0]);
    assert_eq!(due(&scene, 23 * 60 - 1).await, [2, 1, 0]);
    assert_eq!(due(&scene, 1).await, [3, 0]);
    scene.test.finish().await;
}

/// Which campaigns are due in so many minutes. They are marked.
async fn due(scene: &Scene, minutes: i64) -> Vec<usize> {
    scene.clock.advance(TimeDelta::minutes(minutes));
    let mut connection = scene.test.pool.acquire().await.unwrap();
    let due = recount::list_due(&mut connection, &rhythm(scene.clock.now()), 10).await.unwrap();
    for due in &due {
        assert!(recount::mark_checked(&mut connection, due, scene.clock.now()).await.unwrap());
        // Whoever comes second does not compare it.
        assert!(!recount::mark_checked(&mut connection, due, scene.clock.now()).await.unwrap());
    }
    let place = |due: &Due| scene.campaigns.iter().position(|campaign| campaign.id == due.owner.campaign).unwrap();
    due.iter().map(place).collect()
}

#[tokio::test]
async fn large_campaigns_are_compared_seldom_and_finished_ones_when_something_was_counted() {
    let scene = Scene::new(&[10, 10, 10, 10]).await;
    let [large, finished, still, _] = [0, 1, 2, 3].map(|index| hex(scene.campaigns[index].id.uuid()));
    scene.damage(&format!("UPDATE campaigns SET prepared_messages = 79999 WHERE id = {large}")).await;
    scene.execute(&format!("UPDATE campaigns SET state = 'finished' WHERE id IN ({finished}, {still})")).await;
    let due = async |minutes| due(&scene, minutes).await.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(due(0).await.len(), 4);
    assert_eq!(due(1).await, BTreeSet::from([3]));
    assert_eq!(due(1).await, BTreeSet::from([3]));
    assert_eq!(due(1).await, BTreeSet::from([0, 3]));
    let visit = scene.visit(&scene.campaigns[1], 1, ClickClass::Bot, (900, 1), scene.clock.now());
    record(&scene.test.database, &[visit]).await;
    assert_eq!(due(1).await, BTreeSet::from([1, 3]));
    assert_eq!(due(55).await, BTreeSet::from([0, 1, 3]));
    assert_eq!(due(1).await, BTreeSet::from([1, 2, 3]));
    scene.test.finish().await;
}

#[tokio::test]
async fn of_more_wrong_first_clicks_than_are_looked_at_some_are_made_good_in_each_run() {
    let scene = Scene::new(&[2600, 10, 10, 10]).await;
    let id = hex(scene.campaigns[0].id.uuid());
    let wrong = format!("UPDATE messages SET first_click_at = NULL WHERE campaign_id = {id} AND first_click_at IS NOT NULL");
    let wrong = usize::try_from(scene.execute(&wrong).await).unwrap();
    let listed = recount::MOST + 1;
    assert!((listed + 1..2 * listed).contains(&wrong), "{wrong}");
    // It is large enough not to be due in the next minute; yet there is more to do.
    scene.damage(&format!("UPDATE campaigns SET prepared_messages = 60000 WHERE id = {id}")).await;
    let checked = scene.run().await;
    assert_eq!((checked.differ, checked.mended, checked.standing), (listed + 2, listed, 2), "too many, and prepared");
    let checked = scene.run().await;
    assert_eq!((checked.differ, checked.mended, checked.standing), (wrong - listed, wrong - listed, 1));
    assert_equals_rows(&scene.test.pool).await;
    scene.damage(&format!("UPDATE campaigns SET prepared_messages = 2600 WHERE id = {id}")).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}

#[tokio::test]
async fn before_a_clinic_is_blamed_its_older_campaigns_are_looked_at() {
    let scene = Scene::new(&[60, 40, 10, 10]).await;
    assert_eq!(scene.run().await, Checked::default());
    // An old campaign is wrong in an hour of which a fresh one makes the clinic be compared.
    let old = &scene.campaigns[1];
    scene.damage(&format!("UPDATE campaigns SET created_at = created_at - INTERVAL 3 DAY, counts_checked_at = counts_checked_at - INTERVAL 61 MINUTE WHERE id = {}", hex(old.id.uuid()))).await;
    let one = format!("SET bots = bots + 5 WHERE scope_id = {0} AND part_id = {0} ORDER BY hour LIMIT 1", hex(old.id.uuid()));
    scene.damage(&format!("UPDATE hourly_totals {one}")).await;
    let checked = scene.run().await;
    assert_eq!((checked.differ, checked.mended, checked.told[0].0), (1, 1, Some(old.id)), "{checked:?}");
    assert_equals_rows(&scene.test.pool).await;
    scene.test.finish().await;
}

#[tokio::test]
async fn when_there_is_no_time_nothing_is_begun() {
    let scene = Scene::new(&[20, 10, 10, 10]).await;
    scene.execute("UPDATE hourly_totals SET sent = sent + 1").await;
    let checked = check(&scene.test.database, scene.clock.now(), Instant::now()).await.unwrap();
    assert_eq!(checked, Checked::default());
    let owner = Owner::from(&scene.campaigns[0]);
    assert!(look(&scene.test.database, owner, scene.clock.now(), Instant::now()).await.unwrap().is_none());
    assert!(scene.run().await.differ > 0);
    assert_equals_rows(&scene.test.pool).await;
    scene.test.finish().await;
}
