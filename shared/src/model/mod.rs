//! The words of the domain as types. No I/O: everything here is a rule.

pub mod advertising;
pub mod approval;
pub mod canary;
pub mod click;
pub mod console;
pub mod customer;
pub mod draft;
pub mod id;
pub mod import;
pub mod link;
pub mod membership;
pub mod person;
pub mod person_key;
pub mod phone;
pub mod points;
pub mod quiet;
pub mod referral;
pub mod result;
pub(crate) mod schema;
pub mod sources;
pub mod state;
pub mod template;
pub mod wording;

pub use customer::{CustomerName, GroupName};
pub use id::{
    BundleId, CampaignId, ClickId, ClinicId, CustomerId, GroupId, ImportId, MessageId, ReferralId, StaffId, SuppressionId,
    TemplateId, UserId,
};
pub use phone::PhoneNumber;
pub use points::Points;
pub use referral::ReferralCode;
