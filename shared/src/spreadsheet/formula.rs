//! Text that a spreadsheet program would take for a formula, and what is done against it.
//!
//! A name like `=HYPERLINK(…)` is data here, but a program that opens a csv file would compute it. An apostrophe in front
//! makes it text again everywhere. Reading takes the apostrophe off, so that a file that comes back says what was exported.

use std::borrow::Cow;

const APOSTROPHE: char = '\'';

/// The text with an apostrophe in front when it begins like a formula.
///
/// Apostrophes may stand in front already: `'=1` becomes `''=1`, otherwise it would come back as `=1`.
#[must_use]
pub fn neutralised(text: &str) -> Cow<'_, str> {
    if is_formula(text.trim_start_matches(APOSTROPHE)) {
        Cow::Owned(format!("{APOSTROPHE}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text as it was before it was [neutralised]; any other text as it is.
#[must_use]
pub fn restored(text: &str) -> &str {
    match text.strip_prefix(APOSTROPHE) {
        Some(rest) if is_formula(rest.trim_start_matches(APOSTROPHE)) => rest,
        _ => text,
    }
}

/// Whether programs compute it: full-width forms are narrowed by some of them before they look.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_begins_like_a_formula_gets_an_apostrophe_and_nothing_else_does() {
        for text in ["=1+1", "+82 10", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "'=1"] {
            assert_eq!(neutralised(text), format!("'{text}"), "{text:?}");
        }
        for text in ["", "김단골", "010-1234-5678", "'", "'tis", "a=b", "1-2", "#REF!"] {
            assert_eq!(neutralised(text), text);
            assert_eq!(restored(text), text, "what people write with an apostrophe keeps it");
        }
    }

    proptest! {
        #[test]
        fn reading_takes_off_exactly_what_writing_put_on(text in "['=+@a\\-\t ＝]{0,6}") {
            let written = neutralised(&text);
            prop_assert!(!is_formula(&written));
            prop_assert_eq!(restored(&written), text.as_str());
        }
    }
}
