//! People who call: anybody who is signed in, and those of them who work for a clinic.

use crate::model::state::Role;
use crate::model::{ClinicId, StaffId};

/// A signed-in person, from the claims of a Cognito ID token that API Gateway has verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Cognito's stable id of the person.
    pub subject: String,
    /// The name given at sign-up.
    pub name: Option<String>,
    /// The person's mobile phone, E.164; only when they have proven that it is theirs. Never a safe number (050x).
    pub phone: Option<String>,
    /// The e-mail address, lower case; only when they have proven that it is theirs.
    pub email: Option<String>,
}

/// A person who signs in for a clinic: the one source of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// The person.
    pub id: StaffId,
    /// The clinic, which everything they ask for belongs to.
    pub clinic: ClinicId,
    /// What they may do.
    pub role: Role,
}
