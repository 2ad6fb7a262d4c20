//! At the same time.

use futures_util::future::join_all;
use serde_json::json;

use crate::world::{World, accept, change, kind, remove};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_open_one_link_at_the_same_time_exactly_one_works_for_the_clinic() {
    let world = World::new().await;
    for round in 0..5 {
        let token = world.invite("박간호사", "staff").await;
        let mut people = Vec::new();
        for number in 0..12 {
            people.push(world.worker(round * 100 + number).await.with_subject(&format!("p{round}-{number}")));
        }
        let answers = join_all(people.iter().map(|person| accept(person, &token))).await;
        let good = answers.iter().filter(|answer| answer.status == 200).count();
        let late = answers.iter().filter(|answer| kind(answer) == (404, "unknown-invitation")).count();
        assert_eq!((good, late), (1, 11), "round {round}: {answers:?}");
    }
    assert_eq!(world.staff().await.len(), 1 + 5);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_person_with_many_links_at_the_same_time_works_once() {
    let world = World::new().await;
    let mut tries = Vec::new();
    for number in 0..8 {
        tries.push((world.worker(number).await.with_subject("eager"), world.invite("박", "staff").await));
    }
    let answers = join_all(tries.iter().map(|(person, token)| accept(person, token))).await;
    let good = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| kind(answer) == (409, "already-staff")).count();
    assert_eq!((good, refused), (1, 7), "{answers:?}");
    assert_eq!(world.staff().await.len(), 2);
    world.test.finish().await;
}

/// Owners who remove or demote each other, all at once: whoever is last stays, in every order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn owners_who_remove_each_other_at_the_same_time_leave_one() {
    let world = World::new().await;
    for round in 0..6_u64 {
        let mut owners = vec![("owner".to_owned(), world.owner_id().await)];
        for number in 0..4 {
            let subject = format!("o{round}-{number}");
            let id = world.hire(&subject, "owner").await;
            owners.push((subject, id));
        }
        let mut clients = Vec::new();
        for (number, (subject, _)) in owners.iter().enumerate() {
            clients.push(world.worker(round * 10 + number as u64).await.with_subject(subject));
        }
        // Everybody acts on the next one, and the last on the first.
        let acts =
            clients.iter().enumerate().map(|(number, client)| {
                let (_, id) = &owners[(number + 1) % owners.len()];
                async move {
                    if round % 2 == 0 { remove(client, id).await } else { change(client, id, json!({"role": "staff"})).await }
                }
            });
        let answers = join_all(acts).await;
        assert!(answers.iter().all(|answer| answer.status < 500), "{answers:?}");
        let left: Vec<_> = world.staff().await.into_iter().filter(|(_, role)| role == "owner").collect();
        assert!(!left.is_empty(), "round {round}: nobody owns the clinic");
        // The tests go on with `owner` as the only one.
        sqlx::query("DELETE FROM staff WHERE clinic_id = ? AND subject <> 'owner' AND removed_at IS NULL")
            .bind(world.clinic)
            .execute(&world.test.pool)
            .await
            .unwrap();
        sqlx::query("UPDATE staff SET subject = 'owner', role = 'owner', removed_at = NULL WHERE id = ?")
            .bind(owners[0].1.parse::<shared::model::StaffId>().unwrap())
            .execute(&world.test.pool)
            .await
            .unwrap();
    }
    world.test.finish().await;
}

/// The owner is removed while they invite: no link of theirs outlives them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_is_removed_at_the_same_time_leaves_a_link_behind() {
    let world = World::new().await;
    for round in 0..10_u64 {
        let subject = format!("second-{round}");
        let second = world.hire(&subject, "owner").await;
        let inviting = world.worker(round).await.with_subject(&subject);
        let (removed, invited) = tokio::join!(
            remove(&world.owner, &second),
            inviting.post("/v1/staff/invitations", json!({"name": "박", "role": "owner"})),
        );
        assert_eq!(removed.status, 204);
        assert!(invited.status == 201 || kind(&invited) == (403, "not-staff"), "{invited:?}");
        let open: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM staff_invitations WHERE invited_by = ? AND accepted_at IS NULL AND revoked_at IS NULL",
        )
        .bind(second.parse::<shared::model::StaffId>().unwrap())
        .fetch_one(&world.test.pool)
        .await
        .unwrap();
        assert_eq!(open, 0, "round {round}");
    }
    world.test.finish().await;
}
