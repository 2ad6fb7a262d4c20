//! The token in a message's link: who was written to, and a proof that we minted it.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;
use uuid::Uuid;

use crate::model::{CampaignId, ClinicId, MessageId};

/// Key number, campaign, recipient's number.
const IDS: usize = 1 + 16 + 4;
/// 96 bits: a guesser at a million tries a second needs 10^15 years for one hit.
const MAC: usize = 12;
/// Length of a token in characters: 33 bytes in unpadded base64url.
pub const TOKEN_LENGTH: usize = 44;

/// A registered host name in the form in which it is compared: lower case, ASCII (punycode). `None` for anything else, such
/// as an address with a scheme, a port or a path, an IP address, or a name without a dot.
#[must_use]
pub fn host(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 253 || text.contains(['/', ':', '@', '?', '#', '\\', ' ']) {
        return None;
    }
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    match url.host()? {
        url::Host::Domain(name) if name.contains('.') && !name.ends_with('.') => Some(name.to_owned()),
        _ => None,
    }
    .filter(|name: &String| name.len() <= 253)
}

/// Where the links of a campaign lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Whose campaign.
    pub clinic: ClinicId,
    /// The address.
    pub url: String,
    /// From then on a page says that the link has ended; none for never.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

impl Destination {
    /// Whether it leads nowhere any more.
    #[must_use]
    pub fn has_ended(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }
}

/// Why an address cannot be a link's destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDestination {
    /// Not an address at all, or a too long one.
    #[error("not an address")]
    NotAnAddress,
    /// Only https is safe to hand to patients.
    #[error("must begin with https://")]
    NotHttps,
    /// `https://user@host` hides where it leads.
    #[error("must not contain a user name or a port")]
    UserOrPort,
    /// The host is not one that the clinic registered.
    #[error("the host is not registered for this clinic")]
    ForeignHost,
}

impl BadDestination {
    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::NotAnAddress => (
                "올바른 주소가 아닙니다. https://로 시작하는 주소를 입력하세요.",
                "not an address; it must begin with https://",
            ),
            Self::NotHttps => ("https://로 시작하는 주소만 사용할 수 있습니다.", "the address must begin with https://"),
            Self::UserOrPort => {
                ("주소에 사용자 이름이나 포트를 넣을 수 없습니다.", "the address must not contain a user name or a port")
            }
            Self::ForeignHost => (
                "병원에 등록된 도메인의 주소만 사용할 수 있습니다. 병원 설정의 linkHosts에 도메인을 먼저 등록하세요.",
                "the host is not one of the clinic's linkHosts; register it in the clinic's settings first",
            ),
        }
    }
}

/// Checks where a clinic's link is to lead: https, one of its hosts to the letter, nothing that disguises.
///
/// # Errors
/// When it may not lead there.
pub fn destination(text: &str, hosts: &[String]) -> Result<Url, BadDestination> {
    let url = Url::parse(text.trim()).ok().filter(|url| url.as_str().len() <= 2000).ok_or(BadDestination::NotAnAddress)?;
    if url.scheme() != "https" {
        return Err(BadDestination::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
        return Err(BadDestination::UserOrPort);
    }
    let own = |name: &str| hosts.iter().any(|host| name == host);
    match url.host() {
        Some(url::Host::Domain(name)) if own(name) => Ok(url),
        _ => Err(BadDestination::ForeignHost),
    }
}

/// Names that lead nowhere on the internet (RFC 2606, 6761, 6762, 8375, and what ICANN keeps for private use).
const PRIVATE_NAMES: [&str; 8] = [".localhost", ".local", ".internal", ".test", ".invalid", ".example", ".home.arpa", ".onion"];

/// Whether a [destination] can be there for everybody, as far as its name says.
#[must_use]
pub fn is_public(destination: &str) -> bool {
    let host = Url::parse(destination).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    host.contains('.') && !PRIVATE_NAMES.iter().any(|private| host.ends_with(private))
}

/// The keys that sign links. New links are signed with the current one; older ones stay valid while their key is here.
pub struct LinkKeys {
    current: u8,
    keys: BTreeMap<u8, Key>,
}

/// A key with its first half of the work done, which is the same for every token.
type Key = Hmac<Sha256>;

/// The secret does not hold usable link keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLinkKeys {
    /// A key's name is not a number from 0 to 255.
    #[error("a link key is named by a number from 0 to 255")]
    Name,
    /// A key is too short to protect anything.
    #[error("a link key has at least 32 characters")]
    TooShort,
    /// The current key is not among the keys.
    #[error("`current` names a key that is not there")]
    NoCurrent,
}

/// The token was not minted by us, or its key was withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a link of ours")]
pub struct UnknownLink;

