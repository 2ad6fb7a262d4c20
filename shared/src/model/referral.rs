//! Referral codes that people can say, type and mistype.

mod words;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::Ambient;
use crate::model::schema::{schema, text};

/// Crockford's alphabet: no I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Seven random characters (35 bits) and a check character.
///
/// The check character is a weighted sum over GF(32), which finds every single mistyped character and every swap of two
/// neighbours, so a typo is refused before anything is looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ReferralCode(String);

/// The text is not a referral code, most likely a typo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a referral code; check it for a typo")]
pub struct NotAReferralCode;

impl ReferralCode {
    /// A fresh code that holds no bad word. Uniqueness is the database's business.
    #[must_use]
    pub fn new(ambient: &Ambient) -> Self {
        loop {
            let mut values = [0; 7];
            ambient.fill(&mut values);
            let code = Self::from_values(values.map(|byte| byte & 31));
            // Codes that were made before a word was listed stay what they are: this is not asked when a code is read.
            if !words::reads_badly(&code.0) {
                return code;
            }
        }
    }

    fn from_values(values: [u8; 7]) -> Self {
        let code = values.iter().chain([&check(values)]).map(|&value| char::from(ALPHABET[usize::from(value)])).collect();
        Self(code)
    }

    /// The code as text, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Multiplies by x in GF(2^5) with the primitive polynomial x^5 + x^2 + 1.
const fn double(value: u8) -> u8 {
    let shifted = value << 1;
    if shifted & 32 == 0 { shifted } else { shifted ^ 0b10_0101 }
}

fn check(values: [u8; 7]) -> u8 {
    values.iter().fold(0, |sum, &value| double(sum ^ value))
}

impl FromStr for ReferralCode {
    type Err = NotAReferralCode;

    /// Accepts lower case, spaces and hyphens, and reads O as 0, I and L as 1.
    fn from_str(text: &str) -> Result<Self, NotAReferralCode> {
        let mut values = [0; 8];
        let mut length = 0;
        for c in text.chars().filter(|c| !matches!(c, ' ' | '-')) {
            let folded = match c.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                c => c,
            };
            let value = ALPHABET.iter().position(|&letter| char::from(letter) == folded).ok_or(NotAReferralCode)?;
            *values.get_mut(length).ok_or(NotAReferralCode)? = u8::try_from(value).map_err(|_| NotAReferralCode)?;
            length += 1;
        }
        let [random @ .., checked] = values;
        if length == 8 && check(random) == checked { Ok(Self::from_values(random)) } else { Err(NotAReferralCode) }
    }
}

impl fmt::Display for ReferralCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ReferralCode {
    type Error = NotAReferralCode;

    fn try_from(text: String) -> Result<Self, NotAReferralCode> {
        text.parse()
    }
}

schema!(
    ReferralCode,
    text(
        "A referral code: eight characters of Crockford's alphabet, the last of which checks the others. Answered in upper \
         case; lower case, spaces and hyphens are taken too.",
        None,
        None,
        "7K3M9QXF",
    )
);

impl From<ReferralCode> for String {
    fn from(code: ReferralCode) -> Self {
        code.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn codes() -> impl Strategy<Value = ReferralCode> {
        prop::array::uniform7(0u8..32).prop_map(ReferralCode::from_values)
    }

    #[test]
    fn the_code_of_the_documentation_is_a_code() {
        assert_eq!("7K3M9QXF".parse::<ReferralCode>().unwrap().to_string(), "7K3M9QXF");
    }

    #[test]
    fn fresh_codes_hold_no_bad_word_and_few_are_thrown_away() {
        let ambient = Ambient::seeded(crate::testing::FixedClock::new(), 41);
        assert!((0..20_000).all(|_| !words::reads_badly(ReferralCode::new(&ambient).as_str())));
        let random = |_| {
            let mut values = [0; 7];
            ambient.fill(&mut values);
            ReferralCode::from_values(values.map(|byte| byte & 31))
        };
        let refused = (0..20_000).map(random).filter(|code| words::reads_badly(code.as_str())).count();
        assert!((200..1_600).contains(&refused), "{refused} of 20,000 codes would not be made");
    }

    #[test]
    fn a_code_that_was_made_before_its_word_was_listed_is_still_read() {
        let index = |c: char| u8::try_from(ALPHABET.iter().position(|&letter| char::from(letter) == c).unwrap()).unwrap();
        let values: Vec<_> = "SH1T234".chars().map(index).collect();
        let code = ReferralCode::from_values(values.try_into().unwrap());
        assert!(words::reads_badly(code.as_str()));
        assert_eq!(code.as_str().parse(), Ok(code));
    }

    proptest! {
        #[test]
        fn a_code_is_read_however_it_is_typed(code in codes()) {
            let typed = format!("{}-{}", &code.as_str()[..4], &code.as_str()[4..]).to_lowercase().replace('0', "o").replace('1', "l");
            prop_assert_eq!(typed.parse::<ReferralCode>(), Ok(code));
        }

        #[test]
        fn one_mistyped_character_is_always_noticed(code in codes(), at in 0usize..8, by in 1u8..32) {
            let mut bytes = code.as_str().as_bytes().to_vec();
            let value = ALPHABET.iter().position(|&c| c == bytes[at]).unwrap();
            bytes[at] = ALPHABET[(value + usize::from(by)) % 32];
            prop_assert!(String::from_utf8(bytes).unwrap().parse::<ReferralCode>().is_err());
        }

        #[test]
        fn two_swapped_neighbours_are_always_noticed(code in codes(), at in 0usize..7) {
            let mut bytes = code.as_str().as_bytes().to_vec();
            prop_assume!(bytes[at] != bytes[at + 1]);
            bytes.swap(at, at + 1);
            prop_assert!(String::from_utf8(bytes).unwrap().parse::<ReferralCode>().is_err());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,20}") {
            prop_assert!(text.parse::<ReferralCode>().map_or(true, |code| code.as_str().len() == 8));
        }
    }
}
