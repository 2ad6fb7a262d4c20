//! One member, with everything that the clinic sees.

use serde_json::{Value, json};

use crate::world::{World, path};

#[tokio::test]
async fn the_clinic_sees_how_a_member_came_and_what_they_brought() {
    let world = World::new().await;
    let host = world.member("host", world.clinic).await;
    let guest = world.brought("guest", world.clinic, &host).await;
    let gone = world.brought("gone", world.clinic, &guest).await;
    world.brought("friend", world.clinic, &guest).await;
    world.withdraw(gone.0).await;
    world.adjust(guest.0, world.clinic, 700).await;
    world.hold(guest.0, world.clinic, 1000, "held").await;
    world.hold(guest.0, world.foreign, 9, "held").await;
    // Elsewhere the same person is somebody's guest, too.
    let there = world.member("guest", world.foreign).await;
    world.brought("stranger", world.foreign, &there).await;
    world.run("UPDATE referrals SET unpaid_because = 'known_customer'").await;
    let seen = world.nurse.get(&path(guest.0)).await.json;
    assert_eq!(
        (&seen["name"], &seen["membership"], &seen["ownCode"]),
        (&json!("이름 guest"), &json!("confirmed"), &json!(guest.1))
    );
    assert_eq!((&seen["points"], &seen["pointsHeld"], &seen["invitedCount"]), (&json!(700), &json!(1000), &json!(1)));
    let source = &seen["source"];
    assert_eq!((&source["code"], &source["owner"], source.get("label")), (&json!(host.1), &json!("member"), None));
    assert_eq!(source["invitedBy"], json!({"userId": host.0, "name": "이름 host"}));
    assert_eq!(source["unpaidBecause"], "known_customer");
    assert_eq!((seen.get("endedAt"), seen.get("endedBecause"), &seen["customerId"]), (None, None, &Value::Null));

    world.withdraw(host.0).await;
    let seen = world.owner.get(&path(guest.0)).await.json;
    assert_eq!(
        (&seen["source"]["owner"], seen["source"].get("invitedBy")),
        (&json!("member"), None),
        "a code without a person"
    );
    world.test.finish().await;
}

#[tokio::test]
async fn the_clinics_own_code_is_shown_with_its_label_and_who_came_without_one_has_no_source() {
    let world = World::new().await;
    let poster = world.code(world.clinic, None, "접수대 QR").await;
    let user = world.stands("guest", world.clinic, "confirmed").await;
    world.refer(user, world.clinic, &poster, None).await;
    let source = world.owner.get(&path(user)).await.json["source"].clone();
    assert_eq!((&source["code"], &source["owner"], &source["label"]), (&json!(poster), &json!("clinic"), &json!("접수대 QR")));
    assert_eq!((source.get("invitedBy"), source.get("unpaidBecause")), (None, None));

    let asked = world.stands("asked", world.clinic, "ended").await;
    let seen = world.owner.get(&path(asked)).await.json;
    assert_eq!((seen.get("source"), &seen["ownCode"], &seen["endedBecause"]), (None, &Value::Null, &json!("removed")));
    assert!(seen["endedAt"].is_string());
    world.test.finish().await;
}
