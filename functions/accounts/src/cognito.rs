//! The edge to Cognito: calls of the user pool's app client.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, AuthFlowType, AuthenticationResultType, ChallengeNameType};
use aws_sdk_cognitoidentityprovider::{Client, config};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use sha2::Sha256;
use shared::model::PhoneNumber;
use shared::model::customer::CustomerName;
use tokio::sync::OnceCell;
use utoipa::ToSchema;

use crate::input::{Code, Email, Password, Token};
use crate::refusal::{No, no, ours};

/// The user pool, seen through its app client.
///
/// The client has a secret: without one anybody could ask Cognito itself, which tells whose address has an account.
#[derive(Debug)]
pub struct Cognito {
    client: Client,
    pool: String,
    client_id: String,
    secret: OnceCell<Option<SecretString>>,
}

/// What a sign-in gives.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    /// Says who the person is: `Authorization: Bearer <idToken>` on every other route.
    #[schema(example = "eyJraWQiOiJ...")]
    pub id_token: String,
    /// Gives new tokens for 30 days. A refresh gives none unless the old one is void now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eyJjdHkiOiJ...")]
    pub refresh_token: Option<String>,
    /// Seconds until the identity token is void.
    #[schema(example = 3600)]
    pub expires_in: i32,
}

/// What proves to Cognito that it is the person who asks.
///
/// No answer holds it: whoever has one can ask Cognito itself, without the client's secret, to change the address or the phone.
pub struct Access {
    token: SecretString,
    /// Whose it is.
    pub subject: String,
}

/// Calls that are not tried again. A code is good for one use: had the answer of the first try been lost, the second would be
/// refused as if the code were wrong.
fn once() -> config::Builder {
    config::Builder::new().retry_config(RetryConfig::disabled())
}

impl Cognito {
    /// Asks nothing yet.
    #[must_use]
    pub fn new(sdk: &SdkConfig, pool: String, client_id: String) -> Self {
        Self { client: Client::new(sdk), pool, client_id, secret: OnceCell::new() }
    }

    /// The secret of the app client: read when it is needed first, so that a function which starts while Cognito does not answer
    /// is one that works a moment later.
    async fn secret(&self) -> Result<Option<&str>, No> {
        let read = || async {
            let call = self.client.describe_user_pool_client().user_pool_id(&self.pool).client_id(&self.client_id);
            let found = call.send().await.map_err(|error| ours("DescribeUserPoolClient", &error))?;
            Ok(found.user_pool_client().and_then(|found| found.client_secret()).map(SecretString::from))
        };
        Ok(self.secret.get_or_try_init(read).await?.as_ref().map(ExposeSecret::expose_secret))
    }

    /// The proof that the call comes from the one who knows the secret.
    async fn proof(&self, email: &Email) -> Result<Option<String>, No> {
        let Some(secret) = self.secret().await? else { return Ok(None) };
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
        mac.update(email.as_str().as_bytes());
        mac.update(self.client_id.as_bytes());
        Ok(Some(STANDARD.encode(mac.finalize().into_bytes())))
    }

    /// Makes an account, whose address gets a code.
    ///
    /// # Errors
    /// [`No::Known`] when there is one already; and what Cognito refuses.
    pub async fn sign_up(
        &self,
        email: &Email,
        password: &Password,
        name: &CustomerName,
        phone: Option<&PhoneNumber>,
    ) -> Result<(), No> {
        let phone = phone.map(|phone| ("phone_number", phone.e164()));
        let call = self.client.sign_up().client_id(&self.client_id).set_secret_hash(self.proof(email).await?);
        let mut call = call.username(email.as_str()).password(password.expose());
        for (name, value) in [("email", email.as_str()), ("name", name.as_str())].into_iter().chain(phone) {
            call = call.user_attributes(attribute(name, value));
        }
        call.send().await.map(drop).map_err(|error| no("SignUp", &error))
    }

