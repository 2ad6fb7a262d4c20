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

/// A difference of one part in so many is noise, too: the three unknown ones may be nearer to each other by chance.
const NOISE: u32 = 10;

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
async fn a_guess_is_counted_also_when_the_database_gives_it_up_for_another_request() {
    let world = World::new().await;
    // As in a deadlock.
    sqlx::raw_sql(
        "CREATE TRIGGER deadlock BEFORE INSERT ON code_guesses FOR EACH ROW
         IF @given_up IS NULL THEN SET @given_up = 1; SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF",
    )
    .execute(&world.test.pool)
    .await
    .unwrap();
    let random = Ambient::seeded(FixedClock::new(), 82);
    assert_eq!(kind(&world.join("guesser", ReferralCode::new(&random).as_str()).await), (404, "unknown-code"));
    assert_eq!(world.count("code_guesses WHERE guesses = 1").await, 1);
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
    let world = World::new().await;
    let [unknown, disabled, expired, orphaned] = useless(&world).await;
    // What an unknown code and itself differ by is what cannot be told from noise.
    let again = [("unknown again", unknown.1.clone()), ("unknown once more", unknown.1.clone())];
    let [one, two] = again;
    let codes = [unknown, one, two, disabled, expired, orphaned];
    let medians = medians(&world, &codes).await;
    println!("medians: {:?}", codes.iter().map(|(name, _)| name).zip(&medians).collect::<Vec<_>>());
    let (same, others) = medians.split_at(3);
    let (fastest, slowest) = (same.iter().min().unwrap(), same.iter().max().unwrap());
    let noise = slowest.abs_diff(*fastest).max(*fastest / NOISE);
    for (other, (name, _)) in others.iter().zip(&codes[3..]) {
        let off = slowest.abs_diff(*other).min(fastest.abs_diff(*other));
        let is_between = other >= fastest && other <= slowest;
        assert!(is_between || off <= noise, "{name}: {medians:?}");
    }
    world.test.finish().await;
}

async fn medians(world: &World, codes: &[(&str, String)]) -> Vec<Duration> {
    const ROUNDS: usize = 1000;
    let mut took = vec![Vec::new(); codes.len()];
    for round in 0..ROUNDS {
        for turn in 0..codes.len() {
            // Whatever disturbs the machine disturbs all of them alike.
            let at = (turn + round) % codes.len();
            let guesser = world.person(&format!("{round} {turn}"));
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
