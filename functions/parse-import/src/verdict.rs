//! What committing would do with each row.

use std::collections::{HashMap, HashSet};

use shared::db::import_rows::ImportRow;
use shared::model::state::Verdict;
use shared::model::{CustomerId, CustomerName, PhoneNumber};

use crate::table::Line;

/// Judges the rows of one file, in their order.
///
/// A missing name comes before a bad phone, that before a phone which an earlier row has, and only a row with none of these
/// faults can claim a phone for itself.
#[derive(Debug, Default)]
pub struct Judge {
    /// The digits of each phone and the first row with it.
    rows: HashMap<u64, u32>,
}

impl Judge {
    /// The verdict as far as the file alone gives it: `new` may still turn into something else, see `settle`.
    pub fn judge(&mut self, line: Line) -> ImportRow {
        let phone = phone(&line.phone);
        let (verdict, duplicate_of) = match &phone {
            _ if line.name.parse::<CustomerName>().is_err() => (Verdict::MissingName, None),
            None => (Verdict::BadPhone, None),
            Some(phone) => match *self.rows.entry(digits(phone)).or_insert(line.number) {
                first if first == line.number => (Verdict::New, None),
                first => (Verdict::Duplicate, Some(first)),
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
}

/// Turns `new` into `suppressed` or `updates` by what the clinic knows of the phones.
pub(crate) fn settle(rows: &mut [ImportRow], suppressed: &HashSet<PhoneNumber>, customers: &HashMap<PhoneNumber, CustomerId>) {
    for row in rows.iter_mut().filter(|row| row.verdict == Verdict::New) {
        row.verdict = match &row.phone {
            Some(phone) if suppressed.contains(phone) => Verdict::Suppressed,
            Some(phone) if customers.contains_key(phone) => Verdict::Updates,
            _ => Verdict::New,
        };
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

fn digits(phone: &PhoneNumber) -> u64 {
    phone.e164().bytes().filter(u8::is_ascii_digit).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use shared::db::customers::Attributes;

    use super::*;
    use Verdict::{BadPhone, Duplicate, MissingName, New, Suppressed, Updates};

    fn judge(rows: &[(&str, &str)]) -> Vec<ImportRow> {
        let mut judge = Judge::default();
        let line = |(number, (name, phone)): (u32, &(&str, &str))| Line {
            number,
            name: (*name).to_owned(),
            phone: (*phone).to_owned(),
            group: String::new(),
            attributes: Attributes::new(),
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
    fn what_the_clinic_knows_of_a_phone_changes_only_good_rows() {
        let mut rows = judge(&[
            ("가", "01000000001"),
            ("나", "01000000002"),
            ("다", "01000000002"),
            ("라", "01000000003"),
            ("", "01000000001"),
        ]);
        let phones: Vec<PhoneNumber> = rows.iter().filter_map(|row| row.phone.clone()).collect();
        let customer = CustomerId::from_uuid(uuid_of(1));
        let customers = HashMap::from([(phones[0].clone(), customer), (phones[1].clone(), customer)]);
        settle(&mut rows, &HashSet::from([phones[1].clone()]), &customers);
        let verdicts: Vec<Verdict> = rows.iter().map(|row| row.verdict).collect();
        assert_eq!(verdicts, [Updates, Suppressed, Duplicate, New, MissingName]);
    }

    fn uuid_of(number: u128) -> sqlx::types::Uuid {
        sqlx::types::Uuid::from_u128(number)
    }
}
