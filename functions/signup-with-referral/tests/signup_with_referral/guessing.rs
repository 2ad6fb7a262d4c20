//! People who try codes that are not theirs.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::Value;
use shared::clock::Ambient;
use shared::db::{self, Database};
use shared::model::ReferralCode;
use shared::testing::{Answer, FixedClock};

use crate::world::{World, code, join, kind};

const GUESSES: usize = 10_000;

#[tokio::test]
async fn of_ten_thousand_guesses_ten_are_looked_up_and_the_right_code_is_not_told_from_the_wrong_ones() {
    let world = World::with_connections(2).await;
    let clinic = world.clinic().await;
    let (mut answers, random) = (Vec::new(), Ambient::seeded(FixedClock::new(), 77));
    let guesser = world.person("guesser");
    for guess in 0..GUESSES {
        // Every hundredth guess is right.
        let code = if guess % 100 == 99 { clinic.code.clone() } else { ReferralCode::new(&random).into() };
        let answer = join(&guesser, &code).await;
        answers.push((answer.status, answer.headers.get("retry-after").map(|value| value.to_str().unwrap().to_owned())));
    }
    assert!(answers[..10].iter().all(|answer| *answer == (404, None)));
    assert!(answers[10..].iter().all(|answer| *answer == (429, Some("600".to_owned()))));
    assert_eq!(world.count("users").await, 0);
    // Others are not hindered, and after ten minutes neither is the guesser.
    assert_eq!(world.join("another", &clinic.code).await.status, 201);
    world.clock.advance(TimeDelta::minutes(10) - TimeDelta::milliseconds(300));
    let blocked = join(&guesser, &clinic.code).await;
    assert_eq!((kind(&blocked), &blocked.json["retryAfter"]), ((429, "too-many-guesses"), &Value::from(1)));
    world.clock.advance(TimeDelta::milliseconds(300));
    assert_eq!(join(&guesser, ReferralCode::new(&random).as_str()).await.status, 404);
    assert_eq!(world.count("code_guesses WHERE guesses = 1").await, 1);
    assert_eq!(join(&guesser, &clinic.code).await.status, 201);
    world.earned();
    world.test.finish().await;
}

#[tokio::test]
async fn typos_and_right_codes_are_no_guesses() {
    let world = World::new().await;
    let clinic = world.clinic().await;
    for _ in 0..30 {
        assert_eq!(kind(&world.join("clumsy", "7K3M9QXX").await).0, 422);
        assert!(world.join("clumsy", &clinic.code).await.status < 202);
    }
    assert_eq!(world.count("code_guesses").await, 0);
    world.earned();
    world.test.finish().await;
}

/// Codes that nobody can use, each for another reason.
async fn useless(world: &World) -> [(&'static str, String); 4] {
    let clinic = world.clinic().await;
    let mut codes = Vec::new();
    for who in ["disabled", "expired", "orphaned"] {
        codes.push(code(&world.join(who, &clinic.code).await));
    }
    world.earned();
    for (change, code) in ["disabled_at = created_at", "expires_at = created_at"].into_iter().zip(&codes) {
        world.run(&format!("UPDATE referral_codes SET {change} WHERE code = '{code}'")).await;
    }
    let orphan = "UPDATE memberships m JOIN referral_codes r ON r.user_id = m.user_id
                  SET m.state = 'ended', m.ended_because = 'left', m.ended_at = m.created_at WHERE r.code = ";
    world.run(&format!("{orphan}'{}'", codes[2])).await;
    let unknown = ReferralCode::new(&Ambient::seeded(FixedClock::new(), 78)).into();
    let [disabled, expired, orphaned] = codes.try_into().unwrap();
    [("unknown", unknown), ("disabled", disabled), ("expired", expired), ("orphaned", orphaned)]
}

#[tokio::test]
async fn codes_that_do_not_exist_are_disabled_expired_or_orphaned_get_the_same_answer_by_the_same_statements() {
    let world = World::new().await;
    let codes = useless(&world).await;
    let own = (*world.test.pool.connect_options()).clone();
    let pool = db::pool_options(1).connect_with(own).await.unwrap();
    let anybody = world.over(Database::from_pool(pool.clone()), 2);
    let statements = || async {
        let (_, count): (String, String) =
            sqlx::query_as("SHOW SESSION STATUS LIKE 'Questions'").fetch_one(&pool).await.unwrap();
        count.parse::<u64>().unwrap()
    };
    let mut seen = Vec::new();
    for round in 0..3 {
        for (name, code) in &codes {
            let before = statements().await;
            let signed_in = join(&anybody.with_subject(&format!("{name} {round}")), code).await;
            let between = statements().await;
            let public = anybody.get(&format!("/v1/invitations/{code}")).await;
            world.run("DELETE FROM code_guesses").await;
            let told = |answer: &Answer| (answer.status, answer.json.to_string());
            seen.push((told(&signed_in), told(&public), between - before, statements().await - between));
        }
    }
    // The first round prepares the statements.
    let warm = &seen[codes.len()..];
    assert_eq!(warm[0].0.0, 404);
    assert!(warm.iter().all(|answer| *answer == warm[0]), "{warm:#?}");
    pool.close().await;
    world.test.finish().await;
}

#[expect(clippy::print_stdout, reason = "figures, for whoever asks for them")]
#[tokio::test]
async fn nobody_hears_from_the_time_it_takes_why_a_code_cannot_be_used() {
    const TRIES: u32 = 3;
    let world = World::new().await;
    let codes = useless(&world).await;
    for attempt in 1..=TRIES {
        let medians = medians(&world, &codes, attempt).await;
        let (fastest, slowest) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        println!("medians: {:?}", codes.iter().map(|(name, _)| name).zip(&medians).collect::<Vec<_>>());
        if *slowest < *fastest * 5 / 4 {
            break;
        }
        // A difference that is one of the code is there each time, one of a busy machine is not.
        assert!(attempt < TRIES, "{medians:?}");
    }
    world.test.finish().await;
}

async fn medians(world: &World, codes: &[(&str, String)], attempt: u32) -> Vec<Duration> {
    const ROUNDS: usize = 500;
    let mut took = vec![Vec::new(); codes.len()];
    for round in 0..ROUNDS {
        for turn in 0..codes.len() {
            // Whatever disturbs the machine disturbs all of them alike.
            let at = (turn + round) % codes.len();
            let guesser = world.person(&format!("{attempt} {round} {turn}"));
            let begun = Instant::now();
            let answer = join(&guesser, &codes[at].1).await;
            took[at].push(begun.elapsed());
            assert_eq!(answer.status, 404);
        }
    }
    let median = |took: &mut Vec<Duration>| {
        took.sort_unstable();
        took[took.len() / 2]
    };
    took.iter_mut().map(median).collect()
}
