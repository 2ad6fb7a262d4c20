//! The fault script: what goes wrong with which call. The same script and seed give the same faults.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{answer::CATCH_ALL, form::Form, send::Withheld};

/// The path of the call that sends, in the form that the script and the request counts use.
pub const SEND_PATH: &str = "/akv10/alimtalk/send/";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Wait before doing anything, then go on with the script. The call is carried out even if the caller has gone.
    Latency,
    /// Answer `code` and `message` without accepting anything.
    Refuse,
    /// Reset the connection without accepting anything.
    Reset,
    /// Accept, then reset the connection without an answer.
    AcceptThenReset,
    /// Accept, then answer only after `milliseconds`.
    AcceptThenDelay,
    /// Answer an error page with `status` without accepting anything.
    ServerError,
    /// Accept, then answer an error page with `status`.
    AcceptThenServerError,
    /// Accept, then answer half of the JSON.
    AcceptThenBrokenJson,
    /// Count `failed` well-formed numbers as malformed, then go on with the script.
    Partial,
}

impl Kind {
    /// Whether the call takes effect.
    #[must_use]
    pub const fn accepts(self) -> bool {
        !matches!(self, Self::Refuse | Self::Reset | Self::ServerError)
    }
}

/// One line of the script.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// The call that it befalls; "*" is every one.
    #[serde(default = "send_path")]
    pub path: String,
    /// Only calls with this template.
    #[serde(default)]
    pub tpl_code: Option<String>,
    /// Only calls with this receiver.
    #[serde(default)]
    pub receiver: Option<String>,
    /// How often it happens; 0 is until the script is deleted.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching calls are spared first.
    #[serde(default)]
    pub skip: u32,
    /// How likely it befalls a matching call.
    #[serde(default = "certain")]
    pub probability: f64,
    /// For the two kinds that wait.
    #[serde(default = "a_second")]
    pub milliseconds: u64,
    /// For the two kinds with an error page.
    #[serde(default = "bad_gateway")]
    pub status: u16,
    /// For `refuse`.
    #[serde(default = "catch_all")]
    pub code: i64,
    /// For `refuse`.
    #[serde(default = "excuse")]
    pub message: String,
    /// For `partial`.
    #[serde(default = "once")]
    pub failed: u32,
}

fn send_path() -> String {
    SEND_PATH.to_owned()
}

const fn once() -> u32 {
    1
}

const fn certain() -> f64 {
    1.0
}

const fn a_second() -> u64 {
    1_000
}

const fn bad_gateway() -> u16 {
    502
}

const fn catch_all() -> i64 {
    CATCH_ALL
}

fn excuse() -> String {
    "일시적인 오류가 발생하였습니다.".to_owned()
}

impl Fault {
    /// Why the script cannot be taken over, if so.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        if !(0.0..=1.0).contains(&self.probability) {
            Some("probability must be from 0 to 1")
        } else if !(500..=599).contains(&self.status) {
            Some("status must be from 500 to 599")
        } else {
            None
        }
    }

    fn concerns(&self, path: &str, form: &Form) -> bool {
        let path_matches = self.path == "*" || self.path.trim_end_matches('/') == path.trim_end_matches('/');
        let template_matches = self.tpl_code.is_none() || self.tpl_code.as_deref() == form.get("tpl_code");
        let receiver_matches = self.receiver.as_deref().is_none_or(|wanted| {
            let wanted = crate::outcome::digits(wanted);
            form.numbers("receiver")
                .into_iter()
                .filter_map(|number| form.numbered("receiver", number))
                .any(|receiver| crate::outcome::digits(receiver) == wanted)
        });
        path_matches && template_matches && receiver_matches
    }
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
pub struct Script {
    faults: Vec<Armed>,
    #[serde(skip)]
    random: Random,
}

impl Default for Script {
    fn default() -> Self {
        Self { faults: Vec::new(), random: Random::new(0) }
    }
}

impl Script {
    /// Begins the random numbers anew.
    pub fn seed(&mut self, seed: u64) {
        self.random = Random::new(seed);
    }

    /// Adds a line at the end.
    pub fn add(&mut self, fault: Fault) {
        self.faults.push(Armed { fault, matched: 0, happened: 0 });
    }

    /// What is in store for this call. The first line that applies and ends a call wins; the ones before it that only
    /// delay or thin it out take effect too.
    pub fn plan(&mut self, path: &str, form: &Form) -> Plan {
        let mut plan = Plan::default();
        for armed in &mut self.faults {
            if !armed.fault.concerns(path, form) || !armed.fires(&mut self.random) {
                continue;
            }
            match armed.fault.kind {
                Kind::Latency => plan.latency += Duration::from_millis(armed.fault.milliseconds),
                Kind::Partial => {
                    plan.withheld = Some(Withheld { count: armed.fault.failed, seed: self.random.draw() });
                }
                _ => {
                    plan.fault = Some(armed.fault.clone());
                    break;
                }
            }
        }
        plan
    }
}

impl Armed {
    fn fires(&mut self, random: &mut Random) -> bool {
        let is_used_up = self.fault.times > 0 && self.happened >= self.fault.times;
        if is_used_up {
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

/// Random numbers that are the same for the same seed, on every machine and in every version (`SplitMix64`).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Begins with a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not including, 1.
    pub fn fraction(&mut self) -> f64 {
        let upper = u32::try_from(self.draw() >> 32).unwrap_or_default();
        f64::from(upper) / (f64::from(u32::MAX) + 1.0)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.draw() % bound).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(json: &str, seed: u64) -> Script {
        let mut script = Script::default();
        script.seed(seed);
        script.add(serde_json::from_str(json).unwrap());
        script
    }

    fn happenings(script: &mut Script) -> Vec<bool> {
        (0..200).map(|_| script.plan(SEND_PATH, &Form::default()).fault.is_some()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_seed_does_not() {
        let json = r#"{"kind":"reset","times":0,"probability":0.5}"#;
        let first = happenings(&mut script(json, 7));
        assert_eq!(first, happenings(&mut script(json, 7)));
        assert_ne!(first, happenings(&mut script(json, 8)));
        let count = first.iter().filter(|happened| **happened).count();
        assert!((70..130).contains(&count), "{count} of 200");
    }

    #[test]
    fn a_fault_spares_the_first_calls_and_happens_as_often_as_told() {
        let happened = happenings(&mut script(r#"{"kind":"reset","times":2,"skip":3}"#, 0));
        assert_eq!(&happened[..6], [false, false, false, true, true, false]);
    }

    #[test]
    fn a_fault_concerns_only_its_path_template_and_receiver() {
        let mut script = script(r#"{"kind":"reset","times":0,"tplCode":"T1","receiver":"010-1234-5678"}"#, 0);
        let mut hits = |path: &str, body: &str| {
            let form = Form::parse(body.as_bytes());
            script.plan(path, &form).fault.is_some()
        };
        assert!(hits("/akv10/alimtalk/send", "tpl_code=T1&receiver_9=01012345678"));
        assert!(!hits(SEND_PATH, "tpl_code=T2&receiver_1=01012345678"));
        assert!(!hits(SEND_PATH, "tpl_code=T1&receiver_1=01012345679"));
        assert!(!hits("/akv10/cancel/", "tpl_code=T1&receiver_1=01012345678"));
    }
}
