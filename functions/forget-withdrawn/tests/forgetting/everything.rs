//! Somebody of whom there is everything.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use redis::AsyncCommands;
use serde_json::json;
use shared::db::imports::Options;
use shared::model::link::Destination;
use shared::model::state::{ClickClass, MessageState};
use shared::model::{CampaignId, ClinicId};
use shared::store::Store;
use shared::testing::importing::{self, Importing};
use shared::testing::rollup;

use crate::traces;
use crate::world::{EMAIL, Member, NAME, PHONE, SUBJECT, WORDS, World};

/// Somebody who gets tests.
const COLLEAGUE: &str = "+821012345678";

pub struct Everything {
    pub members: [Member; 2],
    /// Bundles whose messages are not final: their campaign and place.
    pub open: Vec<(CampaignId, u32)>,
}

/// Writes it.
pub async fn write(world: &World) -> Everything {
    let (one, other) = (world.clinic().await, world.clinic().await);
    let user = world.user(SUBJECT, NAME, Some(PHONE)).await;
    let members = [world.member(one, user, PHONE, true).await, world.member(other, user, PHONE, true).await];
    friends_and_points(world, members[0]).await;
    import(world, one).await;
    let mut open = Vec::new();
    for member in members {
        let campaign = world.campaign(member.clinic).await;
        world.message(member, campaign, "accepted", MessageState::Delivered).await;
        let campaign = world.campaign(member.clinic).await;
        world.message(member, campaign, "accepted", MessageState::Failed).await;
        let campaign = world.campaign(member.clinic).await;
        world.message(member, campaign, "prepared", MessageState::Queued).await;
        for (bundle, state) in
            [("calling", MessageState::Queued), ("accepted", MessageState::Sent), ("unknown", MessageState::Unknown)]
        {
            let campaign = world.campaign(member.clinic).await;
            world.message(member, campaign, bundle, state).await;
            open.push((campaign, 0));
        }
        // A test that somebody of the clinic got, to see it with the person's values.
        let shown = world.campaign(member.clinic).await;
        world.message(member, shown, "accepted", MessageState::Delivered).await;
        let made = sqlx::query("UPDATE messages SET customer_id = NULL, phone = ? WHERE campaign_id = ? AND number = 1");
        made.bind(COLLEAGUE).bind(shown).execute(&world.test.pool).await.unwrap();
        let made = sqlx::query(
            "UPDATE campaigns SET kind = 'test', state = 'finished', test_phones = ?, test_customer_id = ? WHERE id = ?",
        );
        made.bind(json!([COLLEAGUE])).bind(member.customer).bind(shown).execute(&world.test.pool).await.unwrap();
        let test = world.campaign(member.clinic).await;
        world.message(member, test, "accepted", MessageState::Delivered).await;
        let made = sqlx::query("UPDATE campaigns SET kind = 'test', state = 'finished', test_phones = ? WHERE id = ?");
        made.bind(json!([PHONE, COLLEAGUE])).bind(test).execute(&world.test.pool).await.unwrap();
    }
    click(world).await;
    rollup::fill(&world.test.pool).await;
    Everything { members, open }
}

