//! Korean phone numbers as people type them and spreadsheets mangle them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::schema::{schema, text};

/// A number that can receive an `AlimTalk`: a Korean mobile number (010, 011, 016–019) or a safe number (050x).
///
/// E.164 inside (`+821012345678`), `010-1234-5678` outside. `Debug` shows the last four digits only. Where a message has forgotten
/// whose it was, a [placeholder](Self::forgotten) stands for the number: nobody can be reached by it, and it shows as nothing.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PhoneNumber(String);

/// How the database spells a number that was forgotten, in front of some letters.
const PLACEHOLDER: &str = "gone:";
/// Enough for every number of a message.
const PLACEHOLDER_LETTERS: usize = 7;

/// The text is not a number that can receive a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Korean mobile number")]
pub struct NotAPhoneNumber;

impl PhoneNumber {
    /// E.164: `+821012345678`, as the database keeps it.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// What stands for the phone of the message with that number of a campaign when it was forgotten whose it was: different for
    /// each, because a campaign has a phone once, and without a digit, so that nobody who looks for a part of a phone finds it.
    #[must_use]
    pub fn forgotten(message: u32) -> Self {
        let mut rest = message;
        let letters = std::array::from_fn::<_, PLACEHOLDER_LETTERS, _>(|_| {
            let letter = char::from(b'a' + u8::try_from(rest % 26).unwrap_or_default());
            rest /= 26;
            letter
        });
        Self(letters.into_iter().fold(PLACEHOLDER.to_owned(), |text, letter| text + letter.encode_utf8(&mut [0; 4])))
    }

    /// Whether this only stands for a number that was forgotten.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        self.0.starts_with(PLACEHOLDER)
    }

    /// Digits with the leading zero: `01012345678`, as the provider takes it. Empty when it was forgotten.
    #[must_use]
    pub fn digits(&self) -> String {
        if self.is_forgotten() { String::new() } else { format!("0{}", &self.0[3..]) }
    }

    /// Safe numbers (050x) forward calls and do not receive `AlimTalk`.
    #[must_use]
    pub fn is_safe_number(&self) -> bool {
        self.0.starts_with("+8250")
    }

    /// Reads what the database holds.
    ///
    /// # Errors
    /// When it is neither E.164 of a number this type accepts nor stands for one that was forgotten.
    pub fn from_e164(text: &str) -> Result<Self, NotAPhoneNumber> {
        if let Some(letters) = text.strip_prefix(PLACEHOLDER) {
            let is_ours = letters.len() == PLACEHOLDER_LETTERS && letters.bytes().all(|letter| letter.is_ascii_lowercase());
            return if is_ours { Ok(Self(text.to_owned())) } else { Err(NotAPhoneNumber) };
        }
        match text.strip_prefix("+82") {
            Some(rest) => check(rest).map(|()| Self(text.to_owned())),
            None => Err(NotAPhoneNumber),
        }
    }
}

/// The digits behind the leading zero: mobile 010 has 8 more, the older prefixes 7 or 8, safe numbers 050x have 8 (or 7) more.
fn check(significant: &str) -> Result<(), NotAPhoneNumber> {
    let digits = significant.bytes().all(|b| b.is_ascii_digit());
    let plausible = match significant.get(..2) {
        Some("10") => significant.len() == 10,
        Some("11" | "16" | "17" | "18" | "19") => matches!(significant.len(), 9 | 10),
        Some("50") => matches!(significant.len(), 10 | 11),
        _ => false,
    };
    // 010-0000-0000 is what people type to get past a required field.
    let placeholder = significant.len() > 2 && significant.bytes().skip(2).all(|b| b == b'0');
    if digits && plausible && !placeholder { Ok(()) } else { Err(NotAPhoneNumber) }
}

impl FromStr for PhoneNumber {
    type Err = NotAPhoneNumber;