    /// Confirms an account by the code that its address got.
    ///
    /// # Errors
    /// When the code is wrong, and when there is nothing to confirm. [`No::Unanswered`]: it may be confirmed.
    pub async fn confirm(&self, email: &Email, code: &Code) -> Result<(), No> {
        let call = self.client.confirm_sign_up().client_id(&self.client_id).set_secret_hash(self.proof(email).await?);
        let call = call.username(email.as_str()).confirmation_code(code.expose());
        call.customize().config_override(once()).send().await.map(drop).map_err(|error| no("ConfirmSignUp", &error))
    }

    /// Sends the code of an account that is not confirmed yet once more.
    ///
    /// # Errors
    /// [`No::Unusable`] when it is confirmed; and what Cognito refuses.
    pub async fn resend(&self, email: &Email) -> Result<(), No> {
        let call = self.client.resend_confirmation_code().client_id(&self.client_id).set_secret_hash(self.proof(email).await?);
        call.username(email.as_str()).send().await.map(drop).map_err(|error| no("ResendConfirmationCode", &error))
    }

    /// Signs somebody in.
    ///
    /// # Errors
    /// When address and password do not belong together, or the account cannot be signed in to.
    pub async fn sign_in(&self, email: &Email, password: &Password) -> Result<Tokens, No> {
        let mut call = self.client.initiate_auth().client_id(&self.client_id).auth_flow(AuthFlowType::UserPasswordAuth);
        call = call.auth_parameters("USERNAME", email.as_str()).auth_parameters("PASSWORD", password.expose());
        if let Some(proof) = self.proof(email).await? {
            call = call.auth_parameters("SECRET_HASH", proof);
        }
        let answer = call.send().await.map_err(|error| no("InitiateAuth", &error))?;
        match answer.authentication_result.and_then(tokens) {
            Some(tokens) => Ok(tokens),
            None => Err(challenged(answer.challenge_name.as_ref())),
        }
    }

    /// Gives new tokens for a refresh token. It need not be said whose it is.
    ///
    /// # Errors
    /// When the token is void.
    pub async fn refresh(&self, token: &Token) -> Result<Tokens, No> {
        self.renew(token).await.and_then(|result| tokens(result).ok_or(No::Unavailable))
    }

    /// Gives the access of whoever has a refresh token.
    ///
    /// # Errors
    /// When the token is void.
    pub async fn access(&self, token: &Token) -> Result<Access, No> {
        let token = self.renew(token).await?.access_token.ok_or(No::Unavailable)?;
        let subject = subject(&token).ok_or(No::Unavailable)?;
        Ok(Access { token: token.into(), subject })
    }

    async fn renew(&self, token: &Token) -> Result<AuthenticationResultType, No> {
        let call = self.client.get_tokens_from_refresh_token().client_id(&self.client_id);
        let call = call.set_client_secret(self.secret().await?.map(str::to_owned)).refresh_token(token.expose());
        let answer = call.send().await.map_err(|error| no("GetTokensFromRefreshToken", &error))?;
        answer.authentication_result.ok_or(No::Unavailable)
    }

    /// Makes a refresh token void, and with it the access tokens that came of it.
    ///
    /// # Errors
    /// [`No::Unusable`] when it is no refresh token; and what Cognito refuses.
    pub async fn revoke(&self, token: &Token) -> Result<(), No> {
        let secret = self.secret().await?.map(str::to_owned);
        let call = self.client.revoke_token().client_id(&self.client_id).set_client_secret(secret);
        call.token(token.expose()).send().await.map(drop).map_err(|error| no("RevokeToken", &error))
    }

    /// Sends a code by which the password can be set anew.
    ///
    /// # Errors
    /// [`No::Unusable`] when the address is not confirmed; and what Cognito refuses.
    pub async fn forgot(&self, email: &Email) -> Result<(), No> {
        let call = self.client.forgot_password().client_id(&self.client_id).set_secret_hash(self.proof(email).await?);
        call.username(email.as_str()).send().await.map(drop).map_err(|error| no("ForgotPassword", &error))
    }

