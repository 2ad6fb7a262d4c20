//! Numbers that are not what their rows say: found, made good where that is certain, and told. Those who count go on meanwhile.

mod excuse;
mod finding;
mod judge;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use shared::db::hourly_totals::{Owner, WHOLE, hour_of};
use shared::db::recount::{self, Column, Due, Place, Rhythm, Rows, Standing, Sums};
use shared::db::{Database, clicks};
use shared::failure::Failure;
use shared::model::{CampaignId, ClinicId, GroupId, MessageId, TemplateId};
use tokio::time::Instant;

use self::finding::{Finding, by_place, in_clinic};
use self::judge::{Verdict, judge};
use crate::Parts;

/// Campaigns per run; the next run takes more.
const CAMPAIGNS: u32 = 500;
/// Differences that a run tells one by one.
const LINES: usize = if cfg!(test) { 1000 } else { 20 };
/// A visit that was answered this long ago and is not recorded is missing: its message was tried five times by then.
const RECORDED_WITHIN: TimeDelta = TimeDelta::minutes(15);
/// Campaigns that were asked for within that time are compared in each run.
const FRESH: TimeDelta = TimeDelta::days(2);
/// Those of that time every hour, the others every day.
const RECENT: TimeDelta = TimeDelta::days(30);
const HOUR: TimeDelta = TimeDelta::hours(1);
const DAY: TimeDelta = TimeDelta::days(1);

/// What a run came to, in differences.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Checked {
    /// Those that were not known before; the first of them.
    told: Vec<(Option<CampaignId>, Finding)>,
    /// How many those are.
    pub(crate) differ: usize,
    /// How many of them were made good.
    pub(crate) mended: usize,
    /// How many cannot be made good here, old and new.
    pub(crate) standing: usize,
}

/// Compares campaigns with their rows and clinics with their campaigns, until the time is up; those that were compared longest ago
/// come first.
pub(crate) async fn check(database: &Database, now: DateTime<Utc>, until: Instant) -> Result<Checked, Failure> {
    let due = recount::list_due(&mut *database.acquire().await?, &rhythm(now), CAMPAIGNS).await?;
    let mut run = Run { database, now, until, parts: Parts(None), checked: Checked::default() };
    let mut clinics: Vec<(ClinicId, Vec<Due>)> = Vec::new();
    for due in due {
        match clinics.iter_mut().find(|(clinic, _)| *clinic == due.owner.clinic) {
            Some((_, campaigns)) => campaigns.push(due),
            None => clinics.push((due.owner.clinic, vec![due])),
        }
    }
    for (clinic, campaigns) in clinics {
        if run.is_over() {
            break;
        }
        let done = run.clinic(clinic, &campaigns).await;
        run.parts.run("count_clinic", done);
    }
    let untold = run.checked.differ - run.checked.told.len();
    if untold > 0 {
        tracing::error!(event = "counts.differ_more", count = untold, "more differences than are told one by one");
    }
    run.parts.0.map_or(Ok(run.checked), Err)
}

fn rhythm(now: DateTime<Utc>) -> Rhythm {
    Rhythm { always: now - FRESH, often: now - RECENT, often_before: now - HOUR, seldom_before: now - DAY, now }
}

/// What was made good in the campaigns of a clinic.
struct Clinic {
    /// From when on hours are compared.
    since: DateTime<Utc>,
    /// What that makes for the clinic, its templates and groups, whose numbers may have gone wrong with those of the campaigns.
    mended: Sums,
    templates: BTreeSet<TemplateId>,
    seen: BTreeSet<CampaignId>,
}

/// A run so far.
struct Run<'a> {
    database: &'a Database,
    now: DateTime<Utc>,
    until: Instant,
    parts: Parts,
    checked: Checked,
}

