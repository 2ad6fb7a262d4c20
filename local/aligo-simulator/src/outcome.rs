//! What becomes of a message: decided by the number's last digits (the table is in the crate's documentation).

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// How a message ends, if it does. In JSON: the letter of `rslt`, or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Fate {
    /// Ends with this `rslt` after the ordinary delay.
    Result(char),
    /// Is listed and stays on its way for ever: `"never"`.
    Never,
    /// Is never listed at all: `"absent"`.
    Absent,
    /// Is delivered, but after ten times the delay: `"slow"`.
    Slow,
    /// Is delivered at once: `"immediate"`.
    Immediate,
    /// Shows `rslt` 5 without `reportdate` first and is delivered after twice the delay: `"preliminary"`.
    Preliminary,
}

/// A text that names no outcome.
#[derive(Debug, thiserror::Error)]
#[error("an outcome is one letter of rslt or never, absent, slow, immediate, preliminary; not {0:?}")]
pub struct UnknownFate(String);

impl TryFrom<String> for Fate {
    type Error = UnknownFate;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut letters = text.chars();
        match (text.as_str(), letters.next(), letters.next()) {
            ("never", ..) => Ok(Self::Never),
            ("absent", ..) => Ok(Self::Absent),
            ("slow", ..) => Ok(Self::Slow),
            ("immediate", ..) => Ok(Self::Immediate),
            ("preliminary", ..) => Ok(Self::Preliminary),
            (_, Some(letter), None) if letter.is_ascii_alphanumeric() => Ok(Self::Result(letter)),
            _ => Err(UnknownFate(text)),
        }
    }
}

impl From<Fate> for String {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Result(letter) => letter.to_string(),
            Fate::Never => "never".to_owned(),
            Fate::Absent => "absent".to_owned(),
            Fate::Slow => "slow".to_owned(),
            Fate::Immediate => "immediate".to_owned(),
            Fate::Preliminary => "preliminary".to_owned(),
        }
    }
}

impl Fate {
    /// The letter that `rslt` ends with, if it ever does.
    #[must_use]
    pub const fn letter(self) -> Option<char> {
        match self {
            Self::Result(letter) => Some(letter),
            Self::Slow | Self::Immediate | Self::Preliminary => Some('0'),
            Self::Never | Self::Absent => None,
        }
    }
}

/// Only the digits of a number.
#[must_use]
pub fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

/// Whether the provider takes the number for one: 9 to 12 digits that begin with 0, hyphens and blanks aside.
#[must_use]
pub fn is_well_formed(number: &str) -> bool {
    let only_separators = number.chars().all(|character| character.is_ascii_digit() || matches!(character, '-' | ' '));
    let digits = digits(number);
    only_separators && digits.starts_with('0') && (9..=12).contains(&digits.len())
}

fn is_mobile(digits: &str) -> bool {
    matches!(digits.len(), 10 | 11)
        && digits.starts_with("01")
        && matches!(digits.as_bytes().get(2), Some(b'0' | b'1' | b'6'..=b'9'))
}

/// The outcome of a well-formed number (digits only), everything else about the message being right.
#[must_use]
pub fn of_number(digits: &str, settings: &Settings) -> Fate {
    if let Some(fate) = settings.outcomes.get(digits) {
        return *fate;
    }
    if digits.starts_with("050") {
        return Fate::Result('J');
    }
    if !is_mobile(digits) {
        return Fate::Result('I');
    }
    let last_two = &digits[digits.len() - 2..];
    if digits[..digits.len() - 2].ends_with("0099")
        && let Some(fate) = special(last_two)
    {
        return fate;
    }
    match last_two {
        "91" if settings.ordinary_failures => Fate::Result('A'),
        "92" if settings.ordinary_failures => Fate::Result('B'),
        "93" if settings.ordinary_failures => Fate::Result('8'),
        _ => Fate::Result('0'),
    }
}

/// The results of the numbers that end in `009900`, `009901` and so on. Z is a letter that nobody has documented.
const SPECIAL_LETTERS: &str = "0125689ABCDEFGHIJkLMStUVZ";

/// The outcomes of the numbers that end in `0099` and these two digits.
fn special(last_two: &str) -> Option<Fate> {
    let index: usize = last_two.parse().ok()?;
    match index {
        0..40 => SPECIAL_LETTERS.chars().nth(index).map(Fate::Result),
        40 => Some(Fate::Never),
        41 => Some(Fate::Absent),
        42 => Some(Fate::Slow),
        43 => Some(Fate::Immediate),
        44 => Some(Fate::Preliminary),
        _ => None,
    }
}

/// The provider's words for a `rslt`.
#[must_use]
pub const fn wording(letter: char) -> &'static str {
    match letter {
        '0' => "성공",
        '1' => "발신프로필키가 유효하지 않음",
        '2' => "서버와 연결되어 있지 않은 사용자",
        '5' => "메시지 발송 후 수신여부 불투명",
        '6' => "메시지 전송결과를 찾을 수 없음",
        '8' => "메시지를 전송할 수 없는 상태",
        '9' => "최근 카카오톡을 사용하지 않은 사용자",
        'A' => "카카오톡을 사용하지 않는 사용자",
        'B' => "발신프로필을 차단한 사용자",
        'C' => "중복된 메시지 일련번호",
        'D' => "5초 이내 동일 메시지 중복발송",
        'E' => "미지원 클라이언트 버전",
        'F' => "기타 오류",
        'G' => "카카오 시스템 오류",
        'H' => "전송 처리 중 오류",
        'I' => "수신번호 오류",
        'J' => "050 안심번호 발송 불가",
        'k' => "메시지 형식 오류",
        'L' => "메시지 길이 제한 초과",
        'M' => "템플릿을 찾을 수 없음",
        'S' => "발신번호 검증 오류",
        't' => "메시지가 비어 있음",
        'U' => "메시지가 템플릿과 일치하지 않음",
        'V' => "버튼 또는 강조 문구가 템플릿과 일치하지 않음",
        _ => "알 수 없는 결과",
    }
}

