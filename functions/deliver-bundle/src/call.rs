//! One attempt: from the claim, which is committed, to the answer, which is then stored.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::bundles::claim::Claimed;
use shared::db::messages::{self, Outbound};
use shared::failure::Failure;
use shared::model::quiet;
use shared::model::result::Reason;
use shared::model::state::CampaignKind;
use shared::model::template::{Button, LINK_VARIABLE, fill};
use shared::provider::{Call, Provider, Recipient, SendOutcome};

use crate::Deps;
use crate::settle::{self, LeftOver};

/// An attempt that is older than this was frozen on the way to the provider.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// The longest that a call and storing its answer take.
const CALL: TimeDelta = TimeDelta::seconds(22);

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The provider was called.
    Answered(SendOutcome),
    /// It was not, and may be later: for the log, why.
    Deferred(&'static str),
    /// It was not, and will not be.
    Withheld(Reason),
}

/// Hands over what was claimed and stores what came of it; does what is left over from the attempt before meanwhile. Answers what is
/// left over of this one.
///
/// # Errors
/// When the database does not answer: the bundle stays `calling`, and reconcile finds out what became of it.
pub(crate) async fn deliver<V: Provider, P: Publisher, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    deadline: DateTime<Utc>,
    before: LeftOver,
) -> Result<LeftOver, Failure> {
    let Some(outbound) = load(deps, claimed).await? else {
        before.tidy_up(deps).await;
        return Ok(LeftOver::default());
    };
    let call = match write(claimed, &outbound) {
        Ok(call) => call,
        Err(reason) => return without_call(deps, claimed, Outcome::Withheld(reason), before).await,
    };
    tokio::time::sleep((claimed.place - deps.ambient.now()).to_std().unwrap_or_default()).await;
    if let Some(why) = hindrance(claimed, &deps.ambient, deadline) {
        return without_call(deps, claimed, Outcome::Deferred(why), before).await;
    }
    // The answer is stored as soon as it is there, however long the rest takes.
    let called = async {
        let answer = deps.provider.send(&call).await;
        settle::settle(deps, claimed, &Outcome::Answered(answer)).await
    };
    tokio::join!(called, before.tidy_up(deps)).0
}

async fn without_call<V, P: Publisher, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    outcome: Outcome,
    before: LeftOver,
) -> Result<LeftOver, Failure> {
    before.tidy_up(deps).await;
    settle::settle(deps, claimed, &outcome).await
}

/// The messages of the bundle, without those who refuse them by now. None when the bundle has another attempt by
/// now, after a long freeze.
async fn load<V, P, D>(deps: &Deps<V, P, D>, claimed: &Claimed) -> Result<Option<Vec<Outbound>>, Failure> {
    let (attempt, advertising) = (claimed.attempt, claimed.campaign.kind == CampaignKind::Advertising);
    let mut connection = deps.database.acquire().await?;
    loop {
        if let Some(outbound) = messages::list_outbound(&mut connection, attempt.clinic, attempt.bundle, advertising).await? {
            return Ok(Some(outbound));
        }
        let excluded = messages::exclude_refusers(&mut connection, attempt, advertising, deps.ambient.now()).await?;
        tracing::info!(event = "bundle.refusers_excluded", bundle.id = %attempt.bundle, excluded, "some refuse messages by now");
        if excluded == 0 {
            return Ok(None);
        }
    }
}

/// What is handed over: everybody who waits, each with a link of their own.
fn write<'a>(claimed: &'a Claimed, outbound: &'a [Outbound]) -> Result<Call<'a>, Reason> {
    let campaign = &claimed.campaign;
    if outbound.is_empty() {
        return Err(Reason::Suppressed);
    }
    let recipients = outbound.iter().map(|message| {
        let buttons = match &message.buttons {
            Some(buttons) => buttons.clone(),
            None => linked(&campaign.buttons, &message.link).ok_or(Reason::NotRenderable)?,
        };
        let title = message.title.as_ref().unwrap_or(&campaign.emphasis_title);
        Ok(Recipient { phone: &message.phone, text: &message.body, title, buttons })
    });
    Ok(Call {
        sender_key: &campaign.sender_key,
        sender_phone: &campaign.sender_phone,
        template_code: &campaign.template_code,
        recipients: recipients.collect::<Result<_, _>>()?,
    })
}

/// The campaign's buttons with the link filled in; none when they have other variables.
fn linked(buttons: &[Button], link: &str) -> Option<Vec<Button>> {
    let filled = |address: &str| fill(address, |name| (name == LINK_VARIABLE).then_some(Cow::Borrowed(link))).ok();
    let buttons = buttons.iter().map(|button| {
        Some(Button {
            name: button.name.clone(),
            link_type: button.link_type.clone(),
            link_type_name: button.link_type_name.clone(),
            link_mo: filled(&button.link_mo)?,
            link_pc: filled(&button.link_pc)?,
            link_ios: filled(&button.link_ios)?,
            link_and: filled(&button.link_and)?,
        })
    });
    buttons.collect()
}

/// Why the provider is better not called at this moment, after all that has happened since the claim.
fn hindrance(claimed: &Claimed, ambient: &Ambient, deadline: DateTime<Utc>) -> Option<&'static str> {
    let now = ambient.now();
    if now - claimed.called_at > FRESH {
        Some("the worker was frozen")
    } else if now > deadline - CALL {
        Some("the worker ends too soon")
    } else if claimed.campaign.kind == CampaignKind::Advertising && quiet::is_quiet(now) {
        Some("it is too late in the evening")
    } else {
        None
    }
}
