//! English texts of the pages about invite.

use crate::words::invite::Invite;

/// English.
pub const WORDS: Invite = Invite { title: "Invitation" };
