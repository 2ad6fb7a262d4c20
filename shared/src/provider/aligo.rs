//! Aligo's `AlimTalk` API over HTTP.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use aws_config::SdkConfig;
use chrono::NaiveDate;
use reqwest::{Body, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::form_urlencoded::Serializer;

use super::form::{Form, Pattern};
use super::{Call, ChangeOutcome, Listing, NoAnswer, Provider, Report, SendOutcome, TakenCall, TemplateChange, answer};
use crate::aws::secrets::{self, SecretUnavailable};
use crate::config::ProviderConfig;
use crate::failure::chain;
use crate::model::approval::Described;
use crate::model::template::Button;
use crate::model::wording::Wording;

/// What stands for the link in the buttons of a call.
const LINK: &str = "#{link}";
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// From the connection to the last byte of the answer of a call that sends.
const SEND_LIMIT: Duration = Duration::from_secs(20);
/// The same for a question.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// The same for templates: a person waits for up to three of these calls, and API Gateway for 29 seconds.
const TEMPLATE_LIMIT: Duration = Duration::from_secs(7);
/// 500 rows of a history with long texts are about 3 MiB.
const MOST_BYTES: usize = 16 << 20;
/// The most rows that a page of a history may have.
const ROWS_PER_PAGE: &str = "500";

/// What proves to the provider who we are, as the secret holds it: `{"apiKey": …, "userId": …}`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// `apikey`.
    pub api_key: SecretString,
    /// `userid`.
    pub user_id: SecretString,
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The credentials are not to be had.
    #[error(transparent)]
    Secret(#[from] SecretUnavailable),
    /// No HTTP client, for example because this machine trusts no authority.
    #[error("no HTTP client for the provider")]
    Client(#[from] reqwest::Error),
}

/// Aligo.
pub struct Aligo {
    client: reqwest::Client,
    base_url: String,
    credentials: Credentials,
    send_limit: Duration,
}

impl fmt::Debug for Aligo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aligo").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Why there is no body to read.
enum Trouble {
    /// Nothing left this machine.
    NotSent(String),
    /// The request may have arrived.
    Unclear(String),
}

impl Aligo {
    /// Reads the credentials and sets up the client; nothing is sent.
    ///
    /// # Errors
    /// When the credentials are not to be had.
    pub async fn connect(config: &ProviderConfig, sdk: &SdkConfig) -> Result<Self, Unusable> {
        let credentials = secrets::read(sdk, &config.secret_arn).await?;
        Ok(Self::new(&config.base_url, credentials)?)
    }

    /// A client with these credentials.
    ///
    /// # Errors
    /// When there is no HTTP client to be had.
    pub fn new(base_url: &str, credentials: Credentials) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            // Nothing that could send a call a second time: no kept connection that may be dead after a freeze, no repetition,
            // no HTTP/2 with repetitions of its own, no redirect.
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            // The provider knows us by our address.
            .no_proxy()
            .build()?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { client, base_url, credentials, send_limit: SEND_LIMIT })
    }

    /// The same with less patience, for tests.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn within(self, send_limit: Duration) -> Self {
        Self { send_limit, ..self }
    }

    /// The body of a question.
    fn form(&self, fields: &[(&str, &str)]) -> String {
        self.signed().extend_pairs(fields).finish()
    }

    fn signed(&self) -> Serializer<'static, String> {
        let mut form = Serializer::new(String::new());
        form.append_pair("apikey", self.credentials.api_key.expose_secret());
        form.append_pair("userid", self.credentials.user_id.expose_secret());
        form
    }

    /// The body of a call that sends.
    fn form_of(&self, call: &Call<'_>) -> Result<Vec<u8>, serde_json::Error> {
        let mut form = Form::behind(self.signed().finish());
        append_call(&mut form, call)?;
        Ok(form.finish())
    }

    /// The path and the body of a call that changes templates.
    fn change_form(&self, sender_key: &str, change: &TemplateChange<'_>) -> Result<(&'static str, String), serde_json::Error> {
        let (path, code, wording) = match *change {
            TemplateChange::Add(wording) => ("/akv10/template/add/", None, Some(wording)),
            TemplateChange::Modify { code, wording } => ("/akv10/template/modify/", Some(code), Some(wording)),
            TemplateChange::Delete { code } => ("/akv10/template/del/", Some(code), None),
            TemplateChange::RequestReview { code } => ("/akv10/template/request/", Some(code), None),
        };
        let mut form = self.signed();
        form.append_pair("senderkey", sender_key);
        if let Some(code) = code {
            form.append_pair("tpl_code", code);
        }
        if let Some(wording) = wording {
            append_wording(&mut form, wording)?;
        }
        Ok((path, form.finish()))
    }

    async fn post(&self, path: &str, form: impl Into<Body>, limit: Duration) -> Result<Vec<u8>, Trouble> {
        let request = self
            .client
            .post(format!("{}{path}", self.base_url))
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .timeout(limit)
            .body(form);
        let mut response = request.send().await.map_err(|error| {
            // A connection that was never made, or a request that could not even be written down.
            let never_left = error.is_connect() || error.is_builder();
            let why = chain(&error.without_url());
            if never_left { Trouble::NotSent(why) } else { Trouble::Unclear(why) }
        })?;
        // The provider says 200 even when it refuses: anything else comes from something in front of it.
        if response.status() != StatusCode::OK {
            return Err(Trouble::Unclear(format!("HTTP status {}", response.status().as_u16())));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= MOST_BYTES => body.extend_from_slice(&chunk),
                Ok(Some(_)) => return Err(Trouble::Unclear("the answer is too long".to_owned())),
                Ok(None) => return Ok(body),
                Err(error) => return Err(Trouble::Unclear(chain(&error.without_url()))),
            }
        }
    }

    async fn ask(&self, path: &str, form: String, limit: Duration) -> Result<Vec<u8>, NoAnswer> {
        let asked = self.post(path, form, limit).await;
        asked.map_err(|trouble| match trouble {
            Trouble::NotSent(why) | Trouble::Unclear(why) => NoAnswer::Unusable(why),
        })
    }
}