impl LinkKeys {
    /// Takes the keys by name, as the secret holds them: `{"current": "1", "1": "…", "2": "…"}`.
    ///
    /// # Errors
    /// When a name, a key or the choice of the current one is unusable.
    pub fn new(secret: &BTreeMap<String, String>) -> Result<Self, BadLinkKeys> {
        let number = |name: &str| name.parse::<u8>().map_err(|_| BadLinkKeys::Name);
        let current = number(secret.get("current").ok_or(BadLinkKeys::NoCurrent)?)?;
        let keys = secret
            .iter()
            .filter(|(name, _)| *name != "current")
            .map(|(name, key)| {
                if key.len() < 32 {
                    return Err(BadLinkKeys::TooShort);
                }
                Ok((number(name)?, Key::new_from_slice(key.as_bytes()).map_err(|_| BadLinkKeys::TooShort)?))
            })
            .collect::<Result<BTreeMap<_, _>, _>>()?;
        if keys.contains_key(&current) { Ok(Self { current, keys }) } else { Err(BadLinkKeys::NoCurrent) }
    }

    /// The token of a message; the same message and key give the same token.
    #[must_use]
    pub fn mint(&self, message: MessageId) -> String {
        let mut bytes = [0; IDS + MAC];
        bytes[0] = self.current;
        bytes[1..17].copy_from_slice(message.campaign.uuid().as_bytes());
        bytes[17..IDS].copy_from_slice(&message.number.to_be_bytes());
        let mac = self.mac(&bytes[..IDS]).unwrap_or_default();
        bytes[IDS..].copy_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token back.
    ///
    /// # Errors
    /// When it is not one of ours. The comparison takes the same time wherever it differs.
    pub fn read(&self, token: &str) -> Result<MessageId, UnknownLink> {
        let mut bytes = [0; IDS + MAC];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).map_err(|_| UnknownLink)?;
        if length != bytes.len() {
            return Err(UnknownLink);
        }
        let mac = self.mac(&bytes[..IDS]).ok_or(UnknownLink)?;
        if !bool::from(mac.ct_eq(&bytes[IDS..])) {
            return Err(UnknownLink);
        }
        let campaign = Uuid::from_slice(&bytes[1..17]).map_err(|_| UnknownLink)?;
        let number = u32::from_be_bytes([bytes[17], bytes[18], bytes[19], bytes[20]]);
        Ok(MessageId { campaign: CampaignId::from_uuid(campaign), number })
    }

    /// Whether the token has the form of ours and names a key that is not here: nobody can tell without that key.
    #[must_use]
    pub fn lack_key_of(&self, token: &str) -> bool {
        let mut bytes = [0; IDS + MAC];
        token.len() == TOKEN_LENGTH
            && URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).is_ok_and(|length| length == bytes.len())
            && !self.keys.contains_key(&bytes[0])
    }

    /// What stands for an address wherever guessers are counted: the same for the same address and key, and no way back
    /// without the key.
    #[must_use]
    pub fn pseudonym(&self, address: &str) -> u64 {
        let Some(key) = self.keys.get(&self.current) else { return 0 };
        let mut mac = key.clone();
        mac.update(b"dangol guesser v1");
        mac.update(address.as_bytes());
        mac.finalize().into_bytes().first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default()
    }

    fn mac(&self, ids: &[u8]) -> Option<[u8; MAC]> {
        let mut mac = self.keys.get(ids.first()?)?.clone();
        mac.update(b"dangol link v1");
        mac.update(ids);
        mac.finalize().into_bytes().first_chunk().copied()
    }
}

