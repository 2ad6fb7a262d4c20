//! Inviting, looking at invitations, taking them back.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{World, accept, items, kind};

async fn revoke(world: &World, id: &str) -> (u16, Value) {
    let answer = world.owner.send("DELETE", &format!("/v1/staff/invitations/{id}"), &[], Value::Null).await;
    (answer.status, answer.json)
}

/// Name and state of every invitation, newest first.
async fn listed(world: &World) -> Vec<(String, String)> {
    let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
    let list = world.owner.get("/v1/staff/invitations").await;
    items(&list).iter().map(|item| (text(item, "name"), text(item, "state"))).collect()
}

fn line(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

#[tokio::test]
async fn a_link_is_shown_once_and_only_its_hash_is_kept() {
    let world = World::new().await;
    let invited = world.owner.post("/v1/staff/invitations", json!({"name": " 박간호사 ", "role": "staff"})).await;
    assert_eq!(invited.status, 201, "{invited:?}");
    assert_eq!(invited.headers["cache-control"], "no-store");
    assert_eq!(invited.json["expiresAt"], "2026-03-09T01:00:00Z");
    let link = invited.json["link"].as_str().unwrap();
    let token = link.strip_prefix("https://console.example.com/staff-invitations/").unwrap();
    assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "128 bits");
    let hash: Vec<u8> =
        sqlx::query_scalar("SELECT token_hash FROM staff_invitations").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(hash.len(), 32);
    let raw: u128 = u128::from_str_radix(token, 16).unwrap();
    assert!(!hash.windows(16).any(|part| part == raw.to_be_bytes()), "the token itself is not kept");
    let list = world.owner.get("/v1/staff/invitations").await;
    let [item] = &*items(&list) else { panic!("one invitation") };
    let owner = world.owner_id().await;
    assert_eq!(
        item,
        &json!({
            "id": invited.json["id"], "name": "박간호사", "role": "staff", "state": "open", "invitedBy": owner,
            "createdAt": "2026-03-02T01:00:00Z", "expiresAt": "2026-03-09T01:00:00Z",
        })
    );
    assert!(!list.json.to_string().contains(token));
    world.test.finish().await;
}

