//! What committing would do with each row.

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use shared::db::import_rows::ImportRow;
use shared::model::state::Verdict;
use shared::model::{CustomerName, PhoneNumber};

use crate::table::Line;

/// Judges the rows of one file, in their order.
///
/// A missing name comes before a bad phone, that before a phone which an earlier row has, and only a row with none of these
/// faults can claim a phone for itself.
#[derive(Debug, Default)]
pub struct Judge {
    claims: HashSet<Claim>,
}

/// A phone and the first row with it, in eight bytes: of a million rows they are all in memory. Two claims are equal when they
/// are for the same phone.
#[derive(Debug, Clone, Copy)]
struct Claim(u64);

impl Claim {
    /// Bits of a row's number: more rows than lines fit into any file that is read.
    const ROW: u32 = 28;

    fn new(phone: &PhoneNumber, row: u32) -> Self {
        // The number without `+82`, of eleven digits at most, takes 36 bits.
        let digits = phone.e164().bytes().skip(3).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        Self(digits << Self::ROW | u64::from(row))
    }

    fn phone(self) -> u64 {
        self.0 >> Self::ROW
    }

    fn row(self) -> u32 {
        u32::try_from(self.0 & ((1 << Self::ROW) - 1)).unwrap_or(u32::MAX)
    }
}

impl PartialEq for Claim {
    fn eq(&self, other: &Self) -> bool {
        self.phone() == other.phone()
    }
}

impl Eq for Claim {}

impl Hash for Claim {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.phone().hash(state);
    }
}

impl Judge {
    /// The verdict as far as the file alone gives it: `new` may still turn into something else, by what the clinic knows of
    /// the phone.
    pub fn judge(&mut self, line: Line) -> ImportRow {
        let phone = phone(&line.phone);
        let (verdict, duplicate_of) = match &phone {
            // It is tidy already, and only has to be as long as a name.
            _ if !(1..=CustomerName::MAX).contains(&line.name.chars().count()) => (Verdict::MissingName, None),
            None => (Verdict::BadPhone, None),
            Some(phone) => match self.first(Claim::new(phone, line.number)) {
                None => (Verdict::New, None),
                Some(first) => (Verdict::Duplicate, Some(first)),
            },
        };
        ImportRow {
            number: line.number,
            name: line.name,
            phone_text: line.phone,
            phone,
            group_name: line.group,
            attributes: line.attributes,
            verdict,
            duplicate_of,
        }
    }

    /// The row that has claimed the phone before.
    fn first(&mut self, claim: Claim) -> Option<u32> {
        let first = self.claims.get(&claim).map(|first| first.row());
        if first.is_none() {
            self.claims.insert(claim);
        }
        first
    }
}

fn phone(text: &str) -> Option<PhoneNumber> {
    if is_rounded(text) { None } else { text.parse().ok() }
}

/// `8.21012E+11`: a csv file that was saved from a narrow column has lost the number's last digits, and what is left would
/// be somebody else's phone.
fn is_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.trim().len());
    exponent.trim().parse().is_ok_and(|exponent: usize| decimals < exponent)
}

#[cfg(test)]
mod tests {
    use shared::db::import_rows::RowAttributes;

    use super::*;
    use Verdict::{BadPhone, Duplicate, MissingName, New};

    fn judge(rows: &[(&str, &str)]) -> Vec<ImportRow> {
        let mut judge = Judge::default();
        let line = |(number, (name, phone)): (u32, &(&str, &str))| Line {
            number,
            name: (*name).to_owned(),
            phone: (*phone).to_owned(),
            group: String::new(),
            attributes: RowAttributes::new([]),
        };
        (1..).zip(rows).map(line).map(|line| judge.judge(line)).collect()
    }

    fn verdicts(rows: &[ImportRow]) -> Vec<(Verdict, Option<u32>)> {
        rows.iter().map(|row| (row.verdict, row.duplicate_of)).collect()
    }

    #[test]
    fn a_missing_name_comes_before_a_bad_phone_and_that_before_a_duplicate() {
        let rows = judge(&[
            ("", "010-1234-5678"),
            ("", "없음"),
            ("김단골", "없음"),
            ("김단골", "010-1234-5678"),
            ("이단골", "1012345678"),
            ("박단골", "+82 10-1234-5678"),
        ]);
        let first = (Duplicate, Some(4));
        let missing = (MissingName, None);
        assert_eq!(verdicts(&rows), [missing, missing, (BadPhone, None), (New, None), first, first]);
    }

    #[test]
    fn what_is_too_long_for_a_name_is_none() {
        assert_eq!(judge(&[(&"가".repeat(51), "010-1234-5678")])[0].verdict, MissingName);
    }

    #[test]
    fn a_rounded_number_is_nobodys_phone() {
        for text in ["8.21012E+11", "1.01235E+09", "1.012345e9", "1E+09"] {
            assert_eq!(judge(&[("김단골", text)])[0].verdict, BadPhone, "{text}");
        }
        assert_eq!(judge(&[("김단골", "1.012345678E+09")])[0].verdict, New);
    }

    #[test]
    fn phones_of_every_length_and_rows_of_every_number_are_told_apart() {
        let phones = ["010-9999-9999", "011-999-9999", "0509-9999-9999", "010-0000-0001"];
        let phones: Vec<PhoneNumber> = phones.map(|phone| phone.parse().unwrap()).into();
        for (at, phone) in phones.iter().enumerate() {
            for row in [1, 200_000, (1 << Claim::ROW) - 1] {
                let claim = Claim::new(phone, row);
                assert_eq!(claim.row(), row);
                assert!(phones.iter().enumerate().all(|(other, phone)| (Claim::new(phone, 7) == claim) == (other == at)));
            }
        }
    }
}
