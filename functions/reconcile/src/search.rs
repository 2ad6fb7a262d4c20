//! Looks for unknown bundles in the provider's history. A call is recognised by the link tokens that it shows, which exist once;
//! where a template has no link of ours, by phone and text together, if nothing else could be meant.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use chrono::{DateTime, TimeDelta, Utc};
use shared::model::PhoneNumber;
use shared::provider::{Report, TakenCall, tokens_in};

use crate::unknown::Wanted;

/// By how much the provider's clock may be behind ours where only time, phone and text tell calls apart.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(5);
/// So long after we called, by its clock, the provider may have taken the call.
const TAKEN_WITHIN: TimeDelta = TimeDelta::minutes(10);

/// When a bundle was called that the provider took at this moment.
pub(crate) fn called_for(taken_at: DateTime<Utc>) -> RangeInclusive<DateTime<Utc>> {
    taken_at - TAKEN_WITHIN..=taken_at + CLOCK_DIFFERENCE
}

/// The calls that can be a bundle.
#[derive(Debug)]
pub(crate) enum Fit {
    None,
    One(TakenCall),
    Several,
}

/// Tells which bundle a call is.
pub(crate) struct Index<'a> {
    wanted: &'a [Wanted],
    by_token: HashMap<&'a str, usize>,
    texts: Vec<HashSet<(&'a str, String)>>,
    /// For each bundle.
    pub(crate) fits: Vec<Fit>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(wanted: &'a [Wanted]) -> Self {
        let (mut by_token, mut texts) = (HashMap::new(), Vec::new());
        for (position, wanted) in wanted.iter().enumerate() {
            let (linked, plain) = if wanted.has_link { (&*wanted.messages, &[][..]) } else { (&[][..], &*wanted.messages) };
            by_token.extend(linked.iter().map(|message| (message.link.as_str(), position)));
            texts.push(plain.iter().map(|message| (message.phone.e164(), letters(&message.body))).collect());
        }
        Self { wanted, by_token, texts, fits: wanted.iter().map(|_| Fit::None).collect() }
    }

    pub(crate) fn add(&mut self, call: &TakenCall, reports: &[Report]) {
        let mut tokens = reports.iter().flat_map(|report| tokens_in(&report.buttons).chain(tokens_in(&report.text)));
        if let Some(position) = tokens.find_map(|token| self.by_token.get(token)) {
            if let Fit::One(other) = &self.fits[*position] {
                let bundle = self.wanted[*position].bundle.id;
                let (first, second) = (&other.provider_id, &call.provider_id);
                tracing::error!(event = "bundle.taken_twice", bundle.id = %bundle, first, second, "the provider has a bundle twice");
            }
            self.fits[*position] = Fit::One(call.clone());
            return;
        }
        let shown: Vec<_> = reports.iter().map(|report| (report.phone.parse(), letters(&report.text))).collect();
        for ((wanted, texts), fit) in self.wanted.iter().zip(&self.texts).zip(&mut self.fits) {
            let in_time = call.taken_at.is_some_and(|at| called_for(at).contains(&wanted.called_at));
            // A call that shows nothing could be any.
            let could_be = shown.iter().all(|(phone, text)| {
                let phone: Option<&PhoneNumber> = phone.as_ref().ok();
                phone.is_some_and(|phone| texts.contains(&(phone.e164(), text.clone())))
            });
            if !wanted.has_link && in_time && could_be {
                let is_only = matches!(fit, Fit::None) && !reports.is_empty();
                *fit = if is_only { Fit::One(call.clone()) } else { Fit::Several };
            }
        }
    }
}

/// A text without blanks and line breaks, which do not always survive.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}
