//! What people type to find somebody, and by which indexes they are found.
//!
//! A search has one or two stages. The first asks for what can be found through the beginning of an index: a name that begins
//! with the text, a phone that begins with it. The second asks for the text anywhere, which reads a whole index of the clinic
//! (never the customers themselves, but for those found). No stage finds again what an earlier one has found.
//! A name together with digits has a single stage: the digits are looked for in the phones, and who has them must have the name.

use crate::model::PhoneNumber;
use crate::model::customer::visible;

/// From how many characters a name, or digits a phone, is somebody in particular: when the first stage has found them, the second
/// waits until somebody asks for more.
const PARTICULAR_NAME: usize = 3;
const PARTICULAR_PHONE: usize = 8;
/// By how many digits at its end people find a phone.
const LAST_DIGITS: usize = 4;
/// Up to how many digits a part of a phone is in so many of them that reading the list in its order finds enough at once.
const COMMON_DIGITS: usize = 2;
/// From how many digits beside a name a phone is meant: `김단골 2` is a name.
const DIGITS_BESIDE_A_NAME: usize = 3;

/// What a stage looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Phone,
}

impl Field {
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Name => "c.name",
            Self::Phone => "c.phone",
        }
    }
}

/// By which index a stage looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Name,
    Phone,
    /// The index in which the list is ordered.
    Order,
}

/// One look through one index: some pattern fits, all of `also` do, and none of `unlike`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    pub way: Way,
    pub like: Vec<(Field, String)>,
    pub also: Vec<(Field, String)>,
    pub unlike: Vec<(Field, String)>,
}

impl Look {
    fn new(way: Way, like: Vec<(Field, String)>) -> Self {
        Self { way, like, also: Vec::new(), unlike: Vec::new() }
    }

    /// What names all of these words.
    fn called(mut self, words: &[&str]) -> Self {
        self.also.extend(words.iter().map(|word| (Field::Name, anywhere(word))));
        self
    }

    fn unlike(mut self, field: Field, pattern: &str) -> Self {
        self.unlike.push((field, pattern.to_owned()));
        self
    }
}

/// A part of a name or of a phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// What each stage looks through; empty when everybody is asked for.
    pub(super) stages: Vec<Vec<Look>>,
    /// Whether the second stage waits when the first has found somebody.
    pub(super) particular: bool,
}

impl Search {
    /// Finds everybody.
    #[must_use]
    pub fn everybody() -> Self {
        Self::default()
    }

    /// Finds names and phones that hold the text. What reads like a part of a phone is compared with phones as people write
    /// them: `010-12` is the beginning of `+821012345678`, `12-34` is in its middle, `5678` more likely at its end. Where a name and a
    /// part of a phone stand beside each other, both must fit.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = visible(text);
        let digits = digits_of(&text);
        if text.is_empty() {
            Self::everybody()
        } else if !is_like_a_phone(&text) {
            Self::name_and_phone(&text).unwrap_or_else(|| Self::name(&text))
        } else if digits.is_empty() {
            Self::name(&text)
        } else if let Ok(phone) = text.parse::<PhoneNumber>() {
            Self::only(phone.e164())
        } else if text.starts_with('+') {
            Self::only(&format!("+{digits}"))
        } else {
            Self::part(&text, &digits)
        }
    }

    fn name(text: &str) -> Self {
        let start = format!("{}%", literal(text));
        let first = Look::new(Way::Name, vec![(Field::Name, start.clone())]);
        let second = Look::new(Way::Name, vec![(Field::Name, anywhere(text))]).unlike(Field::Name, &start);
        Self { stages: vec![vec![first], vec![second]], particular: text.chars().count() >= PARTICULAR_NAME }
    }

    /// `김단골 5678`, or somebody who is called just so; none where no digits stand beside a name.
    fn name_and_phone(text: &str) -> Option<Self> {
        let (phone, name): (Vec<&str>, Vec<&str>) = text.split(' ').partition(|word| is_like_a_phone(word));
        let digits = digits_of(&phone.concat());
        if digits.len() < DIGITS_BESIDE_A_NAME || name.is_empty() {
            return None;
        }
        let person = Look::new(Way::Phone, part_of_phone(&digits)).called(&name);
        let namesake = Look::new(Way::Name, vec![(Field::Name, anywhere(text))]);
        Some(Self { stages: vec![vec![person, namesake]], particular: false })
    }

    /// What begins like this and nothing else: a whole phone, or one with its country.
    fn only(e164: &str) -> Self {
        Self { stages: vec![vec![Look::new(Way::Phone, vec![(Field::Phone, format!("{e164}%"))])]], particular: true }
    }

    /// A part of a phone, and of a name: there are two customers called 김단골, and one of them is called 김단골2.
    fn part(text: &str, digits: &str) -> Self {
        let start = start_of_phone(digits);
        let mut phone = part_of_phone(digits);
        let name = (Field::Name, anywhere(text));
        // `010-1` has four digits, too, but whoever writes it so means the beginning.
        let last = (text.len(), digits.len()) == (LAST_DIGITS, LAST_DIGITS);
        if digits.trim_start_matches('0').len() <= COMMON_DIGITS && !last {
            phone.push(name);
            return Self { stages: vec![vec![Look::new(Way::Order, phone)]], particular: false };
        }
        let everywhere = [Look::new(Way::Phone, phone), Look::new(Way::Name, vec![name])];
        let first = match (digits.len(), start) {
            _ if last => format!("%{digits}"),
            (_, Some(start)) => start,
            (PARTICULAR_PHONE.., None) => format!("+8210{digits}%"),
            _ => return Self { stages: vec![everywhere.to_vec()], particular: false },
        };
        let rest = everywhere.map(|look| look.unlike(Field::Phone, &first));
        Self { stages: vec![vec![Look::new(Way::Phone, vec![(Field::Phone, first)])], rest.to_vec()], particular: true }
    }
}

