//! The charts: what was sent, what arrived, what was clicked and who came, beside the time before.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Timelike};
use maud::{Markup, html};
use serde::Deserialize;
use shared::http::Language;

use super::chart;
use super::period::{Asked, By, Chosen, Preset, Spans};
use crate::form::Form;
use crate::parts::{self, Field, number, share};
use crate::site::Site;
use crate::words::dashboard::{Dashboard, Unit};

/// What is asked of the API.
#[derive(Deserialize)]
pub struct Series {
    pub periods: Vec<Period>,
    /// The reasons of failures in the person's language.
    #[serde(default)]
    pub reasons: BTreeMap<String, String>,
}

/// The numbers of an hour, a day or a week.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    pub begin: DateTime<FixedOffset>,
    sent: u64,
    delivered: u64,
    failed: u64,
    unique_clicks: u64,
    human_clicks: u64,
    previews: u64,
    prefetches: u64,
    bots: u64,
    rejected: u64,
    #[serde(default)]
    new_members: Option<u64>,
    #[serde(default)]
    invitations: Option<u64>,
    #[serde(default)]
    points_granted: Option<i64>,
    #[serde(default)]
    failures: BTreeMap<String, u64>,
}

/// A heading, and what stands below it.
type More = (&'static str, fn(&Period) -> i128);

/// One of the charts.
struct Subject {
    id: &'static str,
    title: &'static str,
    unit: Unit,
    value: fn(&Period) -> u64,
    /// Whether more is better. How much is sent is the clinic's own choice.
    judged: bool,
    /// What else its table tells: headings and values.
    more: Vec<More>,
}

fn subjects(words: &'static Dashboard) -> [Subject; 4] {
    [
        Subject { id: "sent", title: words.sent, unit: Unit::Messages, value: |it| it.sent, judged: false, more: Vec::new() },
        Subject {
            id: "delivered",
            title: words.delivered,
            unit: Unit::Messages,
            value: |it| it.delivered,
            judged: true,
            more: vec![(words.failed, |it| it.failed.into())],
        },
        Subject {
            id: "clicks",
            title: words.clicks,
            unit: Unit::People,
            value: |it| it.unique_clicks,
            judged: true,
            more: vec![
                (words.human, |it| it.human_clicks.into()),
                (words.left_out, |it| (it.previews + it.prefetches + it.bots + it.rejected).into()),
            ],
        },
        Subject {
            id: "new-members",
            title: words.new_members,
            unit: Unit::People,
            value: |it| it.new_members.unwrap_or(0),
            judged: true,
            more: vec![
                (words.by_friends, |it| it.invitations.unwrap_or(0).into()),
                (words.points, |it| it.points_granted.unwrap_or(0).into()),
            ],
        },
    ]
}

/// The choice of a time, and the charts.
pub fn section(site: &Site, asked: &Asked, chosen: &Chosen, spans: &Spans) -> Markup {
    let words = &site.words().dashboard;
    html! {
        section aria-labelledby="trends-title" {
            h2 #trends-title { (words.trends) }
            ul.chips aria-label=(words.period) {
                @for (preset, name) in Preset::ALL.iter().zip(words.presets) {
                    li {
                        a href=(parts::address("/", [("period", preset.tag())])) rel="nofollow"
                            aria-current=[(chosen.preset == Some(*preset) && chosen.errors.is_empty()).then_some("true")] { (name) }
                    }
                }
            }
            (own_days(site, asked, chosen))
            p.muted {
                (days(spans, chosen.by)) " · " (words.compared_with) " " (before(spans, chosen.by)) ". " (words.still_running)
            }
            div.charts {
                @for subject in subjects(words) { (subject.figure(site, chosen, spans)) }
            }
            (failures(site, spans))
        }
    }
}

/// The form for days of one's own.
fn own_days(site: &Site, asked: &Asked, chosen: &Chosen) -> Markup {
    let words = &site.words().dashboard;
    let form = Form::with([("from", asked.from.as_str()), ("to", asked.to.as_str()), ("by", asked.by.as_str())]);
    let cuts = [("", words.by_itself), ("hour", words.by[0]), ("day", words.by[1]), ("week", words.by[2])];
    let errors = &chosen.errors;
    html! {
        details.more open[chosen.preset.is_none() || !errors.is_empty()] {
            summary { (words.own_days) }
            (parts::error_summary(site, errors))
            form.inline-form.days method="get" action="/" {
                (Field::text("from", words.from, &form, errors).kind("date").required())
                (Field::text("to", words.to, &form, errors).kind("date").required())
                (Field::text("by", words.cut_by, &form, errors).options(cuts))
                button.button type="submit" { (words.show) }
            }
        }
    }
}

impl Subject {
    fn figure(&self, site: &Site, chosen: &Chosen, spans: &Spans) -> Markup {
        let (words, language) = (&site.words().dashboard, site.language());
        let values = |periods: &[Period]| periods.iter().map(self.value).collect::<Vec<_>>();
        let (current, previous) = (values(&spans.current), values(&spans.previous));
        let (total, total_before): (u64, u64) = (current.iter().sum(), previous.iter().sum());
        let change = Change::of(total, total_before);
        let sentence = change.sentence(words, self.unit);
        let heading = format!("chart-{}", self.id);
        let (title, text) = (format!("{heading}-title"), format!("{heading}-text"));
        let labels = labels(&spans.current, chosen.by, language);
        let something = change != Change::Nothing;
        let drawing = something.then(|| chart::draw(&current, &previous, &labels, language)).flatten();
        html! {
            article.card.chart aria-labelledby=(heading) {
                h3 #(heading) { (self.title) }
                p.figure { (number(total)) " " span.unit { (words.unit(self.unit, &number(total))) } }
                p.(if self.judged { change.class() } else { "muted" }) { @if let Some(sign) = change.sign() { span aria-hidden="true" { (sign) " " } } (sentence) }
                @if let Some(drawing) = drawing {
                    ul.legend aria-hidden="true" {
                        li { i.current {} (words.this_time) }
                        li { i.previous {} (words.time_before) }
                    }
                    svg viewBox={ "0 0 " (chart::SIZE.0) " " (chart::SIZE.1) } role="img" aria-labelledby=(title) aria-describedby=(text) {
                        title #(title) { (self.title) ", " (days(spans, chosen.by)) }
                        desc #(text) { (words.unit_of(self.unit, &number(total))) ". " (sentence) " " (self.highest(words, chosen.by, spans)) }
                        (parts::drawing(drawing))
                    }
                }
                details.more { summary { (words.as_table) } (self.table(words, chosen.by, spans)) }
            }
        }
    }

    /// When there was most, in words.
    fn highest(&self, words: &Dashboard, by: By, spans: &Spans) -> String {
        let highest = spans.current.iter().max_by_key(|period| (self.value)(period)).filter(|period| (self.value)(period) > 0);
        let said =
            |period: &Period| (words.highest)(&moment(period, by), &words.unit_of(self.unit, &number((self.value)(period))));
        highest.map(said).unwrap_or_default()
    }

    fn table(&self, words: &Dashboard, by: By, spans: &Spans) -> Markup {
        let head = html! {
            th scope="col" { (words.period) }
            th.number scope="col" { (self.title) }
            @for (name, _) in &self.more { th.number scope="col" { (name) } }
            th.number scope="col" { (words.time_before) }
        };
        let rows = html! {
            @for (place, period) in spans.current.iter().enumerate() {
                tr {
                    th.nowrap scope="row" { (moment(period, by)) }
                    td.number { (number((self.value)(period))) }
                    @for (_, value) in &self.more { td.number { (number(value(period))) } }
                    td.number { (spans.previous.get(place).map_or("–".to_owned(), |period| number((self.value)(period)))) }
                }
            }
        };
        parts::table(&format!("{}, {}", self.title, days(spans, by)), &head, &rows)
    }
}

/// Why messages failed in this time, most frequent first.
fn failures(site: &Site, spans: &Spans) -> Markup {
    let words = &site.words().dashboard;
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for (reason, count) in spans.current.iter().flat_map(|period| &period.failures) {
        *reasons.entry(reason).or_default() += count;
    }
    let total: u64 = reasons.values().sum();
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    html! {
        @if total > 0 {
            section.card #failures {
                h3 { (words.why_failed) }
                dl.facts {
                    @for (reason, count) in reasons {
                        dt { (spans.reasons.get(reason).map_or(reason, String::as_str)) }
                        dd { (number(count)) " / " (number(total)) " " span.muted { "(" (share(count, total)) ")" } }
                    }
                }
            }
        }
    }
}

