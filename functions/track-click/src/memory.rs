//! What this process knows: where links lead, and how many visits it has answered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderValue;
use chrono::{DateTime, Utc};
use shared::clock::Ambient;
use shared::model::link::Destination;
use shared::model::{CampaignId, ClinicId};

/// Destinations that this process has seen. A campaign's destination never changes, so they do not grow old.
#[derive(Debug, Default)]
pub struct Memory(Mutex<HashMap<CampaignId, Known>>);

/// A campaign in memory.
#[derive(Debug)]
struct Known {
    destination: Destination,
    location: HeaderValue,
    /// Which numbers these are: random, so that no two processes number under the same.
    origin: u64,
    /// How many visits were answered.
    answered: u32,
}

/// A visit that is being answered. A process numbers those of a campaign 1, 2, 3, so that a gap in the rows tells of a visit
/// that was answered and is not recorded.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Whose campaign.
    pub clinic: ClinicId,
    /// Where the visitor is sent.
    pub location: HeaderValue,
    /// The link leads nowhere any more: a page is shown instead.
    pub has_ended: bool,
    /// Which process, and which of its memories.
    pub origin: u64,
    /// The visit's number there.
    pub sequence: u32,
}

impl Memory {
    /// About 3 MB when every address is of usual length.
    const MOST: usize = 10_000;

    /// The next turn of a campaign that is known.
    pub fn turn(&self, campaign: CampaignId, now: DateTime<Utc>) -> Option<Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&campaign)?.turn(now)
    }

    /// Keeps what was found out, unless another visitor was faster, and takes the next turn. `None` when nobody can be sent
    /// there: destinations are checked before they are stored, so one that is no header is a broken row.
    pub fn learn(&self, campaign: CampaignId, destination: Destination, ambient: &Ambient) -> Option<Turn> {
        let location = HeaderValue::from_str(&destination.url).ok()?;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(&campaign).is_some_and(|known| known.answered == u32::MAX) {
            known.remove(&campaign);
        }
        if known.len() >= Self::MOST && !known.contains_key(&campaign) {
            // The store still knows them; whoever comes back begins a new numbering.
            known.clear();
        }
        let fresh = || Known { destination, location, origin: origin(ambient), answered: 0 };
        known.entry(campaign).or_insert_with(fresh).turn(ambient.now())
    }

    /// Where the links of a campaign lead, as far as this process knows.
    pub fn destination(&self, campaign: CampaignId) -> Option<Destination> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&campaign).map(|known| known.destination.clone())
    }
}

impl Known {
    /// `None` only after four billion visits in one process; then the campaign is looked up and numbered anew.
    fn turn(&mut self, now: DateTime<Utc>) -> Option<Turn> {
        self.answered = self.answered.checked_add(1)?;
        Some(Turn {
            clinic: self.destination.clinic,
            location: self.location.clone(),
            has_ended: self.destination.has_ended(now),
            origin: self.origin,
            sequence: self.answered,
        })
    }
}

/// A number below 2^53, which every JSON reader keeps to the last digit.
fn origin(ambient: &Ambient) -> u64 {
    let mut bytes = [0; 8];
    ambient.fill(&mut bytes);
    u64::from_be_bytes(bytes) >> 11
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use shared::testing::ambient;

    use super::*;

    fn destination(url: &str, ambient: &Ambient) -> Destination {
        Destination { clinic: ClinicId::new(ambient), url: url.to_owned(), expires_at: None }
    }

    #[test]
    fn the_visits_of_a_campaign_are_numbered_under_one_origin() {
        let (ambient, _) = ambient();
        let memory = Memory::default();
        let (one, other) = (CampaignId::new(&ambient), CampaignId::new(&ambient));
        assert!(memory.turn(one, ambient.now()).is_none());
        let way = destination("https://www.example.com/", &ambient);
        let first = memory.learn(one, way.clone(), &ambient).unwrap();
        // Another visitor of the same moment found it out too: the numbering goes on.
        let second = memory.learn(one, way.clone(), &ambient).unwrap();
        let third = memory.turn(one, ambient.now()).unwrap();
        assert_eq!([first.sequence, second.sequence, third.sequence], [1, 2, 3]);
        assert_eq!([first.origin, first.origin], [second.origin, third.origin]);
        let elsewhere = memory.learn(other, way.clone(), &ambient).unwrap();
        assert_eq!(elsewhere.sequence, 1);
        assert_ne!(elsewhere.origin, first.origin);
        assert!(first.origin < 1 << 53 && elsewhere.origin < 1 << 53);
        let process = Memory::default().learn(one, way, &ambient).unwrap();
        assert_ne!(process.origin, first.origin);
    }

    #[test]
    fn a_link_ends_at_its_moment() {
        let (ambient, clock) = ambient();
        let memory = Memory::default();
        let campaign = CampaignId::new(&ambient);
        let end = ambient.now() + TimeDelta::seconds(10);
        let way = Destination { expires_at: Some(end), ..destination("https://www.example.com/", &ambient) };
        assert!(!memory.learn(campaign, way, &ambient).unwrap().has_ended);
        clock.advance(TimeDelta::microseconds(9_999_999));
        assert!(!memory.turn(campaign, ambient.now()).unwrap().has_ended);
        clock.advance(TimeDelta::microseconds(1));
        assert!(memory.turn(campaign, ambient.now()).unwrap().has_ended);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_a_campaign_that_comes_back_is_numbered_anew() {
        let (ambient, _) = ambient();
        let memory = Memory::default();
        let first = CampaignId::new(&ambient);
        let before = memory.learn(first, destination("https://www.example.com/", &ambient), &ambient).unwrap();
        for _ in 0..Memory::MOST {
            memory.learn(CampaignId::new(&ambient), destination("https://www.example.com/", &ambient), &ambient).unwrap();
        }
        assert!(memory.0.lock().unwrap().len() <= Memory::MOST);
        assert!(memory.turn(first, ambient.now()).is_none());
        let after = memory.learn(first, destination("https://www.example.com/", &ambient), &ambient).unwrap();
        assert_eq!(after.sequence, 1);
        assert_ne!(after.origin, before.origin);
    }

    #[test]
    fn a_destination_that_is_no_header_leads_nowhere() {
        let (ambient, _) = ambient();
        let broken = destination("https://www.example.com/\n", &ambient);
        assert!(Memory::default().learn(CampaignId::new(&ambient), broken, &ambient).is_none());
    }
}