#[tokio::test]
async fn only_an_owner_invites_and_sees_invitations_and_only_those_of_the_own_clinic() {
    let world = World::new().await;
    world.hire("nurse", "staff").await;
    world.invite("박간호사", "staff").await;
    let nurse = world.owner.with_subject("nurse");
    let invitation = items(&world.owner.get("/v1/staff/invitations").await)[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/staff/invitations/{invitation}");
    for (client, expected) in [(&nurse, (403, "not-owner")), (&world.owner.with_subject("nobody"), (403, "not-staff"))] {
        assert_eq!(kind(&client.post("/v1/staff/invitations", json!({"name": "최", "role": "owner"})).await), expected);
        assert_eq!(kind(&client.get("/v1/staff/invitations").await), expected);
        assert_eq!(kind(&client.send("DELETE", &path, &[], Value::Null).await), expected);
    }
    assert_eq!(items(&world.other.get("/v1/staff/invitations").await), Vec::<Value>::new());
    let foreign = world.other.send("DELETE", &path, &[], Value::Null).await;
    let missing = "/v1/staff/invitations/inv_00000000000070008000000000000000";
    let missing = world.other.send("DELETE", missing, &[], Value::Null).await;
    assert_eq!((foreign.status, foreign.json), (404, missing.json));
    assert!(listed(&world).await.contains(&line("박간호사", "open")));
    world.test.finish().await;
}

#[tokio::test]
async fn a_revoked_or_old_invitation_lets_nobody_in_and_all_answers_look_alike() {
    let world = World::new().await;
    let (revoked, old) = (world.invite("취소", "owner").await, world.invite("늦음", "staff").await);
    let id = items(&world.owner.get("/v1/staff/invitations").await)
        .iter()
        .find(|item| item["name"] == "취소")
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .unwrap();
    assert_eq!(revoke(&world, &id).await, (204, Value::Null));
    assert_eq!(revoke(&world, &id).await, (204, Value::Null), "once more changes nothing");
    world.clock.advance(TimeDelta::days(7) - TimeDelta::microseconds(1));
    let newcomer = world.owner.with_subject("newcomer");
    let refused = accept(&newcomer, &revoked).await;
    assert_eq!(kind(&refused), (404, "unknown-invitation"));
    world.clock.advance(TimeDelta::microseconds(1));
    for token in [old.as_str(), &"0".repeat(32), "", "x", &old.to_uppercase()] {
        assert_eq!(accept(&newcomer, token).await.json, refused.json, "{token}");
    }
    let mut states = listed(&world).await;
    states.sort();
    assert_eq!(states, [line("늦음", "expired"), line("취소", "revoked")]);
    assert_eq!(world.staff().await.len(), 1);
    // Names of people who never came are not kept for ever.
    world.clock.advance(TimeDelta::days(30) + TimeDelta::seconds(1));
    world.invite("새로", "staff").await;
    assert_eq!(listed(&world).await, [line("새로", "open")]);
    world.test.finish().await;
}

#[tokio::test]
async fn an_accepted_invitation_cannot_be_revoked() {
    let world = World::new().await;
    let nurse = world.hire("nurse", "staff").await;
    let [item] = &*items(&world.owner.get("/v1/staff/invitations").await) else { panic!("one invitation") };
    assert_eq!((&item["state"], &item["acceptedBy"]), (&json!("accepted"), &json!(nurse)));
    // The name is with the colleague alone.
    let name: String = sqlx::query_scalar("SELECT name FROM staff_invitations").fetch_one(&world.test.pool).await.unwrap();
    assert_eq!((name.as_str(), &item["name"]), ("", &json!("nurse")));
    crate::world::change(&world.owner, &nurse, json!({"name": "박수간호사"})).await;
    assert_eq!(listed(&world).await, [line("박수간호사", "accepted")]);
    let (status, refused) = revoke(&world, item["id"].as_str().unwrap()).await;
    assert_eq!((status, &refused["type"]), (409, &json!("https://dangol.dev/problems/already-decided")));
    assert_eq!(world.staff().await.len(), 2);
    world.test.finish().await;
}

#[tokio::test]
async fn a_clinic_has_fifty_open_invitations_at_most() {
    let world = World::new().await;
    for number in 0..50 {
        world.invite(&format!("직원 {number}"), "staff").await;
    }
    let refused = world.owner.post("/v1/staff/invitations", json!({"name": "더", "role": "staff"})).await;
    assert_eq!(kind(&refused), (409, "too-many-invitations"));
    world.clock.advance(TimeDelta::days(8));
    world.invite("더", "staff").await;
    assert_eq!(items(&world.owner.get("/v1/staff/invitations").await).len(), 50, "a page");
    world.test.finish().await;
}

#[tokio::test]
async fn bad_input_is_refused_with_the_field_named() {
    let world = World::new().await;
    for (body, field) in [
        (json!({"role": "staff"}), "name"),
        (json!({"name": " ", "role": "staff"}), "name"),
        (json!({"name": "가".repeat(101), "role": "staff"}), "name"),
        (json!({"name": "박"}), "role"),
        (json!({"name": "박", "role": "admin"}), "role"),
        (json!({"name": "박", "role": "staff", "clinicId": "cli_1"}), "clinicId"),
    ] {
        let refused = world.owner.post("/v1/staff/invitations", body).await;
        assert_eq!((refused.status, &refused.json["field"]), (422, &json!(field)));
    }
    assert_eq!(kind(&world.owner.with_subject("newcomer").post("/v1/staff/invitations/accept", json!({})).await).0, 422);
    assert_eq!(kind(&world.worker(1).await.get("/v1/staff").await), (401, "unauthenticated"));
    world.test.finish().await;
}
