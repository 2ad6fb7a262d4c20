//! The lives of things, as the database and the API spell them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::schema::{choice, schema};

/// The stored text is not a state that this version knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{text}`")]
pub struct UnknownState {
    kind: &'static str,
    text: String,
}

macro_rules! states {
    ($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $variant_doc:literal])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[doc = $variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every state.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As the database and the API spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownState;

            fn from_str(text: &str) -> Result<Self, UnknownState> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(UnknownState { kind: stringify!($name), text: text.to_owned() }),
                }
            }
        }

        schema!($name, choice(concat!($($doc),*), &[$(($text, concat!($($variant_doc),*))),+]));
    };
}

states! {
    /// What a person who signs in for a clinic may do.
    Role {
        /// May change the clinic's settings and staff.
        Owner = "owner",
        /// May do the daily work.
        Staff = "staff",
    }
}
states! {
    /// The life of an import.
    ImportState {
        /// The file is awaited.
        Uploading = "uploading",
        /// The file is being read.
        Parsing = "parsing",
        /// Every row has a verdict; waiting for a decision.
        Ready = "ready",
        /// The rows are being written.
        Committing = "committing",
        /// The customers are there.
        Committed = "committed",
        /// The file could not be read; `failure` says why.
        Failed = "failed",
        /// What was committed is being taken back.
        Undoing = "undoing",
        /// What was committed is taken back, but for customers who were edited since.
        Undone = "undone",
    }
}
states! {
    /// What committing an import would do with a row.
    Verdict {
        /// A customer that the clinic does not have yet.
        New = "new",
        /// A customer with this phone exists and would be updated.
        Updates = "updates",
        /// An earlier row of the file has the same phone.
        Duplicate = "duplicate_in_file",
        /// The phone cannot receive a message.
        BadPhone = "bad_phone",
        /// There is no name.
        MissingName = "missing_name",
        /// The person asked not to be written to.
        Suppressed = "suppressed",
    }
}
states! {
    /// What became of a row when its import was committed, and undone.
    Outcome {
        /// It made a customer.
        Added = "added",
        /// It changed a customer.
        Updated = "updated",
        /// The customer was there and stood exactly so.
        Unchanged = "unchanged",
        /// The customer was there, and such were to be left alone.
        Left = "left",
        /// The person had asked not to be written to by the time of the commit.
        Suppressed = "suppressed",
        /// It was taken back.
        Undone = "undone",
        /// It was not taken back, because somebody edited the customer since.
        Kept = "kept",
    }
}
states! {
    /// The life of a campaign.
    CampaignState {
        /// It begins at its time.
        Scheduled = "scheduled",
        /// Asked for; recipients are not counted yet.
        Requested = "requested",
        /// Recipients are being counted, and their messages written.
        Preparing = "preparing",
        /// Bundles are being handed to the provider.
        Sending = "sending",
        /// Nothing more is handed over until somebody says so; `failure` says why.
        Paused = "paused",
        /// No bundle waits for its call or its answer; the whereabouts of some may stay unknown.
        Finished = "finished",
        /// Somebody called it off.
        Canceled = "canceled",
        /// It was stopped for good; `failure` says why.
        Failed = "failed",
    }
}
states! {
    /// What a campaign is for.
    CampaignKind {
        /// Information that the person expects.
        Information = "information",
        /// Advertising: only with consent, marked, and never at night.
        Advertising = "advertising",
        /// A test to numbers of the staff.
        Test = "test",
    }
}
states! {
    /// To which recipients of an earlier campaign another one goes.
    CampaignPart {
        /// Whose message certainly failed, for a reason that may have passed.
        Failed = "failed",
        /// Whose message arrived, and who did not open the link.
        NotClicked = "not_clicked",
    }
}
states! {
    /// The life of a bundle. `Calling` is entered again only when it is certain that the provider does not have the bundle.
    BundleState {
        /// Written, not yet handed over.
        Prepared = "prepared",
        /// The provider is being called: from here on it may have the bundle.
        Calling = "calling",
        /// The provider has taken it.
        Accepted = "accepted",
        /// Nothing of it was sent, and nothing will be.
        Rejected = "rejected",
        /// No readable answer came: not to be posted again until it is found in the provider's history, or proven not to be there.
        Unknown = "unknown",
    }
}
states! {
    /// The state of one recipient's message; the counts of all states add up to the number requested.
    MessageState {
        /// Waiting to be handed over.
        Queued = "queued",
        /// The provider has it, no result yet.
        Sent = "sent",
        /// It arrived.
        Delivered = "delivered",
        /// It did not arrive.
        Failed = "failed",
        /// The provider may or may not have it, or cannot say what became of it.
        Unknown = "unknown",
        /// It was never to be sent; `reason` says why.
        Excluded = "excluded",
    }
}
states! {
    /// A user's standing at a clinic.
    MembershipState {
        /// Waiting for the clinic.
        Pending = "pending",
        /// A regular.
        Confirmed = "confirmed",
        /// Left, or was removed.
        Ended = "ended",
    }
}
states! {
    /// Why a membership ended.
    EndReason {
        /// The clinic did not take up what was asked for.
        Declined = "declined",
        /// The clinic ended it.
        Removed = "removed",
        /// The member left.
        Left = "left",
        /// The person withdrew from everything.
        Withdrawn = "withdrawn",
    }
}
states! {
    /// Why a phone must not be written to.
    SuppressionReason {
        /// The person asked the clinic.
        Asked = "asked",
        /// The person blocked the clinic's channel in KakaoTalk.
        Blocked = "blocked",
        /// The person asked to be forgotten, and was deleted.
        Forgotten = "forgotten",
    }
}
states! {
    /// What a line of the points ledger is for.
    PointReason {
        /// Joined a first clinic.
        Join = "join",
        /// Invited a new user.
        Invite = "invite",
        /// Used at the clinic.
        Spend = "spend",
        /// Corrected by the clinic.
        Adjust = "adjust",
        /// Took another line back.
        Reverse = "reverse",
    }
}
states! {
    /// Why an invitation earned nothing.
    UnpaidReason {
        /// The clinic had a customer with this phone.
        KnownCustomer = "known_customer",
        /// The person was a member of the clinic before, and had left.
        KnownMember = "known_member",
        /// The person works for the clinic.
        Staff = "staff",
        /// The person had joined a clinic before, under this account or another.
        NotFirst = "not_first",
        /// The clinic grants no points.
        PointsOff = "points_off",
        /// The clinic grants none for invitations.
        NoPoints = "no_points",
    }
}
states! {
    /// Why points are looked at before they are granted.
    HoldReason {
        /// The member has invited as many in a day as are paid without a look.
        DailyCap = "daily_cap",
        /// The member has invited as many as are paid without a look.
        TotalCap = "total_cap",
        /// The member has invited many within minutes.
        Burst = "burst",
        /// The one who invited works for the clinic.
        Staff = "staff",
        /// The new member has not proven a phone.
        UnprovenPhone = "unproven_phone",
    }
}
states! {
    /// What became of points that were held for review.
    HeldState {
        /// Somebody of the clinic is to decide.
        Held = "held",
        /// Granted after all.
        Released = "released",
        /// Not granted.
        Refused = "refused",
    }
}
states! {
    /// Who visited a link.
    ClickClass {
        /// A person with a browser.
        Human = "human",
        /// A messenger's link preview.
        Preview = "preview",
        /// Fetched ahead of a person's decision.
        Prefetch = "prefetch",
        /// A program.
        Bot = "bot",
        /// Somebody whom a page was shown instead: the link had ended.
        Rejected = "rejected",
    }
}
