//! What does not stand in the way of a campaign but should be known before it is asked for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use shared::db::bundles::MOST_MESSAGES;
use shared::db::campaigns::Campaign;
use shared::http::Language;
use shared::model::{canary, link, quiet};
use utoipa::ToSchema;

use crate::plan::Plan;
use crate::walk::Counted;

/// Many open a message on the next day.
const LINK_LIFE: TimeDelta = TimeDelta::hours(24);

/// A warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PreflightWarning)]
pub struct Warning {
    /// A stable word: `held_until_morning`, `held_by_quiet_hours`, `stopped_by_quiet_hours`, `long_address`, `line_breaks`, `unreachable_destination`, `link_ends_soon`,
    /// `dormant_soon` or `balance_too_low`.
    #[schema(example = "held_until_morning")]
    kind: &'static str,
    /// The same for people, in the caller's language.
    text: String,
    /// How many messages it is about, where it is about some.
    count: Option<u64>,
    /// When it begins instead, when it goes on, when the link ends, or when the template falls dormant.
    at: Option<DateTime<Utc>>,
}

/// How long it may take to hand over so many messages when nothing goes wrong: the others wait for the first bundle, and then go through the
/// gate, which lets so many calls pass in a second.
fn duration(messages: u64, calls_per_second: u32) -> TimeDelta {
    let others = messages.saturating_sub(canary::MOST_MESSAGES as u64);
    let wait = if others == 0 { TimeDelta::zero() } else { canary::PATIENCE };
    let calls = 1 + others.div_ceil(MOST_MESSAGES as u64);
    let seconds = u32::try_from(calls.div_ceil(calls_per_second.max(1).into())).unwrap_or(u32::MAX);
    wait + TimeDelta::seconds(seconds.into())
}

/// When a campaign goes on that goes from this moment on and may not be handed over before its hours are quiet.
fn goes_on(campaign: &Campaign, from: DateTime<Utc>, lasts: TimeDelta) -> Option<DateTime<Utc>> {
    let stops = quiet::stops_for(campaign.kind, campaign.quiet, from)?;
    (from + lasts > stops).then(|| quiet::first_for(campaign.kind, campaign.quiet, stops))
}

/// All warnings. `calls_per_second` is how many bundles are handed over in a second at most.
pub fn of(plan: &Plan, counted: &Counted, is_short_of_money: bool, calls_per_second: u32, language: Language) -> Vec<Warning> {
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
    if let Some(at) = goes_on(campaign, held, duration(counted.sendable, calls_per_second)) {
        let text = (
            "발송 제한 시간이나 야간이 되기 전에 다 보내지 못할 수 있습니다. 그때까지 보내지 못한 메시지는 제한이 끝나면 이어서 보냅니다.",
            "It may not be done before quiet hours or the night begin: what is not sent by then goes on when they end.",
        );
        warnings.push(warning("stopped_by_quiet_hours", text, None, Some(at)));
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
            "발송 대행사의 충전금이 부족합니다. 충전될 때까지 도중에 멈출 수 있습니다.",
            "The provider's account does not pay for all of it: it may stop half way until it is charged.",
        );
        warnings.push(warning("balance_too_low", text, None, None));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use shared::model::state::CampaignKind;
    use shared::testing::{ambient, campaign};

    use super::*;

    #[test]
    fn the_pace_that_is_configured_says_how_long_it_takes() {
        assert_eq!(duration(5, 10), TimeDelta::seconds(1), "nobody waits for the first bundle");
        for (messages, calls_per_second, seconds) in
            [(6, 10, 1), (4_505, 10, 1), (4_506, 10, 2), (50_000, 10, 11), (50_000, 1, 101), (505, 0, 2)]
        {
            let expected = canary::PATIENCE + TimeDelta::seconds(seconds);
            assert_eq!(duration(messages, calls_per_second), expected, "{messages} {calls_per_second}");
        }
        assert!(duration(u64::MAX, 1) >= TimeDelta::days(365));
    }

    #[test]
    fn what_is_not_done_by_the_evening_goes_on_in_the_morning() {
        let korea = |text: &str| format!("2026-03-{text}:00+09:00").parse::<DateTime<Utc>>().expect("a moment");
        let (ambient, _) = ambient();
        let advertising =
            Campaign { kind: CampaignKind::Advertising, ..campaign(&ambient, shared::model::ClinicId::new(&ambient)) };
        let lasts = TimeDelta::minutes(15);
        assert_eq!(goes_on(&advertising, korea("02T20:44"), lasts), None);
        assert_eq!(goes_on(&advertising, korea("02T20:45"), lasts), Some(korea("03T08:00")));
        let information = Campaign { kind: CampaignKind::Information, ..advertising };
        assert_eq!(goes_on(&information, korea("02T20:45"), lasts), None);
    }
}
