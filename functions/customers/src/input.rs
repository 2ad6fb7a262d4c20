//! What is taken of what people type.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use shared::db::customers::Attributes;
use shared::http::Problem;
use shared::model::customer::{MAX_ATTRIBUTES, visible};
use shared::spreadsheet::neutralised;

const MAX_ATTRIBUTE_NAME: usize = 100;
/// What a cell of an import may hold, so that an export can be uploaded again.
const MAX_ATTRIBUTE_BYTES: usize = 1000;

/// Tells a field that is absent from one that is `null`: what cannot be empty is refused when it is.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Changes attributes: `None`, and what says nothing, takes one away; others are set.
pub fn merge(attributes: &mut Attributes, changes: BTreeMap<String, Option<String>>) -> Result<(), Problem> {
    for (given, value) in changes {
        let (name, value) = (visible(&given), printable(value.as_deref().unwrap_or_default()));
        if value.is_empty() {
            // An import may have kept a name with something invisible in it.
            attributes.remove(&given);
            attributes.remove(&name);
            continue;
        }
        let fits = (1..=MAX_ATTRIBUTE_NAME).contains(&name.chars().count()) && neutralised(&value).len() <= MAX_ATTRIBUTE_BYTES;
        if !fits {
            let ko = format!(
                "항목 이름은 1~{MAX_ATTRIBUTE_NAME}자, 값은 최대 {MAX_ATTRIBUTE_BYTES}바이트(한글 약 {}자)입니다.",
                MAX_ATTRIBUTE_BYTES / 3
            );
            let en = format!("names have 1 to {MAX_ATTRIBUTE_NAME} characters, values at most {MAX_ATTRIBUTE_BYTES} bytes");
            return Err(Problem::invalid("attributes", ko, en));
        }
        attributes.insert(name, value);
    }
    if attributes.len() > MAX_ATTRIBUTES {
        let (ko, en) = (format!("항목은 최대 {MAX_ATTRIBUTES}개입니다."), format!("at most {MAX_ATTRIBUTES}"));
        return Err(Problem::invalid("attributes", ko, en));
    }
    Ok(())
}

/// A value as it may stand in a message: lines are kept, other control characters are not.
fn printable(value: &str) -> String {
    value.lines().map(|line| line.replace(char::is_control, " ")).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(kept: &[(&str, &str)], changes: &[(&str, Option<&str>)]) -> Result<Vec<(String, String)>, Problem> {
        let mut attributes = kept.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let changes = changes.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned))).collect();
        merge(&mut attributes, changes).map(|()| attributes.into_iter().collect())
    }

    #[test]
    fn null_and_what_says_nothing_take_an_attribute_away() {
        let kept = [("생일", "3월 2일"), ("메모", "가"), ("숨은\u{200b}", "나")];
        let left = merged(&kept, &[("생일", None), (" 메모 ", Some(" \t")), ("숨은\u{200b}", None), ("없음", None)]).unwrap();
        assert_eq!(left, []);
        let left = merged(&kept[..1], &[(" 취미 ", Some("걷기\r\n\u{7}읽기"))]).unwrap();
        assert_eq!(left, [("생일".into(), "3월 2일".into()), ("취미".into(), "걷기\n 읽기".to_owned())]);
    }

    #[test]
    fn what_an_import_would_not_read_again_is_refused() {
        let long = |bytes: usize| merged(&[], &[("메모", Some("x".repeat(bytes).as_str()))]);
        assert!(long(1000).is_ok() && long(1001).is_err());
        assert!(merged(&[], &[("메모", Some(format!("={}", "x".repeat(999)).as_str()))]).is_err(), "it gets an apostrophe");
        assert!(merged(&[], &[("가".repeat(101).as_str(), Some("x"))]).is_err());
        assert!(merged(&[], &[("\u{200b}", Some("x"))]).is_err());
    }

    #[test]
    fn a_customer_has_at_most_fifty_attributes_after_the_change() {
        let names: Vec<_> = (0..51).map(|number| format!("항목 {number}")).collect();
        let full: Vec<_> = names[..50].iter().map(|name| (name.as_str(), "x")).collect();
        assert!(merged(&full, &[(&names[50], Some("x"))]).is_err());
        assert!(merged(&full, &[(&names[50], Some("x")), (&names[0], None)]).is_ok());
    }
}
