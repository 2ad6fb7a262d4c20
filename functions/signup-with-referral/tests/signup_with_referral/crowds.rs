//! Many at once: what a referral engine without constraints pays twice, and whole crowds.

use std::collections::HashMap;
use std::sync::Arc;

use shared::clock::Ambient;
use shared::db::clinics::Invitations;
use shared::db::{invite_counts, users};
use shared::message::PointsEarned;
use shared::model::UserId;
use shared::model::person::Caller;
use shared::testing::sending::event;
use shared::testing::{Client, Graveyard};
use tokio::sync::Semaphore;

use crate::world::{World, code, join};

/// Hands what was published to the real consumer, each fact twice, as the queue may. Answers how many points the ledger has then.
async fn total_paid(world: &World) -> i64 {
    let deps = grant_points::Deps {
        database: world.test.another().await,
        ambient: Ambient::seeded(world.clock.clone(), 3),
        dead_letters: Graveyard::default(),
    };
    let earned = world.publisher.take::<PointsEarned>();
    for fact in earned.iter().chain(&earned) {
        assert!(grant_points::handle(&deps, event(fact)).await.unwrap().batch_item_failures.is_empty());
    }
    let sums = "SELECT CAST(COALESCE(SUM(amount), 0) AS SIGNED),
         CAST((SELECT COALESCE(SUM(balance), 0) FROM point_balances) AS SIGNED) FROM point_entries";
    let (total, balances): (i64, i64) = sqlx::query_as(sums).fetch_one(&world.test.pool).await.unwrap();
    assert_eq!(total, balances);
    total
}

#[tokio::test]
async fn a_repeated_sign_up_the_owners_own_code_and_ten_sign_ups_at_once_pay_ten_ten_ten_and_twenty() {
    let world = World::with_connections(10).await;
    let clinic = world.clinic().await;
    world.set(&clinic, "join_points = 0, invite_points = 10").await;
    let owner = world.join("owner", &clinic.code).await;
    let invitation = code(&owner);
    assert_eq!(total_paid(&world).await, 0);

    assert_eq!(world.join("friend", &invitation).await.status, 201);
    assert_eq!(total_paid(&world).await, 10);
    assert_eq!(world.join("friend", &invitation).await.status, 200);
    assert_eq!(total_paid(&world).await, 10);
    assert_eq!(world.join("owner", &invitation).await.status, 409);
    assert_eq!(total_paid(&world).await, 10);
    let statuses = at_once(vec![(world.proven("eager", 1), invitation); 10], 10).await;
    assert_eq!(statuses, HashMap::from([(200, 9), (201, 1)]));
    assert_eq!(total_paid(&world).await, 20);
    assert_eq!(world.count("held_grants").await, 0);
    world.test.finish().await;
}