fn is_like_a_phone(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | ' ' | '.' | '+' | '(' | ')'))
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// What phones begin with that people write with these digits at the beginning.
fn start_of_phone(digits: &str) -> Option<String> {
    digits.strip_prefix('0').map(|national| format!("+82{national}%"))
}

/// Phones with these digits anywhere, as people write them.
fn part_of_phone(digits: &str) -> Vec<(Field, String)> {
    [format!("%{digits}%")].into_iter().chain(start_of_phone(digits)).map(|pattern| (Field::Phone, pattern)).collect()
}

fn anywhere(text: &str) -> String {
    format!("%{}%", literal(text))
}

/// The text as a part of a pattern of `LIKE .. ESCAPE '|'`.
pub(in crate::db) fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        if matches!(c, '%' | '_' | '|') {
            pattern.push('|');
        }
        pattern.push(c);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The way and the patterns of each look, stage by stage.
    fn plan(text: &str) -> Vec<Vec<(Way, Vec<String>)>> {
        let look = |look: &Look| (look.way, look.like.iter().map(|(_, pattern)| pattern.clone()).collect());
        Search::of(text).stages.iter().map(|stage| stage.iter().map(look).collect()).collect()
    }

    fn one(way: Way, pattern: &str) -> Vec<(Way, Vec<String>)> {
        vec![(way, vec![pattern.to_owned()])]
    }

    #[test]
    fn the_beginning_of_a_phone_is_looked_for_as_people_write_it() {
        assert_eq!(plan(" 010-12 ")[0], one(Way::Phone, "+821012%"));
        assert_eq!(plan("+82 10-12"), [one(Way::Phone, "+821012%")]);
        for text in ["010.1234.5678", "82-10-1234-5678", "1012345678"] {
            assert_eq!(plan(text), [one(Way::Phone, "+821012345678%")], "{text} is one phone");
        }
        assert_eq!(plan("1234-5678")[0], one(Way::Phone, "+821012345678%"), "people leave out what all phones begin with");
        let nearly_everybody = vec!["%010%".to_owned(), "+8210%".to_owned(), "%010%".to_owned()];
        assert_eq!(plan("010"), [[(Way::Order, nearly_everybody)]]);
    }

    #[test]
    fn four_digits_are_the_last_ones_before_they_are_others() {
        assert_eq!(plan("5678")[0], one(Way::Phone, "%5678"));
        assert_eq!(plan("0101")[0], one(Way::Phone, "%0101"));
        assert_eq!(plan("010-1")[0], one(Way::Phone, "+82101%"), "the hyphen tells");
        let patterns = vec!["%0101%".to_owned(), "+82101%".to_owned()];
        assert_eq!(plan("0101")[1], [(Way::Phone, patterns), (Way::Name, vec!["%0101%".into()])]);
    }

    #[test]
    fn a_part_of_a_phone_may_be_a_part_of_a_name_too() {
        assert_eq!(plan("34-567"), [[(Way::Phone, vec!["%34567%".into()]), (Way::Name, vec!["%34-567%".into()])]]);
        assert_eq!(plan("2"), [[(Way::Order, vec!["%2%".into(), "%2%".to_owned()])]]);
    }

    #[test]
    fn a_name_is_looked_for_as_it_is_written_first_at_its_beginning() {
        assert_eq!(plan(" 50%_|  가"), [one(Way::Name, "50|%|_|| 가%"), one(Way::Name, "%50|%|_|| 가%")]);
        assert_eq!(plan("김1").len(), 2);
        assert_eq!(Search::of(" \u{200b} "), Search::everybody());
        assert!(Search::of("김단골").particular && !Search::of("단골").particular);
    }

    #[test]
    fn a_name_beside_digits_is_looked_for_by_the_digits() {
        for text in ["김 단골 010-1234", "010 1234 김 단골"] {
            let [person, namesake] = &Search::of(text).stages[0][..] else { panic!("{text}") };
            let patterns =
                |patterns: &[(Field, String)]| patterns.iter().map(|(_, pattern)| pattern.clone()).collect::<Vec<_>>();
            assert_eq!((person.way, patterns(&person.like)), (Way::Phone, vec!["%0101234%".into(), "+82101234%".into()]));
            assert_eq!(patterns(&person.also), ["%김%", "%단골%"]);
            assert_eq!((namesake.way, patterns(&namesake.like)), (Way::Name, vec![format!("%{text}%")]));
        }
        for text in ["김단골 2", "김단골2 단골", "- 김단골"] {
            assert_eq!(plan(text)[0], one(Way::Name, &format!("{text}%")));
        }
    }

    #[test]
    fn a_later_stage_leaves_out_what_an_earlier_one_finds() {
        for text in ["김단골", "1234-5678", "5678", "0101", "010-12"] {
            let stages = Search::of(text).stages;
            let first = stages[0][0].like[0].clone();
            assert!(stages[1].iter().all(|look| look.unlike == [first.clone()]), "{text}");
        }
    }
}
