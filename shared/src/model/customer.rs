//! Names of customers and groups.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is empty or too long for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must have 1 to {max} characters")]
pub struct NotAName {
    /// The most characters such a name may have.
    pub max: usize,
}

/// Trims, folds runs of white space into one space, and drops control characters, which no name holds on purpose.
fn tidy(text: &str, max: usize) -> Result<String, NotAName> {
    let visible: String = text.chars().map(|c| if c.is_control() || c == '\u{feff}' { ' ' } else { c }).collect();
    let tidy = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=max).contains(&tidy.chars().count()) { Ok(tidy) } else { Err(NotAName { max }) }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
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
    };
}

name!(/** A person's name, 1 to 50 characters. */ CustomerName, 50);
name!(/** A group's name, 1 to 50 characters; `VIP ` is `VIP`. */ GroupName, 50);
name!(/** A clinic's name, 1 to 100 characters. */ ClinicName, 100);
name!(/** A campaign's name, 1 to 100 characters. */ CampaignName, 100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrounding_and_repeated_white_space_does_not_make_another_name() {
        assert_eq!("VIP ".parse::<GroupName>(), "\u{feff} VIP".parse());
        assert_eq!("김  단골\t".parse::<CustomerName>().map(String::from), Ok("김 단골".to_owned()));
    }

    #[test]
    fn an_empty_or_endless_name_is_refused() {
        assert!(" \u{3000} ".parse::<CustomerName>().is_err());
        assert!("가".repeat(51).parse::<CustomerName>().is_err());
        assert!("가".repeat(50).parse::<CustomerName>().is_ok());
    }
}