    /// Accepts hyphens, dots, spaces and brackets, full-width digits, `+82` with or without the zero, a lost leading zero,
    /// and a number cell's `1012345678.0` or `1.012345678E9`.
    fn from_str(text: &str) -> Result<Self, NotAPhoneNumber> {
        let text: String = text.trim().chars().map(narrow).collect();
        let text = unfloat(&text).unwrap_or(text);
        let mut digits = String::with_capacity(13);
        let mut plus = false;
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if digits.is_empty() && !plus => plus = true,
                '-' | '.' | '(' | ')' | '/' | '·' => {}
                c if c.is_whitespace() => {}
                _ => return Err(NotAPhoneNumber),
            }
        }
        let significant = if plus || digits.starts_with("82") && digits.len() >= 11 {
            let national = digits.strip_prefix("82").ok_or(NotAPhoneNumber)?;
            national.strip_prefix('0').unwrap_or(national)
        } else {
            digits.strip_prefix('0').unwrap_or(&digits)
        };
        check(significant)?;
        Ok(Self(format!("+82{significant}")))
    }
}

/// A number registered with the carriers as a sender: mobile, landline (`025550101`) or representative number (`15881234`).
/// Digits only, as the provider takes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SenderNumber(String);

impl TryFrom<String> for SenderNumber {
    type Error = NotASenderNumber;

    fn try_from(text: String) -> Result<Self, NotASenderNumber> {
        let digits: String = text.chars().map(narrow).filter(|c| !matches!(c, '-' | ' ' | '.' | '(' | ')')).collect();
        let plausible = digits.bytes().all(|b| b.is_ascii_digit())
            && match digits.as_bytes() {
                [b'0', b'1'..=b'9', ..] => (9..=11).contains(&digits.len()),
                [b'1', b'5' | b'6' | b'8', ..] => digits.len() == 8,
                _ => false,
            };
        if plausible { Ok(Self(digits)) } else { Err(NotASenderNumber) }
    }
}

schema!(
    SenderNumber,
    text(
        "A number registered with the carriers as a sender: mobile, landline or representative number. Answered as digits \
         only; hyphens and spaces are taken too.",
        None,
        None,
        "025550101",
    )
);

impl From<SenderNumber> for String {
    fn from(number: SenderNumber) -> Self {
        number.0
    }
}

/// The text is not a number that can be a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Korean sender number, for example 02-555-0101 or 1588-1234")]
pub struct NotASenderNumber;

/// Full-width digits and punctuation, and the dashes that look like a hyphen.
fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' | '\u{3161}' => '-',
        '\u{3000}' | '\u{200b}' | '\u{feff}' => ' ',
        c => c,
    }
}

/// A number cell: `1012345678.0`, `1.012345678E+09`. Shortened digits (`1.01235E+09`) are somebody else's number: refused.
fn unfloat(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: usize = exponent.parse().ok()?;
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let complete = if exponent == 0 { mantissa.ends_with(".0") } else { digits > exponent };
    let value: f64 = complete.then(|| text.parse().ok())??;
    (value.fract() == 0.0 && (1e8..1e13).contains(&value)).then(|| format!("{value:.0}"))
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_forgotten() {
            return Ok(());
        }
        let digits = self.digits();
        let area = if self.is_safe_number() { 4 } else { 3 };
        let (area, line) = digits.split_at(area);
        let (exchange, line) = line.split_at(line.len() - 4);
        write!(f, "{area}-{exchange}-{line}")
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber(…{})", &self.0[self.0.len() - 4..])
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = NotAPhoneNumber;

    fn try_from(text: String) -> Result<Self, NotAPhoneNumber> {
        text.parse()
    }
}

schema!(
    PhoneNumber,
    text(
        "A Korean mobile number (010, 011, 016 to 019) or safe number (050x). Answered as `010-1234-5678`; taken in any form \
         that people type: with hyphens, dots, spaces or none, with `+82`, with full-width digits. Empty in a message whose \
         recipient has withdrawn since.",
        None,
        None,
        "010-1234-5678",
    )
);