/// How a total differs from that of the time before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Nothing,
    Same,
    /// There was nothing before.
    New,
    More(u64, u64),
    Less(u64, u64),
}

impl Change {
    const fn of(total: u64, before: u64) -> Self {
        match (total, before) {
            (0, 0) => Self::Nothing,
            (_, 0) => Self::New,
            (now, before) if now == before => Self::Same,
            (now, before) if now > before => Self::More(now - before, before),
            (now, before) => Self::Less(before - now, before),
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::More(..) | Self::New => "delta-up",
            Self::Less(..) => "delta-down",
            Self::Nothing | Self::Same => "muted",
        }
    }

    const fn sign(self) -> Option<&'static str> {
        match self {
            Self::More(..) | Self::New => Some("▲"),
            Self::Less(..) => Some("▼"),
            Self::Nothing | Self::Same => None,
        }
    }

    fn sentence(self, words: &Dashboard, unit: Unit) -> String {
        let by = |difference: u64| words.unit_of(unit, &number(difference));
        match self {
            Self::Nothing => words.nothing_at_all.to_owned(),
            Self::Same => words.same_as_before.to_owned(),
            Self::New => words.nothing_before.to_owned(),
            Self::More(difference, before) => (words.more)(&by(difference), &share(difference, before)),
            Self::Less(difference, before) => (words.less)(&by(difference), &share(difference, before)),
        }
    }
}

