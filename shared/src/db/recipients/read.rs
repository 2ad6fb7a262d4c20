//! The statements that read recipients. Each names its index and reads on from where the page before it ended. Lists of groups are
//! filled up to a few lengths, so that the statements stay prepared.

use sqlx::{MySql, QueryBuilder};

use crate::model::result::Reason;
use crate::model::state::{CampaignPart, MessageState};
use crate::model::{CampaignId, ClinicId, CustomerId, GroupId};

/// Up to so many groups are read each by itself; with more of them, reading through the whole clinic costs less.
const RANGES: [usize; 3] = [1, 3, 8];
/// How long lists of groups are while the whole clinic is read through.
const LISTS: [usize; 2] = [10, 100];

const COLUMNS: &str = "c.id, c.name, c.phone, c.attributes, c.advertising_consent_at IS NOT NULL AS consented,
     EXISTS (SELECT 1 FROM suppressions s WHERE s.clinic_id = c.clinic_id AND s.phone = c.phone) AS suppressed, ";

/// The customers of groups.
pub fn of_groups(
    clinic: ClinicId,
    groups: &[GroupId],
    unassigned: Option<GroupId>,
    after: Option<CustomerId>,
    limit: u32,
) -> QueryBuilder<MySql> {
    let after = after.unwrap_or(CustomerId::from_uuid(uuid::Uuid::nil()));
    let unassigned = unassigned.and_then(|unassigned| groups.iter().position(|group| *group == unassigned));
    match RANGES.into_iter().find(|length| groups.len() <= *length) {
        Some(length) if unassigned.is_none() => by_ranges(clinic, groups, length, after, limit),
        _ => by_walking(clinic, groups, unassigned, after, limit),
    }
}

/// Each group from the position on, as far as it may be needed: no more is read than the groups times the page.
fn by_ranges(clinic: ClinicId, groups: &[GroupId], length: usize, after: CustomerId, limit: u32) -> QueryBuilder<MySql> {
    let mut query = QueryBuilder::new("SELECT STRAIGHT_JOIN ");
    query.push(COLUMNS).push("k.place, NULL AS `group` FROM (SELECT u.customer_id, MIN(u.place) AS place FROM (");
    for place in 1..=length {
        query.push(if place == 1 { "(" } else { " UNION ALL (" });
        query.push(format!("SELECT m.customer_id, {place} AS place FROM customer_group_members m FORCE INDEX (PRIMARY)"));
        query.push(" WHERE m.clinic_id = ").push_bind(clinic);
        query.push(" AND m.group_id = ").push_bind(filled(groups, place - 1));
        query.push(" AND m.customer_id > ").push_bind(after);
        query.push(" ORDER BY m.customer_id LIMIT ").push_bind(limit).push(")");
    }
    query.push(") u GROUP BY u.customer_id ORDER BY u.customer_id LIMIT ").push_bind(limit);
    query
        .push(") k JOIN customers c ON c.clinic_id = ")
        .push_bind(clinic)
        .push(" AND c.id = k.customer_id ORDER BY k.customer_id");
    query
}

/// Everybody from the position on, each asked for their groups: a campaign goes through its clinic once.
fn by_walking(
    clinic: ClinicId,
    groups: &[GroupId],
    unassigned: Option<usize>,
    after: CustomerId,
    limit: u32,
) -> QueryBuilder<MySql> {
    let length = LISTS.into_iter().find(|length| groups.len() <= *length).unwrap_or(groups.len());
    let unassigned = unassigned.and_then(|place| i64::try_from(place + 1).ok());
    let mut query = QueryBuilder::new("SELECT ");
    query.push(COLUMNS).push("NULL AS `group`, (SELECT CASE WHEN COUNT(*) = 0 THEN CAST(");
    query.push_bind(unassigned).push(" AS SIGNED) ELSE MIN(NULLIF(FIELD(m.group_id");
    for place in 0..length {
        query.push(", ").push_bind(filled(groups, place));
    }
    query.push("), 0)) END FROM customer_group_members m FORCE INDEX (customer_group_members_by_customer)");
    query.push(" WHERE m.clinic_id = c.clinic_id AND m.customer_id = c.id) AS place");
    query.push(" FROM customers c FORCE INDEX (PRIMARY) WHERE c.clinic_id = ").push_bind(clinic);
    query.push(" AND c.id > ").push_bind(after).push(" HAVING place IS NOT NULL ORDER BY c.id LIMIT ").push_bind(limit);
    query
}

/// A list is filled up with a group that nobody has.
fn filled(groups: &[GroupId], place: usize) -> GroupId {
    groups.get(place).copied().unwrap_or(GroupId::from_uuid(uuid::Uuid::nil()))
}

/// Recipients of an earlier campaign.
pub fn of_part(clinic: ClinicId, source: CampaignId, part: CampaignPart, after: u32, limit: u32) -> QueryBuilder<MySql> {
    let mut query = QueryBuilder::new("SELECT STRAIGHT_JOIN ");
    query.push(COLUMNS).push("CAST(m.number AS SIGNED) AS place, m.group_id AS `group` FROM messages m FORCE INDEX (PRIMARY)");
    query
        .push(" JOIN customers c ON c.clinic_id = m.clinic_id AND c.id = m.customer_id WHERE m.campaign_id = ")
        .push_bind(source);
    query.push(" AND m.clinic_id = ").push_bind(clinic).push(" AND m.number > ").push_bind(after);
    match part {
        CampaignPart::Failed => {
            query.push(" AND m.state = ").push_bind(MessageState::Failed.as_str()).push(" AND m.reason IN (");
            let mut reasons = query.separated(", ");
            for reason in Reason::ALL.into_iter().filter(|reason| reason.may_pass()) {
                reasons.push_bind(reason.as_str());
            }
            query.push(")");
        }
        CampaignPart::NotClicked => {
            query.push(" AND m.state = ").push_bind(MessageState::Delivered.as_str()).push(" AND m.first_click_at IS NULL");
        }
    }
    // Whoever has it by a campaign that was sent again, or may have, does not get it once more.
    query.push(" AND NOT EXISTS (SELECT 1 FROM campaigns a JOIN messages n ON n.campaign_id = a.id AND n.phone = c.phone");
    query.push(" WHERE a.source_campaign_id = m.campaign_id AND a.clinic_id = m.clinic_id AND a.source_part = ");
    query.push_bind(part.as_str()).push(" AND n.state NOT IN ('failed', 'excluded'))");
    query.push(" ORDER BY m.number LIMIT ").push_bind(limit);
    query
}