impl From<PhoneNumber> for String {
    fn from(phone: PhoneNumber) -> Self {
        phone.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_people_and_spreadsheets_write_mean_one_number() {
        for text in [
            "010-1234-5678",
            "01012345678",
            "1012345678",
            "1012345678.0",
            "1.012345678E9",
            "1.012345678e+09",
            "010 1234 5678",
            "010.1234.5678",
            "(010)1234-5678",
            "+82 10-1234-5678",
            "+82 010-1234-5678",
            "821012345678",
            "０１０－１２３４－５６７８",
            " 010-1234-5678 ",
            "010–1234—5678",
            "010\u{3000}1234\u{3000}5678",
        ] {
            assert_eq!(text.parse::<PhoneNumber>().map(|p| p.to_string()), Ok("010-1234-5678".to_owned()), "{text}");
        }
    }

    #[test]
    fn older_mobile_prefixes_and_safe_numbers_are_kept() {
        for (text, shown) in
            [("0111234567", "011-123-4567"), ("016-1234-5678", "016-1234-5678"), ("050512345678", "0505-1234-5678")]
        {
            assert_eq!(text.parse::<PhoneNumber>().map(|p| p.to_string()), Ok(shown.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_receive_a_message_is_refused() {
        for text in [
            "",
            "없음",
            "010-123",
            "010-12a4-5678",
            "02-555-01",
            "02-555-0101",
            "0100000000000",
            "010-0000-0000",
            "8.21012E+11",
            "1.01235E+09",
            "+1 202 555 0101",
            "010+12345678",
        ] {
            assert_eq!(text.parse::<PhoneNumber>(), Err(NotAPhoneNumber), "{text}");
        }
    }

    #[test]
    fn a_sender_may_be_a_landline_or_a_representative_number() {
        for (text, digits) in [("02-555-0101", "025550101"), ("1588-1234", "15881234"), ("010-1234-5678", "01012345678")] {
            assert_eq!(SenderNumber::try_from(text.to_owned()).map(String::from), Ok(digits.to_owned()));
        }
        for text in ["", "555-0101", "00-555-0101", "2588-1234", "02-555-0101a"] {
            assert_eq!(SenderNumber::try_from(text.to_owned()), Err(NotASenderNumber), "{text}");
        }
    }

    #[test]
    fn what_stands_for_a_forgotten_number_is_different_for_each_message_and_shows_as_nothing() {
        let numbers = [0, 1, 25, 26, 675, 676, 5678, u32::MAX - 1, u32::MAX];
        let texts: std::collections::BTreeSet<_> = numbers.map(|n| PhoneNumber::forgotten(n).e164().to_owned()).into();
        assert_eq!(texts.len(), numbers.len());
        for text in texts {
            assert!(text.len() <= 16 && !text.bytes().any(|byte| byte.is_ascii_digit()), "{text}");
            let read = PhoneNumber::from_e164(&text).unwrap();
            assert!(read.is_forgotten() && !read.is_safe_number());
            assert_eq!((read.to_string(), read.digits(), read.e164()), (String::new(), String::new(), text.as_str()));
            assert_eq!(text.parse::<PhoneNumber>(), Err(NotAPhoneNumber), "nobody can type one");
        }
        for text in ["gone:", "gone:abcdef", "gone:abcdef1", "gone:ABCDEFG", "gone:abcdefgh"] {
            assert_eq!(PhoneNumber::from_e164(text), Err(NotAPhoneNumber), "{text}");
        }
        assert!(!"010-1234-5678".parse::<PhoneNumber>().unwrap().is_forgotten());
    }

    #[test]
    fn debug_output_does_not_reveal_the_number() {
        assert_eq!(format!("{:?}", "010-1234-5678".parse::<PhoneNumber>()), "Ok(PhoneNumber(…5678))");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            if let Ok(phone) = text.parse::<PhoneNumber>() {
                prop_assert_eq!(PhoneNumber::from_e164(phone.e164()), Ok(phone.clone()));
                prop_assert_eq!(phone.to_string().parse::<PhoneNumber>(), Ok(phone));
            }
        }

        #[test]
        fn every_mobile_number_survives_being_shown_and_read(line in 1u32..100_000_000) {
            let shown = format!("010-{:04}-{:04}", line / 10_000, line % 10_000);
            prop_assert_eq!(shown.parse::<PhoneNumber>().map(|p| p.to_string()), Ok(shown));
        }
    }
}
