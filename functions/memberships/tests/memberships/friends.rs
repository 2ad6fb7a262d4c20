//! Whom a user invited, and who invited them.

use serde_json::json;

use crate::world::{World, names};

#[tokio::test]
async fn a_user_sees_whom_they_invited_and_who_invited_them() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let guest = world.brought("guest", world.clinic, &host).await;
    world.brought("guest of guest", world.clinic, &guest).await;
    let friends = async |who: &str| world.app.with_subject(who).get("/v1/me/friends").await.json;
    let seen = friends("host").await;
    assert_eq!((names(&seen["invited"]), names(&seen["invitedBy"])), (vec!["이름 guest"], vec![]));
    assert_eq!(
        (&seen["invited"][0]["clinicId"], &seen["invited"][0]["clinicName"]),
        (&json!(world.clinic), &json!("새봄의원"))
    );
    let seen = friends("guest").await;
    assert_eq!((names(&seen["invited"]), names(&seen["invitedBy"])), (vec!["이름 guest of guest"], vec!["이름 host"]));
    let seen = friends("guest of guest").await;
    assert_eq!(
        (names(&seen["invited"]), names(&seen["invitedBy"]), &seen["invitedCount"]),
        (vec![], vec!["이름 guest"], &json!(0))
    );
    world.test.finish().await;
}

/// On every page the number is that of all, whoever withdraws or comes meanwhile.
#[tokio::test]
async fn the_number_agrees_with_the_list_and_who_has_withdrawn_is_in_neither() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let mut guests = Vec::new();
    for number in 0..9 {
        guests.push(world.brought(&format!("guest {number}"), world.clinic, &host).await.0);
    }
    world.withdraw(guests[4]).await;
    let me = world.app.with_subject("host");
    let (mut seen, mut next) = (Vec::new(), String::new());
    for page in 0.. {
        let friends = me.get(&format!("/v1/me/friends?limit=3{next}")).await.json;
        assert_eq!(friends["invitedCount"], 8 + page, "those who came meanwhile are counted");
        seen.extend(names(&friends["invited"]).into_iter().map(str::to_owned));
        let Some(cursor) = friends["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
        world.brought(&format!("late {page}"), world.clinic, &host).await;
    }
    let all: Vec<_> = [8, 7, 6, 5, 3, 2, 1, 0].map(|number| format!("이름 guest {number}")).into();
    assert_eq!(seen, all, "newest first, each once");
    let whole = me.get("/v1/me/friends?limit=200").await.json;
    assert_eq!(whole["invitedCount"], names(&whole["invited"]).len());

    world.withdraw(host.0).await;
    let guest = world.app.with_subject("guest 0").get("/v1/me/friends").await.json;
    assert_eq!(guest["invitedBy"], json!([]));
    world.test.finish().await;
}

#[tokio::test]
async fn a_page_behind_the_last_friend_still_counts_all() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let guests = [world.brought("one", world.clinic, &host).await.0, world.brought("two", world.clinic, &host).await.0];
    let me = world.app.with_subject("host");
    let cursor = me.get("/v1/me/friends?limit=1").await.json["nextCursor"].as_str().unwrap().to_owned();
    world.withdraw(guests[0]).await;
    let behind = me.get(&format!("/v1/me/friends?cursor={cursor}")).await.json;
    assert_eq!((&behind["invitedCount"], &behind["invited"]), (&json!(1), &json!([])));
    world.test.finish().await;
}

#[tokio::test]
async fn friends_are_shown_by_clinic_and_only_at_the_own_ones() {
    let world = World::new().await;
    let here = world.member("host", world.clinic).await;
    world.brought("guest", world.clinic, &here).await;
    let there = world.member("host", world.foreign).await;
    world.brought("stranger", world.foreign, &there).await;
    let me = world.app.with_subject("host");
    let all = me.get("/v1/me/friends").await.json;
    assert_eq!((names(&all["invited"]), &all["invitedCount"]), (vec!["이름 stranger", "이름 guest"], &json!(2)));
    let one = me.get(&format!("/v1/me/friends?clinicId={}", world.foreign)).await.json;
    assert_eq!((names(&one["invited"]), &one["invitedCount"]), (vec!["이름 stranger"], &json!(1)));

    me.send("DELETE", &format!("/v1/memberships/{}", world.foreign), &[], serde_json::Value::Null).await;
    let all = me.get("/v1/me/friends").await.json;
    assert_eq!((names(&all["invited"]), &all["invitedCount"]), (vec!["이름 guest"], &json!(1)));
    assert_eq!(me.get(&format!("/v1/me/friends?clinicId={}", world.foreign)).await.status, 404);
    // Who was invited there and is still a member does not know of a clinic that the other has left.
    let stranger = world.app.with_subject("stranger").get("/v1/me/friends").await.json;
    assert_eq!(names(&stranger["invitedBy"]), ["이름 host"]);
    world.test.finish().await;
}
