//! The life of a membership: what may follow what.
//!
//! ```text
//! none ---------ask------> pending --decline--> ended(declined)
//! none, pending --code---> confirmed --remove--> ended(removed)
//! pending ------confirm--> confirmed --leave--> ended(left)
//! ```

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::state::{EndReason, MembershipState};

/// How long somebody who was declined waits before asking the same clinic again.
pub const PATIENCE: TimeDelta = TimeDelta::days(30);

/// Where somebody stands with a clinic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: MembershipState,
    /// Why it ended, if it did.
    pub ended_because: Option<EndReason>,
    /// When it ended, if it did.
    pub ended_at: Option<DateTime<Utc>>,
}

/// What somebody wants to do with a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The person asks to become a member.
    Ask,
    /// The person joins by a referral code.
    Join,
    /// The clinic takes the person on.
    Confirm,
    /// The clinic does not take on whoever has asked.
    Decline,
    /// The clinic ends it.
    Remove,
    /// The person leaves, or takes the question back.
    Leave,
}

/// What becomes of the membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is so already.
    Same,
    /// It waits for the clinic.
    Pending,
    /// It holds.
    Confirmed,
    /// It ends.
    Ended(EndReason),
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The person is a member already.
    #[error("already a member")]
    AlreadyMember,
    /// The clinic has ended it: the clinic alone can take it up again, or the person may ask again from the given moment on.
    #[error("ended by the clinic")]
    EndedByClinic(Option<DateTime<Utc>>),
    /// The step does not belong to the present state.
    #[error("not in this state")]
    WrongState,
}

/// What a step makes of a membership; `None` is somebody who never was a member and never asked.
///
/// # Errors
/// When the step cannot be taken.
pub fn next(standing: Option<&Standing>, step: Step, now: DateTime<Utc>) -> Result<Next, Refused> {
    let Some(standing) = standing else {
        return match step {
            Step::Ask => Ok(Next::Pending),
            Step::Join => Ok(Next::Confirmed),
            Step::Confirm | Step::Decline | Step::Remove | Step::Leave => Err(Refused::WrongState),
        };
    };
    match standing.state {
        MembershipState::Pending => match step {
            Step::Ask => Ok(Next::Same),
            Step::Join | Step::Confirm => Ok(Next::Confirmed),
            Step::Decline => Ok(Next::Ended(EndReason::Declined)),
            Step::Leave => Ok(Next::Ended(EndReason::Left)),
            Step::Remove => Err(Refused::WrongState),
        },
        MembershipState::Confirmed => match step {
            Step::Ask | Step::Join => Err(Refused::AlreadyMember),
            Step::Confirm => Ok(Next::Same),
            Step::Remove => Ok(Next::Ended(EndReason::Removed)),
            Step::Leave => Ok(Next::Ended(EndReason::Left)),
            Step::Decline => Err(Refused::WrongState),
        },
        MembershipState::Ended => after_the_end(standing, step, now),
    }
}

fn after_the_end(standing: &Standing, step: Step, now: DateTime<Utc>) -> Result<Next, Refused> {
    match (step, standing.ended_because) {
        (Step::Ask, Some(EndReason::Left)) => Ok(Next::Pending),
        (Step::Join, Some(EndReason::Left)) | (Step::Confirm, Some(EndReason::Declined | EndReason::Removed)) => {
            Ok(Next::Confirmed)
        }
        (Step::Ask, Some(EndReason::Declined)) => match standing.ended_at.map(|at| at + PATIENCE) {
            Some(again) if now < again => Err(Refused::EndedByClinic(Some(again))),
            _ => Ok(Next::Pending),
        },
        (Step::Ask | Step::Join, _) => Err(Refused::EndedByClinic(None)),
        // Done before: the answer was lost, or two people did the same.
        (Step::Decline, Some(EndReason::Declined)) | (Step::Remove, Some(EndReason::Removed)) | (Step::Leave, _) => {
            Ok(Next::Same)
        }
        (Step::Confirm | Step::Decline | Step::Remove, _) => Err(Refused::WrongState),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 6] = [Step::Ask, Step::Join, Step::Confirm, Step::Decline, Step::Remove, Step::Leave];

    fn ended(because: EndReason, at: DateTime<Utc>) -> Standing {
        Standing { state: MembershipState::Ended, ended_because: Some(because), ended_at: Some(at) }
    }

    fn living(state: MembershipState) -> Standing {
        Standing { state, ended_because: None, ended_at: None }
    }

    #[test]
    fn every_step_from_every_standing_is_decided() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let all = |standing: Option<Standing>| STEPS.map(|step| next(standing.as_ref(), step, now));
        let (same, pending, confirmed) = (Ok(Next::Same), Ok(Next::Pending), Ok(Next::Confirmed));
        let end = |because| Ok(Next::Ended(because));
        let (member, by_clinic, wrong) =
            (Err(Refused::AlreadyMember), Err(Refused::EndedByClinic(None)), Err(Refused::WrongState));

        assert_eq!(all(None), [pending, confirmed, wrong, wrong, wrong, wrong]);
        let declined = end(EndReason::Declined);
        let (removed, left) = (end(EndReason::Removed), end(EndReason::Left));
        assert_eq!(all(Some(living(MembershipState::Pending))), [same, confirmed, confirmed, declined, wrong, left]);
        assert_eq!(all(Some(living(MembershipState::Confirmed))), [member, member, same, wrong, removed, left]);
        assert_eq!(all(Some(ended(EndReason::Left, now))), [pending, confirmed, wrong, wrong, wrong, same]);
        assert_eq!(all(Some(ended(EndReason::Removed, now))), [by_clinic, by_clinic, confirmed, wrong, same, same]);
        assert_eq!(all(Some(ended(EndReason::Withdrawn, now))), [by_clinic, by_clinic, wrong, wrong, wrong, same]);
        let soon = Err(Refused::EndedByClinic(Some(now + PATIENCE)));
        assert_eq!(all(Some(ended(EndReason::Declined, now))), [soon, by_clinic, confirmed, same, wrong, same]);
    }

    #[test]
    fn whoever_was_declined_may_ask_again_after_thirty_days() {
        let then = DateTime::UNIX_EPOCH;
        let standing = ended(EndReason::Declined, then);
        let ask = |after: TimeDelta| next(Some(&standing), Step::Ask, then + after);
        let almost = PATIENCE - TimeDelta::microseconds(1);
        assert_eq!(ask(almost), Err(Refused::EndedByClinic(Some(then + PATIENCE))));
        assert_eq!(ask(PATIENCE), Ok(Next::Pending));
    }
}
