//! What the provider's results mean for a message, and for the campaign that it is part of.

use chrono::TimeDelta;

use crate::model::state::MessageState;

/// How long results are asked for; a number can stay on its way for 24 hours.
pub const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// How long results are asked for when they are there and cannot be had: the provider does not let us in, or is not understood. Longer
/// than a weekend.
pub const LONGEST_PATIENCE: TimeDelta = TimeDelta::days(3);
/// When results are asked for by schedule if the fact that the bundle was accepted does not bring the first question.
pub const FIRST_POLL: TimeDelta = TimeDelta::minutes(5);

/// How long to wait after so many questions whose answers were not all final: most results are there within seconds, the
/// others can take hours.
#[must_use]
pub fn wait_after(questions: u32) -> TimeDelta {
    match questions {
        0 | 1 => TimeDelta::seconds(15),
        2 | 3 => TimeDelta::minutes(1),
        4 => TimeDelta::minutes(5),
        5 | 6 => TimeDelta::minutes(15),
        _ => TimeDelta::hours(1),
    }
}

/// Why a message did not arrive, or why nobody knows. Stored as a stable word, shown in the reader's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The person asked not to be written to.
    Suppressed,
    /// The text has a variable for which this person has no value.
    MissingVariable,
    /// The provider refused the whole bundle.
    RejectedByProvider,
    /// The campaign was stopped before the message was handed over.
    CampaignStopped,
    /// Somebody called the campaign off before the message was handed over.
    Canceled,
    /// The person has not agreed to advertising.
    NoConsent,
    /// The person was a member and has withdrawn.
    Withdrawn,
    /// The bundle could not be written in the provider's form.
    NotRenderable,
    /// The provider took the call but not this number.
    NotTaken,
    /// It is later than the campaign was to begin by so much that somebody has to say whether it still should.
    Stale,
    /// The provider's account is empty.
    OutOfMoney,
    /// The provider refused the campaign's first bundle, so somebody has to look before the others go.
    CanaryRefused,
    /// Its link has ended before all of it was handed over, so nobody else gets it.
    LinkEnded,
    /// Somebody paused the campaign.
    ByStaff,
    /// No readable answer came to the call that handed it over.
    NoAnswer,
    /// The provider never told a result.
    NoResult,
    /// The sender profile is not usable.
    SenderProfile,
    /// The provider does not know the template.
    NoTemplate,
    /// The sender's number is not registered.
    SenderNumber,
    /// The text or the buttons differ from the approved template.
    TemplateMismatch,
    /// The person cannot be reached at present.
    NotReachable,
    /// The person does not use KakaoTalk.
    NoKakaotalk,
    /// The person has blocked the clinic's channel.
    Blocked,
    /// The same text had just been sent to the same number.
    Duplicate,
    /// The provider does not know whether it was received.
    ReceiptUnclear,
    /// The provider has lost the result.
    ResultNotFound,
    /// The provider says no more than that it failed.
    Other,
    /// Something broke at the provider.
    ProviderFault,
    /// Not a number that can receive messages.
    BadNumber,
    /// A safe number (050), which forwards calls only.
    SafeNumber,
    /// The text is empty.
    Empty,
    /// The text is too long.
    TooLong,
    /// A result that this version does not know.
    Unrecognised,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 33] = [
        Self::Suppressed,
        Self::MissingVariable,
        Self::RejectedByProvider,
        Self::CampaignStopped,
        Self::Canceled,
        Self::NoConsent,
        Self::Withdrawn,
        Self::NotRenderable,
        Self::NotTaken,
        Self::Stale,
        Self::OutOfMoney,
        Self::CanaryRefused,
        Self::LinkEnded,
        Self::ByStaff,
        Self::NoAnswer,
        Self::NoResult,
        Self::SenderProfile,
        Self::NoTemplate,
        Self::SenderNumber,
        Self::TemplateMismatch,
        Self::NotReachable,
        Self::NoKakaotalk,
        Self::Blocked,
        Self::Duplicate,
        Self::ReceiptUnclear,
        Self::ResultNotFound,
        Self::Other,
        Self::ProviderFault,
        Self::BadNumber,
        Self::SafeNumber,
        Self::Empty,
        Self::TooLong,
        Self::Unrecognised,
    ];

    /// As the database and the API spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.words().0
    }

    /// What a clinic reads, in Korean and English.
    #[must_use]
    pub const fn explanation(self) -> (&'static str, &'static str) {
        (self.words().1, self.words().2)
    }

    /// The reason of that spelling.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Whether a message that failed for this reason certainly did not arrive, and might if it were sent again: nothing is wrong
    /// with the number, the person has not refused, and the provider does not hold it for one that it has just sent.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::NotReachable | Self::Other | Self::ProviderFault | Self::RejectedByProvider)
    }

    #[expect(clippy::too_many_lines, reason = "a table")]
    const fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Suppressed => ("suppressed", "수신을 거부한 번호입니다.", "The person asked not to be written to."),
            Self::MissingVariable => (
                "missing_variable",
                "문구의 변수에 채울 값이 없습니다.",
                "The text has a variable for which this customer has no value.",
            ),
            Self::RejectedByProvider => {
                ("rejected_by_provider", "발송 대행사가 요청을 거절했습니다.", "The provider refused the request.")
            }
            Self::CampaignStopped => {
                ("campaign_stopped", "발송이 중단되어 보내지 않았습니다.", "The campaign was stopped before this was sent.")
            }
            Self::Canceled => {
                ("canceled", "발송이 취소되어 보내지 않았습니다.", "The campaign was called off before this was sent.")
            }
            Self::NoConsent => {
                ("no_consent", "광고 수신에 동의하지 않은 고객입니다.", "The person has not agreed to advertising.")
            }
            Self::Withdrawn => {
                ("withdrawn", "탈퇴한 회원이어서 보내지 않았습니다.", "The person has withdrawn, so this was not sent.")
            }
            Self::NotTaken => {
                ("not_taken", "발송 대행사가 이 번호를 받지 않았습니다.", "The provider did not take this number.")
            }
            Self::Stale => {
                ("stale", "보낼 시각이 지났습니다. 지금이라도 보낼까요?", "It is past its time. Should it still be sent?")
            }
            Self::OutOfMoney => (
                "out_of_money",
                "발송 대행사의 충전금이 부족합니다. 충전되면 다시 시작하세요.",
                "The provider’s account is empty: resume once it is charged.",
            ),
            Self::CanaryRefused => (
                "canary_refused",
                "먼저 보낸 몇 건을 발송 대행사가 거절했습니다. 확인한 뒤 다시 시작하세요.",
                "The provider refused the first few messages: look into it, then resume.",
            ),
            Self::LinkEnded => (
                "link_ended",
                "링크 사용 기간이 끝나 나머지를 보내지 않았습니다. 취소하고 새로 발송해 주세요.",
                "Its link has ended, so the others were not sent to: call it off and ask for a new one.",
            ),
            Self::ByStaff => ("by_staff", "직원이 일시 중지했습니다.", "Somebody of the staff paused it."),
            Self::NotRenderable => {
                ("not_renderable", "버튼 링크를 완성할 수 없어 보내지 않았습니다.", "A button's link could not be completed.")
            }
            Self::NoAnswer => (
                "no_answer",
                "발송 요청의 응답을 받지 못해 확인하고 있습니다.",
                "No answer came to the request; it is being looked into.",
            ),
            Self::NoResult => {
                ("no_result", "24시간 동안 결과를 받지 못했습니다.", "The provider told no result within 24 hours.")
            }
            Self::SenderProfile => {
                ("sender_profile", "발신 프로필을 사용할 수 없습니다.", "The sender profile cannot be used.")
            }
            Self::NoTemplate => ("no_template", "등록되지 않은 템플릿입니다.", "The provider does not know the template."),
            Self::SenderNumber => ("sender_number", "등록되지 않은 발신 번호입니다.", "The sender's number is not registered."),
            Self::TemplateMismatch => {
                ("template_mismatch", "승인된 템플릿과 내용이 다릅니다.", "The message differs from the approved template.")
            }
            Self::NotReachable => {
                ("not_reachable", "지금은 카카오톡을 받을 수 없는 상태입니다.", "The person cannot be reached at present.")
            }
            Self::NoKakaotalk => {
                ("no_kakaotalk", "카카오톡을 사용하지 않는 번호입니다.", "The number is not used with KakaoTalk.")
            }
            Self::Blocked => ("blocked", "받는 분이 채널을 차단했습니다.", "The person has blocked the channel."),
            Self::Duplicate => {
                ("duplicate", "같은 내용을 방금 보낸 번호입니다.", "The same text had just been sent to this number.")
            }
            Self::ReceiptUnclear => {
                ("receipt_unclear", "받았는지 확인되지 않습니다.", "It is not known whether it was received.")
            }
            Self::ResultNotFound => {
                ("result_not_found", "발송 결과를 찾을 수 없습니다.", "The provider cannot find the result.")
            }
            Self::Other => ("other", "알 수 없는 이유로 실패했습니다.", "It failed for a reason that was not given."),
            Self::ProviderFault => {
                ("provider_fault", "카카오 또는 발송 대행사의 오류입니다.", "Something broke at Kakao or the provider.")
            }
            Self::BadNumber => ("bad_number", "메시지를 받을 수 없는 번호입니다.", "The number cannot receive messages."),
            Self::SafeNumber => {
                ("safe_number", "안심번호(050)로는 보낼 수 없습니다.", "Safe numbers (050) cannot receive messages.")
            }
            Self::Empty => ("empty", "내용이 비어 있습니다.", "The text is empty."),
            Self::TooLong => ("too_long", "내용이 너무 깁니다.", "The text is too long."),
            Self::Unrecognised => {
                ("unrecognised", "처음 보는 결과 코드입니다. 코드를 확인해 주세요.", "A result code that is not known here.")
            }
        }
    }
}

