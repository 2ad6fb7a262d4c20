//! What a message says to one person: the template's text, title and buttons with everything filled in, or why there is none.
//!
//! Whatever is shown before it is sent is rendered here, by the rules by which it is sent.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::PhoneNumber;
use crate::model::result::Reason;
use crate::model::template::{Button, LINK_VARIABLE, MAX_CHARACTERS, MissingVariables, NAME_VARIABLE, fill, variables};

/// The most characters that an emphasised title may have after substitution.
pub const MAX_TITLE: usize = 50;

/// Where the value of a variable comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = VariableSource)]
pub struct Source {
    /// The clinic's own column that fills it; the column of the variable's name when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "예약일")]
    pub column: Option<String>,
    /// What stands in where the customer has no value there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "예약하신 날")]
    pub default: Option<String>,
}

/// Sources by variable. Variables without one are filled from the column of their name.
pub type Sources = BTreeMap<String, Source>;

/// What is to be said, with its variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft<'a> {
    /// The approved text.
    pub content: &'a str,
    /// The approved emphasised title, empty when there is none.
    pub emphasis_title: &'a str,
    /// The approved buttons.
    pub buttons: &'a [Button],
    /// Where values come from.
    pub sources: &'a Sources,
}

/// To whom.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The name.
    pub name: &'a str,
    /// The phone.
    pub phone: &'a PhoneNumber,
    /// The clinic's own columns.
    pub attributes: &'a BTreeMap<String, String>,
}

/// What one person gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// The emphasised title, empty when there is none.
    pub title: String,
    /// The buttons.
    pub buttons: Vec<Button>,
}

/// Why one person gets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// In general.
    pub reason: Reason,
    /// The variables without a value, when that is the reason.
    pub missing: BTreeSet<String>,
}

impl Unfit {
    /// For a reason that has nothing to do with variables.
    #[must_use]
    pub const fn because(reason: Reason) -> Self {
        Self { reason, missing: BTreeSet::new() }
    }
}

impl Rendered {
    /// How many characters the text has; a line break of the provider's, CRLF, is two.
    #[must_use]
    pub fn characters(&self) -> usize {
        self.text.chars().count()
    }

    /// Whether `KakaoTalk` would not take it for its length.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        self.characters() > MAX_CHARACTERS || self.title.chars().count() > MAX_TITLE
    }
}

impl<'a> Draft<'a> {
    /// The names of all variables: of the text, the title and the addresses of the buttons.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<&'a str> {
        let addresses = self.buttons.iter().flat_map(Button::addresses);
        [self.content, self.emphasis_title].into_iter().chain(addresses).flat_map(variables).collect()
    }

    /// Whether titles differ from person to person.
    #[must_use]
    pub fn has_own_titles(&self) -> bool {
        !variables(self.emphasis_title).is_empty()
    }

    /// Whether buttons differ from person to person by more than the link.
    #[must_use]
    pub fn has_own_buttons(&self) -> bool {
        self.buttons.iter().flat_map(Button::addresses).flat_map(variables).any(|name| name != LINK_VARIABLE)
    }

    /// Columns of nobody: what a test shows when it shows no customer's. Where nothing stands in for a variable, its name does, in
    /// brackets.
    #[must_use]
    pub fn sample(&self) -> BTreeMap<String, String> {
        let is_bare = |name: &&str| {
            let default = self.sources.get(*name).and_then(|source| source.default.as_deref());
            ![NAME_VARIABLE, LINK_VARIABLE].contains(name) && default.is_none_or(|default| default.trim().is_empty())
        };
        let column = |name| self.sources.get(name).and_then(|source| source.column.as_deref()).unwrap_or(name);
        self.variables().into_iter().filter(is_bare).map(|name| (column(name).to_owned(), format!("[{name}]"))).collect()
    }

    /// What the person gets, with this token in the link.
    ///
    /// # Errors
    /// When the person can get nothing, and why. Whether the phone is suppressed is not known here.
    pub fn render(&self, person: Person<'_>, link: &str) -> Result<Rendered, Unfit> {
        if person.phone.is_safe_number() {
            return Err(Unfit::because(Reason::SafeNumber));
        }
        let rendered = self.fill(person, link)?;
        if rendered.is_too_long() { Err(Unfit::because(Reason::TooLong)) } else { Ok(rendered) }
    }

    /// The same without looking at the phone and the length.
    ///
    /// # Errors
    /// When variables have no value: all of them are named.
    pub fn fill(&self, person: Person<'_>, link: &str) -> Result<Rendered, Unfit> {
        let mut missing = BTreeSet::new();
        let mut filled = |text: &str, in_address: bool| {
            let write = |value| if in_address { encoded(value) } else { Cow::Borrowed(value) };
            let value = |name: &str| self.value(name, person, link).map(write);
            fill(text, value).unwrap_or_else(|MissingVariables(names)| {
                missing.extend(names);
                String::new()
            })
        };
        let rendered = Rendered {
            text: filled(self.content, false),
            title: filled(self.emphasis_title, false),
            buttons: self
                .buttons
                .iter()
                .map(|button| Button {
                    link_mo: filled(&button.link_mo, true),
                    link_pc: filled(&button.link_pc, true),
                    link_ios: filled(&button.link_ios, true),
                    link_and: filled(&button.link_and, true),
                    ..button.clone()
                })
                .collect(),
        };
        if missing.is_empty() { Ok(rendered) } else { Err(Unfit { reason: Reason::MissingVariable, missing }) }
    }

    /// The value of a variable for a person: name and link are built in, everything else is a column, or stands in for it. A blank
    /// value is none.
    fn value<'v>(&'v self, name: &str, person: Person<'v>, link: &'v str) -> Option<&'v str> {
        let some = |value: &&str| !value.trim().is_empty();
        match name {
            NAME_VARIABLE => return Some(person.name).filter(some),
            LINK_VARIABLE => return Some(link).filter(some),
            _ => {}
        }
        let source = self.sources.get(name);
        let column = source.and_then(|source| source.column.as_deref()).unwrap_or(name);
        let own = person.attributes.get(column).map(String::as_str).filter(some);
        own.or_else(|| source.and_then(|source| source.default.as_deref()).filter(some))
    }
}

