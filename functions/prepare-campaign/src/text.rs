//! The finished text of one recipient, or why there is none.

use shared::db::customers::Recipient;
use shared::model::draft::{Draft, Person, Sources};
use shared::model::result::Reason;

/// The text with this recipient's values: the clinic's own columns by their names, the customer's name and the link.
pub fn write(content: &str, recipient: &Recipient, token: &str) -> Result<String, Reason> {
    if recipient.suppressed {
        return Err(Reason::Suppressed);
    }
    let sources = Sources::new();
    let draft = Draft { content, emphasis_title: "", buttons: &[], sources: &sources };
    let person = Person { name: &recipient.name, phone: &recipient.phone, attributes: &recipient.attributes };
    draft.render(person, token).map(|rendered| rendered.text).map_err(|unfit| unfit.reason)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::model::template::MAX_CHARACTERS;

    use super::*;

    fn recipient() -> Recipient {
        Recipient {
            id: "cus_00000000000000000000000000000001".parse().unwrap(),
            name: "김단골".to_owned(),
            phone: "010-1234-5678".parse().unwrap(),
            attributes: BTreeMap::from([
                ("예약일".to_owned(), "3월 2일".to_owned()),
                ("고객명".to_owned(), "아무개".to_owned()),
            ]),
            suppressed: false,
        }
    }

    #[test]
    fn name_columns_and_link_are_filled_in_and_the_name_is_the_customers() {
        let text = write("#{고객명}님 #{예약일}\r\nhttps://a.kr/c/#{link}", &recipient(), "token");
        assert_eq!(text, Ok("김단골님 3월 2일\r\nhttps://a.kr/c/token".to_owned()));
    }

    #[test]
    fn whoever_gets_nothing_is_told_apart() {
        let write = |content: &str, recipient: Recipient| write(content, &recipient, "t").unwrap_err();
        assert_eq!(write("", Recipient { suppressed: true, ..recipient() }), Reason::Suppressed);
        assert_eq!(write("", Recipient { phone: "0505-123-4567".parse().unwrap(), ..recipient() }), Reason::SafeNumber);
        assert_eq!(write("#{담당의}", recipient()), Reason::MissingVariable);
        assert_eq!(write(&"가".repeat(1001), recipient()), Reason::TooLong);
    }

    #[test]
    fn a_text_of_exactly_the_most_characters_is_sent() {
        let text = super::write(&"가".repeat(MAX_CHARACTERS), &recipient(), "t");
        assert_eq!(text.map(|text| text.chars().count()), Ok(MAX_CHARACTERS));
    }
}
