//! States and reasons in the reader's words.

use shared::http::Language;
use shared::model::result::Reason;
use shared::model::state::{CampaignState, ClickClass, MessageState};

/// What a clinic calls the state of a message, in Korean and English.
pub const fn message_state(state: MessageState) -> (&'static str, &'static str) {
    match state {
        MessageState::Queued => ("대기", "Waiting"),
        MessageState::Sent => ("결과 대기", "Awaiting result"),
        MessageState::Delivered => ("도착", "Delivered"),
        MessageState::Failed => ("실패", "Failed"),
        MessageState::Unknown => ("확인 안 됨", "Unknown"),
        MessageState::Excluded => ("제외", "Excluded"),
    }
}

/// What a clinic calls the state of a campaign, in Korean and English.
pub const fn campaign_state(state: CampaignState) -> (&'static str, &'static str) {
    match state {
        CampaignState::Scheduled => ("예약", "Scheduled"),
        CampaignState::Requested => ("접수", "Requested"),
        CampaignState::Preparing => ("준비 중", "Preparing"),
        CampaignState::Sending => ("발송 중", "Sending"),
        CampaignState::Paused => ("일시 중지", "Paused"),
        CampaignState::Finished => ("완료", "Finished"),
        CampaignState::Canceled => ("취소", "Canceled"),
        CampaignState::Failed => ("중단", "Stopped"),
    }
}

/// What a clinic calls those who visit a link, in Korean and English.
pub const fn click_class(class: ClickClass) -> (&'static str, &'static str) {
    match class {
        ClickClass::Human => ("클릭", "Click"),
        ClickClass::Preview => ("미리보기", "Link preview"),
        ClickClass::Prefetch => ("미리 읽기", "Prefetch"),
        ClickClass::Bot => ("자동 프로그램", "Program"),
        ClickClass::Rejected => ("기간이 끝난 링크", "Ended link"),
    }
}

/// Of both texts the reader's.
pub const fn choose((ko, en): (&'static str, &'static str), language: Language) -> &'static str {
    language.choose(ko, en)
}

/// A stored reason in the reader's words; what this version does not know is shown as it is.
pub fn plain(reason: &str, language: Language) -> String {
    Reason::named(reason).map_or(reason, |known| choose(known.explanation(), language)).to_owned()
}

/// Why a campaign was stopped, called off or is paused, in the reader's words.
pub fn failure(reason: &str, language: Language) -> String {
    if reason == Reason::Canceled.as_str() {
        let called_off = (
            "발송을 취소했습니다. 이미 보낸 메시지는 취소되지 않습니다.",
            "The campaign was called off. What had been sent by then is not taken back.",
        );
        return choose(called_off, language).to_owned();
    }
    plain(reason, language)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_state_and_class_has_words_of_its_own_in_both_languages() {
        for words in [
            MessageState::ALL.iter().map(|state| message_state(*state)).collect::<Vec<_>>(),
            CampaignState::ALL.iter().map(|state| campaign_state(*state)).collect(),
            ClickClass::ALL.iter().map(|class| click_class(*class)).collect(),
        ] {
            assert!(words.iter().all(|(ko, en)| !ko.is_ascii() && en.is_ascii()));
            let (ko, en): (HashSet<_>, HashSet<_>) = words.iter().copied().unzip();
            assert_eq!((ko.len(), en.len()), (words.len(), words.len()));
        }
    }

    #[test]
    fn a_reason_of_a_later_version_is_shown_as_it_is() {
        assert_eq!(plain("by_staff", Language::English), "Somebody of the staff paused it.");
        assert_eq!(failure("by_staff", Language::Korean), "직원이 일시 중지했습니다.");
        assert_eq!(failure("from_the_future", Language::Korean), "from_the_future");
        assert_eq!(plain("from_the_future", Language::Korean), "from_the_future");
    }
}
