//! What does not stand in the way of a campaign but should be known before it is asked for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::http::Language;
use shared::model::{link, quiet};
use utoipa::ToSchema;

use crate::plan::Plan;
use crate::walk::Counted;

/// Many open a message on the next day.
const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PreflightWarning)]
pub struct Warning {
    /// A stable word: `held_until_morning`, `held_by_quiet_hours`, `long_address`, `line_breaks`, `unreachable_destination`, `link_ends_soon`,
    /// `dormant_soon` or `balance_too_low`.
    #[schema(example = "held_until_morning")]
    kind: &'static str,
    /// The same for people, in the caller's language.
    text: String,
    /// How many messages it is about, where it is about some.
    count: Option<u64>,
    /// When it begins instead, when the link ends, or when the template falls dormant.
    at: Option<DateTime<Utc>>,
}

/// All warnings.
pub fn of(plan: &Plan, counted: &Counted, is_short_of_money: bool, language: Language) -> Vec<Warning> {
    let warning = |kind, (ko, en): (&str, &str), count: Option<u64>, at| Warning {
        kind,
        text: language.choose(ko, en).to_owned(),
        count,
        at,
    };
    let mut warnings = Vec::new();
    let (begins, campaign) = (plan.begins_at(), &plan.campaign);
    let held = quiet::first_for(campaign.kind, campaign.quiet, begins);
    if held > quiet::first_for(campaign.kind, None, begins) {
        let text = (
            "병원이 정한 발송 제한 시간에는 보내지 않고, 끝나는 시각에 시작합니다.",
            "Nothing is sent in the quiet hours of the clinic; it begins when they end.",
        );
        warnings.push(warning("held_by_quiet_hours", text, None, Some(held)));
    } else if held > begins {
        let text = (
            "야간(21시~8시)에는 광고를 보낼 수 없어 오전 8시에 시작합니다.",
            "Advertising is not sent between 21:00 and 08:00; it begins at 08:00.",
        );
        warnings.push(warning("held_until_morning", text, None, Some(held)));
    }
    if counted.long_addresses > 0 {
        let text = (
            "버튼 주소가 100자를 넘는 메시지가 있습니다. 주소가 길면 발송이 실패할 수 있습니다.",
            "Some messages have a button's address of more than 100 characters, which may make them fail.",
        );
        warnings.push(warning("long_address", text, Some(counted.long_addresses), None));
    }
    if counted.line_breaks > 0 {
        let text = (
            "변수의 값에 줄바꿈이 있어 승인된 문구와 줄 수가 달라지는 메시지가 있습니다. 발송이 거절될 수 있습니다.",
            "In some messages a value brings line breaks that the approved text does not have; they may be refused.",
        );
        warnings.push(warning("line_breaks", text, Some(counted.line_breaks), None));
    }
    if !campaign.destination.is_empty() && !link::is_public(&campaign.destination) {
        let text = (
            "링크의 도메인은 인터넷에서 열 수 없는 이름입니다. 주소를 확인해 주세요.",
            "The link's host is a name that cannot be opened on the internet. Check the address.",
        );
        warnings.push(warning("unreachable_destination", text, None, None));
    }
    if let Some(ends) = campaign.link_expires_at.filter(|ends| *ends < held + LINK_LIFE) {
        let text = (
            "발송을 시작하고 24시간이 지나기 전에 링크 사용 기간이 끝납니다. 늦게 여는 고객은 종료 안내를 보게 됩니다.",
            "The link ends within 24 hours after the beginning: customers who open it later are told that it has ended.",
        );
        warnings.push(warning("link_ends_soon", text, None, Some(ends)));
    }
    // Asking for the campaign is a use of the template, which comes in time unless the campaign begins later than that.
    let dormancy = plan.described.dormancy(plan.last_used_at, campaign.created_at).filter(|dormancy| dormancy.is_near);
    if let Some(dormancy) = dormancy {
        let text = (
            "1년 동안 쓰지 않은 템플릿은 휴면 상태가 되어 보낼 수 없습니다. 휴면 여부를 확인해 주세요.",
            "A template that was not used for a year falls dormant and cannot be sent. Check that it has not.",
        );
        warnings.push(warning("dormant_soon", text, None, Some(dormancy.from)));
    }
    if is_short_of_money {
        let text = (
            "발송 대행사의 충전금이 부족합니다. 충전하지 않으면 도중에 멈춥니다.",
            "The provider's account does not pay for all of it: it would stop half way.",
        );
        warnings.push(warning("balance_too_low", text, None, None));
    }
    warnings
}