impl Run<'_> {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// Compares campaigns of a clinic, then the clinic with its campaigns.
    async fn clinic(&mut self, id: ClinicId, campaigns: &[Due]) -> Result<(), Failure> {
        let mut clinic =
            Clinic { since: hour_of(self.now), mended: Sums::new(), templates: BTreeSet::new(), seen: BTreeSet::new() };
        self.campaigns(&mut clinic, campaigns).await;
        if clinic.seen.is_empty() || self.is_over() || agree(self.database, id, clinic.since).await? {
            return Ok(());
        }
        // Before a whole is blamed, its parts are looked at that were not looked at for a while.
        let hours = clinic.since;
        let others = recount::list_counted_since(&mut *self.database.acquire().await?, id, hours, self.now - HOUR).await?;
        let others: Vec<_> = others.into_iter().filter(|due| !clinic.seen.contains(&due.owner.campaign)).collect();
        self.campaigns(&mut clinic, &others).await;
        if !self.is_over() && others.iter().all(|due| clinic.seen.contains(&due.owner.campaign)) {
            self.wholes(id, &clinic, hours).await?;
        }
        Ok(())
    }

    async fn campaigns(&mut self, clinic: &mut Clinic, campaigns: &[Due]) {
        for due in campaigns {
            if self.is_over() {
                break;
            }
            let done = self.campaign(due, clinic).await;
            if self.parts.run("count_campaign", done) {
                clinic.seen.insert(due.owner.campaign);
            }
        }
    }

    /// Compares a campaign with its rows. Answers whether that was done.
    async fn campaign(&mut self, due: &Due, clinic: &mut Clinic) -> Result<bool, Failure> {
        let owner = due.owner;
        if !recount::mark_checked(&mut *self.database.acquire().await?, due, self.now).await? {
            return Ok(false);
        }
        let Some((rows, stored)) = look(self.database, owner, self.now, self.until).await? else { return Ok(false) };
        let verdict = judge(owner, &rows, &stored);
        let is_as_found = !verdict.is_mendable() || mend(self.database, owner, self.now, &verdict, self.room()).await?;
        let is_left = !verdict.is_complete && !verdict.first_clicks.is_empty();
        if is_left || !is_as_found {
            recount::unmark(&mut *self.database.acquire().await?, due, self.now).await?;
        }
        if !is_as_found {
            return Ok(false);
        }
        let places = rows.sums.keys().chain(stored.keys()).map(|(place, _)| place.hour);
        clinic.since = places.chain([hour_of(due.created_at), clinic.since]).min().unwrap_or(clinic.since);
        clinic.templates.insert(owner.template);
        if !owner.is_test {
            roll_up(&mut clinic.mended, owner, &verdict.differences);
        }
        self.tell_campaign(owner, &verdict).await?;
        Ok(true)
    }

    /// Makes good what the clinic, its templates and groups have that their campaigns do not have.
    async fn wholes(&mut self, id: ClinicId, clinic: &Clinic, since: DateTime<Utc>) -> Result<(), Failure> {
        let oldest = recount::oldest(&mut *self.database.acquire().await?, id).await?;
        let room = self.room();
        let mended = self.database.repeatable_transaction::<_, Failure>("mend_counts_of_clinic", |tx| {
            Box::pin(async move {
                recount::lock(tx, id, oldest).await?;
                let expected = recount::parts_of_clinic(tx, id, since).await?.wholes(id);
                let stored = recount::wholes(tx, id, since).await?;
                let differences = recount::differences(&expected, &stored);
                recount::mend(tx, id, &differences).await?;
                let findings = clinic.findings(id, &differences, &stored);
                for finding in findings.iter().take(room) {
                    finding.log(id, None);
                }
                Ok(findings)
            })
        });
        for finding in mended.await? {
            self.count(&finding, None);
        }
        Ok(())
    }

    /// What was not known before is told; what stands is remembered for as long as it does. What was made good is told already.
    async fn tell_campaign(&mut self, owner: Owner, verdict: &Verdict) -> Result<(), Failure> {
        let (mended, standing) = verdict.divided();
        for finding in mended {
            self.count(finding, Some(owner.campaign));
        }
        self.checked.standing += standing.len();
        let mut connection = self.database.acquire().await?;
        let known = recount::list_standing(&mut connection, owner.campaign).await?;
        let now: Vec<_> = standing.iter().map(|finding| Standing::from(*finding)).collect();
        for (finding, line) in standing.into_iter().zip(&now).filter(|(_, line)| !known.contains(line)) {
            if self.room() > 0 {
                finding.log(owner.clinic, Some(owner.campaign));
            }
            self.count(finding, Some(owner.campaign));
            recount::remember(&mut connection, owner, line, self.now).await?;
        }
        let is_same = |one: &Standing, other: &Standing| (&one.kind, &one.place) == (&other.kind, &other.place);
        let is_gone = |line: &&Standing| verdict.is_complete && !now.iter().any(|other| is_same(line, other));
        for line in known.iter().filter(is_gone) {
            recount::forget(&mut connection, owner, line).await?;
            tracing::info!(event = "counts.settled", campaign.id = %owner.campaign, kind = line.kind, place = line.place, "a difference is gone");
        }
        Ok(())
    }

    /// How many more are told one by one.
    fn room(&self) -> usize {
        LINES - self.checked.told.len()
    }

    /// One that was told, if there was room.
    fn count(&mut self, finding: &Finding, campaign: Option<CampaignId>) {
        if self.room() > 0 {
            self.checked.told.push((campaign, finding.clone()));
        }
        self.checked.differ += 1;
        self.checked.mended += usize::from(finding.is_mendable);
    }
}

