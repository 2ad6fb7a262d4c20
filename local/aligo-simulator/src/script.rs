//! The fault script: what goes wrong with which call, and when the provider is down. The same script, seed and calls give
//! the same faults.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    faults::{Fault, Kind},
    form::Form,
    outage::Outage,
    random::{Random, fingerprint},
    send::Withheld,
};

/// What the draws depend on, apart from the seed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DrawBy {
    /// The place of the call among all calls.
    #[default]
    Order,
    /// What is called for whom (path, template, first receiver, `mid`) and how often it was called before: calls at the
    /// same time may change places without changing their fortune.
    Content,
}

/// What is in store for one call.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// To wait before anything else.
    pub latency: Duration,
    /// Receivers to count as malformed.
    pub withheld: Option<Withheld>,
    /// What befalls the call itself.
    pub fault: Option<Fault>,
}

/// A line of the script and how far it has got.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Armed {
    #[serde(flatten)]
    fault: Fault,
    matched: u32,
    happened: u32,
}

/// The script.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    seed: u64,
    draw_by: DrawBy,
    faults: Vec<Armed>,
    #[serde(skip)]
    outages: Vec<Outage>,
    #[serde(skip)]
    random: Random,
    /// How often calls of the same content were seen.
    #[serde(skip)]
    seen: HashMap<u64, u64>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            seed: 0,
            draw_by: DrawBy::Order,
            faults: Vec::new(),
            outages: Vec::new(),
            random: Random::new(0),
            seen: HashMap::new(),
        }
    }
}

/// What `POST /admin/faults` adds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Addition {
    /// Begins the random numbers anew.
    pub seed: Option<u64>,
    /// What the draws depend on from now on.
    pub draw_by: Option<DrawBy>,
    /// Lines to add at the end.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

impl Script {
    /// Adds lines.
    ///
    /// # Errors
    /// When one of them makes no sense, or the shares of a path exceed 1. Nothing is added then.
    pub fn add(&mut self, addition: Addition) -> Result<(), &'static str> {
        let problem = addition.faults.iter().find_map(Fault::problem);
        if let Some(problem) = problem {
            return Err(problem);
        }
        for new in addition.faults.iter().filter(|fault| fault.share.is_some()) {
            let all = self.faults.iter().map(|armed| &armed.fault).chain(&addition.faults);
            let shares = all.filter(|fault| fault.path == new.path).filter_map(|fault| fault.share);
            if shares.sum::<f64>() > 1.0 + f64::EPSILON {
                return Err("the shares of a path add up to more than 1");
            }
        }
        if let Some(seed) = addition.seed {
            self.seed = seed;
            self.random = Random::new(seed);
            self.seen.clear();
        }
        self.draw_by = addition.draw_by.unwrap_or(self.draw_by);
        self.faults.extend(addition.faults.into_iter().map(|fault| Armed { fault, matched: 0, happened: 0 }));
        Ok(())
    }

    /// Forgets the lines and the seed, but not the outages.
    pub fn clear_faults(&mut self) {
        *self = Self { outages: std::mem::take(&mut self.outages), ..Self::default() };
    }

    /// The outages that were planned.
    pub fn outages(&mut self) -> &mut Vec<Outage> {
        &mut self.outages
    }

    /// The outage of this moment.
    #[must_use]
    pub fn outage(&self, now: DateTime<Utc>) -> Option<&Outage> {
        self.outages.iter().find(|outage| outage.covers(now))
    }

    /// What is in store for this call. First the lines without a share in their order: the first that applies and ends a
    /// call wins, the ones before it that only delay or thin it out take effect too. If none has ended it, the draw.
    pub fn plan(&mut self, path: &str, form: &Form<'_>) -> Plan {
        let mut plan = Plan::default();
        if self.faults.is_empty() {
            return plan;
        }
        let mut random = self.random_for(path, form);
        for armed in self.faults.iter_mut().filter(|armed| armed.fault.share.is_none()) {
            if armed.fault.concerns(path, form) && armed.fires(&mut random) {
                armed.fault.apply(&mut plan, &mut random);
            }
            if plan.fault.is_some() {
                break;
            }
        }
        if plan.fault.is_none() {
            self.draw(path, form, &mut plan, &mut random);
        }
        if self.draw_by == DrawBy::Order {
            self.random = random;
        }
        plan
    }

    fn random_for(&mut self, path: &str, form: &Form<'_>) -> Random {
        match self.draw_by {
            DrawBy::Order => self.random.clone(),
            DrawBy::Content => {
                let receiver = form.numbered().find_map(|(_, fields)| fields.get("receiver"));
                let fields = [Some(path), form.get("tpl_code"), form.get("mid"), receiver];
                let content = fingerprint(fields.map(Option::unwrap_or_default));
                let before = self.seen.entry(content).or_default();
                *before += 1;
                // The first draws of neighbouring numbers are unrelated.
                Random::new(Random::new(self.seed ^ content).draw().wrapping_add(*before))
            }
        }
    }

    /// The lines with a share: each has a part of the interval from 0 to 1, and the number drawn lies in one part or none.
    fn draw(&mut self, path: &str, form: &Form<'_>, plan: &mut Plan, random: &mut Random) {
        let shared = || self.faults.iter().filter(|armed| armed.fault.share.is_some());
        if shared().next().is_none() {
            return;
        }
        let drawn = random.fraction();
        let mut upper = 0.0;
        for armed in &mut self.faults {
            let Some(share) = armed.fault.share.filter(|_| armed.fault.concerns(path, form)) else {
                continue;
            };
            armed.matched = armed.matched.saturating_add(1);
            let lower = upper;
            upper += share;
            if (lower..upper).contains(&drawn) && !armed.is_used_up() {
                armed.happened = armed.happened.saturating_add(1);
                armed.fault.apply(plan, random);
            }
        }
    }
}