/// What a final result means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// Delivered, failed or unknown.
    pub state: MessageState,
    /// Why; none when it was delivered.
    pub reason: Option<Reason>,
    /// The person must not be written to again.
    pub suppress: bool,
    /// The set-up is wrong: every further message of the campaign would fail alike.
    pub stop: bool,
}

/// Reads a final `rslt` of the provider. Only what certainly did not arrive counts as failed: whatever is unclear, a code that
/// is not known here included, may have arrived and must not be sent again.
#[must_use]
pub fn read(code: &str) -> Reading {
    let failed = |reason| (MessageState::Failed, Some(reason));
    let unknown = |reason| (MessageState::Unknown, Some(reason));
    let (state, reason) = match code {
        "0" => (MessageState::Delivered, None),
        "1" => failed(Reason::SenderProfile),
        "M" => failed(Reason::NoTemplate),
        "S" => failed(Reason::SenderNumber),
        "U" | "V" => failed(Reason::TemplateMismatch),
        "2" | "8" | "9" | "E" => failed(Reason::NotReachable),
        "A" => failed(Reason::NoKakaotalk),
        "B" => failed(Reason::Blocked),
        "C" | "D" => failed(Reason::Duplicate),
        "5" => unknown(Reason::ReceiptUnclear),
        "6" => unknown(Reason::ResultNotFound),
        "F" => failed(Reason::Other),
        "G" | "H" => failed(Reason::ProviderFault),
        "I" => failed(Reason::BadNumber),
        "J" => failed(Reason::SafeNumber),
        "k" | "t" => failed(Reason::Empty),
        "L" => failed(Reason::TooLong),
        _ => unknown(Reason::Unrecognised),
    };
    let configuration = [Reason::SenderProfile, Reason::NoTemplate, Reason::SenderNumber, Reason::TemplateMismatch];
    Reading {
        state,
        reason,
        suppress: reason == Some(Reason::Blocked),
        stop: reason.is_some_and(|reason| configuration.contains(&reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_result_has_a_meaning() {
        for (codes, state) in
            [("0", MessageState::Delivered), ("1289ABCDEFGHIJkLMStUV", MessageState::Failed), ("56", MessageState::Unknown)]
        {
            for code in codes.chars() {
                let reading = read(&code.to_string());
                assert_eq!(reading.state, state, "{code}");
                assert_ne!(reading.reason, Some(Reason::Unrecognised), "{code}");
            }
        }
    }

    #[test]
    fn what_is_not_known_here_may_have_arrived() {
        for code in ["Z", "", "00", "b", "K"] {
            assert_eq!((read(code).state, read(code).reason), (MessageState::Unknown, Some(Reason::Unrecognised)), "{code}");
        }
    }

    #[test]
    fn only_a_block_suppresses_and_only_a_wrong_set_up_stops() {
        let letters: Vec<String> = ('0'..='9').chain('A'..='Z').chain('a'..='z').map(String::from).collect();
        let those = |wanted: fn(Reading) -> bool| -> String {
            letters.iter().filter(|code| wanted(read(code))).map(String::as_str).collect()
        };
        assert_eq!(those(|reading| reading.suppress), "B");
        assert_eq!(those(|reading| reading.stop), "1MSUV");
    }

    #[test]
    fn what_may_pass_is_certain_to_have_failed_and_neither_the_persons_will_nor_our_fault() {
        let passing: Vec<_> = Reason::ALL.into_iter().filter(|reason| reason.may_pass()).map(Reason::as_str).collect();
        assert_eq!(passing, ["rejected_by_provider", "not_reachable", "other", "provider_fault"]);
        for code in ('0'..='9').chain('A'..='Z').chain('a'..='z').map(String::from) {
            let reading = read(&code);
            let passes = reading.reason.is_some_and(Reason::may_pass);
            assert!(!passes || reading.state == MessageState::Failed && !reading.suppress && !reading.stop, "{code}");
        }
    }

    #[test]
    fn every_reason_fits_its_column_and_reads_back() {
        for reason in Reason::ALL {
            assert!(reason.as_str().len() <= 40 && reason.as_str().is_ascii());
            assert_eq!(Reason::named(reason.as_str()), Some(reason));
        }
    }
}
