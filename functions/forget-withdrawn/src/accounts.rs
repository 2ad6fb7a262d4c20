//! The accounts at Cognito.

use aws_config::SdkConfig;
use aws_sdk_cognitoidentityprovider::Client;
use shared::failure::{Failure, chain};

/// Where accounts are.
pub trait Accounts: Sync {
    /// Signs the account out everywhere and deletes it. One that is gone is fine.
    fn delete(&self, subject: &str) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// A user pool.
#[derive(Debug)]
pub struct CognitoAccounts {
    client: Client,
    pool_id: String,
}

impl CognitoAccounts {
    /// Prepares the client.
    #[must_use]
    pub fn new(sdk: &SdkConfig, pool_id: String) -> Self {
        Self { client: Client::new(sdk), pool_id }
    }
}

impl Accounts for CognitoAccounts {
    async fn delete(&self, subject: &str) -> Result<(), Failure> {
        // The name of a user of this pool is the subject: people sign in with an e-mail address, which is an alias. Deleting alone
        // would leave refresh tokens alive for as long as Cognito takes to notice.
        let signed_out = self.client.admin_user_global_sign_out().user_pool_id(&self.pool_id).username(subject).send().await;
        match signed_out.map_err(aws_sdk_cognitoidentityprovider::error::SdkError::into_service_error) {
            Err(error) if error.is_user_not_found_exception() => return Ok(()),
            Err(error) => return Err(Failure::retry(chain(&error))),
            Ok(_) => {}
        }
        let deleted = self.client.admin_delete_user().user_pool_id(&self.pool_id).username(subject).send().await;
        match deleted.map_err(aws_sdk_cognitoidentityprovider::error::SdkError::into_service_error) {
            Err(error) if !error.is_user_not_found_exception() => Err(Failure::retry(chain(&error))),
            _ => Ok(()),
        }
    }
}
