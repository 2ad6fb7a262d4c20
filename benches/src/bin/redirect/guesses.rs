//! Tokens that somebody guesses, through the real function.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use benches::runtime_api::Function;
use benches::visits::{self, ADDRESS, Answer, Visit};
use benches::{Failed, answer};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use serde_json::json;
use shared::model::link::TOKEN_LENGTH;

use crate::Bench;

/// The same guesses in every run.
const SEED: u64 = 20_260_302;
/// After so many guesses somebody with a link of ours comes, from the address of the guesser.
const BETWEEN_VISITS: u32 = 1000;
/// Letters of a token.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Guesses, every other one from one address and the rest from 65,536 others, with real visitors behind the one address.
pub fn run(bench: &Bench, guesses: u32) -> Result<(), Failed> {
    let mut function = Function::start(&mut Command::new(&bench.track_click), &bench.variables())?;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut statuses = BTreeMap::<u16, u64>::new();
    let (mut redirects, mut sent_on) = (0_u32, 0_u32);
    let begun = Instant::now();
    for (number, visit) in visits::of_links(&bench.keys, 0, guesses).enumerate() {
        let guess = Visit { token: guess(&visit.token, number, &mut rng), known: None, ..visit.clone() };
        let elsewhere = format!("198.18.{}.{}", rng.random::<u8>(), rng.random::<u8>());
        let address = if number % 2 == 0 { ADDRESS } else { &elsewhere };
        let answered = Answer::of_function(&function.invoke(bench.forms.event(&guess, address))?)?;
        redirects += u32::from(answered.leads_somewhere());
        *statuses.entry(answered.status).or_default() += 1;
        if (number + 1) % BETWEEN_VISITS as usize == 0 {
            Answer::of_function(&function.invoke(bench.forms.event(&visit, ADDRESS))?)?.check(&visit)?;
            sent_on += 1;
        }
    }
    let queued = bench.aws.take().len();
    let used = function.usage()?;
    answer(&json!({
        "guesses": guesses,
        "redirects": redirects,
        "statuses": statuses,
        "visitsSentOn": sent_on,
        "queued": queued,
        "wallSeconds": begun.elapsed().as_secs_f64(),
        "cpuMicros": used.cpu.as_secs_f64() * 1e6 / f64::from(guesses),
        "peakKib": used.peak_kib,
    }))?;
    if redirects > 0 || queued != sent_on as usize {
        return Err("a guess was taken for a link".into());
    }
    Ok(())
}

/// A token that is not ours, made from one that is: in turns of different kinds.
fn guess(token: &str, number: usize, rng: &mut StdRng) -> String {
    let (ids, proof) = token.split_at(TOKEN_LENGTH - 16);
    match number % 6 {
        // Any 33 bytes.
        0 => letters(TOKEN_LENGTH, rng),
        // The right campaign, recipient and key with another proof.
        1 => ids.to_owned() + &letters(proof.len(), rng),
        // One letter of ours changed.
        2 => {
            let at = rng.random_range(0..TOKEN_LENGTH);
            let other = letters(1, rng);
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            if changed == token { letters(TOKEN_LENGTH, rng) } else { changed }
        }
        // Cut off.
        3 => token[..rng.random_range(1..TOKEN_LENGTH)].to_owned(),
        // Signed, it says, with a key that we do not have.
        4 => letters(1, rng) + &token[1..TOKEN_LENGTH - 16] + &letters(16, rng),
        // Of other programs.
        _ => format!("wp-login-{}", letters(8, rng)),
    }
}

fn letters(count: usize, rng: &mut StdRng) -> String {
    let mut bytes = vec![0; count];
    rng.fill_bytes(&mut bytes);
    bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])).collect()
}