/// What `button_N` holds.
#[derive(Serialize)]
struct Buttons<'a> {
    button: &'a [Button],
}

fn json_of(buttons: &[Button]) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Buttons { button: buttons })
}

/// Adds what a template is to say.
fn append_wording(form: &mut Serializer<'static, String>, wording: &Wording) -> Result<(), serde_json::Error> {
    form.append_pair("tpl_name", &wording.name);
    form.append_pair("tpl_content", &wording.content);
    form.append_pair("tpl_type", &wording.kind);
    form.append_pair("tpl_emtype", if wording.emphasis_title.is_empty() { "NONE" } else { "TEXT" });
    if !wording.emphasis_title.is_empty() {
        form.append_pair("tpl_title", &wording.emphasis_title);
        form.append_pair("tpl_stitle", &wording.emphasis_subtitle);
    }
    if !wording.buttons.is_empty() {
        form.append_pair("tpl_button", &json_of(&wording.buttons)?);
    }
    Ok(())
}

/// Adds the fields of a call that sends.
fn append_call(form: &mut Form, call: &Call<'_>) -> Result<(), serde_json::Error> {
    form.add("senderkey", call.sender_key);
    form.add("tpl_code", call.template_code);
    form.add("sender", call.sender_phone);
    // The same for everybody but for the link: encoded once.
    let buttons = Pattern::of(&json_of(call.buttons)?, LINK);
    for (number, recipient) in (1..).zip(&call.recipients) {
        let mut add = |field: &str, value: &str| form.add_numbered(field, number, value);
        add("receiver", &recipient.phone.digits());
        // Required, but shown to nobody.
        add("subject", call.template_code);
        add("message", recipient.text);
        if !recipient.title.is_empty() {
            add("emtitle", recipient.title);
        }
        match recipient.buttons {
            Some([]) => {}
            Some(own) => add("button", &json_of(own)?),
            None if call.buttons.is_empty() => {}
            None => form.add_pattern("button", number, &buttons, recipient.link),
        }
    }
    Ok(())
}

impl Provider for Aligo {
    async fn send(&self, call: &Call<'_>) -> SendOutcome {
        let form = match self.form_of(call) {
            Ok(form) => form,
            Err(error) => return SendOutcome::NotSent { why: error.to_string() },
        };
        match self.post("/akv10/alimtalk/send/", form, self.send_limit).await {
            Ok(body) => answer::of_send(&body),
            Err(Trouble::NotSent(why)) => SendOutcome::NotSent { why },
            Err(Trouble::Unclear(why)) => SendOutcome::Unknown { why },
        }
    }

    async fn templates(&self, sender_key: &str) -> Result<Vec<Described>, NoAnswer> {
        let form = self.form(&[("senderkey", sender_key)]);
        answer::of_templates(&self.ask("/akv10/template/list/", form, TEMPLATE_LIMIT).await?)
    }

    async fn change_template(&self, sender_key: &str, change: &TemplateChange<'_>) -> ChangeOutcome {
        let (path, form) = match self.change_form(sender_key, change) {
            Ok(call) => call,
            Err(error) => return ChangeOutcome::NotSent { why: error.to_string() },
        };
        match self.post(path, form, self.send_limit.min(TEMPLATE_LIMIT)).await {
            Ok(body) => answer::of_change(&body),
            Err(Trouble::NotSent(why)) => ChangeOutcome::NotSent { why },
            Err(Trouble::Unclear(why)) => ChangeOutcome::Unclear { why },
        }
    }

    async fn balance(&self) -> Result<u64, NoAnswer> {
        answer::of_balance(&self.ask("/akv10/heartinfo/", self.form(&[]), ASK_LIMIT).await?)
    }

    async fn history(&self, days: RangeInclusive<NaiveDate>, page: u32) -> Result<Listing<TakenCall>, NoAnswer> {
        let (page, from, until) = (page.to_string(), written(*days.start()), written(*days.end()));
        let form = self.form(&[("page", &page), ("limit", ROWS_PER_PAGE), ("startdate", &from), ("enddate", &until)]);
        answer::of_history(&self.ask("/akv10/history/list/", form, ASK_LIMIT).await?)
    }

    async fn detail(&self, provider_id: &str, page: u32) -> Result<Listing<Report>, NoAnswer> {
        let form = self.form(&[("mid", provider_id), ("page", &page.to_string()), ("limit", ROWS_PER_PAGE)]);
        answer::of_detail(&self.ask("/akv10/history/detail/", form, ASK_LIMIT).await?)
    }
}

fn written(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}
