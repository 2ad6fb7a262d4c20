//! What travels between functions: facts on topics and messages on queues, one definition for both sides.
//!
//! Every kind is an enum tagged with name and version (`"type": "points_earned.v1"`). A new version is a new variant; old
//! ones stay for as long as they may be in flight. `events/messages/` holds an example of each.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::state::{ClickClass, PointReason};
use crate::model::{BundleId, CampaignId, ClickId, ClinicId, ImportId, Points, ReferralId, UserId};

/// Where facts are published: one topic per fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// [`ImportApproved`]
    ImportApproved,
    /// [`ImportRemapped`]
    ImportRemapped,
    /// [`ImportRevoked`]
    ImportRevoked,
    /// [`CampaignRequested`]
    CampaignRequested,
    /// [`BundlePrepared`]
    BundlePrepared,
    /// [`BundleAccepted`]
    BundleAccepted,
    /// [`PointsEarned`]
    PointsEarned,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 7] = [
        Self::ImportApproved,
        Self::ImportRemapped,
        Self::ImportRevoked,
        Self::CampaignRequested,
        Self::BundlePrepared,
        Self::BundleAccepted,
        Self::PointsEarned,
    ];

    /// The name in the outbox.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ImportApproved => "import_approved",
            Self::ImportRemapped => "import_remapped",
            Self::ImportRevoked => "import_revoked",
            Self::CampaignRequested => "campaign_requested",
            Self::BundlePrepared => "bundle_prepared",
            Self::BundleAccepted => "bundle_accepted",
            Self::PointsEarned => "points_earned",
        }
    }

    /// The topic of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }
}

/// Something that happened and that others are told.
pub trait Fact: Serialize + DeserializeOwned {
    /// Where it is published.
    const TOPIC: Topic;
}

macro_rules! fact {
    ($name:ident) => {
        impl Fact for $name {
            const TOPIC: Topic = Topic::$name;
        }
    };
}

/// Staff approved the preview of an import: its rows are to become customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ImportApproved {
    /// First version.
    #[serde(rename = "import_approved.v1")]
    V1 {
        /// Whose import.
        clinic_id: ClinicId,
        /// Which import.
        import_id: ImportId,
    },
}
fact!(ImportApproved);

/// Staff said how a file is to be read: it is to be read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ImportRemapped {
    /// First version.
    #[serde(rename = "import_remapped.v1")]
    V1 {
        /// Whose import.
        clinic_id: ClinicId,
        /// Which import.
        import_id: ImportId,
    },
}
fact!(ImportRemapped);

/// Staff revoked an import after its commit: what it did is to be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ImportRevoked {
    /// First version.
    #[serde(rename = "import_revoked.v1")]
    V1 {
        /// Whose import.
        clinic_id: ClinicId,
        /// Which import.
        import_id: ImportId,
    },
}
fact!(ImportRevoked);

/// Staff asked for a campaign: its recipients are to be counted, rendered and bundled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum CampaignRequested {
    /// First version.
    #[serde(rename = "campaign_requested.v1")]
    V1 {
        /// Whose campaign.
        clinic_id: ClinicId,
        /// Which campaign.
        campaign_id: CampaignId,
    },
}
fact!(CampaignRequested);

/// A bundle is written and waits to be handed to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum BundlePrepared {
    /// First version.
    #[serde(rename = "bundle_prepared.v1")]
    V1 {
        /// Whose bundle.
        clinic_id: ClinicId,
        /// Its campaign.
        campaign_id: CampaignId,
        /// Which bundle.
        bundle_id: BundleId,
    },
}
fact!(BundlePrepared);

/// The provider took a bundle: its results can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum BundleAccepted {
    /// First version.
    #[serde(rename = "bundle_accepted.v1")]
    V1 {
        /// Whose bundle.
        clinic_id: ClinicId,
        /// Its campaign.
        campaign_id: CampaignId,
        /// Which bundle.
        bundle_id: BundleId,
    },
}
fact!(BundleAccepted);

/// A user earned points. Paid once per `grant_key`, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum PointsEarned {
    /// First version.
    #[serde(rename = "points_earned.v1")]
    V1 {
        /// What the points are for: `join:<user>` or `invite:<invited user>`.
        grant_key: String,
        /// The clinic that pays.
        clinic_id: ClinicId,
        /// Who earned them.
        user_id: UserId,
        /// Why.
        reason: PointReason,
        /// How many.
        amount: Points,
        /// The referral that they come from.
        referral_id: ReferralId,
    },
}
fact!(PointsEarned);

/// What collect-results reads: a bundle whose results may be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ResultsAwaited {
    /// The provider has just taken the bundle ([`BundleAccepted::V1`] as the queue sees it).
    #[serde(rename = "bundle_accepted.v1")]
    AcceptedV1 {
        /// Whose bundle.
        clinic_id: ClinicId,
        /// Its campaign.
        campaign_id: CampaignId,
        /// Which bundle.
        bundle_id: BundleId,
    },
    /// By schedule, it is time to ask again.
    #[serde(rename = "results_due.v1")]
    DueV1 {
        /// Whose bundle.
        clinic_id: ClinicId,
        /// Its campaign.
        campaign_id: CampaignId,
        /// Which bundle.
        bundle_id: BundleId,
        /// How often had been asked when this was sent: who finds another number has nothing to ask. Not said by earlier versions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        polls: Option<u32>,
    },
}

fn get() -> String {
    "GET".to_owned()
}

/// A link was visited; straight from the redirect to the queue of record-clicks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ClickReceived {
    /// First version.
    #[serde(rename = "click_received.v1")]
    V1 {
        /// Made at the redirect; recording it twice changes nothing.
        click_id: ClickId,
        /// The clinic of the campaign.
        clinic_id: ClinicId,
        /// The campaign of the message.
        campaign_id: CampaignId,
        /// The recipient's number in the campaign.
        message_number: u32,
        /// Who visited.
        class: ClickClass,
        /// Why it is thought so.
        reason: String,
        /// By which version of the rules.
        rule_version: u16,
        /// The agent, at most 300 characters.
        agent: String,
        /// HTTP method.
        #[serde(default = "get")]
        method: String,
        /// `Sec-Purpose` or `Purpose`, at most 60 characters, empty when absent.
        #[serde(default)]
        purpose: String,
        /// Which process answered the visit, a random number below 2^53; none from versions that did not count.
        #[serde(default)]
        origin: Option<u64>,
        /// The visit's number among those that this process answered for the campaign, from 1.
        #[serde(default)]
        sequence: Option<u32>,
        /// When.
        clicked_at: DateTime<Utc>,
    },
}