impl fmt::Debug for LinkKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkKeys").field("current", &self.current).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(current: &str) -> LinkKeys {
        let secret = [("current", current.to_owned()), ("1", "a".repeat(64)), ("2", "b".repeat(64))];
        LinkKeys::new(&secret.into_iter().map(|(name, key)| (name.to_owned(), key)).collect()).unwrap()
    }

    fn messages() -> impl Strategy<Value = MessageId> {
        (any::<u128>(), any::<u32>())
            .prop_map(|(campaign, number)| MessageId { campaign: CampaignId::from_uuid(Uuid::from_u128(campaign)), number })
    }

    #[test]
    fn names_for_private_use_are_not_public() {
        assert!(is_public("https://www.example.com/a?b") && is_public("https://xn--9d0b11h.kr/"));
        for name in ["https://clinic.local/", "https://a.test/", "https://localhost/", "https://pc.home.arpa/x", "no address"] {
            assert!(!is_public(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_back_as_its_message_also_after_a_new_key(message in messages()) {
            let token = keys("1").mint(message);
            prop_assert_eq!(token.len(), TOKEN_LENGTH);
            prop_assert_eq!(&keys("1").mint(message), &token);
            prop_assert_eq!(keys("2").read(&token), Ok(message));
        }

        #[test]
        fn a_changed_token_is_never_ours(message in messages(), at in 0usize..33, by in 1u8..=255) {
            let mut bytes = URL_SAFE_NO_PAD.decode(keys("1").mint(message)).unwrap();
            bytes[at] ^= by;
            prop_assert_eq!(keys("1").read(&URL_SAFE_NO_PAD.encode(bytes)), Err(UnknownLink));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,60}") {
            prop_assert!(keys("1").read(&text).is_err());
        }
    }

    #[test]
    fn a_withdrawn_key_ends_its_links() {
        let token = keys("1").mint(MessageId { campaign: CampaignId::from_uuid(Uuid::nil()), number: 1 });
        let without: BTreeMap<_, _> = [("current".to_owned(), "2".to_owned()), ("2".to_owned(), "b".repeat(64))].into();
        let without = LinkKeys::new(&without).unwrap();
        assert_eq!(without.read(&token), Err(UnknownLink));
        assert!(without.lack_key_of(&token) && !keys("2").lack_key_of(&token));
        for no_token in ["", "BBBB", &token[..43], &format!("{token}A"), &token.replace('A', "!")] {
            assert!(!without.lack_key_of(no_token), "{no_token}");
        }
    }

    /// Links are in people's phones for years, so the form of a token never changes: this one was minted by the first version.
    #[test]
    fn a_token_of_the_first_version_is_still_ours() {
        let message = MessageId {
            campaign: CampaignId::from_uuid(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001)),
            number: 7,
        };
        assert_eq!(keys("1").mint(message), "AQGZAAAAAHAAgAAAAAAAAAEAAAAHWti4QKcRw0d3Zle7");
        assert_eq!(keys("2").read("AQGZAAAAAHAAgAAAAAAAAAEAAAAHWti4QKcRw0d3Zle7"), Ok(message));
    }

    #[test]
    fn a_guesser_has_a_pseudonym_that_tells_nothing_without_the_key() {
        let (one, other) = (keys("1").pseudonym("203.0.113.1"), keys("1").pseudonym("203.0.113.2"));
        assert_eq!(one, keys("1").pseudonym("203.0.113.1"));
        assert_ne!(one, other);
        assert_ne!(one, keys("2").pseudonym("203.0.113.1"));
    }

    #[test]
    fn a_link_leads_only_to_hosts_of_the_clinic() {
        let hosts = ["example.com".to_owned()];
        let check = |text| destination(text, &hosts).map(String::from);
        assert_eq!(check("https://example.com/a?b=c"), Ok("https://example.com/a?b=c".to_owned()));
        assert_eq!(check("HTTPS://EXAMPLE.COM"), Ok("https://example.com/".to_owned()));
        for (text, error) in [
            ("http://example.com", BadDestination::NotHttps),
            ("javascript:alert(1)", BadDestination::NotHttps),
            ("example.com", BadDestination::NotAnAddress),
            ("https://example.com@evil.example", BadDestination::UserOrPort),
            ("https://example.com:8443/", BadDestination::UserOrPort),
            ("https://badexample.com/", BadDestination::ForeignHost),
            ("https://www.example.com/", BadDestination::ForeignHost),
            ("https://example.com.evil.example/", BadDestination::ForeignHost),
            ("https://127.0.0.1/", BadDestination::ForeignHost),
            ("https://[::1]/", BadDestination::ForeignHost),
        ] {
            assert_eq!(check(text), Err(error), "{text}");
        }
    }

    #[test]
    fn a_host_is_a_name_and_nothing_else() {
        assert_eq!(host(" Www.Example.com "), Some("www.example.com".to_owned()));
        assert_eq!(host("병원.kr"), Some("xn--om3bw6p.kr".to_owned()));
        for text in
            ["", "localhost", "https://example.com", "example.com/a", "example.com:1", "10.0.0.1", "a b.com", "u@example.com"]
        {
            assert_eq!(host(text), None, "{text}");
        }
    }

    #[test]
    fn unusable_keys_are_named() {
        let new = |pairs: &[(&str, &str)]| {
            LinkKeys::new(&pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()).map(|_| ())
        };
        let long = "k".repeat(32);
        assert_eq!(new(&[("1", &long)]), Err(BadLinkKeys::NoCurrent));
        assert_eq!(new(&[("current", "2"), ("1", &long)]), Err(BadLinkKeys::NoCurrent));
        assert_eq!(new(&[("current", "1"), ("1", "short")]), Err(BadLinkKeys::TooShort));
        assert_eq!(new(&[("current", "one"), ("1", &long)]), Err(BadLinkKeys::Name));
    }
}
