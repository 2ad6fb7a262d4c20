//! What one recipient gets, or why nothing.

use shared::db::recipients::Recipient;
use shared::model::draft::{Draft, Rendered};
use shared::model::result::Reason;
use shared::model::state::CampaignKind;

/// The text, the title and the buttons with this recipient's values.
pub fn write(draft: &Draft<'_>, kind: CampaignKind, recipient: &Recipient, token: &str) -> Result<Rendered, Reason> {
    recipient.rendered(draft, kind, token).map_err(|unfit| unfit.reason)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use shared::model::draft::Sources;
    use shared::model::template::MAX_CHARACTERS;

    use super::*;

    fn recipient() -> Recipient {
        Recipient {
            id: None,
            group: None,
            name: "김단골".to_owned(),
            phone: "010-1234-5678".parse().unwrap(),
            attributes: BTreeMap::from([
                ("예약일".to_owned(), "3월 2일".to_owned()),
                ("고객명".to_owned(), "아무개".to_owned()),
            ]),
            suppressed: false,
            consented: false,
        }
    }

    fn write(content: &str, kind: CampaignKind, recipient: &Recipient) -> Result<String, Reason> {
        let draft = Draft { content, emphasis_title: "", buttons: &[], sources: &Sources::new() };
        super::write(&draft, kind, recipient, "token").map(|rendered| rendered.text)
    }

    #[test]
    fn name_columns_and_link_are_filled_in_and_the_name_is_the_customers() {
        let text = write("#{고객명}님 #{예약일}\r\nhttps://a.kr/c/#{link}", CampaignKind::Information, &recipient());
        assert_eq!(text, Ok("김단골님 3월 2일\r\nhttps://a.kr/c/token".to_owned()));
    }

    #[test]
    fn whoever_gets_nothing_is_told_apart() {
        let why = |content: &str, recipient: Recipient| write(content, CampaignKind::Information, &recipient).unwrap_err();
        assert_eq!(why("", Recipient { suppressed: true, ..recipient() }), Reason::Suppressed);
        assert_eq!(why("", Recipient { phone: "0505-123-4567".parse().unwrap(), ..recipient() }), Reason::SafeNumber);
        assert_eq!(why("#{담당의}", recipient()), Reason::MissingVariable);
        assert_eq!(why(&"가".repeat(1001), recipient()), Reason::TooLong);
    }

    #[test]
    fn advertising_needs_consent_and_a_refusal_comes_first() {
        let ad = |recipient: Recipient| write("안녕하세요", CampaignKind::Advertising, &recipient);
        assert_eq!(ad(recipient()), Err(Reason::NoConsent));
        assert_eq!(ad(Recipient { consented: true, ..recipient() }), Ok("안녕하세요".to_owned()));
        assert_eq!(ad(Recipient { consented: true, suppressed: true, ..recipient() }), Err(Reason::Suppressed));
        assert_eq!(ad(Recipient { suppressed: true, ..recipient() }), Err(Reason::Suppressed));
        assert!(write("안녕하세요", CampaignKind::Test, &recipient()).is_ok());
        assert_eq!(write("(광고) 안녕하세요", CampaignKind::Test, &recipient()), Err(Reason::NoConsent));
        assert!(write("(광고) 안녕하세요", CampaignKind::Test, &Recipient { consented: true, ..recipient() }).is_ok());
        assert!(write("(광고) 안녕하세요", CampaignKind::Information, &recipient()).is_ok(), "asked for by an earlier version");
    }

    #[test]
    fn a_text_of_exactly_the_most_characters_is_sent() {
        let text = write(&"가".repeat(MAX_CHARACTERS), CampaignKind::Information, &recipient());
        assert_eq!(text.map(|text| text.chars().count()), Ok(MAX_CHARACTERS));
    }
}
