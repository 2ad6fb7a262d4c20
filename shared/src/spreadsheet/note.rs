//! Columns that our files have for people only. When such a file comes back, an import does not read them: they would become
//! attributes of customers.

/// Why a row could not be imported, in Korean and in English.
pub const FAULT: (&str, &str) = ("오류 사유", "Error reason");
/// The groups of a customer besides the one that an import reads, in Korean and in English.
pub const OTHER_GROUPS: (&str, &str) = ("다른 그룹", "Other groups");
/// Since when a customer agrees to advertising, in Korean and in English. An import gives no consent. A clinic's own file has a column
/// of another name for that, which is read like any other.
pub const CONSENT: (&str, &str) = ("광고 수신 동의일(단골)", "Advertising consent since (Dangol)");

/// Whether a column with this header is one of them.
#[must_use]
pub fn is_note(header: &str) -> bool {
    [FAULT, OTHER_GROUPS, CONSENT].iter().any(|(ko, en)| header == *ko || header.eq_ignore_ascii_case(en))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_we_add_ourselves_are_known_again() {
        for header in ["오류 사유", "Error reason", "다른 그룹", "other groups", "광고 수신 동의일(단골)"] {
            assert!(is_note(header), "{header}");
        }
        for header in ["", "그룹", "사유", "메모", "광고 수신 동의", "광고 수신 동의일", "Advertising consent"]
        {
            assert!(!is_note(header), "{header}");
        }
    }
}
