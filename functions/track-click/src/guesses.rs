//! Who shows tokens that are not ours, and how often.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// So many tokens that are not ours are answered to one guesser in a minute; then it is told to wait, and nobody is asked
/// anything on its behalf. People who cut an address off by mistake need two or three.
pub const GUESSES_A_MINUTE: u64 = 60;

/// How often each guesser has guessed in this minute, as this process knows. Known tokens never come here, so people who
/// share the guesser's address are not affected.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<u64, Seen>>);

#[derive(Debug)]
struct Seen {
    minute: i64,
    here: u64,
    is_over: bool,
}

/// What becomes of a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The page for unknown links.
    Answered,
    /// The first one too many in this minute.
    FirstTooMany,
    /// One too many.
    TooMany,
}

impl Guesses {
    /// About 1 MB.
    const MOST: usize = 10_000;

    /// Whether the guesser has had enough in this minute.
    pub fn is_over(&self, guesser: u64, minute: i64) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&guesser).is_some_and(|seen| seen.minute == minute && seen.is_over)
    }

    /// Counts a guess. `everywhere` is how many all processes together have seen, if that is known.
    pub fn count(&self, guesser: u64, minute: i64, everywhere: Option<u64>) -> Verdict {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= Self::MOST && !all.contains_key(&guesser) {
            all.retain(|_, seen| seen.minute == minute);
            if all.len() >= Self::MOST {
                // A guesser with so many addresses is a matter for the firewall. The store still counts.
                all.clear();
            }
        }
        let seen = all.entry(guesser).or_insert(Seen { minute, here: 0, is_over: false });
        if seen.minute != minute {
            *seen = Seen { minute, here: 0, is_over: false };
        }
        seen.here += 1;
        if seen.here.max(everywhere.unwrap_or_default()) <= GUESSES_A_MINUTE {
            return Verdict::Answered;
        }
        let was_over = std::mem::replace(&mut seen.is_over, true);
        // When others have counted more, one of them was the first.
        if was_over || everywhere.is_some_and(|count| count > GUESSES_A_MINUTE + 1) {
            Verdict::TooMany
        } else {
            Verdict::FirstTooMany
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixty_first_guess_of_a_minute_is_one_too_many() {
        let guesses = Guesses::default();
        for _ in 0..60 {
            assert_eq!(guesses.count(1, 7, None), Verdict::Answered);
            assert!(!guesses.is_over(1, 7));
        }
        assert_eq!(guesses.count(1, 7, None), Verdict::FirstTooMany);
        assert_eq!(guesses.count(1, 7, None), Verdict::TooMany);
        assert!(guesses.is_over(1, 7) && !guesses.is_over(2, 7) && !guesses.is_over(1, 8));
        assert_eq!(guesses.count(2, 7, None), Verdict::Answered);
        assert_eq!(guesses.count(1, 8, None), Verdict::Answered);
    }

    #[test]
    fn what_all_processes_have_seen_counts_and_one_of_them_says_so() {
        let guesses = Guesses::default();
        assert_eq!(guesses.count(1, 7, Some(60)), Verdict::Answered);
        assert_eq!(guesses.count(1, 7, Some(61)), Verdict::FirstTooMany);
        assert_eq!(Guesses::default().count(1, 7, Some(62)), Verdict::TooMany);
    }

    #[test]
    fn what_is_remembered_of_guessers_is_bounded() {
        let guesses = Guesses::default();
        for guesser in 0..25_000 {
            guesses.count(guesser, 7, None);
        }
        assert!(guesses.0.lock().unwrap().len() <= Guesses::MOST);
        // Those of the past make room first.
        for guesser in 0..100 {
            guesses.count(guesser, 8, None);
        }
        assert!(guesses.0.lock().unwrap().len() <= Guesses::MOST);
    }
}
