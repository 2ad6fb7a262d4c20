//! The simulator inside of another program's tests, with the clock of the test.

use std::{collections::BTreeMap, error::Error, io, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{
    app::App,
    clock::{DayPart, Elsewhere},
    faults::SEND_PATH,
    listen_anywhere,
    options::Options,
    outage::Outage,
    script::Addition,
    serve,
    truth::{self, Accepted, Filter},
};

/// A running simulator. It ends when this is dropped.
pub struct InProcess {
    /// Where it listens.
    pub url: String,
    /// What it knows.
    pub app: Arc<App>,
    /// How it was started: key, account, sender profile.
    pub options: Options,
    server: JoinHandle<io::Result<()>>,
}

impl InProcess {
    /// Starts one with the default options on a free port.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> io::Result<Self> {
        Self::start_with(Options::default(), now).await
    }

    /// Starts one on a free port, whatever `options` say about it.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start_with(options: Options, now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> io::Result<Self> {
        let (listener, address) = listen_anywhere().await?;
        let app = Arc::new(App::new(options.clone(), Elsewhere(now), None));
        let server = tokio::spawn(serve(listener, Arc::clone(&app)));
        Ok(Self { url: format!("http://{address}"), app, options, server })
    }

    /// Adds a template, as `POST /admin/templates` does.
    ///
    /// # Errors
    /// When it is not one.
    pub fn add_template(&self, template: Value) -> serde_json::Result<()> {
        let template: crate::templates::Template = serde_json::from_value(template)?;
        self.app.write(|world, now| world.templates.push(template.completed(&self.options.sender_key, now)));
        Ok(())
    }

    /// Adds a line to the fault script.
    ///
    /// # Errors
    /// When it is not one.
    pub fn add_fault(&self, fault: Value) -> Result<(), Box<dyn Error + Send + Sync>> {
        let addition = Addition { faults: vec![serde_json::from_value(fault)?], ..Addition::default() };
        Ok(self.app.script(|script| script.add(addition))?)
    }

    /// Adds to the fault script, as `POST /admin/faults` does.
    ///
    /// # Errors
    /// When one of the lines makes no sense.
    pub fn add_faults(&self, addition: Value) -> Result<(), Box<dyn Error + Send + Sync>> {
        let addition: Addition = serde_json::from_value(addition)?;
        Ok(self.app.script(|script| script.add(addition))?)
    }

    /// Plans an outage, as `POST /admin/outages` does.
    ///
    /// # Errors
    /// When its times make no sense.
    pub fn plan_outage(&self, outage: Value) -> Result<Outage, Box<dyn Error + Send + Sync>> {
        Ok(self.app.plan_outage(serde_json::from_value(outage)?)?)
    }

    /// Changes settings, as `PATCH /admin/settings` does.
    ///
    /// # Errors
    /// When one of them is unknown or makes no sense.
    pub fn set(&self, changes: Value) -> Result<(), String> {
        self.app.write(|world, _| {
            world.settings = world.settings.changed(changes)?;
            Ok(())
        })
    }

    /// The messages that were really accepted.
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.app.read(|world, _| truth::accepted(world, &Filter::default()))
    }

    /// The messages that were really accepted in a part of the day in Korea.
    #[must_use]
    pub fn accepted_between(&self, part: DayPart) -> Vec<Accepted> {
        let filter = Filter { accepted_between: Some(part), ..Filter::default() };
        self.app.read(|world, _| truth::accepted(world, &filter))
    }

    /// How often each link was really accepted.
    #[must_use]
    pub fn accepted_per_token(&self) -> BTreeMap<String, u64> {
        self.app.read(|world, _| {
            let counts = truth::per_link_token(world, &Filter::default());
            counts.into_iter().map(|(token, accepted)| (token.to_owned(), accepted)).collect()
        })
    }

    /// How often the call that sends arrived, whatever the answer.
    #[must_use]
    pub fn sends(&self) -> u64 {
        self.app.read(|world, _| world.requests.get(SEND_PATH).copied().unwrap_or_default())
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.server.abort();
    }
}
