//! What somebody is about to send, as far as it is said. The server keeps nothing of it: it travels in the address, or in the form
//! where it is too long for one, so that going back and forth loses nothing.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use shared::model::advertising;
use shared::model::draft::{Draft, Source, Sources};
use shared::model::template::LINK_VARIABLE;

use super::known::Template;
use crate::form::Form;
use crate::parts;

/// Where the wizard is.
pub const PATH: &str = "/send";
/// Fields that say which column fills a variable begin like this.
pub const COLUMN: &str = "column.";
/// Fields that say what stands in for a value begin like this.
pub const DEFAULT: &str = "default.";
/// The most groups that the API takes.
pub const MOST_GROUPS: usize = 100;
/// The longest address that every proxy on the way takes, with room for signing in again in between.
const LONGEST: usize = 2_000;

/// What is said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Ids of groups, each once, in their order.
    pub groups: Vec<String>,
    /// The id of a template.
    pub template: String,
    /// Where its link leads.
    pub destination: String,
    /// Until when, on the clinic's clock; empty for ever.
    pub ends: String,
    /// Variables that are filled otherwise than the template says: column, and what stands in.
    pub filled: BTreeMap<String, (String, String)>,
    /// What it is called.
    pub name: String,
    /// Whether it waits for a time.
    pub later: bool,
    /// That time, on the clinic's clock.
    pub at: String,
    /// Whose message was looked at last.
    pub who: String,
    /// The last test.
    pub tested: String,
}

impl Plan {
    /// Reads what a form or an address says.
    pub fn read(form: &Form) -> Self {
        let mut known = HashSet::new();
        let groups = form.all("group").into_iter().filter(|group| !group.is_empty() && known.insert(*group));
        // One more than there may be is enough to say so.
        let groups = groups.take(MOST_GROUPS + 1).map(str::to_owned).collect();
        let mut filled: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (variable, column) in form.below(COLUMN) {
            column.trim().clone_into(&mut filled.entry(variable.to_owned()).or_default().0);
        }
        for (variable, default) in form.below(DEFAULT) {
            default.trim().clone_into(&mut filled.entry(variable.to_owned()).or_default().1);
        }
        let text = |name| form.text(name).to_owned();
        Self {
            groups,
            filled,
            template: text("template"),
            destination: addressed(form.text("destination")),
            ends: text("ends"),
            name: text("name"),
            later: form.text("when") == "later",
            at: text("at"),
            who: form.filled("show").unwrap_or(form.text("who")).to_owned(),
            tested: text("tested"),
        }
    }

    /// Forgets what is said about variables that the template does not have, or says itself.
    pub fn settle(&mut self, template: &Template) {
        self.filled.retain(|variable, (column, default)| {
            template.columns().find(|known| known.name == *variable).is_some_and(|known| {
                let by_template = known.column.as_deref().unwrap_or(variable);
                let said = if column.is_empty() { variable } else { &*column };
                said != by_template || *default != known.default.as_deref().unwrap_or_default()
            })
        });
        if !template.has_link() {
            self.destination.clear();
            self.ends.clear();
        }
    }

