//! Korean texts of the pages about invite.

use crate::words::invite::Invite;

/// Korean.
pub const WORDS: Invite = Invite { title: "초대" };
