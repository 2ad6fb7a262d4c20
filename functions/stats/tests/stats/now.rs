//! The numbers at this moment.

use serde_json::json;
use shared::model::state::{CampaignKind, MessageState};

use crate::history::History;
use crate::world::{World, moment};

#[tokio::test]
async fn a_clinic_without_anything_has_zeros_and_no_ratios() {
    let world = World::new().await;
    let (_, staff) = world.clinic("clinic").await;
    let shown = staff.get("/v1/stats").await;
    let zeros = json!({
        "customers": 0, "groups": 1, "members": 0, "pointsGranted": 0,
        "messages": {"requested": 0, "notHandedOver": 0, "awaiting": 0, "delivered": 0, "failed": 0, "unknown": 0},
        "successRate": {"delivered": 0, "of": 0, "ratio": null},
        "clickRate": {"uniqueClicks": 0, "of": 0, "ratio": null},
        "clicks": {"human": 0, "unique": 0, "previews": 0, "prefetches": 0, "bots": 0, "rejected": 0},
    });
    assert_eq!((shown.status, shown.json), (200, zeros));
    world.test.finish().await;
}

#[tokio::test]
async fn what_is_shown_is_what_a_count_over_the_rows_gives() {
    let world = World::new().await;
    let (clinic, staff) = world.clinic("clinic").await;
    let (other, other_staff) = world.clinic("other").await;
    let history = History::write(&world, clinic, 1).await;
    History::write(&world, other, 2).await;
    for statement in [
        "INSERT INTO customers (clinic_id, id, name, phone, attributes, created_at, updated_at)
         SELECT id, id, 'n', '+821012345678', '{}', NOW(), NOW() FROM clinics",
        "INSERT INTO users (id, subject, name, created_at) SELECT id, HEX(id), 'n', NOW() FROM clinics",
        "INSERT INTO memberships (clinic_id, user_id, state, created_at, confirmed_at)
         SELECT id, id, 'confirmed', NOW(), NOW() FROM clinics",
        "INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, created_at)
         SELECT id, HEX(id), id, id, 'join', 700, NOW() FROM clinics",
    ] {
        sqlx::query(statement).execute(&world.test.pool).await.unwrap();
    }

    let lines: Vec<_> = history.lines.iter().filter(|line| line.campaign.kind != CampaignKind::Test).collect();
    let those =
        |wanted: fn(MessageState, bool) -> bool| lines.iter().filter(|line| wanted(line.state, line.sent_at.is_some())).count();
    let delivered = those(|state, _| state == MessageState::Delivered);
    let not_handed_over = those(|state, _| matches!(state, MessageState::Queued | MessageState::Excluded));
    let everything = history.numbers(
        |line| line.campaign.kind != CampaignKind::Test,
        moment("2026-01-01T00:00:00Z"),
        moment("2027-01-01T00:00:00Z"),
    );
    let handed_over = lines.len() - not_handed_over;
    let unique = everything["uniqueClicks"].as_u64().unwrap();

    let shown = staff.get("/v1/stats").await.json;
    let rounded = |part: u64, of: usize| {
        (f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(of).unwrap()) * 1e4).round() / 1e4
    };
    assert_eq!(
        shown,
        json!({
            "customers": 1, "groups": 3, "members": 1, "pointsGranted": 700,
            "messages": {
                "requested": lines.len(),
                "notHandedOver": not_handed_over,
                "awaiting": those(|state, is_sent| {
                    state == MessageState::Sent || state == MessageState::Unknown && is_sent
                }),
                "delivered": delivered,
                "failed": those(|state, _| state == MessageState::Failed),
                "unknown": those(|state, is_sent| state == MessageState::Unknown && !is_sent),
            },
            "successRate": {"delivered": delivered, "of": handed_over, "ratio": rounded(delivered as u64, handed_over)},
            "clickRate": {"uniqueClicks": unique, "of": delivered, "ratio": rounded(unique, delivered)},
            "clicks": {
                "human": everything["humanClicks"], "unique": unique, "previews": everything["previews"],
                "prefetches": everything["prefetches"], "bots": everything["bots"], "rejected": everything["rejected"],
            },
        })
    );
    let messages = shown["messages"].as_object().unwrap();
    let parts: i64 = messages.iter().filter(|(name, _)| *name != "requested").map(|(_, part)| part.as_i64().unwrap()).sum();
    assert_eq!(messages["requested"], parts);
    assert!(those(|state, is_sent| state == MessageState::Unknown && !is_sent) > 0, "the history has everything");
    assert_ne!(other_staff.get("/v1/stats").await.json["clicks"], shown["clicks"], "clinics are told apart");
    world.test.finish().await;
}

#[tokio::test]
async fn no_message_is_looked_at_but_those_of_unanswered_bundles() {
    let world = World::new().await;
    let (clinic, _) = world.clinic("clinic").await;
    let history = History::write(&world, clinic, 3).await;
    let mut connection = world.test.pool.acquire().await.unwrap();
    let looked_at = async |connection: &mut sqlx::MySqlConnection| -> u64 {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Handler_read%'").fetch_all(connection).await.unwrap();
        rows.iter().map(|(_, count)| count.parse::<u64>().unwrap()).sum()
    };
    let before = looked_at(&mut connection).await;
    shared::db::statistics::rest(&mut connection, clinic).await.unwrap();
    let after = looked_at(&mut connection).await;
    let unanswered =
        history.lines.iter().filter(|line| line.state == MessageState::Unknown && line.sent_at.is_none()).count() as u64;
    let failed_hours: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM hourly_failures WHERE scope_id = ?")
        .bind(clinic)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    // Four campaigns, eight bundles, and one step more for each range that ends.
    let expected = unanswered + u64::try_from(failed_hours).unwrap() + 4 + 8;
    assert!(after - before < expected + 40, "{} rows, {expected} expected", after - before);
    drop(connection);
    world.test.finish().await;
}