    /// The fields that carry it, but for those that the page asks for itself: named here, or beginning so.
    pub fn fields(&self, but: &[&str]) -> Vec<(String, String)> {
        let mut fields: Vec<(String, String)> = self.groups.iter().map(|group| ("group".to_owned(), group.clone())).collect();
        let texts = [
            ("template", &self.template),
            ("destination", &self.destination),
            ("ends", &self.ends),
            ("name", &self.name),
            ("at", &self.at),
            ("who", &self.who),
            ("tested", &self.tested),
        ];
        fields
            .extend(texts.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text.clone())));
        if self.later {
            fields.push(("when".to_owned(), "later".to_owned()));
        }
        for (variable, (column, default)) in &self.filled {
            fields.push((format!("{COLUMN}{variable}"), column.clone()));
            fields.push((format!("{DEFAULT}{variable}"), default.clone()));
        }
        fields.retain(|(name, _)| !but.iter().any(|but| name == but || (but.ends_with('.') && name.starts_with(but))));
        fields
    }

    /// The same as hidden fields.
    pub fn hidden(&self, but: &[&str]) -> Markup {
        html! { @for (name, value) in self.fields(but) { (parts::hidden(&name, &value)) } }
    }

    /// The address of a page that begins with this path; none when it would be too long.
    pub fn address(&self, path: &str, more: &[(&str, &str)]) -> Option<String> {
        let fields = self.fields(&[]);
        let pairs = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more.iter().copied());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        Some(format!("{path}?{query}")).filter(|address| address.len() <= LONGEST)
    }

    /// Whether addresses have room for it, and for what a step adds.
    pub fn is_short(&self) -> bool {
        self.address(PATH, &[]).is_some_and(|address| address.len() <= LONGEST - 500)
    }

    /// What is said about variables, as the API takes it.
    pub fn sources(&self) -> Sources {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let source = |(variable, (column, default)): (&String, &(String, String))| {
            let column = some(column).filter(|column| column != variable);
            (variable.clone(), Source { column, default: some(default) })
        };
        self.filled.iter().map(source).collect()
    }

    /// Whether what is said is an advertisement: then it goes as one, because the API sends it in no other way.
    pub fn is_advertising(&self, template: &Template) -> bool {
        let mut sources: Sources = template.columns().map(|known| (known.name.clone(), known.source())).collect();
        sources.extend(self.sources());
        advertising::is_marked(&Draft { sources: &sources, ..template.draft() })
    }

    /// What pre-flight is asked, and then the sending itself.
    pub fn wish(&self, template: &Template, zone: &str) -> Value {
        let mut wish = self.message(template, zone);
        wish.insert("groupIds".to_owned(), json!(self.groups));
        if self.is_advertising(template) {
            wish.insert("kind".to_owned(), json!("advertising"));
        }
        if !self.name.is_empty() {
            wish.insert("name".to_owned(), json!(self.name));
        }
        if let Some(at) = self.begins(zone) {
            wish.insert("scheduledAt".to_owned(), json!(at));
        }
        Value::Object(wish)
    }

    /// The part of it that tests have too.
    pub fn message(&self, template: &Template, zone: &str) -> Map<String, Value> {
        let mut wish = Map::from_iter([("templateId".to_owned(), json!(template.id))]);
        if template.has_link() {
            wish.insert("destination".to_owned(), json!(self.destination));
            if let Some(ends) = moment(&self.ends, zone) {
                wish.insert("linkExpiresAt".to_owned(), json!(ends));
            }
        }
        if !self.filled.is_empty() {
            wish.insert("sources".to_owned(), json!(self.sources()));
        }
        wish
    }

    /// When it is to begin; none for at once.
    pub fn begins(&self, zone: &str) -> Option<DateTime<Utc>> {
        moment(&self.at, zone).filter(|_| self.later)
    }
}

/// An address as it was meant: people leave out how it begins.
fn addressed(text: &str) -> String {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('.') && !text.contains("://") { format!("https://{text}") } else { text.to_owned() }
}

/// What a field for day and time says on the clinic's clock.
#[must_use]
pub fn moment(text: &str, zone: &str) -> Option<DateTime<Utc>> {
    let zone: Tz = zone.parse().unwrap_or(chrono_tz::Asia::Seoul);
    let naive = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"];
    let naive = naive.into_iter().find_map(|form| NaiveDateTime::parse_from_str(text.trim(), form).ok())?;
    zone.from_local_datetime(&naive).earliest().map(|at| at.with_timezone(&Utc))
}

/// Whether the text has the tracked link.
pub fn is_tracked(draft: &Draft<'_>) -> bool {
    draft.variables().contains(LINK_VARIABLE)
}

#[cfg(test)]
mod tests {
    use super::super::known::tests::template;
    use super::*;

    fn plan(fields: &[(&str, &str)]) -> Plan {
        Plan::read(&Form::with(fields.iter().copied()))
    }

