//! Whom a member brought, whom those brought, and so on.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use shared::db::audit::{self, Subject};
use shared::db::memberships::profile::{self, Brought};
use shared::http::{Caller, Ids, Problem, Staff};
use shared::model::state::MembershipState;
use shared::model::{ClinicId, UserId};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::Deps;

/// How many levels below the member are shown.
const LEVELS: u32 = 5;
/// How many people are shown below the member.
const PEOPLE: usize = 500;

/// Whom a member brought to the clinic, and whom those brought.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferralTree {
    /// The member first, then everybody behind the one who brought them. Of several whom one member brought, who came first is first.
    people: Vec<TreeNode>,
    /// Whether there are more than are shown: at most five levels and 500 people are.
    is_cut: bool,
}

/// Somebody in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReferralTreeNode)]
pub struct TreeNode {
    /// How far below the member: 0 is the member.
    #[schema(example = 1)]
    level: u32,
    /// The place in the list, from 0, of the one who brought them; absent for the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 0)]
    brought_by: Option<usize>,
    /// Who it is; absent for somebody who has withdrawn, who is there only because others came through them.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    /// Their name; absent like the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "김단골")]
    name: Option<String>,
    /// Their standing at the clinic; absent like the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    membership: Option<MembershipState>,
    /// When they came; absent for the member.
    #[serde(skip_serializing_if = "Option::is_none")]
    joined_at: Option<DateTime<Utc>>,
}

/// Shows whom a member brought, and whom those brought
///
/// At this clinic, up to five levels and 500 people. Who has withdrawn is left out, but for a place without a name where others came
/// through them. Who looked is logged.
#[utoipa::path(get, path = "/v1/members/{userId}/tree", operation_id = "showMemberTree", responses((status = 200, body = ReferralTree)))]
pub async fn show(
    State(deps): State<Arc<Deps>>,
    caller: Caller,
    Ids(user): Ids<UserId>,
) -> Result<Json<ReferralTree>, Problem> {
    let mut connection = deps.database.acquire().await?;
    let staff = Staff::identify(&mut connection, &caller).await?;
    let root = profile::find_profile(&mut connection, staff.clinic, user).await?.ok_or_else(Problem::not_found)?;
    let (brought, is_cut) = walk(&mut connection, staff.clinic, user).await?;
    let root = TreeNode {
        level: 0,
        brought_by: None,
        user_id: Some(user),
        name: Some(root.name),
        membership: Some(root.state),
        joined_at: None,
    };
    let people = grow(user, root, brought);
    let count = people.iter().filter(|node| node.user_id.is_some()).count();
    audit::record(&mut connection, &deps.ambient, &staff, "member.tree", Subject::User(user), count).await?;
    tracing::info!(event = "member.tree_read", clinic.id = %staff.clinic, staff.id = %staff.id, user.id = %user, count, "a referral tree read");
    Ok(Json(ReferralTree { people, is_cut }))
}

/// Level by level, each person once: who joined without a code may later come again through somebody whom they brought themselves, and
/// then the referrals go round in a circle.
async fn walk(connection: &mut MySqlConnection, clinic: ClinicId, root: UserId) -> Result<(Vec<Brought>, bool), Problem> {
    let (mut all, mut seen, mut level) = (Vec::new(), HashSet::from([root]), vec![root]);
    for depth in 1..=LEVELS + 1 {
        if level.is_empty() {
            return Ok((all, false));
        }
        // One more tells whether there are more. A circle brings at most the root again, because each person was brought once.
        let limit = if depth > LEVELS { 2 } else { u32::try_from(PEOPLE - all.len() + 2).unwrap_or(u32::MAX) };
        let mut brought = profile::list_brought(connection, clinic, &level, limit).await?;
        brought.retain(|person| seen.insert(person.user));
        if depth > LEVELS {
            return Ok((all, !brought.is_empty()));
        }
        let left = PEOPLE - all.len();
        if brought.len() > left {
            brought.truncate(left);
            all.extend(brought);
            return Ok((all, true));
        }
        level = brought.iter().map(|person| person.user).collect();
        all.extend(brought);
    }
    Ok((all, false))
}

/// Puts everybody behind the one who brought them, and leaves out those without a name through whom nobody came.
fn grow(root: UserId, node: TreeNode, brought: Vec<Brought>) -> Vec<TreeNode> {
    let mut wanted: HashSet<UserId> = HashSet::new();
    // Those further down come later, so that backwards everybody is met before the one who brought them.
    for person in brought.iter().rev() {
        if person.name.is_some() || wanted.contains(&person.user) {
            wanted.extend([person.user, person.by]);
        }
    }
    let mut children: HashMap<UserId, Vec<Brought>> = HashMap::new();
    for person in brought.into_iter().filter(|person| wanted.contains(&person.user)).rev() {
        children.entry(person.by).or_default().push(person);
    }
    let mut people = vec![node];
    // On top is who comes next; children were put in the other way round, so that the first of them is on top.
    let mut open: Vec<(usize, Brought)> = children.remove(&root).into_iter().flatten().map(|child| (0, child)).collect();
    while let Some((by, person)) = open.pop() {
        let at = people.len();
        open.extend(children.remove(&person.user).into_iter().flatten().map(|child| (at, child)));
        let is_there = person.name.is_some();
        people.push(TreeNode {
            level: people.get(by).map_or(1, |above| above.level + 1),
            brought_by: Some(by),
            user_id: is_there.then_some(person.user),
            name: person.name,
            membership: person.state.filter(|_| is_there),
            joined_at: Some(person.joined_at).filter(|_| is_there),
        });
    }
    people
}