    /// Sets the password by the code that the address got.
    ///
    /// # Errors
    /// When the code is wrong, and when none was sent. [`No::Unanswered`]: the password may be set.
    pub async fn reset(&self, email: &Email, code: &Code, password: &Password) -> Result<(), No> {
        let call = self.client.confirm_forgot_password().client_id(&self.client_id).set_secret_hash(self.proof(email).await?);
        let call = call.username(email.as_str()).confirmation_code(code.expose()).password(password.expose());
        call.customize().config_override(once()).send().await.map(drop).map_err(|error| no("ConfirmForgotPassword", &error))
    }

    /// Sets the password of somebody who has just proven that the address is theirs.
    ///
    /// # Errors
    /// When Cognito does not do it.
    pub async fn set_password(&self, email: &Email, password: &Password) -> Result<(), No> {
        let call = self.client.admin_set_user_password().user_pool_id(&self.pool).permanent(true);
        let call = call.username(email.as_str()).password(password.expose());
        call.send().await.map(drop).map_err(|error| no("AdminSetUserPassword", &error))
    }

    /// Makes all tokens of an account void, but for identity tokens, which hold until they expire.
    ///
    /// # Errors
    /// When Cognito does not do it.
    pub async fn end_all_sessions(&self, email: &Email) -> Result<(), No> {
        let call = self.client.admin_user_global_sign_out().user_pool_id(&self.pool).username(email.as_str());
        call.send().await.map(drop).map_err(|error| no("AdminUserGlobalSignOut", &error))
    }

    /// Notes a phone, unproven, and sends it a code.
    ///
    /// # Errors
    /// When the access is void, too many codes were sent, or the text message was not.
    pub async fn send_phone_code(&self, access: &Access, phone: &PhoneNumber) -> Result<(), No> {
        let token = access.token.expose_secret();
        let call = self.client.update_user_attributes().access_token(token);
        let noted = call.user_attributes(attribute("phone_number", phone.e164())).send().await;
        noted.map_err(|error| no("UpdateUserAttributes", &error))?;
        let call = self.client.get_user_attribute_verification_code().access_token(token);
        let sent = call.attribute_name("phone_number").send().await;
        sent.map(drop).map_err(|error| no("GetUserAttributeVerificationCode", &error))
    }

    /// Proves the noted phone by the code that it got.
    ///
    /// # Errors
    /// When the code is wrong or the access void. [`No::Unanswered`]: the phone may be proven.
    pub async fn verify_phone(&self, access: &Access, code: &Code) -> Result<(), No> {
        let call = self.client.verify_user_attribute().access_token(access.token.expose_secret());
        let call = call.attribute_name("phone_number").code(code.expose());
        let proven = call.customize().config_override(once()).send().await;
        proven.map(drop).map_err(|error| no("VerifyUserAttribute", &error))
    }
}

fn attribute(name: &str, value: &str) -> AttributeType {
    AttributeType::builder().name(name).value(value).build().expect("it has a name")
}

fn tokens(result: AuthenticationResultType) -> Option<Tokens> {
    Some(Tokens { id_token: result.id_token?, refresh_token: result.refresh_token, expires_in: result.expires_in })
}

/// Whose access token it is. Nobody but Cognito has had it in hand.
fn subject(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    serde_json::from_slice::<Value>(&payload).ok()?["sub"].as_str().map(str::to_owned)
}

/// The pool asks for more than a password only of accounts that an administrator has made or changed.
fn challenged(challenge: Option<&ChallengeNameType>) -> No {
    let challenge = challenge.map_or("none", ChallengeNameType::as_str);
    tracing::warn!(event = "session.challenged", challenge, "the sign-in asks for what this API does not offer");
    No::NotAuthorized
}