async fn friends_and_points(world: &World, member: Member) {
    let friend = world.user("subject-of-a-friend", "김단골", Some("+821055556666")).await;
    world.member(member.clinic, friend, "+821055556666", true).await;
    world.execute("UPDATE customers SET name = '김단골', attributes = '{}' WHERE phone = '+821055556666'").await;
    let (pool, now) = (&world.test.pool, world.now());
    let run = async |statement: &'static str| {
        let statement = statement
            .replace(":clinic", &format!("X'{}'", member.clinic.uuid().simple()))
            .replace(":user", &format!("X'{}'", member.user.uuid().simple()))
            .replace(":friend", &format!("X'{}'", friend.uuid().simple()))
            .replace(":key", &member.user.to_string())
            .replace(":now", &format!("'{}'", now.format("%Y-%m-%d %H:%M:%S")))
            .replace(":name", NAME)
            .replace(":subject", SUBJECT)
            .replace(":email", EMAIL);
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(pool).await.unwrap();
    };
    run("INSERT INTO referral_codes (code, clinic_id, user_id, created_at) VALUES ('CLINIC00', :clinic, NULL, :now),
         ('PERSON00', :clinic, :user, :now), ('FRIEND00', :clinic, :friend, :now)")
    .await;
    run("INSERT INTO referrals (id, clinic_id, user_id, code, referrer_id, created_at) VALUES
         (REPEAT('p', 16), :clinic, :user, 'FRIEND00', :friend, :now)")
    .await;
    run("INSERT INTO point_entries (id, grant_key, clinic_id, user_id, reason, amount, referral_id, created_at, note, reverses) VALUES
         (REPEAT('1', 16), 'join::key', :clinic, :user, 'join', 1000, REPEAT('p', 16), :now, '', NULL),
         (REPEAT('2', 16), 'invite::key', :clinic, :friend, 'invite', 1000, REPEAT('p', 16), :now, '', NULL),
         (REPEAT('3', 16), 'spend:1', :clinic, :user, 'spend', -300, NULL, :now, ':name님 사용', NULL),
         (REPEAT('4', 16), 'reverse:2', :clinic, :friend, 'reverse', -1000, NULL, :now, ':name님은 가족이어서 취소', REPEAT('2', 16))")
        .await;
    run("INSERT INTO point_balances (clinic_id, user_id, balance) VALUES (:clinic, :user, 700), (:clinic, :friend, 0)").await;
    run("INSERT INTO held_grants (clinic_id, id, grant_key, user_id, reason, amount, referral_id, held_because, state, note, decided_at,
             created_at) VALUES
         (:clinic, REPEAT('h', 16), 'invite:somebody', :user, 'invite', 1000, REPEAT('x', 16), 'burst', 'held', '', NULL, :now),
         (:clinic, REPEAT('i', 16), 'invite:another', :user, 'invite', 1000, REPEAT('y', 16), 'burst', 'refused', ':name님 확인', :now,
             :now)")
        .await;
    run("INSERT INTO idempotency_keys (subject, route, idempotency_key, request_hash, status, body, created_at) VALUES
         (':subject', 'join', 'k1', REPEAT('h', 32), 200, '{\"name\": \":name\", \"email\": \":email\"}', :now)")
    .await;
    run("INSERT INTO person_keys (person_key, user_id, created_at) VALUES (REPEAT('k', 32), :user, :now)").await;
}

/// A list in which the person stands, committed since.
async fn import(world: &World, clinic: ClinicId) {
    let mut importing = Importing::new(&world.test.pool, &world.ambient).await;
    importing.clinic = clinic;
    let person = importing::row(98_765_432).numbered(1).named(NAME).with("메모", &format!("{NAME} 보호자"));
    let import = importing
        .approve(&world.ambient, &[person, importing::row(2)], Options { target_group: None, update_existing: true })
        .await;
    let sample = json!([{"number": 1, "cells": [NAME, "010-9876-5432"]}]);
    let committed = sqlx::query("UPDATE imports SET state = 'committed', sample = ? WHERE id = ?");
    committed.bind(sample).bind(import).execute(&world.test.pool).await.unwrap();
    let updated = sqlx::query("UPDATE import_rows SET previous_name = ? WHERE import_id = ? AND number = 1");
    updated.bind(NAME).bind(import).execute(&world.test.pool).await.unwrap();
}

/// Somebody opened the link of each message that arrived.
async fn click(world: &World) {
    let clicked =
        "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, clicked_at)
         SELECT RANDOM_BYTES(16), clinic_id, campaign_id, number, 'human', 'browser', 1, 'Mozilla/5.0', sent_at FROM messages
         WHERE state = 'delivered'";
    world.execute(clicked).await;
    world.execute("UPDATE messages SET first_click_at = sent_at WHERE state = 'delivered'").await;
}

/// Ledger, balances and roll-up say what their rows say; every message is there.
pub async fn assert_adds_up(world: &World) {
    let differing = "SELECT COUNT(*) FROM point_balances b WHERE b.balance <> (
         SELECT COALESCE(SUM(e.amount), 0) FROM point_entries e WHERE e.clinic_id = b.clinic_id AND e.user_id = b.user_id)";
    assert_eq!(world.number(differing).await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM point_entries").await, 4);
    assert_eq!(world.number("SELECT CAST(SUM(amount) AS SIGNED) FROM point_entries").await, 700);
    assert_eq!(world.number("SELECT COUNT(*) FROM messages").await, 2 * 8 * 2);
    // Those that were moved on past the functions that count.
    rollup::assert_equals_rows(&world.test.pool).await;
}

async fn states(world: &World) -> BTreeMap<String, i64> {
    let states = sqlx::query_as("SELECT CAST(state AS CHAR), COUNT(*) FROM messages GROUP BY state");
    states.fetch_all(&world.test.pool).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn afterwards_nothing_in_the_database_or_the_store_tells_who_the_person_was_and_all_still_adds_up() {
    let world = World::new().await;
    let everything = write(&world).await;
    let store = Store::new(&traces::store_url(), Duration::from_secs(1)).unwrap();
    for (campaign, _) in &everything.open {
        let to =
            Destination { clinic: everything.members[0].clinic, url: "https://www.example.com/".to_owned(), expires_at: None };
        store.put_destination(*campaign, &to).await.unwrap();
        store.visit(*campaign, ClickClass::Human).await.unwrap();
    }
    // The search finds what there is, in the store, too.
    let mut connection = redis::Client::open(traces::store_url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let probe = format!("probe:{}", world.ambient.uuid());
    let _: () = connection.hset(&probe, "said", format!("{NAME}님")).await.unwrap();
    let found = traces::in_store(&WORDS).await;
    let _: () = connection.del(&probe).await.unwrap();
    assert!(found.contains(&probe), "{found:?}");
    let before = traces::in_database(&world.test.pool, &WORDS).await;
    for place in [
        "users.name",
        "users.phone",
        "users.subject",
        "customers.name",
        "customers.phone",
        "customers.attributes",
        "messages.name",
        "messages.phone",
        "messages.body",
        "messages.title",
        "messages.result_message",
        "import_rows.name",
        "import_rows.phone",
        "import_rows.phone_text",
        "import_rows.previous_name",
        "import_rows.attributes",
        "imports.sample",
        "point_entries.note",
        "held_grants.note",
        "idempotency_keys.body",
        "idempotency_keys.subject",
        "campaigns.test_phones",
    ] {
        assert!(before.contains(place), "{place} is not in {before:?}");
    }
    let (sums, counted) = (states(&world).await, world.number("SELECT COUNT(*) FROM hourly_totals").await);

    assert_eq!(world.withdraw().await.status, 204);
    let run = world.run().await.unwrap();
    assert_eq!((run.accounts, run.waiting, run.finished), (1, 1, 0));
    rollup::assert_equals_rows(&world.test.pool).await;
    let now = states(&world).await;
    assert_eq!(now.values().sum::<i64>(), sums.values().sum::<i64>());
    assert_eq!((now["excluded"], now["queued"]), (2, sums["queued"] - 2));
    assert_eq!(world.number("SELECT COUNT(*) FROM hourly_totals").await, counted);

    // What was on its way comes to its end.
    for (campaign, place) in everything.open {
        world.set(campaign, place, "accepted", MessageState::Delivered).await;
    }
    rollup::fill(&world.test.pool).await;
    assert_eq!(world.run_later().await.finished, 1);
    assert_eq!(traces::in_database(&world.test.pool, &WORDS).await.into_iter().collect::<Vec<_>>(), ["withdrawals.subject"]);
    world.clock.advance(TimeDelta::hours(25));
    world.run().await.unwrap();
    assert!(traces::in_database(&world.test.pool, &WORDS).await.is_empty());
    assert!(traces::in_store(&WORDS).await.is_empty());
    assert_adds_up(&world).await;
    assert_eq!(*world.accounts.deleted.lock().unwrap(), [SUBJECT]);
    assert_eq!(world.number("SELECT COUNT(*) FROM customers").await, 1, "the friend");
    assert_eq!(world.number("SELECT COUNT(*) FROM held_grants WHERE state = 'held'").await, 0);
    assert_eq!(world.number("SELECT COUNT(*) FROM referral_codes WHERE disabled_at IS NULL").await, 2);
    assert_eq!(world.number("SELECT COUNT(*) FROM referrals").await, 1, "the friend's invitation is counted for ever");
    world.test.finish().await;
}
