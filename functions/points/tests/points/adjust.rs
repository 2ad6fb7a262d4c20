//! Adjusting.

use serde_json::json;

use crate::world::{World, kind};

#[tokio::test]
async fn the_owner_adjusts_up_and_down_but_never_below_zero() {
    let world = World::new().await;
    let member = world.member("member", 0).await;
    let up = world.adjust(&world.owner, "k1", member, 500).await;
    assert_eq!((up.status, &up.json["balance"]), (201, &json!(500)));
    assert_eq!(world.adjust(&world.owner, "k2", member, -200).await.json["balance"], 300);
    assert_eq!(kind(&world.adjust(&world.owner, "k3", member, -301).await), "not-enough-points");
    assert_eq!(kind(&world.adjust(&world.owner.with_subject("staff"), "k4", member, 1).await), "not-owner");
    for amount in [0, 1_000_001, -1_000_001] {
        assert_eq!(world.adjust(&world.owner, "k5", member, amount).await.json["field"], "amount");
    }
    let path = format!("/v1/members/{member}/points/adjust");
    let silent = world.owner.post_once("k6", &path, json!({"amount": 1, "note": "  "})).await;
    assert_eq!(silent.json["field"], "note");
    assert_eq!((world.balance(member).await, world.lines().await), (300, 2));
    world.finish().await;
}

#[tokio::test]
async fn nobody_adjusts_their_own_points_by_whatever_account() {
    let world = World::new().await;
    let same_account = world.member("owner", 100).await;
    let same_phone = world.member("private", 100).await;
    sqlx::query("UPDATE users SET phone = '+821012345678' WHERE subject = 'private'").execute(&world.test.pool).await.unwrap();
    let owner = world.owner.proving(Some("+821012345678"), None);
    for member in [same_account, same_phone] {
        assert_eq!(world.adjust(&owner, "k", member, 100).await.json["field"], "userId");
    }
    // Also by a phone that was proven some time ago: when they came to work here, or by the owner as a person.
    for (key, stored, expected) in [
        ("k1", "UPDATE staff SET phone = '+821012345678' WHERE subject = 'owner'", true),
        ("k2", "UPDATE staff SET phone = NULL", false),
        ("k3", "UPDATE users SET phone = '+821012345678' WHERE subject = 'owner'", true),
    ] {
        sqlx::query(stored).execute(&world.test.pool).await.unwrap();
        let adjusted = world.adjust(&world.owner, key, same_phone, 100).await;
        assert_eq!(adjusted.json["field"] == "userId", expected, "{stored}: {adjusted:?}");
    }
    world.staff(world.clinic, "partner", "owner").await;
    let partner = world.owner.with_subject("partner");
    assert_eq!(world.adjust(&partner, "k", same_account, 100).await.status, 201);
    world.finish().await;
}

#[tokio::test]
async fn points_are_added_only_while_the_clinic_grants_points_and_only_to_members() {
    let world = World::new().await;
    let (member, asking) = (world.member("member", 100).await, world.member_in("asking", "pending").await);
    assert_eq!(kind(&world.adjust(&world.owner, "k1", asking, 1).await), "membership-state");
    sqlx::query("UPDATE clinics SET points_enabled = FALSE").execute(&world.test.pool).await.unwrap();
    assert_eq!(kind(&world.adjust(&world.owner, "k2", member, 1).await), "points-off");
    assert_eq!(world.adjust(&world.owner, "k3", member, -1).await.status, 201);
    world.finish().await;
}

#[tokio::test]
async fn a_foreign_member_is_not_adjusted() {
    let world = World::new().await;
    let member = world.member("member", 100).await;
    let (_, stranger) = world.stranger().await;
    assert_eq!(world.adjust(&stranger, "k", member, 1).await.status, 404);
    assert_eq!(world.balance(member).await, 100);
    world.finish().await;
}