/// The moments of one receiver's life, fixed when the message is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Life {
    /// How it ends.
    pub fate: Fate,
    /// When it is listed first; `None` never.
    pub listed_at: Option<DateTime<Utc>>,
    /// When it is final; `None` never.
    pub final_at: Option<DateTime<Utc>>,
    /// From when on `rslt` shows without a `reportdate`.
    pub preliminary_at: Option<DateTime<Utc>>,
}

/// What the provider shows of a receiver at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Not listed.
    Absent,
    /// Listed with a "Q" number and no `rslt`.
    Sending,
    /// A `rslt` that may still change: no `reportdate` yet.
    Preliminary(char),
    /// Over.
    Final(char, DateTime<Utc>),
}

impl Life {
    /// The life of a message that the provider begins to send at `start`.
    #[must_use]
    pub fn begin(fate: Fate, start: DateTime<Utc>, settings: &Settings) -> Self {
        let listed_at = start + settings.appear_delay();
        let delay = settings.result_delay();
        let (listed_at, final_at) = match fate {
            Fate::Absent => (None, None),
            Fate::Never => (Some(listed_at), None),
            Fate::Immediate => (Some(start), Some(start)),
            Fate::Slow => (Some(listed_at), Some(start + delay * 10)),
            Fate::Preliminary => (Some(listed_at), Some(start + delay * 2)),
            Fate::Result(_) => (Some(listed_at), Some(start + delay)),
        };
        Self {
            fate,
            listed_at: listed_at.min(final_at.or(listed_at)),
            final_at,
            preliminary_at: (fate == Fate::Preliminary).then(|| start + delay),
        }
    }

    /// A life that was over when it began: a number that could not be sent to.
    #[must_use]
    pub fn over(letter: char, at: DateTime<Utc>) -> Self {
        Self { fate: Fate::Result(letter), listed_at: Some(at), final_at: Some(at), preliminary_at: None }
    }

    /// What is shown at `now`.
    #[must_use]
    pub fn stage(&self, now: DateTime<Utc>) -> Stage {
        let reached = |moment: Option<DateTime<Utc>>| moment.filter(|moment| *moment <= now);
        if let (Some(at), Some(letter)) = (reached(self.final_at), self.fate.letter()) {
            Stage::Final(letter, at)
        } else if reached(self.preliminary_at).is_some() {
            Stage::Preliminary('5')
        } else if reached(self.listed_at).is_some() {
            Stage::Sending
        } else {
            Stage::Absent
        }
    }

    /// Whether the same text to the same number at `other` is within the provider's five seconds of `start`.
    #[must_use]
    pub fn is_repetition(start: DateTime<Utc>, other: DateTime<Utc>) -> bool {
        (start - other).abs() <= TimeDelta::seconds(5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(number: &str) -> String {
        of_number(number, &Settings::default()).into()
    }

    #[test]
    fn an_ordinary_number_is_delivered() {
        assert_eq!(fate("01012345678"), "0");
        assert_eq!(fate("01000000090"), "0");
    }

    #[test]
    fn three_in_a_hundred_ordinary_numbers_fail_as_people_do() {
        assert_eq!(fate("01012345691"), "A");
        assert_eq!(fate("01012345692"), "B");
        assert_eq!(fate("01012345693"), "8");
    }

    #[test]
    fn every_documented_letter_has_a_number() {
        for letter in "01MSUV289EABCD56FGHIJktL".chars() {
            let has_number =
                (0..100).map(|index| format!("010120099{index:02}")).any(|number| fate(&number) == letter.to_string());
            assert!(has_number, "no number ends with {letter}");
            assert_ne!(wording(letter), wording('Z'));
        }
    }

    #[test]
    fn the_lives_that_do_not_end_well_have_numbers_too() {
        assert_eq!(fate("01012009940"), "never");
        assert_eq!(fate("01012009941"), "absent");
        assert_eq!(fate("01012009942"), "slow");
        assert_eq!(fate("01012009943"), "immediate");
        assert_eq!(fate("01012009944"), "preliminary");
    }

    #[test]
    fn a_safety_number_and_a_landline_are_not_reachable() {
        assert_eq!(fate("050712345678"), "J");
        assert_eq!(fate("0212345678"), "I");
    }

    #[test]
    fn a_number_is_well_formed_with_or_without_hyphens() {
        assert!(is_well_formed("010-1234-5678"));
        assert!(is_well_formed("01012345678"));
        assert!(!is_well_formed("+821012345678"));
        assert!(!is_well_formed("1012345678"));
        assert!(!is_well_formed("010-12"));
        assert!(!is_well_formed("전화없음"));
    }
}
