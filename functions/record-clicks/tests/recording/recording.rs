//! What a visit leaves behind.

use record_clicks::handle;
use serde_json::json;
use shared::db::campaigns::Campaign;
use shared::db::hourly_totals::{self, Clicks, Scope};
use shared::db::messages;
use shared::model::MessageId;
use shared::testing::rollup::assert_equals_rows;

use crate::world::{World, event};

fn clicks([human, unique, previews, prefetches, bots, rejected]: [i64; 6]) -> Clicks {
    Clicks { human, unique, previews, prefetches, bots, rejected }
}

#[tokio::test]
async fn every_visit_is_a_line_and_only_the_first_of_a_person_is_unique() {
    let world = World::new().await;
    let batch = [
        world.click(1, "preview", "2026-03-02T00:59:00Z"),
        world.click(1, "human", "2026-03-02T01:10:00Z"),
        world.click(1, "human", "2026-03-02T01:05:00Z"),
        world.click(2, "human", "2026-03-02T02:00:00Z"),
        world.click(2, "prefetch", "2026-03-02T02:00:00Z"),
        world.click(3, "bot", "2026-03-02T02:00:00Z"),
    ];
    world.deliver(&batch, 1).await;
    world.deliver(&[world.click(1, "human", "2026-03-02T03:00:00Z")], 1).await;
    assert_eq!(world.clicks().await, (7, clicks([4, 2, 1, 1, 1, 0])));

    let mut connection = world.test.pool.acquire().await.unwrap();
    let Campaign { clinic, id, .. } = world.campaigns[0];
    let listed = messages::list(&mut connection, clinic, id, None, 0, 10).await.unwrap();
    let first: Vec<_> = listed.iter().map(|message| message.first_click_at.map(|at| at.to_rfc3339())).collect();
    let at = |text: &str| Some(text.to_owned());
    assert_eq!(first, [at("2026-03-02T01:05:00+00:00"), at("2026-03-02T02:00:00+00:00"), None]);
    let (from, until) = ("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-03T00:00:00Z".parse().unwrap());
    let hours = hourly_totals::list(&mut connection, clinic, Scope::Clinic, from, until).await.unwrap();
    let hours: Vec<_> = hours.iter().map(|(hour, counts)| (hour.to_rfc3339()[11..13].to_owned(), counts.clicks())).collect();
    let hour = |hour: &str, numbers| (hour.to_owned(), clicks(numbers));
    assert_eq!(
        hours,
        [
            hour("00", [0, 0, 1, 0, 0, 0]),
            hour("01", [2, 1, 0, 0, 0, 0]),
            hour("02", [1, 1, 0, 1, 1, 0]),
            hour("03", [1, 0, 0, 0, 0, 0]),
        ]
    );
    drop(connection);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn an_earlier_visit_that_arrives_later_becomes_the_first() {
    let world = World::new().await;
    let hours = async || {
        let lines = "SELECT CONCAT(HOUR(hour), ' human ', human_clicks, ' first ', unique_clicks) FROM hourly_totals
                     WHERE part_id = X'00000000000000000000000000000000' AND scope_id = ? ORDER BY hour";
        let campaign = world.campaigns[0].id.uuid().into_bytes().to_vec();
        sqlx::query_scalar::<_, String>(lines).bind(campaign).fetch_all(&world.test.pool).await.unwrap()
    };
    world.deliver(&[world.click(1, "human", "2026-03-02T05:30:00Z")], 1).await;
    assert_eq!(hours().await, ["5 human 1 first 1"]);
    world.deliver(&[world.click(1, "human", "2026-03-02T03:30:00Z"), world.click(1, "bot", "2026-03-02T01:00:00Z")], 1).await;
    assert_eq!(hours().await, ["1 human 0 first 0", "3 human 1 first 1", "5 human 1 first 0"]);
    // Not to the nanosecond: the database keeps microseconds, and the same one is not an earlier one.
    world.deliver(&[world.click(1, "human", "2026-03-02T03:29:59.999999999Z")], 1).await;
    world.deliver(&[world.click(1, "human", "2026-03-02T03:29:59.999999001Z")], 1).await;
    assert_eq!(hours().await, ["1 human 0 first 0", "3 human 3 first 1", "5 human 1 first 0"]);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn a_visit_of_a_link_that_had_ended_is_counted_apart_and_is_nobodys_first() {
    let world = World::new().await;
    let mut ended = world.click(1, "rejected", "2026-03-02T01:00:00Z");
    ended["reason"] = json!("expired");
    world.deliver(&[ended, world.click(1, "human", "2026-03-02T02:00:00Z")], 1).await;
    assert_eq!(world.clicks().await, (2, clicks([1, 1, 0, 0, 0, 1])));
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn visits_of_several_campaigns_and_clinics_are_one_batch() {
    let world = World::new().await;
    let of = |campaign: usize, number, class| {
        let message = MessageId { campaign: world.campaigns[campaign].id, number };
        world.click_of(message, class, "2026-03-02T01:00:00Z")
    };
    world.deliver(&[of(0, 1, "human"), of(1, 2, "human"), of(2, 3, "preview"), of(2, 1, "human"), of(0, 3, "bot")], 1).await;
    assert_eq!(world.clicks().await, (5, clicks([1, 1, 0, 0, 1, 0])));
    let mut connection = world.test.pool.acquire().await.unwrap();
    let since = "2026-03-01T00:00:00Z".parse().unwrap();
    let own = hourly_totals::total(&mut connection, world.campaigns[0].clinic, Scope::Clinic, since).await.unwrap();
    assert_eq!(own.clicks(), clicks([1, 1, 0, 0, 1, 0]), "a test is counted in its campaign alone");
    drop(connection);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn a_second_delivery_counts_nothing_twice() {
    let world = World::new().await;
    let batch: Vec<_> = (1..=3).map(|number| world.click(number, "human", "2026-03-02T01:00:00Z")).collect();
    world.deliver(&batch, 1).await;
    world.deliver(&batch, 1).await;
    world.deliver(&batch, 2).await;
    // One that is known, and a new one twice in the same batch.
    let new = world.click(1, "human", "2026-03-02T01:00:00Z");
    world.deliver(&[batch[0].clone(), new.clone(), new], 1).await;
    assert_eq!(world.clicks().await, (4, clicks([4, 3, 0, 0, 0, 0])));
    assert_eq!(world.buried(), 0);
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn workers_with_the_same_clicks_count_each_once() {
    let world = World::new().await;
    let batch: Vec<_> = (0..60).map(|at| world.click(at % 3 + 1, "human", "2026-03-02T01:00:00Z")).collect();
    let other = world.another_worker().await;
    let reversed: Vec<_> = batch.iter().rev().cloned().collect();
    let (one, two) = tokio::join!(handle(&world.deps, event(&batch, 1)), handle(&other, event(&reversed, 1)));
    assert!(one.unwrap().batch_item_failures.is_empty() && two.unwrap().batch_item_failures.is_empty());
    assert_eq!(world.clicks().await, (60, clicks([60, 3, 0, 0, 0, 0])));
    assert_equals_rows(&world.test.pool).await;
    world.test.finish().await;
}

#[tokio::test]
async fn a_click_on_a_message_that_the_clinic_does_not_have_is_buried_alone() {
    let world = World::new().await;
    let mut foreign = world.click(1, "human", "2026-03-02T01:00:00Z");
    foreign["clinicId"] = json!(world.campaigns[2].clinic);
    let mut nowhere = world.click(1, "human", "2026-03-02T01:00:00Z");
    nowhere["campaignId"] = json!("cmp_00000000000000000000000000000001");
    let batch = [
        world.click(1, "human", "2026-03-02T01:00:00Z"),
        world.click(4, "human", "2026-03-02T01:00:00Z"),
        foreign,
        nowhere,
        json!("no click"),
    ];
    world.deliver(&batch, 1).await;
    assert_eq!((world.clicks().await, world.buried()), ((1, clicks([1, 1, 0, 0, 0, 0])), 4));
    world.test.finish().await;
}

#[tokio::test]
async fn whatever_a_visitors_program_says_is_recorded() {
    let world = World::new().await;
    let mut click = world.click(1, "human", "2026-03-02T01:00:00Z");
    let whole = json!({
        "agent": "😀".repeat(400), "reason": "x".repeat(60), "method": "HEAD", "purpose": "préfetch;\u{1}\"\\".repeat(9),
        "origin": (1_u64 << 53) - 1, "sequence": u32::MAX,
    });
    click.as_object_mut().unwrap().extend(whole.as_object().unwrap().clone());
    world.deliver(&[click, world.click(2, "human", "2026-03-02T01:00:00.123456Z")], 1).await;
    assert_eq!((world.clicks().await.0, world.buried()), (2, 0));
    let stored =
        "SELECT CONCAT_WS(' ', CHAR_LENGTH(agent), CHAR_LENGTH(reason), method, CHAR_LENGTH(purpose), LEFT(purpose, 12),
                      COALESCE(origin, 'none'), COALESCE(sequence, 'none'), clicked_at)
                  FROM clicks ORDER BY message_number";
    let stored: Vec<String> = sqlx::query_scalar(stored).fetch_all(&world.test.pool).await.unwrap();
    let one = "300 40 HEAD 60 préfetch;\u{1}\"\\ 9007199254740991 4294967295 2026-03-02 01:00:00.000000";
    assert_eq!(stored, [one, "11 7 GET 0  none none 2026-03-02 01:00:00.123456"]);
    world.test.finish().await;
}
