//! What may be done with the customers of groups, and what instead.

use shared::db::groups::{self, Label};
use shared::http::{Kind, Problem};
use shared::model::{ClinicId, GroupId};
use sqlx::MySqlConnection;

/// What is to be done with customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Add { to: GroupId },
    Remove { from: GroupId },
    Copy { from: GroupId, to: GroupId },
    Move { from: GroupId, to: GroupId },
}

impl Wish {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add { .. } => "add",
            Self::Remove { .. } => "remove",
            Self::Copy { .. } => "copy",
            Self::Move { .. } => "move",
        }
    }

    /// The group that the change is about: the one in the path.
    pub const fn group(self) -> GroupId {
        match self {
            Self::Add { to } => to,
            Self::Remove { from } | Self::Copy { from, .. } | Self::Move { from, .. } => from,
        }
    }

    pub const fn source(self) -> Option<GroupId> {
        match self {
            Self::Add { .. } => None,
            Self::Remove { from } | Self::Copy { from, .. } | Self::Move { from, .. } => Some(from),
        }
    }

    pub const fn target(self) -> Option<GroupId> {
        match self {
            Self::Remove { .. } => None,
            Self::Add { to } | Self::Copy { to, .. } | Self::Move { to, .. } => Some(to),
        }
    }

    /// Nobody has a line in the unassigned group: they are in it by being in no other.
    pub fn refuse_unassigned(self, source: Option<&Label>, target: Option<&Label>) -> Result<(), Problem> {
        let refused = |ko: &str, en: &str| Err(Problem::of(Kind::UnassignedGroup).detail(ko, en));
        let (from, to) = (source.is_some_and(|group| group.unassigned), target.is_some_and(|group| group.unassigned));
        match self {
            Self::Add { .. } if to => refused(
                "미지정 그룹에는 추가할 수 없습니다. 고객이 있는 그룹에서 미지정 그룹으로 이동하면 모든 그룹에서 빠집니다.",
                "Nobody is added to the unassigned group. Move customers to it from a group: they leave all groups.",
            ),
            Self::Remove { .. } if from => refused(
                "미지정 그룹에서는 뺄 수 없습니다. 다른 그룹에 추가하면 미지정 그룹에서 빠집니다.",
                "Nobody is removed from the unassigned group. Customers leave it when they are added to another group.",
            ),
            Self::Copy { .. } if to => refused(
                "미지정 그룹으로는 복사할 수 없습니다. 이동하면 모든 그룹에서 빠져 미지정 그룹에 들어갑니다.",
                "Nobody is copied to the unassigned group. Move customers to it: they leave all groups.",
            ),
            Self::Add { .. } | Self::Remove { .. } | Self::Copy { .. } | Self::Move { .. } => Ok(()),
        }
    }
}

/// The name in the audit log.
pub const fn action(wish: Wish) -> &'static str {
    match wish {
        Wish::Add { .. } => "group.add_members",
        Wish::Remove { .. } => "group.remove_members",
        Wish::Copy { .. } => "group.copy_members",
        Wish::Move { .. } => "group.move_members",
    }
}

/// Source and target, locked in one order, if they are such that the wish can be done.
pub async fn lock_ends(tx: &mut MySqlConnection, clinic: ClinicId, wish: Wish) -> Result<[Option<Label>; 2], Problem> {
    let asked: Vec<_> = wish.source().into_iter().chain(wish.target()).collect();
    let found = groups::lock(tx, clinic, &asked).await?;
    let find = |id| found.iter().find(|group| group.id == id).cloned();
    let source = wish.source().map(|id| find(id).ok_or_else(Problem::not_found)).transpose()?;
    let target = wish.target().map(|id| find(id).ok_or_else(|| missing_target(wish))).transpose()?;
    wish.refuse_unassigned(source.as_ref(), target.as_ref())?;
    Ok([source, target])
}

/// The group that they are to join is named by the path or by `to`.
fn missing_target(wish: Wish) -> Problem {
    match wish {
        Wish::Copy { .. } | Wish::Move { .. } => Problem::not_found().with("field", "to"),
        Wish::Add { .. } | Wish::Remove { .. } => Problem::not_found(),
    }
}
