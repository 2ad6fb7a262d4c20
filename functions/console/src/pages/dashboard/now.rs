//! The numbers of this moment, each rate with what it is a part of.

use maud::{Markup, html};
use serde::Deserialize;

use crate::parts::{number, share};
use crate::words::dashboard::Dashboard;

/// What is asked of the API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatsNow {
    pub customers: u64,
    groups: u64,
    pub members: u64,
    pub messages: Messages,
    success_rate: SuccessRate,
    click_rate: ClickRate,
    clicks: Clicks,
    points_granted: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    pub requested: u64,
    not_handed_over: u64,
    awaiting: u64,
    failed: u64,
    unknown: u64,
}

#[derive(Deserialize)]
struct SuccessRate {
    delivered: u64,
    of: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClickRate {
    unique_clicks: u64,
    of: u64,
}

#[derive(Deserialize)]
struct Clicks {
    human: u64,
    previews: u64,
    prefetches: u64,
    bots: u64,
    rejected: u64,
}

impl StatsNow {
    /// Whether the clinic has customers, has sent to them, and has members: then nobody needs to be told how to begin.
    pub const fn has_everything(&self) -> bool {
        self.customers > 0 && self.messages.requested > 0 && self.members > 0
    }

    /// The numbers. A script fetches them again every few seconds.
    pub fn cards(&self, words: &Dashboard) -> Markup {
        let (success, click, messages, clicks) = (&self.success_rate, &self.click_rate, &self.messages, &self.clicks);
        html! {
            ul.cards.now #now data-live="/dashboard/now" data-reload="/" data-every="5" {
                (rate(words.success_rate, "success-rate", success.delivered, success.of, words.of_messages, (words.made_of, &[
                    (words.requested, messages.requested),
                    (words.failed, messages.failed),
                    (words.awaiting, messages.awaiting),
                    (words.unknown, messages.unknown),
                    (words.not_handed_over, messages.not_handed_over),
                ])))
                (rate(words.click_rate, "click-rate", click.unique_clicks, click.of, words.of_delivered, (words.made_of, &[
                    (words.human, clicks.human),
                    (words.previews, clicks.previews),
                    (words.prefetches, clicks.prefetches),
                    (words.bots, clicks.bots),
                    (words.rejected, clicks.rejected),
                ])))
                li.card {
                    h3 { (words.customers) }
                    p.figure #customers { a href="/customers" { (number(self.customers)) } }
                    p.muted { (words.customers_text) }
                    (facts(&[(words.groups, self.groups)]))
                }
                li.card {
                    h3 { (words.members) }
                    p.figure #members { a href="/members" { (number(self.members)) } }
                    p.muted { (words.members_text) }
                    dl.facts { dt { (words.points) } dd.number { (number(self.points_granted)) } }
                }
            }
        }
    }
}

/// A rate, its numerator and denominator, and the numbers beside them: on phones they are opened by their word.
fn rate(
    title: &str,
    id: &str,
    numerator: u64,
    denominator: u64,
    unit: &str,
    (made_of, rest): (&str, &[(&str, u64)]),
) -> Markup {
    let (parts, opener) = (format!("{id}-parts"), format!("{id}-opener"));
    html! {
        li.card {
            h3 { (title) }
            p.figure #(id) { (share(numerator, denominator)) }
            p.fraction { strong { (number(numerator)) } " / " (number(denominator)) " " span.muted { (unit) } }
            @if denominator > 0 {
                // Said in words beside it.
                progress max=(denominator) value=(numerator.min(denominator)) aria-hidden="true" {}
            }
            details.more.made-of #(parts) {
                summary #(opener) { (made_of) span.visually-hidden { ": " (title) } }
                (facts(rest))
            }
        }
    }
}

fn facts(list: &[(&str, u64)]) -> Markup {
    html! { dl.facts { @for (name, value) in list { dt { (name) } dd.number { (number(*value)) } } } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::http::Language;

    use super::*;
    use crate::words::Words;

    fn stats(customers: u64, requested: u64, members: u64) -> StatsNow {
        serde_json::from_value(json!({
            "customers": customers, "groups": 1, "members": members, "pointsGranted": 2000,
            "messages": {"requested": requested, "notHandedOver": 1, "awaiting": 2, "delivered": 1150, "failed": 20, "unknown": 3},
            "successRate": {"delivered": 1150, "of": 1182, "ratio": 0.9729},
            "clickRate": {"uniqueClicks": 230, "of": 1150, "ratio": 0.2},
            "clicks": {"human": 300, "unique": 230, "previews": 1, "prefetches": 2, "bots": 3, "rejected": 4},
        }))
        .unwrap()
    }

    #[test]
    fn a_rate_stands_beside_what_it_is_a_part_of() {
        let cards = stats(5, 1200, 5).cards(&Words::of(Language::English).dashboard).into_string();
        assert!(cards.contains(">97.3%<") && cards.contains("<strong>1,150</strong> / 1,182"), "{cards}");
        assert!(cards.contains(">20.0%<") && cards.contains("<strong>230</strong> / 1,150"), "{cards}");
    }

    #[test]
    fn what_a_rate_is_made_of_can_be_opened_and_found_again() {
        let cards = stats(5, 1200, 5).cards(&Words::of(Language::Korean).dashboard).into_string();
        for id in ["success-rate", "click-rate"] {
            assert!(cards.contains(&format!("id=\"{id}-parts\"")) && cards.contains(&format!("id=\"{id}-opener\"")), "{cards}");
        }
        assert!(!cards.contains(" open"), "{cards}");
    }

    #[test]
    fn first_steps_end_with_customers_messages_and_members() {
        assert!(stats(1, 1, 1).has_everything());
        for stats in [stats(0, 1, 1), stats(1, 0, 1), stats(1, 1, 0)] {
            assert!(!stats.has_everything());
        }
    }
}
