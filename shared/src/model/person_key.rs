//! Hashes by which a person is known again under another account, without keeping who the person is.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::model::person::Caller;

/// The secret that goes into every hash: without it nobody can try out the phones that exist.
#[derive(Clone, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Pepper(Hmac<Sha256>);

/// As Secrets Manager keeps it.
#[derive(Deserialize)]
struct Stored {
    pepper: SecretString,
}

/// The pepper has less than 32 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a pepper has at least 32 characters")]
pub struct TooShort;

impl TryFrom<Stored> for Pepper {
    type Error = TooShort;

    fn try_from(stored: Stored) -> Result<Self, TooShort> {
        Self::new(stored.pepper.expose_secret())
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper")
    }
}

/// A peppered hash of a proven phone or e-mail address, or of whoever guesses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 32]);

impl PersonKey {
    /// The hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PersonKey {
    /// Eight digits, to tell keys apart in a test.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, third, fourth, ..] = self.0;
        write!(f, "PersonKey({first:02x}{second:02x}{third:02x}{fourth:02x}…)")
    }
}

impl Pepper {
    /// A pepper of this text.
    ///
    /// # Errors
    /// When it could be guessed.
    pub fn new(pepper: &str) -> Result<Self, TooShort> {
        if pepper.len() < 32 {
            return Err(TooShort);
        }
        Hmac::new_from_slice(pepper.as_bytes()).map(Self).map_err(|_| TooShort)
    }

    /// The keys of somebody who is signed in, in order: of the proven phone and of the proven e-mail address.
    #[must_use]
    pub fn keys_of(&self, caller: &Caller) -> Vec<PersonKey> {
        let phone = caller.phone.as_deref().map(|phone| self.key("phone", phone));
        let email = caller.email.as_deref().map(|email| self.key("email", email));
        let mut keys: Vec<_> = phone.into_iter().chain(email).collect();
        keys.sort_unstable();
        keys
    }

    /// The key of one who shows codes: an account or a place in the network.
    #[must_use]
    pub fn guesser(&self, who: &str) -> PersonKey {
        self.key("guesser", who)
    }

    fn key(&self, kind: &str, text: &str) -> PersonKey {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(b":");
        mac.update(text.as_bytes());
        PersonKey(mac.finalize().into_bytes().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(phone: Option<&str>, email: Option<&str>) -> Caller {
        Caller { subject: "s".into(), name: None, phone: phone.map(str::to_owned), email: email.map(str::to_owned) }
    }

    #[test]
    fn the_same_phone_is_the_same_key_only_with_the_same_pepper() {
        let (one, two) = (Pepper::new(&"one".repeat(11)).unwrap(), Pepper::new(&"two".repeat(11)).unwrap());
        let person = caller(Some("+821012345678"), None);
        assert_eq!(one.keys_of(&person), one.keys_of(&caller(Some("+821012345678"), None)));
        assert_ne!(one.keys_of(&person), two.keys_of(&person));
        assert_ne!(one.keys_of(&person), one.keys_of(&caller(None, Some("+821012345678"))));
        assert_eq!(one.keys_of(&caller(Some("+8210"), Some("a@b.example"))).len(), 2);
        assert!(one.keys_of(&caller(None, None)).is_empty());
    }

    #[test]
    fn a_pepper_is_not_shown() {
        let pepper: Pepper = serde_json::from_str(&format!(r#"{{"pepper": "{}"}}"#, "salty".repeat(7))).unwrap();
        assert!(!format!("{pepper:?}").contains("salty"));
        assert!(serde_json::from_str::<Pepper>(r#"{"pepper": "salty"}"#).is_err());
    }
}
