//! One attempt: from the claim, which is committed, to the answer, which is then stored.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use shared::aws::topics::Publisher;
use shared::clock::Ambient;
use shared::db::bundles;
use shared::db::bundles::claim::Claimed;
use shared::db::messages::{self, Outbound};
use shared::failure::{Failure, chain};
use shared::model::result::Reason;
use shared::model::state::{BundleState, CampaignKind};
use shared::model::template::{Button, LINK_VARIABLE, variables};
use shared::provider::{Call, NoAnswer, Provider, Recipient, SendOutcome};

use crate::Deps;
use crate::settle::{self, LeftOver};

/// An attempt that is older than this was frozen on the way to the provider.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// The longest that a call and storing its answer take.
const CALL: TimeDelta = TimeDelta::seconds(22);
/// How long each of the two questions may take that are asked before a try: with the call, both are over before the next one tries.
const QUESTION: Duration = Duration::from_secs(4);
/// How often those who refuse are excluded: between two looks somebody else may refuse.
const LOOKS: u32 = 5;

/// What came of an attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The provider was called.
    Answered(SendOutcome),
    /// It was not, and may be later: for the log, why.
    Deferred(&'static str),
    /// It was not, because the messages could not be read.
    Unread,
    /// It was not, and will not be.
    Withheld(Reason),
}

/// Hands over what was claimed and stores what came of it; does what is left over from the attempt before meanwhile. Answers what is
/// left over of this one.
///
/// # Errors
/// When the database does not answer until the end: the bundle stays `calling`, and reconcile finds out what became of it.
pub(crate) async fn deliver<V: Provider, P: Publisher, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    deadline: DateTime<Utc>,
    mut before: LeftOver,
) -> Result<LeftOver, Failure> {
    let outbound = match load(deps, claimed).await {
        Ok(Some(outbound)) => outbound,
        Ok(None) => {
            before.tidy_up(deps).await;
            return Ok(LeftOver::default());
        }
        // Whatever ails the database, nothing was sent.
        Err(error) => {
            let (bundle, error) = (claimed.attempt.bundle, chain(&error));
            tracing::error!(event = "bundle.unread", bundle.id = %bundle, error, "put back, its messages could not be read");
            return without_call(deps, claimed, Outcome::Unread, deadline, before).await;
        }
    };
    let call = match write(claimed, &outbound) {
        Ok(call) => call,
        Err(reason) => return without_call(deps, claimed, Outcome::Withheld(reason), deadline, before).await,
    };
    tokio::time::sleep((claimed.place - deps.ambient.now()).to_std().unwrap_or_default()).await;
    if claimed.is_try {
        let (found, ()) = tokio::join!(find_provider(deps, claimed), std::mem::take(&mut before).tidy_up(deps));
        if let Err(why) = found {
            let outcome = Outcome::Answered(SendOutcome::NotSent { why });
            return without_call(deps, claimed, outcome, deadline, before).await;
        }
    }
    if let Some(why) = hindrance(claimed, &deps.ambient, deadline) {
        return without_call(deps, claimed, Outcome::Deferred(why), deadline, before).await;
    }
    // The answer is stored as soon as it is there, however long the rest takes.
    let called = async {
        let answer = deps.provider.send(&call).await;
        settle::settle(deps, claimed, &Outcome::Answered(answer), deadline).await
    };
    tokio::join!(called, before.tidy_up(deps)).0
}

async fn without_call<V, P: Publisher, D>(
    deps: &Deps<V, P, D>,
    claimed: &Claimed,
    outcome: Outcome,
    deadline: DateTime<Utc>,
    before: LeftOver,
) -> Result<LeftOver, Failure> {
    before.tidy_up(deps).await;
    settle::settle(deps, claimed, &outcome, deadline).await
}

/// Asks a provider that gave no answers whether it does now, by questions that may be repeated: a call that it does not answer costs
/// the bundle. Any words of it will do, also a refusal. The second question is for the case that it tells the balance in a form that
/// nobody knows: that is not to keep the gate closed for ever.
async fn find_provider<V: Provider, P, D>(deps: &Deps<V, P, D>, claimed: &Claimed) -> Result<(), String> {
    if heard(deps.provider.balance()).await.is_ok() {
        return Ok(());
    }
    heard(deps.provider.templates(&claimed.campaign.sender_key)).await
}

