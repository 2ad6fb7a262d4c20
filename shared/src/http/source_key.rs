//! How the console says for whom it asks, so that nobody else can say so.

use std::fmt;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::http::Source;

/// The header in which the console says where the request comes from that it passes on: `<proof>.<seconds>.<address>`.
pub const SOURCE_HEADER: &str = "x-dangol-source";

/// How far the clocks of the two functions may be apart, with the time that a call takes.
const VALID_FOR: TimeDelta = TimeDelta::seconds(60);

/// The secret by which functions believe what the console says about where a request comes from.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Stored")]
pub struct SourceKey(Hmac<Sha256>);

/// As Secrets Manager keeps it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    source_key: SecretString,
}

/// The key has less than 32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key of sources has at least 32 characters")]
pub struct TooShort;

/// Why a source is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// It was not made with this key.
    #[error("forged")]
    Forged,
    /// It was made too long ago, or is yet to be made.
    #[error("expired")]
    Expired,
}

impl TryFrom<Stored> for SourceKey {
    type Error = TooShort;

    fn try_from(stored: Stored) -> Result<Self, TooShort> {
        Self::new(stored.source_key.expose_secret())
    }
}

impl fmt::Debug for SourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceKey")
    }
}

impl SourceKey {
    /// A key of this text.
    ///
    /// # Errors
    /// When it could be guessed.
    pub fn new(key: &str) -> Result<Self, TooShort> {
        if key.len() < 32 {
            return Err(TooShort);
        }
        Hmac::new_from_slice(key.as_bytes()).map(Self).map_err(|_| TooShort)
    }

    /// What [`SOURCE_HEADER`] says; nothing when the source is no address.
    #[must_use]
    pub fn prove(&self, Source(address): &Source, now: DateTime<Utc>) -> Option<String> {
        let address: IpAddr = address.parse().ok()?;
        let said = format!("{}.{address}", now.timestamp());
        Some(format!("{}.{said}", URL_SAFE_NO_PAD.encode(self.mac(&said).finalize().into_bytes())))
    }

    /// Reads what [`SOURCE_HEADER`] says.
    ///
    /// # Errors
    /// When the console has not said so, or not now.
    pub fn check(&self, header: &str, now: DateTime<Utc>) -> Result<Source, NotProven> {
        let (proof, said) = header.split_once('.').ok_or(NotProven::Forged)?;
        let proof = URL_SAFE_NO_PAD.decode(proof).map_err(|_| NotProven::Forged)?;
        // Takes as long for every proof of that length. Nothing is read before.
        self.mac(said).verify_slice(&proof).map_err(|_| NotProven::Forged)?;
        let (seconds, address) = said.split_once('.').ok_or(NotProven::Forged)?;
        let made: i64 = seconds.parse().map_err(|_| NotProven::Forged)?;
        if made.abs_diff(now.timestamp()) > VALID_FOR.num_seconds().unsigned_abs() {
            return Err(NotProven::Expired);
        }
        Ok(Source::of(address))
    }

    fn mac(&self, said: &str) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(b"source:");
        mac.update(said.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "203.0.113.1";

    fn key() -> SourceKey {
        SourceKey::new(&"console".repeat(5)).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_413_200, 0).unwrap()
    }

    fn proven(address: &str) -> String {
        key().prove(&Source(address.to_owned()), now()).unwrap()
    }

    #[test]
    fn what_the_console_says_is_believed_for_a_minute() {
        for address in [ADDRESS, "2001:db8:1:2::"] {
            for seconds in [-60, 0, 60] {
                let then = now() + TimeDelta::seconds(seconds);
                assert_eq!(key().check(&proven(address), then), Ok(Source(address.to_owned())), "{seconds}");
            }
            for seconds in [-61, 61, 86_400] {
                let then = now() + TimeDelta::seconds(seconds);
                assert_eq!(key().check(&proven(address), then), Err(NotProven::Expired), "{seconds}");
            }
        }
    }

    #[test]
    fn what_somebody_else_says_is_not_believed() {
        let other = SourceKey::new(&"elsewhere".repeat(5)).unwrap();
        let by_other = other.prove(&Source(ADDRESS.to_owned()), now()).unwrap();
        assert_eq!(key().check(&by_other, now()), Err(NotProven::Forged));
        let proof = proven(ADDRESS);
        let (mac, said) = proof.split_once('.').unwrap();
        let short = &mac[..mac.len() / 2];
        let said_by_none = [said.to_owned(), format!(".{said}"), format!("{short}.{said}"), format!("{mac}="), mac.to_owned()];
        for text in said_by_none.into_iter().chain(["", ".", "..", "x-forwarded-for", "203.0.113.1"].map(str::to_owned)) {
            assert_eq!(key().check(&text, now()), Err(NotProven::Forged), "{text}");
        }
    }

    #[test]
    fn no_part_of_a_proof_can_be_another_ones() {
        let (one, other) = (proven(ADDRESS), proven("198.51.100.7"));
        let later = key().prove(&Source(ADDRESS.to_owned()), now() + TimeDelta::seconds(30)).unwrap();
        let [one, other, later] = [&one, &other, &later].map(|proof| proof.splitn(3, '.').collect::<Vec<_>>());
        let swapped =
            [[one[0], one[1], other[2]], [other[0], one[1], one[2]], [one[0], later[1], one[2]], [later[0], one[1], one[2]]];
        for parts in swapped {
            assert_eq!(key().check(&parts.join("."), now()), Err(NotProven::Forged), "{parts:?}");
        }
        // Where one part ends and the next begins is proven too.
        let moved = format!("{}.{}.{}", one[0], one[1].split_at(4).0, one[1].split_at(4).1) + "." + one[2];
        assert_eq!(key().check(&moved, now()), Err(NotProven::Forged));
    }

    #[test]
    fn what_is_no_address_is_not_passed_on() {
        for text in ["", "test-invoke-source-ip", "203.0.113.1, 198.51.100.7", "203.0.113.1\r\nx: y"] {
            assert_eq!(key().prove(&Source(text.to_owned()), now()), None, "{text:?}");
        }
    }

    #[test]
    fn a_key_is_read_as_it_was_generated_and_is_not_shown() {
        let stored = format!(r#"{{"sourceKey": "{}"}}"#, "console".repeat(5));
        let read: SourceKey = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.check(&proven(ADDRESS), now()), Ok(Source(ADDRESS.to_owned())));
        assert!(!format!("{read:?}").contains("console"));
        assert!(serde_json::from_str::<SourceKey>(r#"{"sourceKey": "short"}"#).is_err());
        assert_eq!(SourceKey::new(&"a".repeat(31)).err(), Some(TooShort));
    }
}