/// A period as tables and sentences name it.
fn moment(period: &Period, by: By) -> String {
    let form = if by == By::Hour { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d" };
    let text = period.begin.format(form).to_string();
    if by == By::Week { format!("{text} ~") } else { text }
}

fn range(periods: &[Period], by: By) -> String {
    let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return "–".to_owned() };
    if by == By::Week {
        return format!("{} ~ {}", first.begin.format("%Y-%m-%d"), (last.begin + chrono::Days::new(6)).format("%Y-%m-%d"));
    }
    format!("{} ~ {}", moment(first, by), moment(last, by))
}

fn days(spans: &Spans, by: By) -> String {
    range(&spans.current, by)
}

fn before(spans: &Spans, by: By) -> String {
    range(&spans.previous, by)
}

/// What stands below the bars: at most seven, counted back from the last, hours at round ones.
fn labels(periods: &[Period], by: By, language: Language) -> Vec<Option<String>> {
    let step = periods.len().div_ceil(7).max(1);
    let last = periods.len().saturating_sub(1);
    let hours = if periods.len() > 30 { 12 } else { 6 };
    let label = |(place, period): (usize, &Period)| match by {
        By::Hour if period.begin.hour() % hours == 0 => Some(match (period.begin.hour(), language) {
            (0, _) => day(period, language),
            (hour, Language::Korean) => format!("{hour}시"),
            (hour, Language::English) => format!("{hour}:00"),
        }),
        By::Hour => None,
        By::Day | By::Week => (last - place).is_multiple_of(step).then(|| day(period, language)),
    };
    periods.iter().enumerate().map(label).collect()
}

fn day(period: &Period, language: Language) -> String {
    period.begin.format(language.choose("%-m.%-d", "%-d %b")).to_string()
}

#[cfg(test)]
impl Period {
    pub fn at(begin: DateTime<FixedOffset>) -> Self {
        Self {
            begin,
            sent: 0,
            delivered: 0,
            failed: 0,
            unique_clicks: 0,
            human_clicks: 0,
            previews: 0,
            prefetches: 0,
            bots: 0,
            rejected: 0,
            new_members: None,
            invitations: None,
            points_granted: None,
            failures: BTreeMap::new(),
        }
    }
}