async fn heard<T>(question: impl Future<Output = Result<T, NoAnswer>>) -> Result<(), String> {
    match tokio::time::timeout(QUESTION, question).await {
        Ok(Ok(_) | Err(NoAnswer::Refused { .. })) => Ok(()),
        Ok(Err(NoAnswer::Unusable(why))) => Err(why),
        Err(_) => Err("no answer to a question in time".to_owned()),
    }
}

/// The messages of the bundle, without those who refuse them by now. None when the bundle has another attempt by
/// now, after a long freeze.
async fn load<V, P, D>(deps: &Deps<V, P, D>, claimed: &Claimed) -> Result<Option<Vec<Outbound>>, Failure> {
    let (attempt, advertising) = (claimed.attempt, claimed.campaign.kind == CampaignKind::Advertising);
    for _ in 0..LOOKS {
        let mut connection = deps.database.acquire().await?;
        if let Some(outbound) = messages::list_outbound(&mut connection, attempt.clinic, attempt.bundle, advertising).await? {
            return Ok(Some(outbound));
        }
        drop(connection);
        let now = deps.ambient.now();
        let excluded = deps.database.transaction::<_, Failure>("exclude_refusers", |tx| {
            Box::pin(async move { Ok(messages::exclude_refusers(tx, attempt, advertising, now).await?) })
        });
        let excluded = excluded.await?;
        tracing::info!(event = "bundle.refusers_excluded", bundle.id = %attempt.bundle, excluded, "some refuse messages by now");
        // Nobody is left to exclude also when who refused has just taken that back.
        if excluded == 0 {
            let bundle = bundles::find(&mut *deps.database.acquire().await?, attempt.clinic, attempt.bundle).await?;
            if bundle.is_none_or(|bundle| bundle.state != BundleState::Calling || bundle.attempt_in_hand() != attempt) {
                return Ok(None);
            }
        }
    }
    Err(Failure::retry("who refuses messages changes all the time"))
}

/// What is handed over: everybody who waits, each with a link of their own.
fn write<'a>(claimed: &'a Claimed, outbound: &'a [Outbound]) -> Result<Call<'a>, Reason> {
    let campaign = &claimed.campaign;
    if outbound.is_empty() {
        return Err(Reason::Suppressed);
    }
    let others_need_nothing_but_the_link = campaign.buttons.iter().flat_map(Button::addresses).all(|address| {
        let variables = variables(address);
        variables.is_empty() || variables.iter().eq([&LINK_VARIABLE])
    });
    if !others_need_nothing_but_the_link && outbound.iter().any(|message| message.buttons.is_none()) {
        return Err(Reason::NotRenderable);
    }
    let recipients = outbound.iter().map(|message| Recipient {
        phone: &message.phone,
        text: &message.body,
        title: message.title.as_ref().unwrap_or(&campaign.emphasis_title),
        link: &message.link,
        buttons: message.buttons.as_deref(),
    });
    Ok(Call {
        sender_key: &campaign.sender_key,
        sender_phone: &campaign.sender_phone,
        template_code: &campaign.template_code,
        buttons: if others_need_nothing_but_the_link { &campaign.buttons } else { &[] },
        recipients: recipients.collect(),
    })
}

/// Why the provider is better not called at this moment, after all that has happened since the claim.
fn hindrance(claimed: &Claimed, ambient: &Ambient, deadline: DateTime<Utc>) -> Option<&'static str> {
    let now = ambient.now();
    if now - claimed.called_at > FRESH {
        Some("the worker was frozen")
    } else if now > deadline - CALL {
        Some("the worker ends too soon")
    } else if claimed.campaign.is_quiet(now) {
        Some("the hours are quiet")
    } else if claimed.campaign.kind != CampaignKind::Test && claimed.campaign.link_has_ended(now) {
        Some("its link has ended")
    } else {
        None
    }
}
