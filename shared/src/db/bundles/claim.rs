//! Who hands over what next: workers take turns at the gate, clinics take turns at the provider.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

use super::settle::Attempt;
use crate::clock::Ambient;
use crate::db::campaigns::progress::pause_for;
use crate::db::campaigns::{self, Campaign};
use crate::db::provider_gate::{self, TRY};
use crate::model::quiet::{self, Minute};
use crate::model::result::Reason;
use crate::model::state::{CampaignKind, CampaignState};
use crate::model::{BundleId, CampaignId, ClinicId};

/// No place in the queue of calls is taken that is further away: the worker would spend its time on waiting.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(5);

/// What a worker gets who asks for a bundle.
#[derive(Debug)]
pub enum Claim {
    /// A bundle, which nobody else hands over.
    Taken(Box<Claimed>),
    /// Nothing may be handed over at present.
    Nothing,
    /// Ask again then: the gate is closed, or so many calls wait for their places.
    NotBefore(DateTime<Utc>),
    /// There is something, but somebody is changing its campaign at this moment.
    Busy,
}

/// A bundle that is `calling` since this moment.
#[derive(Debug)]
pub struct Claimed {
    /// Its campaign, as it was then.
    pub campaign: Campaign,
    /// The bundle, and the attempt that this is.
    pub attempt: Attempt,
    /// How often the provider has said no to the bundle.
    pub refusals: u32,
    /// When it was claimed. Who was in the ledger of suppressions by then is not sent to.
    pub called_at: DateTime<Utc>,
    /// When it is this call's turn.
    pub place: DateTime<Utc>,
    /// The gate was closed, and this call tries whether the provider is back.
    pub is_try: bool,
}

/// What may be handed over next.
struct Candidate {
    clinic: ClinicId,
    campaign: CampaignId,
    bundle: BundleId,
    attempt: u32,
    refusals: u32,
    position: u32,
}

/// Claims the bundle that is next: `calling`, with an attempt of its own and a place in the queue of calls. The lock on the gate is
/// held until the transaction ends, which is to be at once.
///
/// # Errors
/// When the database refuses.
pub async fn claim(connection: &mut MySqlConnection, ambient: &Ambient, interval: TimeDelta) -> Result<Claim, sqlx::Error> {
    let gate = provider_gate::lock(connection).await?;
    // Taken behind the lock: claims stand in the order of their times.
    let now = ambient.now();
    if let Some(until) = gate.closed_at(now) {
        return Ok(Claim::NotBefore(until));
    }
    let place = gate.next_call_at.max(now);
    if place - now > LONGEST_WAIT {
        return Ok(Claim::NotBefore(place - LONGEST_WAIT));
    }
    let candidates = list_candidates(connection, now).await?;
    if candidates.is_empty() {
        return Ok(Claim::Nothing);
    }
    for next in candidates {
        // Whoever cancels a large campaign holds its line for a while: the others do not wait for that behind the gate.
        let Some(campaign) = campaigns::lock_unless_busy(connection, next.clinic, next.campaign).await? else { continue };
        if campaign.state != CampaignState::Sending || next.position > 0 && campaign.released_at.is_none() {
            continue;
        }
        // A test is sent all the same: nobody could resume it.
        if campaign.link_has_ended(now) && campaign.kind != CampaignKind::Test {
            pause_for(connection, next.clinic, next.campaign, Reason::LinkEnded).await?;
            continue;
        }
        let is_try = gate.closed_until.is_some();
        let closed_until = is_try.then(|| now + TRY);
        if take(connection, &next, now, place + interval, closed_until).await? {
            note_turn(connection, next.clinic, now).await?;
            let attempt = Attempt { clinic: next.clinic, bundle: next.bundle, number: next.attempt + 1 };
            let claimed = Claimed { campaign, attempt, refusals: next.refusals, called_at: now, place, is_try };
            return Ok(Claim::Taken(Box::new(claimed)));
        }
    }
    Ok(Claim::Busy)
}

/// The next bundle of each campaign that may be served, in the order of turns; a few, in case that some are just being changed.
async fn list_candidates(connection: &mut MySqlConnection, now: DateTime<Utc>) -> Result<Vec<Candidate>, sqlx::Error> {
    // At night, advertising is as good as not there, and so is everything but tests in the hours in which its clinic is quiet.
    let held_back = if quiet::is_quiet(now) { CampaignKind::Advertising.as_str() } else { "" };
    let candidates = sqlx::query_as!(
        Candidate,
        r#"SELECT c.clinic_id AS "clinic: ClinicId", c.id AS "campaign: CampaignId", b.id AS "bundle: BundleId", b.attempt,
             b.refusals, b.position
           FROM campaigns c
           JOIN clinics k ON k.id = c.clinic_id
           JOIN bundles b ON b.clinic_id = c.clinic_id AND b.id = (
               SELECT w.id FROM bundles w FORCE INDEX (bundles_waiting)
               WHERE w.campaign_id = c.id AND w.state = 'prepared' AND (w.not_before IS NULL OR w.not_before <= ?)
                 AND (w.position = 0 OR c.released_at IS NOT NULL)
               ORDER BY w.position LIMIT 1)
           LEFT JOIN sending_turns t ON t.clinic_id = c.clinic_id
           WHERE c.state = 'sending' AND c.kind <> ?
             AND (k.quiet_from IS NULL OR c.kind = 'test'
               OR MOD(? + 1440 - k.quiet_from, 1440) >= MOD(k.quiet_to + 1440 - k.quiet_from, 1440))
           ORDER BY t.served_at, c.created_at, c.id LIMIT 4"#,
        now,
        held_back,
        Minute::of(now).get()
    );
    candidates.fetch_all(connection).await
}

/// Takes the bundle and the place together, or neither; answers whether it did.
async fn take(
    connection: &mut MySqlConnection,
    next: &Candidate,
    now: DateTime<Utc>,
    next_call_at: DateTime<Utc>,
    closed_until: Option<DateTime<Utc>>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE provider_gate g, campaigns c, bundles b
         SET g.next_call_at = ?, g.closed_until = ?, c.started_at = COALESCE(c.started_at, ?),
             b.state = 'calling', b.attempt = b.attempt + 1, b.called_at = ?, b.not_before = NULL, b.absent_since = NULL
         WHERE g.id = 1 AND c.clinic_id = ? AND c.id = ?
           AND b.clinic_id = ? AND b.id = ? AND b.state = 'prepared' AND b.attempt = ?",
        next_call_at,
        closed_until,
        now,
        now,
        next.clinic,
        next.campaign,
        next.clinic,
        next.bundle,
        next.attempt
    );
    Ok(done.execute(connection).await?.rows_affected() > 0)
}

/// The clinic was served: it is the others' turn.
async fn note_turn(connection: &mut MySqlConnection, clinic: ClinicId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO sending_turns (clinic_id, served_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE served_at = VALUES(served_at)",
        clinic,
        now
    )
    .execute(connection)
    .await
    .map(drop)
}
