//! The simulator inside of another program's tests, with the clock of the test.

use std::{collections::BTreeMap, io, sync::Arc};

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::{app::App, clock::Clock, faults::SEND_PATH, listen_anywhere, options::Options, serve};

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

/// A clock that reads the time elsewhere.
struct Elsewhere<F>(F);

impl<F: Fn() -> DateTime<Utc> + Send + Sync + 'static> Clock for Elsewhere<F> {
    fn now(&self) -> DateTime<Utc> {
        (self.0)()
    }
}

impl InProcess {
    /// Starts one with the default options on a free port.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> io::Result<Self> {
        let (listener, address) = listen_anywhere().await?;
        let options = Options::default();
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

    /// Adds a line to the fault script, as `POST /admin/faults` does.
    ///
    /// # Errors
    /// When it is not one.
    pub fn add_fault(&self, fault: Value) -> serde_json::Result<()> {
        let fault = serde_json::from_value(fault)?;
        self.app.script(|script| script.add(fault));
        Ok(())
    }

    /// How often each link was really accepted.
    #[must_use]
    pub fn accepted_per_token(&self) -> BTreeMap<String, u64> {
        self.app.read(|world, _| {
            let mut accepted = BTreeMap::new();
            let messages = world.calls.iter().filter(|call| call.is_real()).flat_map(|call| &call.messages);
            for token in messages.filter(|message| message.accepted).filter_map(|message| message.link_token.clone()) {
                *accepted.entry(token).or_default() += 1;
            }
            accepted
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
