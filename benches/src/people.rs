//! People who do not exist, in a list as a clinic's office keeps it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use shared::model::state::Verdict;

/// Groups in the list.
pub const GROUPS: u32 = 20;
/// The columns.
pub const HEADER: [&str; 4] = ["이름", "휴대폰", "그룹", "메모"];
/// The same list in every run.
const SEED: u64 = 20_260_302;

const SURNAMES: [&str; 20] =
    ["김", "이", "박", "최", "정", "강", "조", "윤", "장", "임", "한", "오", "서", "신", "권", "황", "안", "송", "류", "홍"];
const SYLLABLES: [&str; 24] = [
    "가", "나", "도", "라", "민", "서", "지", "현", "수", "영", "진", "하", "준", "은", "우", "연", "윤", "채", "태", "호",
    "경", "솔", "별", "해",
];
/// Names that trip over quoting, escapes and bytes beyond the basic plane.
const UNUSUAL: [&str; 6] = ["Anna O'Neil", "José \"Pepe\" Núñez", "김하늘🌙", "A & B <상담실>", "back\\slash", "王芳"];
const TREATMENTS: [&str; 6] = ["임플란트 상담", "스케일링", "교정 점검", "사랑니 발치", "충치 치료", "정기 검진"];
const NO_PHONES: [&str; 4] = ["02-555-0101", "010-1234", "연락처 없음", "1588-1234"];

/// What stands in the column of phones.
#[derive(Debug, Clone, PartialEq)]
pub enum PhoneCell {
    /// Text as people type it.
    Text(String),
    /// A number, which has lost its leading zero.
    Number(u32),
}

impl PhoneCell {
    /// As people see it.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A row of the list, and what is to be made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The row's number in the spreadsheet; the first is 2, below the header.
    pub number: u32,
    /// Empty for a few.
    pub name: String,
    /// Not always a phone.
    pub phone_cell: PhoneCell,
    /// E.164, when the cell holds one.
    pub phone: Option<String>,
    /// Empty for a few.
    pub group: String,
    /// Empty for some.
    pub memo: String,
    /// Of a clinic without customers.
    pub verdict: Verdict,
}

/// The list. One row in a hundred has a fault, as in real ones.
pub fn list(rows: u32) -> impl Iterator<Item = Person> {
    let mut rng = StdRng::seed_from_u64(SEED);
    (0..rows).map(move |index| person(&mut rng, index))
}

fn person(rng: &mut StdRng, index: u32) -> Person {
    let (verdict, line) = match (index % 200, index % 500) {
        // The row 50 above has no fault.
        (199, _) => (Verdict::Duplicate, line(index - 50)),
        (_, 77) => (Verdict::BadPhone, None),
        (_, 277) => (Verdict::MissingName, line(index)),
        _ => (Verdict::New, line(index)),
    };
    let name = match rng.random_range(0..100) {
        _ if verdict == Verdict::MissingName => String::new(),
        0 => pick(rng, &UNUSUAL).to_owned(),
        _ => [pick(rng, &SURNAMES), pick(rng, &SYLLABLES), pick(rng, &SYLLABLES)].concat(),
    };
    let group = match rng.random_range(0..=GROUPS) {
        0 => String::new(),
        group => group_name(group),
    };
    let memo = match rng.random_range(0..10) {
        0 => String::new(),
        1 => pick(rng, &TREATMENTS).to_owned(),
        2 => format!("{}\n\"보호자\" 동의 {}% 확인", pick(rng, &TREATMENTS), rng.random_range(1..100)),
        _ => format!(
            "{} {:02}월 {:02}일, 차트 {index}",
            pick(rng, &TREATMENTS),
            rng.random_range(1..13),
            rng.random_range(1..29)
        ),
    };
    let phone_cell = match line {
        Some(line) => written(rng, line),
        None => PhoneCell::Text(pick(rng, &NO_PHONES).to_owned()),
    };
    Person { number: index + 2, name, phone_cell, phone: line.map(|line| format!("+8210{line:08}")), group, memo, verdict }
}

/// The name of a group, from 1.
#[must_use]
pub fn group_name(number: u32) -> String {
    format!("{}년 등록 {number:02}반", 2006 + number)
}

/// Eight digits that no other row has: the step and the size of the range have no common factor.
fn line(index: u32) -> Option<u32> {
    let line = 20_000_000 + u64::from(index) * 7_368_787 % 70_000_000;
    u32::try_from(line).ok()
}

/// A phone in the forms that are found in lists, most of them with hyphens.
fn written(rng: &mut StdRng, line: u32) -> PhoneCell {
    let (middle, last) = (line / 10_000, line % 10_000);
    match rng.random_range(0..20) {
        0..14 => PhoneCell::Text(format!("010-{middle:04}-{last:04}")),
        14..17 => PhoneCell::Text(format!("010{line:08}")),
        17..19 => PhoneCell::Number(1_000_000_000 + line),
        _ => PhoneCell::Text(format!("+82 10-{middle:04}-{last:04}")),
    }
}

fn pick<'a>(rng: &mut StdRng, from: &[&'a str]) -> &'a str {
    from.choose(rng).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use shared::model::PhoneNumber;

    use super::*;

    #[test]
    fn the_verdicts_are_those_that_the_rows_deserve() {
        let mut phones = HashSet::new();
        for person in list(20_000) {
            let parsed = person.phone_cell.text().parse::<PhoneNumber>().ok();
            assert_eq!(parsed.as_ref().map(PhoneNumber::e164), person.phone.as_deref(), "{person:?}");
            let expected = match parsed {
                _ if person.name.is_empty() => Verdict::MissingName,
                None => Verdict::BadPhone,
                Some(phone) if phones.insert(phone.clone()) => Verdict::New,
                Some(_) => Verdict::Duplicate,
            };
            assert_eq!(person.verdict, expected, "{person:?}");
        }
    }

    #[test]
    fn the_list_is_the_same_every_time() {
        assert!(list(1000).eq(list(1000)));
    }
}