/// A value inside of an address: whatever is not a plain letter, digit or one of `-._~` becomes percent signs.
fn encoded(value: &str) -> Cow<'_, str> {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if value.bytes().all(is_plain) {
        return Cow::Borrowed(value);
    }
    let mut address = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if is_plain(byte) {
            address.push(char::from(byte));
        } else {
            address.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    Cow::Owned(address)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::template::render;

    const LINK: &str = "https://go.example.com/c/#{link}";

    fn button(address: &str) -> Button {
        Button { name: "예약하기".to_owned(), link_mo: address.to_owned(), ..Button::default() }
    }

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn source(column: Option<&str>, default: Option<&str>) -> Source {
        Source { column: column.map(str::to_owned), default: default.map(str::to_owned) }
    }

    /// What a person with these columns gets.
    fn rendered(
        content: &str,
        title: &str,
        address: &str,
        sources: &Sources,
        columns: &[(&str, &str)],
    ) -> Result<Rendered, Unfit> {
        let (buttons, phone) = ([button(address)], "010-1234-5678".parse().unwrap());
        let draft = Draft { content, emphasis_title: title, buttons: &buttons, sources };
        draft.render(Person { name: "김단골", phone: &phone, attributes: &map(columns) }, "token")
    }

    #[test]
    fn text_title_and_buttons_are_filled_and_the_name_is_the_customers() {
        let columns = [("고객명", "아무개"), ("예약일", "3월 2일")];
        let got = rendered("#{고객명}님,\r\n#{예약일}", "#{예약일} 예약", LINK, &Sources::new(), &columns).unwrap();
        assert_eq!((got.text.as_str(), got.title.as_str()), ("김단골님,\r\n3월 2일", "3월 2일 예약"));
        assert_eq!(got.buttons[0].link_mo, "https://go.example.com/c/token");
        assert_eq!((got.buttons[0].name.as_str(), got.characters()), ("예약하기", 12));
    }

    #[test]
    fn a_source_names_another_column_and_what_stands_in_for_it() {
        let sources = Sources::from([
            ("날짜".to_owned(), source(Some("예약일"), Some("곧"))),
            ("담당의".to_owned(), source(None, Some("원장님"))),
        ]);
        let text = |columns: &[(&str, &str)]| rendered("#{날짜} #{담당의}", "", LINK, &sources, columns).unwrap().text;
        assert_eq!(text(&[("예약일", "3월 2일"), ("날짜", "x"), ("담당의", "이의사")]), "3월 2일 이의사");
        assert_eq!(text(&[("예약일", " "), ("날짜", "x")]), "곧 원장님");
    }

    #[test]
    fn everything_without_a_value_is_named_together() {
        let sources = Sources::from([("c".to_owned(), source(None, Some(" ")))]);
        let unfit = rendered("#{a}#{고객명}", "#{b}", "https://a.kr/#{c}", &sources, &[]).unwrap_err();
        assert_eq!(unfit.reason, Reason::MissingVariable);
        assert_eq!(unfit.missing, ["a", "b", "c"].map(str::to_owned).into());
    }

    #[test]
    fn values_in_addresses_are_encoded_and_values_in_texts_are_not() {
        let columns = [("q", "김 a/b?c=1&d#%")];
        let got = rendered("#{q}", "", "https://a.kr/#{q}", &Sources::new(), &columns).unwrap();
        assert_eq!(got.text, "김 a/b?c=1&d#%");
        assert_eq!(got.buttons[0].link_mo, "https://a.kr/%EA%B9%80%20a%2Fb%3Fc%3D1%26d%23%25");
    }

    #[test]
    fn who_cannot_get_it_is_told_apart() {
        let reason = |content: &str, title: &str| rendered(content, title, LINK, &Sources::new(), &[]).unwrap_err().reason;
        assert_eq!(reason(&"가".repeat(1001), ""), Reason::TooLong);
        assert_eq!(reason("", &"가".repeat(51)), Reason::TooLong);
        assert!(rendered(&"가".repeat(1000), &"가".repeat(50), LINK, &Sources::new(), &[]).is_ok());
        let (phone, sources) = ("0505-123-4567".parse().unwrap(), Sources::new());
        let draft = Draft { content: "#{a}", emphasis_title: "", buttons: &[], sources: &sources };
        let person = Person { name: "", phone: &phone, attributes: &BTreeMap::new() };
        assert_eq!(draft.render(person, "t").unwrap_err(), Unfit::because(Reason::SafeNumber));
    }

    #[test]
    fn what_differs_from_person_to_person_is_known_beforehand() {
        let differs = |title: &str, address: &str| {
            let (buttons, sources) = ([button(address)], Sources::new());
            let draft = Draft { content: "#{a}", emphasis_title: title, buttons: &buttons, sources: &sources };
            (draft.has_own_titles(), draft.has_own_buttons())
        };
        assert_eq!(differs("예약", LINK), (false, false));
        assert_eq!(differs("#{예약일} 예약", "https://a.kr/"), (true, false));
        assert_eq!(differs("", "https://a.kr/#{link}?d=#{예약일}"), (false, true));
    }

    #[test]
    fn a_sample_has_a_value_for_everything() {
        let sources =
            Sources::from([("날짜".to_owned(), source(Some("예약일"), None)), ("지점".to_owned(), source(None, Some("본점")))]);
        let (buttons, phone) = ([button("https://a.kr/#{link}/#{지점}")], "010-1234-5678".parse().unwrap());
        let draft =
            Draft { content: "#{고객명} #{날짜}", emphasis_title: "#{담당의}", buttons: &buttons, sources: &sources };
        let sample = draft.sample();
        assert_eq!(sample, map(&[("예약일", "[날짜]"), ("담당의", "[담당의]")]));
        let got = draft.render(Person { name: "[고객명]", phone: &phone, attributes: &sample }, "token").unwrap();
        assert_eq!((got.text.as_str(), got.title.as_str()), ("[고객명] [날짜]", "[담당의]"));
    }

    #[test]
    fn the_variables_of_all_parts_are_listed() {
        let buttons = [button(LINK)];
        let draft = Draft { content: "#{a}", emphasis_title: "#{b}", buttons: &buttons, sources: &Sources::new() };
        assert_eq!(draft.variables(), ["a", "b", "link"].into());
    }

    /// Texts with variables that have values, have none, and are built in.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "[가-힣 a-z#{}\r\n]{0,6}",
            Just("#{고객명}".to_owned()),
            Just("#{link}".to_owned()),
            Just("#{예약일}".to_owned()),
            Just("#{담당의}".to_owned()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Without sources a text is what a campaign sends: columns by their names, the customer's name, the link.
        #[test]
        fn without_sources_it_is_the_plain_rule(
            content in texts(),
            name in "[가-힣 ]{0,4}",
            columns in prop::collection::btree_map("예약일|담당의|고객명|link", ".{0,8}", 0..4),
        ) {
            let mut values = columns.clone();
            values.insert(NAME_VARIABLE.to_owned(), name.clone());
            values.insert(LINK_VARIABLE.to_owned(), "token".to_owned());
            let phone = "010-1234-5678".parse().unwrap();
            let (sources, buttons) = (Sources::new(), [button(LINK)]);
            let draft = Draft { content: &content, emphasis_title: "", buttons: &buttons, sources: &sources };
            let got = draft.render(Person { name: &name, phone: &phone, attributes: &columns }, "token");
            match render(&content, &values) {
                Ok(text) => {
                    let got = got.unwrap();
                    prop_assert_eq!(got.text, text);
                    prop_assert_eq!(&got.buttons[0], &buttons[0].rendered(&values).unwrap());
                }
                Err(MissingVariables(missing)) => prop_assert_eq!(got.unwrap_err(), Unfit { reason: Reason::MissingVariable, missing }),
            }
        }

        /// No value can lead to another host or break out of its place in an address.
        #[test]
        fn a_value_stays_in_its_place_of_an_address(value in "\\PC{1,12}") {
            prop_assume!(!value.trim().is_empty());
            let address = "https://a.kr/p/#{q}?x=1";
            let got = rendered("", "", address, &Sources::new(), &[("q", &value)]).unwrap();
            let url = url::Url::parse(&got.buttons[0].link_mo).unwrap();
            prop_assert_eq!((url.host_str(), url.query(), url.fragment()), (Some("a.kr"), Some("x=1"), None));
        }
    }
}