impl Armed {
    fn is_used_up(&self) -> bool {
        self.fault.limit().is_some_and(|limit| self.happened >= limit)
    }

    fn fires(&mut self, random: &mut Random) -> bool {
        if self.is_used_up() {
            return false;
        }
        self.matched = self.matched.saturating_add(1);
        if self.matched <= self.fault.skip {
            return false;
        }
        let fires = self.fault.probability >= 1.0 || random.fraction() < self.fault.probability;
        self.happened = self.happened.saturating_add(u32::from(fires));
        fires
    }
}

impl Fault {
    fn apply(&self, plan: &mut Plan, random: &mut Random) {
        match self.kind {
            Kind::Latency => plan.latency += Duration::from_millis(self.milliseconds),
            Kind::Partial => plan.withheld = Some(Withheld { count: self.failed, seed: random.draw() }),
            _ => plan.fault = Some(self.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::SEND_PATH;

    fn script(json: &str) -> Script {
        let mut script = Script::default();
        script.add(serde_json::from_str(json).unwrap()).unwrap();
        script
    }

    fn kinds(script: &mut Script, count: u32) -> Vec<Option<Kind>> {
        let kind = |number: u32| {
            let body = format!("receiver_1=0101234{number:04}");
            script.plan(SEND_PATH, &Form::urlencoded(&body)).fault.map(|fault| fault.kind)
        };
        (0..count).map(kind).collect()
    }

    fn happenings(script: &mut Script) -> Vec<bool> {
        kinds(script, 200).iter().map(Option::is_some).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_does_not() {
        let json = |seed: u64| format!(r#"{{"seed":{seed},"faults":[{{"kind":"reset","times":0,"probability":0.5}}]}}"#);
        let first = happenings(&mut script(&json(7)));
        assert_eq!(first, happenings(&mut script(&json(7))));
        assert_ne!(first, happenings(&mut script(&json(8))));
        let count = first.iter().filter(|happened| **happened).count();
        assert!((70..130).contains(&count), "{count} of 200");
    }

    #[test]
    fn a_fault_spares_the_first_calls_and_happens_as_often_as_told() {
        let happened = happenings(&mut script(r#"{"faults":[{"kind":"reset","times":2,"skip":3}]}"#));
        assert_eq!(&happened[..6], [false, false, false, true, true, false]);
    }

    #[test]
    fn a_fault_concerns_only_its_path_template_and_receiver() {
        let mut script = script(r#"{"faults":[{"kind":"reset","times":0,"tplCode":"T1","receiver":"010-1234-5678"}]}"#);
        let mut hits = |path: &str, body: &str| script.plan(path, &Form::urlencoded(body)).fault.is_some();
        assert!(hits("/akv10/alimtalk/send", "tpl_code=T1&receiver_9=01012345678"));
        assert!(!hits(SEND_PATH, "tpl_code=T2&receiver_1=01012345678"));
        assert!(!hits(SEND_PATH, "tpl_code=T1&receiver_1=01012345679"));
        assert!(!hits("/akv10/cancel/", "tpl_code=T1&receiver_1=01012345678"));
    }

    const SHARES: &str = r#"{"seed":7,"faults":[
        {"kind":"acceptThenReset","share":0.10}, {"kind":"acceptThenDelay","share":0.05},
        {"kind":"acceptThenServerError","share":0.05}, {"kind":"refuse","share":0.10},
        {"kind":"acceptThenBrokenJson","share":0.02}]}"#;

    #[test]
    fn shares_exclude_each_other_and_are_kept() {
        let drawn = kinds(&mut script(SHARES), 10_000);
        let count = |kind: Option<Kind>| drawn.iter().filter(|other| **other == kind).count();
        for (kind, expected) in [
            (Some(Kind::AcceptThenReset), 1_000),
            (Some(Kind::AcceptThenDelay), 500),
            (Some(Kind::AcceptThenServerError), 500),
            (Some(Kind::Refuse), 1_000),
            (Some(Kind::AcceptThenBrokenJson), 200),
            (None, 6_800),
        ] {
            let found = count(kind);
            assert!(found.abs_diff(expected) <= 120, "{kind:?}: {found} instead of {expected}");
        }
    }

    #[test]
    fn draws_by_content_do_not_depend_on_the_order_but_on_the_attempt() {
        let by_content = SHARES.replace("\"seed\":7", "\"seed\":7,\"drawBy\":\"content\"");
        let mut forwards = script(&by_content);
        let first = kinds(&mut forwards, 100);
        let mut backwards: Vec<_> = {
            let mut script = script(&by_content);
            let mut kind = |number: u32| {
                let body = format!("receiver_1=0101234{number:04}");
                script.plan(SEND_PATH, &Form::urlencoded(&body)).fault.map(|fault| fault.kind)
            };
            (0..100).rev().map(&mut kind).collect()
        };
        backwards.reverse();
        assert_eq!(first, backwards);
        assert_ne!(first, kinds(&mut forwards, 100), "the second attempt has a fortune of its own");
        let hit = first.iter().flatten().count();
        assert!((15..50).contains(&hit), "{hit} of 100");
    }

    #[test]
    fn nonsense_is_refused_as_a_whole() {
        let mut script = Script::default();
        for wrong in [
            r#"{"faults":[{"kind":"reset"},{"kind":"reset","share":1.5}]}"#,
            r#"{"faults":[{"kind":"reset","share":0.6},{"kind":"refuse","share":0.6}]}"#,
            r#"{"faults":[{"kind":"reset","share":0.6,"skip":1}]}"#,
            r#"{"faults":[{"kind":"refuse","code":0}]}"#,
        ] {
            assert!(script.add(serde_json::from_str(wrong).unwrap()).is_err(), "{wrong}");
        }
        assert!(script.faults.is_empty());
    }
}
