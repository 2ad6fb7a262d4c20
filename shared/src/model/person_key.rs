//! Hashes by which a person is known again under another account, without keeping who the person is.

use std::borrow::Cow;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

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

    /// The keys of a person, in order and each once: of the phones that they have proven, and of the proven e-mail address.
    #[must_use]
    pub fn keys(&self, phones: &[Option<&str>], email: Option<&str>) -> Vec<PersonKey> {
        let phones = phones.iter().flatten().map(|phone| self.key("phone", phone));
        let email = email.map(|email| self.key("email", &mailbox(email)));
        let mut keys: Vec<_> = phones.chain(email).collect();
        keys.sort_unstable();
        keys.dedup();
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

/// The mailbox that an address leads to: `kim+shop@mail.example` is `kim@mail.example` with most providers, and whoever has one has
/// them all.
fn mailbox(address: &str) -> Cow<'_, str> {
    let Some((local, host)) = address.rsplit_once('@') else { return Cow::Borrowed(address) };
    match local.split_once('+') {
        Some((local, _)) if !local.is_empty() => Cow::Owned(format!("{local}@{host}")),
        _ => Cow::Borrowed(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_phone_is_the_same_key_only_with_the_same_pepper() {
        let (one, two) = (Pepper::new(&"one".repeat(11)).unwrap(), Pepper::new(&"two".repeat(11)).unwrap());
        let phone = Some("+821012345678");
        assert_eq!(one.keys(&[phone], None), one.keys(&[phone, None, phone], None));
        assert_ne!(one.keys(&[phone], None), two.keys(&[phone], None));
        assert_ne!(one.keys(&[phone], None), one.keys(&[], phone));
        assert_eq!(one.keys(&[phone, Some("+8210")], Some("a@b.example")).len(), 3);
        assert!(one.keys(&[None], None).is_empty());
    }

    #[test]
    fn an_address_is_known_by_its_mailbox_whatever_is_written_behind_a_plus() {
        let pepper = Pepper::new(&"one".repeat(11)).unwrap();
        let key = |address| pepper.keys(&[], Some(address));
        for same in ["kim+1@mail.example", "kim+@mail.example", "kim+a+b@mail.example"] {
            assert_eq!(key(same), key("kim@mail.example"), "{same}");
        }
        for other in ["lee@mail.example", "kim@mail+1.example", "+kim@mail.example", "+1@mail.example", "kim+1@other.example"] {
            assert_ne!(key(other), key("kim@mail.example"), "{other}");
        }
        assert_ne!(key("+1@mail.example"), key("+2@mail.example"), "nothing is left of these without it");
    }

    #[test]
    fn a_pepper_is_not_shown() {
        let pepper: Pepper = serde_json::from_str(&format!(r#"{{"pepper": "{}"}}"#, "salty".repeat(7))).unwrap();
        assert!(!format!("{pepper:?}").contains("salty"));
        assert!(serde_json::from_str::<Pepper>(r#"{"pepper": "salty"}"#).is_err());
    }
}