impl Clinic {
    /// What differs in the clinic, its templates and groups. What went wrong in a campaign and there alike went wrong once.
    fn findings(&self, id: ClinicId, differences: &Sums, stored: &Sums) -> Vec<Finding> {
        let with_campaigns = by_place(&self.mended);
        let templates: Vec<_> = self.templates.iter().copied().collect();
        let findings = by_place(differences).into_iter().filter(|(place, here)| with_campaigns.get(place) != Some(here));
        let findings = findings.map(|(place, differences)| {
            let found = |column: &Column| stored.get(&(place, column.clone())).copied().unwrap_or_default();
            Finding::counts(in_clinic(id, &templates, place), &differences, found)
        });
        findings.collect()
    }
}

/// What the rows of a campaign say and what is stored, both at one moment; nothing when there is no time left.
async fn look(database: &Database, owner: Owner, now: DateTime<Utc>, until: Instant) -> Result<Option<(Rows, Sums)>, Failure> {
    let mut snapshot = database.snapshot().await?;
    let rows = recount::rows(&mut snapshot, owner, now - RECORDED_WITHIN, until).await?;
    let stored = recount::stored(&mut snapshot, owner).await?;
    snapshot.end().await?;
    Ok(rows.map(|rows| (rows, stored)))
}

/// Whether the clinic, its templates and groups have what their campaigns have.
async fn agree(database: &Database, clinic: ClinicId, since: DateTime<Utc>) -> Result<bool, Failure> {
    let mut snapshot = database.snapshot().await?;
    let expected = recount::parts_of_clinic(&mut snapshot, clinic, since).await?.wholes(clinic);
    let stored = recount::wholes(&mut snapshot, clinic, since).await?;
    snapshot.end().await?;
    Ok(recount::differences(&expected, &stored).is_empty())
}

/// Makes good what was found since the campaign was marked, and tells it before the end: a line too many is better than none. Answers
/// whether it still was as it was found; if not, nothing was done.
///
/// Whoever moves numbers meanwhile adds to both sides of a difference alike. That is true but for a message whose first click is wrong:
/// such messages are locked, and it is seen that nobody moved them.
async fn mend(
    database: &Database,
    owner: Owner,
    marked_at: DateTime<Utc>,
    verdict: &Verdict,
    room: usize,
) -> Result<bool, Failure> {
    let mended = database.transaction::<_, Failure>("mend_counts", |tx| {
        Box::pin(async move {
            let Some(prepared) = recount::hold(tx, owner, marked_at).await? else { return Ok(false) };
            let first_clicks = first_clicks(owner, verdict);
            clicks::lock_messages(tx, &first_clicks.keys().copied().collect()).await?;
            let is_as_found = verdict.prepared.is_none_or(|(found, _)| found == prepared)
                && recount::are_misplaced(tx, owner, &verdict.first_clicks).await?;
            if !is_as_found {
                return Ok(false);
            }
            if let Some((_, messages)) = verdict.prepared {
                recount::set_prepared(tx, owner, messages).await?;
            }
            clicks::set_first_clicks(tx, &first_clicks).await?;
            recount::mend(tx, owner.clinic, &verdict.differences).await?;
            for finding in verdict.divided().0.into_iter().take(room) {
                finding.log(owner.clinic, Some(owner.campaign));
            }
            Ok(true)
        })
    });
    mended.await
}

fn first_clicks(owner: Owner, verdict: &Verdict) -> BTreeMap<MessageId, Option<DateTime<Utc>>> {
    let id = |number| MessageId { campaign: owner.campaign, number };
    verdict.first_clicks.iter().map(|misplaced| (id(misplaced.number), misplaced.expected)).collect()
}

/// What was added to the parts of a campaign, as its clinic, template and groups would have had it.
fn roll_up(sums: &mut Sums, owner: Owner, differences: &Sums) {
    for ((place, column), count) in differences.iter().filter(|((place, _), _)| place.part != WHOLE) {
        let group = Some(GroupId::from_uuid(place.part)).filter(|_| place.part != owner.campaign.uuid());
        let scopes = [Some(owner.clinic.uuid()), Some(owner.template.uuid()), group.map(GroupId::uuid)];
        for scope in scopes.into_iter().flatten() {
            recount::add(sums, Place { scope, part: WHOLE, hour: place.hour }, column.clone(), *count);
        }
    }
    sums.retain(|_, count| *count != 0);
}

#[cfg(test)]
mod tests;
