//! Names of customers and groups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::schema::{schema, text};

/// How many columns of the clinic's own a customer may have.
pub const MAX_ATTRIBUTES: usize = 50;

/// The text is empty or too long for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {max} characters")]
pub struct NotAName {
    /// The most characters such a name may have.
    pub max: usize,
}

/// Trims, folds runs of white space into one space, and drops what nobody sees: control characters, zero-width characters
/// and marks that change the direction of what follows.
#[must_use]
pub fn visible(text: &str) -> String {
    let spaced = text.chars().filter(|c| !is_invisible(*c)).map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Zero-width joiners stay: they hold emoji together.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn tidy(text: &str, max: usize) -> Result<String, NotAName> {
    let tidy = visible(text);
    if (1..=max).contains(&tidy.chars().count()) { Ok(tidy) } else { Err(NotAName { max }) }
}

macro_rules! name {
    ($(#[doc = $doc:literal])* $name:ident, $max:literal, $example:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The most characters it may have.
            pub const MAX: usize = $max;

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAName;

            fn from_str(text: &str) -> Result<Self, NotAName> {
                tidy(text, $max).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAName;

            fn try_from(text: String) -> Result<Self, NotAName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        schema!($name, text(concat!($($doc),*), None, Some((1, $max)), $example));
    };
}

name!(/** A person's name, 1 to 50 characters. */ CustomerName, 50, "김단골");
name!(/** What a clinic calls somebody who works there, 1 to 100 characters. */ StaffName, 100, "박간호사");
name!(/** A group's name, 1 to 50 characters; `VIP ` is `VIP`. */ GroupName, 50, "VIP");
name!(/** A clinic's name, 1 to 100 characters. */ ClinicName, 100, "단골의원");
name!(/** What a clinic writes about its points, 1 to 500 characters. */ PointsNotice, 500, "포인트는 비급여 진료 항목에만 사용할 수 있습니다.");
name!(/** A campaign's name, 1 to 100 characters. */ CampaignName, 100, "3월 검진 안내");

/// The provider's key of a clinic's KakaoTalk channel: 1 to 64 ASCII letters, digits and signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SenderKey(String);

/// The text cannot be a sender key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to 64 ASCII letters, digits or signs")]
pub struct NotASenderKey;

impl TryFrom<String> for SenderKey {
    type Error = NotASenderKey;

    fn try_from(text: String) -> Result<Self, NotASenderKey> {
        let key = text.trim();
        let plausible = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if plausible { Ok(Self(key.to_owned())) } else { Err(NotASenderKey) }
    }
}

schema!(
    SenderKey,
    text("The provider's key of a clinic's KakaoTalk channel.", Some("^[!-~]{1,64}$"), None, "2f1b8c0e5d7a4c3b9e6f")
);

impl From<SenderKey> for String {
    fn from(key: SenderKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrounding_and_repeated_white_space_does_not_make_another_name() {
        assert_eq!("VIP ".parse::<GroupName>(), "\u{feff} VIP".parse());
        assert_eq!("김  단골\t".parse::<CustomerName>().map(String::from), Ok("김 단골".to_owned()));
    }

    #[test]
    fn what_nobody_sees_is_no_name_and_no_part_of_one() {
        assert!("\u{200b}\u{2060}".parse::<GroupName>().is_err());
        assert_eq!("a\u{202e}b\u{0}c".parse::<CustomerName>().map(String::from), Ok("ab c".to_owned()));
        assert_eq!("👩\u{200d}⚕️".parse::<CustomerName>().map(String::from), Ok("👩\u{200d}⚕️".to_owned()));
    }

    #[test]
    fn an_empty_or_endless_name_is_refused() {
        assert!(" \u{3000} ".parse::<CustomerName>().is_err());
        assert!("가".repeat(51).parse::<CustomerName>().is_err());
        assert!("가".repeat(50).parse::<CustomerName>().is_ok());
    }
}
