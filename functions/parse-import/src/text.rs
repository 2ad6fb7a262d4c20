//! The text of cells: as it is kept, and where it stands.

use std::borrow::Cow;

use shared::model::GroupName;
use shared::model::customer::visible;
use shared::spreadsheet::restored;

/// A name: one line, without what nobody sees.
pub(crate) fn name(cell: &str) -> String {
    let text = restored(cell);
    // Nearly all are so already, and a list has hundreds of thousands.
    let is_plain = |c: char| c == ' ' || c.is_alphanumeric() || c.is_ascii_punctuation();
    let is_tidy = !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ") && text.chars().all(is_plain);
    if is_tidy { text.to_owned() } else { visible(text) }
}

/// A group's name, which has at most 50 characters.
pub(crate) fn group(cell: &str) -> String {
    let name = name(cell);
    cut(&name, GroupName::MAX).trim_end().to_owned()
}

/// A phone as it stands there.
pub(crate) fn phone(cell: &str) -> String {
    restored(cell).trim().to_owned()
}

/// Any other text, its lines kept.
pub(crate) fn lines(cell: &str) -> Cow<'_, str> {
    let text = restored(cell).trim();
    let is_kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    if text.chars().all(|c| is_kept(&c)) { Cow::Borrowed(text) } else { text.chars().filter(is_kept).collect() }
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}

/// A column's name in a spreadsheet: A, B, …, Z, AA.
pub(crate) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(b'A' + u8::try_from((rest - 1) % 26).unwrap_or_default());
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().copied().map(char::from).collect()
}

/// The column of that name, counted from 0.
pub(crate) fn column(letters: &str) -> Option<usize> {
    let digit = |letter: char| letter.is_ascii_alphabetic().then(|| usize::from(letter.to_ascii_uppercase() as u8 - b'A') + 1);
    let digits: Vec<usize> = letters.chars().map(digit).collect::<Option<_>>()?;
    // No spreadsheet program has more than three letters.
    (1..=3).contains(&digits.len()).then(|| digits.into_iter().fold(0, |sum, digit| sum * 26 + digit) - 1)
}

/// A number as people write it: `200,000`.
pub(crate) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_named_as_spreadsheet_programs_name_them() {
        for (at, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")] {
            assert_eq!((letters(at), column(name)), (name.to_owned(), Some(at)));
        }
        assert_eq!((column("c"), column(""), column("A1"), column("ABCD"), column("가")), (Some(2), None, None, None, None));
    }

    #[test]
    fn an_apostrophe_that_kept_a_text_from_being_a_formula_is_taken_off() {
        assert_eq!(
            (name("'=김단골"), phone("'+82 10-1234-5678"), lines("'-5").as_ref(), group("'@VIP")),
            ("=김단골".into(), "+82 10-1234-5678".into(), "-5", "@VIP".into())
        );
        assert_eq!((name("'단골'"), lines("''=1").as_ref()), ("'단골'".into(), "'=1"));
    }

    #[test]
    fn what_people_do_not_see_is_not_kept_and_a_group_has_fifty_characters() {
        assert_eq!(name(" 김\u{200b} \u{feff} 단골\n"), "김 단골");
        assert_eq!(lines(" 첫 줄\n\u{7}둘째\t줄 "), "첫 줄\n둘째\t줄");
        assert_eq!(group(&format!("{} 나다", "가".repeat(49))), "가".repeat(49));
        assert_eq!(group(&"가".repeat(60)), "가".repeat(50));
        assert_eq!(
            (grouped(7), grouped(1000), grouped(200_000), grouped(1_048_576)),
            ("7".into(), "1,000".into(), "200,000".into(), "1,048,576".into())
        );
    }
}
