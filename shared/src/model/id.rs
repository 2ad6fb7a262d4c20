//! Ids are typed, prefixed and sortable: `cus_0199…`, a UUIDv7 inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Ambient;
use crate::model::schema::{schema, text};

/// The text is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that begins with `{prefix}_` and 32 hexadecimal digits")]
pub struct NotAnId {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[doc = $doc:literal])* $name:ident, $prefix:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type)]
        #[serde(into = "String", try_from = "String")]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id, which sorts behind all of earlier milliseconds.
            #[must_use]
            pub fn new(ambient: &Ambient) -> Self {
                Self(ambient.uuid())
            }

            /// The id without its prefix.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// Wraps what the database or a token holds.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let wrong = NotAnId { prefix: $prefix };
                let hex = text.strip_prefix(concat!($prefix, "_")).ok_or(wrong.clone())?;
                // Exactly one spelling per id: 32 lower-case digits.
                if hex.len() != 32 || hex.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                    return Err(wrong);
                }
                Uuid::try_parse(hex).map(Self).map_err(|_| wrong)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        schema!($name, text(
            concat!($($doc),*),
            Some(concat!("^", $prefix, "_[0-9a-f]{32}$")),
            None,
            concat!($prefix, "_0199d1c0a5f07b3c8e2d4f6a1b3c5d7e"),
        ));
    };
}

id!(/** A clinic, the tenant. */ ClinicId, "cli");
id!(/** A person who signs in for a clinic. */ StaffId, "stf");
id!(/** A contact of a clinic. */ CustomerId, "cus");
id!(/** A named set of customers. */ GroupId, "grp");
id!(/** An approved text. */ TemplateId, "tpl");
id!(/** An uploaded list under review. */ ImportId, "imp");
id!(/** One send to groups. */ CampaignId, "cmp");
id!(/** At most 500 messages handed to the provider in one call. */ BundleId, "bnd");
id!(/** One visit of a link. */ ClickId, "clk");
id!(/** A person with an app account. */ UserId, "usr");
id!(/** The fact that a user joined a clinic through a code. */ ReferralId, "ref");
id!(/** A line of the outbox. */ OutboxId, "out");
id!(/** One line of the ledger. */ PointEntryId, "pnt");
id!(/** Points that are held for review. */ HeldGrantId, "hld");
id!(/** A link by which somebody begins to work for a clinic. */ InvitationId, "inv");
id!(/** A line of the audit log. */ AuditId, "aud");
id!(/** A phone that must not be written to: one line of that ledger. */ SuppressionId, "sup");

/// One recipient's part of a campaign: the campaign and the recipient's number in it, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// The campaign.
    pub campaign: CampaignId,
    /// The recipient's place in it.
    pub number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_writes() {
        let id = ClinicId::from_uuid(Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_00ff));
        assert_eq!(id.to_string(), "cli_019900000000700080000000000000ff");
        assert_eq!(id.to_string().parse::<ClinicId>(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_or_spelling_is_refused() {
        for text in ["cus_019900000000700080000000000000ff", "cli_019900000000700080000000000000FF", "cli_0199", "", "cli_é"] {
            assert!(text.parse::<ClinicId>().is_err(), "{text}");
        }
    }
}
