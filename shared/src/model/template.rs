//! `AlimTalk` templates: texts with `#{variables}` and buttons, approved by Kakao.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The variable that a button's address holds and that becomes the message's link token.
pub const LINK_VARIABLE: &str = "link";
/// The variable for the customer's name.
pub const NAME_VARIABLE: &str = "고객명";
/// The most characters a text may have after substitution.
pub const MAX_CHARACTERS: usize = 1000;

/// A button below the text, in the provider's spelling.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = TemplateButton)]
pub struct Button {
    /// The label, without variables.
    pub name: String,
    /// `WL` web link, `AL` app link, `AC` add channel, `DS` parcel tracking, `BK` bot keyword, `MD` pass the message on.
    pub link_type: String,
    /// The link type in Korean.
    pub link_type_name: String,
    /// Address on a phone.
    pub link_mo: String,
    /// Address on a desktop.
    pub link_pc: String,
    /// Address of the iOS app.
    pub link_ios: String,
    /// Address of the Android app.
    pub link_and: String,
}

/// Variables without a value for this recipient.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no value for {}", .0.iter().map(|name| format!("#{{{name}}}")).collect::<Vec<_>>().join(", "))]
pub struct MissingVariables(pub BTreeSet<String>);

/// How many variables a text has, each as often as it stands there.
#[must_use]
pub fn count_variables(text: &str) -> usize {
    pieces(text).filter(|(_, name)| name.is_some()).count()
}

/// The names of the variables in a text.
#[must_use]
pub fn variables(text: &str) -> BTreeSet<&str> {
    pieces(text).filter_map(|(_, name)| name).collect()
}

/// Fills the variables in. Values are inserted as they are: a value that looks like a variable is not filled again.
///
/// # Errors
/// When a variable has no value or an empty one.
pub fn render(text: &str, values: &BTreeMap<String, String>) -> Result<String, MissingVariables> {
    fill(text, |name| values.get(name).map(|value| Cow::Borrowed(value.as_str())))
}

/// The same with values that are found one by one.
///
/// # Errors
/// When a variable has no value or an empty one.
pub fn fill<'v>(text: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> Result<String, MissingVariables> {
    let mut filled = String::with_capacity(text.len());
    let mut missing = BTreeSet::new();
    for (literal, name) in pieces(text) {
        filled.push_str(literal);
        let Some(name) = name else { continue };
        match value(name).filter(|value| !value.trim().is_empty()) {
            Some(value) => filled.push_str(&value),
            None => _ = missing.insert(name.to_owned()),
        }
    }
    if missing.is_empty() { Ok(filled) } else { Err(MissingVariables(missing)) }
}

/// The text in pieces: a literal, and the variable that follows it (the last piece has none).
fn pieces(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let current = rest.take()?;
        let found = current.find("#{").and_then(|start| Some((start, start + current.get(start..)?.find('}')?)));
        match found {
            Some((start, end)) => {
                rest = Some(&current[end + 1..]);
                Some((&current[..start], Some(&current[start + 2..end])))
            }
            None => Some((current, None)),
        }
    })
}

impl Button {
    /// The button with the variables of its addresses filled in.
    ///
    /// # Errors
    /// When a variable has no value.
    pub fn rendered(&self, values: &BTreeMap<String, String>) -> Result<Self, MissingVariables> {
        Ok(Self {
            link_mo: render(&self.link_mo, values)?,
            link_pc: render(&self.link_pc, values)?,
            link_ios: render(&self.link_ios, values)?,
            link_and: render(&self.link_and, values)?,
            ..self.clone()
        })
    }

    /// Its addresses, empty ones too.
    #[must_use]
    pub fn addresses(&self) -> [&str; 4] {
        [&self.link_mo, &self.link_pc, &self.link_ios, &self.link_and]
    }

    /// Whether one of its addresses is a tracked link of ours: it holds `#{link}`.
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        [&self.link_mo, &self.link_pc].into_iter().any(|address| variables(address).contains(LINK_VARIABLE))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_occurrence_of_a_variable_is_filled() {
        let text = "#{고객명}님, #{병원}입니다.\r\n#{고객명}님 #{";
        assert_eq!(variables(text), ["고객명", "병원"].into());
        assert_eq!(count_variables(text), 3);
        assert_eq!(
            render(text, &values(&[("고객명", "김단골"), ("병원", "새봄")])),
            Ok("김단골님, 새봄입니다.\r\n김단골님 #{".into())
        );
    }

    #[test]
    fn a_value_that_looks_like_a_variable_stays_text() {
        assert_eq!(render("#{a}", &values(&[("a", "#{b}"), ("b", "no")])), Ok("#{b}".into()));
    }

    #[test]
    fn missing_and_blank_values_are_named_together() {
        let missing = render("#{a} #{b} #{c}", &values(&[("a", "x"), ("b", " ")])).unwrap_err();
        assert_eq!(missing.to_string(), "no value for #{b}, #{c}");
    }

    proptest! {
        #[test]
        fn a_text_without_variables_is_unchanged(text in "[^#]{0,80}") {
            prop_assert_eq!(render(&text, &BTreeMap::new()), Ok(text));
        }
    }
}
