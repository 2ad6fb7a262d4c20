//! What is to be granted, drawn by a seed or written down while people join.

use std::collections::BTreeMap;

use aligo_simulator::random::Random;
use shared::clock::Ambient;
use shared::message::PointsEarned;
use shared::model::state::PointReason;
use shared::model::{ClinicId, Points, ReferralId, UserId};

/// A grant as it has to be in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    pub clinic: ClinicId,
    pub user: UserId,
    pub reason: PointReason,
    pub amount: u32,
}

/// Everything that is to be granted, by the grants' keys.
pub type Book = BTreeMap<String, Owed>;

/// So many grants of these clinics. A half is for joining, each to somebody else; the other half for inviting, and a few people earn most
/// of those, so that workers meet at their balances.
pub fn draw(seed: u64, count: u32, clinics: &[ClinicId], ambient: &Ambient) -> Vec<PointsEarned> {
    let mut random = Random::new(seed);
    let inviting: Vec<_> = (0..=count / 20).map(|_| UserId::new(ambient)).collect();
    let grants = (0..count).map(|number| {
        let joining = UserId::new(ambient);
        let (kind, reason, user_id) = if number % 2 == 0 {
            ("join", PointReason::Join, joining)
        } else {
            let among = random.below(inviting.len()) + 1;
            ("invite", PointReason::Invite, inviting[random.below(among)])
        };
        let amount = u32::try_from(random.below(3_000) + 1).expect("a small number");
        PointsEarned::V1 {
            grant_key: format!("{kind}:{joining}"),
            // A person earns at several clinics.
            clinic_id: clinics[random.below(clinics.len())],
            user_id,
            reason,
            amount: Points::try_from(amount).expect("a small number"),
            referral_id: ReferralId::new(ambient),
        }
    });
    grants.collect()
}

/// What is owed by these facts.
pub fn book(facts: &[PointsEarned]) -> Book {
    let line = |fact: &PointsEarned| {
        let PointsEarned::V1 { grant_key, clinic_id, user_id, reason, amount, .. } = fact;
        (grant_key.clone(), Owed { clinic: *clinic_id, user: *user_id, reason: *reason, amount: amount.get() })
    };
    facts.iter().map(line).collect()
}