    #[test]
    fn what_is_said_comes_back_from_the_fields_that_carry_it() {
        let said = plan(&[
            ("group", "grp_1"),
            ("group", "grp_2"),
            ("group", "grp_1"),
            ("template", "tpl_1"),
            ("destination", "https://www.example.com/?a=1&b=2"),
            ("column.예약일", "다음 검진"),
            ("default.예약일", "예약하신 날"),
            ("name", " 3월 안내 "),
            ("when", "later"),
            ("at", "2026-12-01T09:30"),
        ]);
        assert_eq!(said.groups, ["grp_1", "grp_2"]);
        let fields = said.fields(&[]);
        let again = plan(&fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>());
        assert_eq!(again, said);
        let address = said.address(PATH, &[]).unwrap();
        let query: Vec<_> = url::form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        assert_eq!(query, fields);
        let own = said.fields(&["group", COLUMN, DEFAULT]);
        assert!(own.iter().all(|(name, _)| name != "group" && !name.contains('.')), "{own:?}");
    }

    #[test]
    fn an_address_may_be_typed_without_its_beginning() {
        for (typed, meant) in [
            ("www.example.com/a?b=c#d", "https://www.example.com/a?b=c#d"),
            ("www.example.com?to=https:/x", "https://www.example.com?to=https:/x"),
            ("https://www.example.com", "https://www.example.com"),
            ("http://www.example.com", "http://www.example.com"),
            ("예약", "예약"),
            ("", ""),
        ] {
            assert_eq!(plan(&[("destination", typed)]).destination, meant);
        }
    }

    #[test]
    fn a_form_with_groups_without_end_is_read_in_no_time() {
        let groups: Vec<_> = (0..12_000).map(|number| format!("grp_{:032}", number / 2)).collect();
        let many = plan(&groups.iter().map(|group| ("group", group.as_str())).collect::<Vec<_>>());
        assert_eq!((many.groups.len(), &many.groups[1]), (MOST_GROUPS + 1, &groups[2]));
    }

    #[test]
    fn what_is_too_long_for_an_address_has_none() {
        let groups: Vec<_> = (0..100).map(|number| format!("grp_{number:032}")).collect();
        let long = plan(&groups.iter().map(|group| ("group", group.as_str())).collect::<Vec<_>>());
        assert!(!long.is_short() && long.address(PATH, &[]).is_none());
        assert!(plan(&[("group", "grp_1")]).is_short());
    }

    #[test]
    fn only_what_differs_from_the_template_is_said_anew() {
        let template = template("#{고객명}님 #{예약일} #{담당의} #{link}");
        let mut said = plan(&[
            ("column.예약일", "예약일"),
            ("default.예약일", ""),
            ("column.담당의", "주치의"),
            ("default.담당의", "원장"),
            ("column.없는 변수", "x"),
        ]);
        said.settle(&template);
        assert_eq!(said.filled.keys().collect::<Vec<_>>(), ["담당의"]);
        let wish = said.wish(&template, "Asia/Seoul");
        assert_eq!(wish["sources"], json!({ "담당의": { "column": "주치의", "default": "원장" } }));
    }

    #[test]
    fn a_marked_text_goes_as_advertising_and_another_one_does_not() {
        let wish = |content: &str| plan(&[("group", "g")]).wish(&template(content), "Asia/Seoul");
        assert_eq!(wish("(광고) 봄맞이 #{고객명}님")["kind"], "advertising");
        assert_eq!(wish("#{고객명}님, 예약 안내")["kind"], Value::Null);
    }

    #[test]
    fn a_time_is_told_on_the_clinics_clock_and_counts_only_when_it_is_to_wait() {
        let later = plan(&[("when", "later"), ("at", "2026-12-01T09:30")]);
        assert_eq!(later.begins("Asia/Seoul").unwrap().to_rfc3339(), "2026-12-01T00:30:00+00:00");
        assert_eq!(plan(&[("at", "2026-12-01T09:30")]).begins("Asia/Seoul"), None);
        assert_eq!(moment("tomorrow", "Asia/Seoul"), None);
    }
}