/// Sends all requests, so many at a time, and counts the answers by status.
async fn at_once(requests: Vec<(Client, String)>, at_a_time: usize) -> HashMap<u16, usize> {
    let gate = Arc::new(Semaphore::new(at_a_time));
    let sent = requests.into_iter().map(|(person, code)| {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move {
            let _at_a_time = gate.acquire().await.unwrap();
            join(&person, &code).await.status
        })
    });
    let mut statuses = HashMap::new();
    for answer in sent.collect::<Vec<_>>() {
        *statuses.entry(answer.await.unwrap()).or_default() += 1;
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_people_who_join_fifty_times_at_once_are_members_once_and_are_paid_once() {
    const PEOPLE: usize = 200;
    let world = World::with_connections(12).await;
    let (one, two) = (world.clinic().await, world.clinic().await);
    for clinic in [&one, &two] {
        world.set(clinic, "invites_per_day = NULL, invites_in_total = NULL").await;
    }
    let mut codes = vec![one.code.clone(), two.code.clone()];
    for (host, clinic) in [("host 1", &one), ("host 2", &one), ("host 3", &two)] {
        codes.push(code(&world.join(host, &clinic.code).await));
    }
    // Each person shows every code ten times; whose turn it is changes with every request.
    let requests = (0..50 * PEOPLE).map(|request| {
        let (person, turn) = (request / 50, request % 50);
        let who = world.proven(&format!("person {person}"), u32::try_from(person).unwrap());
        (who, codes[(turn * 7 + person * 3) % codes.len()].clone())
    });
    let statuses = at_once(requests.collect(), 100).await;
    // At each clinic one sign-up is new, and the code that won is answered to each of its repetitions.
    assert_eq!(statuses.values().sum::<usize>(), 50 * PEOPLE);
    assert_eq!((statuses[&201], statuses[&200]), (2 * PEOPLE, 18 * PEOPLE));
    assert_eq!(statuses[&409], 30 * PEOPLE);

    let everybody = i64::try_from(PEOPLE).unwrap();
    assert_eq!(world.count("users").await, everybody + 3);
    assert_eq!(world.count("memberships WHERE state = 'confirmed'").await, 2 * everybody + 3);
    assert_eq!(world.count("referrals").await, 2 * everybody + 3);
    assert_eq!(world.count("referral_codes WHERE user_id IS NOT NULL").await, 2 * everybody + 3);
    assert_eq!(world.count("customers").await, 2 * everybody);
    // Invitations pay exactly where the first join came through a friend, and wait in part, because so many came at once.
    let through_friends = world.count("referrals WHERE referrer_id IS NOT NULL AND unpaid_because IS NULL").await;
    let held = world.count("held_grants WHERE reason = 'invite' AND held_because = 'burst'").await;
    assert_eq!(total_paid(&world).await, 1000 * (3 + everybody + through_friends - held));
    assert_eq!(world.count("point_entries WHERE reason = 'join'").await, everybody + 3);
    assert_eq!(world.count("held_grants").await, held);
    assert_eq!(world.count("held_grants h JOIN point_entries e ON e.grant_key = h.grant_key").await, 0, "held or paid");
    world.test.finish().await;
}

#[tokio::test]
async fn mutual_and_circular_invitations_end_and_pay_the_new_once() {
    let world = World::with_connections(8).await;
    let clinics = [world.clinic().await, world.clinic().await, world.clinic().await];
    for round in 0..20 {
        let names: Vec<_> = (0..3_u32).map(|person| format!("{round} {person}")).collect();
        let people: Vec<_> = names.iter().zip(0..).map(|(who, person)| world.proven(who, round * 3 + person)).collect();
        let mut codes = Vec::new();
        for (person, clinic) in people.iter().zip(&clinics) {
            codes.push(code(&join(person, &clinic.code).await));
        }
        assert_eq!(world.earned().len(), 3, "three are new");
        // Everybody invites the next one to the clinic of their own, all at once, and then the one before.
        for step in [1, 2] {
            let requests = (0..3).map(|person| (people[(person + step) % 3].clone(), codes[person].clone()));
            assert_eq!(at_once(requests.collect(), 3).await, HashMap::from([(201, 3)]));
        }
        assert_eq!(world.earned(), [], "nobody is new any more");
    }
    assert_eq!(world.count("referrals WHERE unpaid_because = 'not_first'").await, 20 * 6);

    // A circle at one clinic: the last one's code is refused to the first one.
    let a = join(&world.proven("a", 900), &clinics[0].code).await;
    let b = join(&world.proven("b", 901), &code(&a)).await;
    let c = join(&world.proven("c", 902), &code(&b)).await;
    assert_eq!(join(&world.proven("a", 900), &code(&c)).await.status, 409);
    assert_eq!(world.earned().len(), 5);
    world.test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_that_many_make_at_the_same_moment_are_made_without_a_deadlock() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    for round in 0..30 {
        let referrer = UserId::new(&world.ambient);
        let caller = Caller { subject: format!("person {round}"), name: None, phone: None, email: None };
        let at_once = (0..6).map(|_| {
            // Transactions that nobody tries again.
            let (pool, caller, clinic, now) = (world.test.pool.clone(), caller.clone(), clinic.id, world.ambient.now());
            tokio::spawn(async move {
                let mut tx = pool.begin().await.unwrap();
                let user = users::lock_or_insert(&mut tx, &Ambient::system().unwrap(), &caller).await.unwrap();
                let limits = Invitations::default();
                tx.commit().await.unwrap();
                let mut tx = pool.begin().await.unwrap();
                invite_counts::take(&mut tx, clinic, referrer, &limits, now.date_naive(), now).await.unwrap().unwrap();
                tx.commit().await.unwrap();
                user.id
            })
        });
        let mut users = Vec::new();
        for one in at_once.collect::<Vec<_>>() {
            users.push(one.await.unwrap());
        }
        users.dedup();
        assert_eq!(users.len(), 1);
    }
    assert_eq!((world.count("users").await, world.count("invite_counts WHERE in_total = 6").await), (30, 30));
    world.test.finish().await;
}
