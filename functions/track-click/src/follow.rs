//! What happens when somebody opens a link.

use std::pin::pin;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use shared::http::Source;
use shared::message::ClickReceived;
use shared::model::click::RULE_VERSION;
use shared::model::link::Destination;
use shared::model::state::ClickClass;
use shared::model::{CampaignId, ClickId, MessageId};

use crate::database::NobodyKnows;
use crate::guarded::Asked;
use crate::guesses::Verdict;
use crate::hand_over::Clicks;
use crate::keys::KeySource;
use crate::memory::Turn;
use crate::visitor::Visitor;
use crate::{Deps, PRIVATE, page};

/// Why a visit of a link that has ended is of its class.
const EXPIRED: &str = "expired";

/// What the store has not been told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing: it knew the way, and has counted the visit with the class of its visitor, or will have when it gets to it.
    Nothing,
    /// The visit.
    Visit,
    /// The destination; the visit as above.
    Destination,
    /// Both.
    Both,
}

impl<C: Clicks, K: KeySource> Deps<C, K> {
    /// Answers a visitor whose token is ours.
    pub(crate) async fn follow(&self, message: MessageId, visitor: Visitor, now: DateTime<Utc>) -> Response {
        let class = visitor.class;
        let (turn, left) = match self.find(message.campaign, class, now).await {
            Ok(Some(found)) => found,
            Ok(None) => return leads_nowhere(message),
            Err(error) => return not_found_out(message, &visitor, &error),
        };
        let click = self.click(message, visitor, &turn, now);
        let hand_over = self.clicks.give(click, &self.store, now);
        tokio::join!(hand_over, self.settle(message.campaign, class, turn.has_ended, left, now));
        if turn.has_ended {
            return page::ended();
        }
        (StatusCode::FOUND, PRIVATE, [(header::LOCATION, turn.location)]).into_response()
    }

    fn click(&self, message: MessageId, visitor: Visitor, turn: &Turn, now: DateTime<Utc>) -> ClickReceived {
        let (class, reason) = if turn.has_ended { (ClickClass::Rejected, EXPIRED) } else { (visitor.class, visitor.reason) };
        ClickReceived::V1 {
            click_id: ClickId::new(&self.ambient),
            clinic_id: turn.clinic,
            campaign_id: message.campaign,
            message_number: message.number,
            class,
            reason: reason.to_owned(),
            rule_version: RULE_VERSION,
            agent: visitor.agent,
            method: visitor.method.as_str().to_owned(),
            purpose: visitor.purpose,
            origin: Some(turn.origin),
            sequence: Some(turn.sequence),
            clicked_at: now,
        }
    }

    /// Where the campaign's links lead: from memory, else from the store, else from the database.
    async fn find(
        &self,
        campaign: CampaignId,
        class: ClickClass,
        now: DateTime<Utc>,
    ) -> Result<Option<(Turn, Left)>, NobodyKnows> {
        if let Some(turn) = self.memory.turn(campaign, now) {
            return Ok(Some((turn, Left::Visit)));
        }
        if self.database.said_that_gone(campaign, now) {
            return Ok(None);
        }
        let asked = self.store.visit(campaign, class, now).await;
        // A store that said nothing in time counts when it gets to it: once more would be twice.
        let may_have_counted = !matches!(asked, Asked::Spared);
        let found = match asked {
            Asked::Said(Some(destination)) => Ok(Some((destination, Left::Nothing))),
            Asked::Said(None) => {
                let answer = self.database.find(campaign, &self.ambient).await;
                answer.map(|found| found.map(|destination| (destination, Left::Destination)))
            }
            Asked::Silent => self.ask_both(campaign, now, [Left::Nothing, Left::Destination]).await,
            Asked::Spared => self.ask_both(campaign, now, [Left::Visit, Left::Both]).await,
        };
        let learn = |(destination, left)| Some((self.memory.learn(campaign, destination, &self.ambient)?, left));
        let found = found.map(|found| found.and_then(learn));
        if may_have_counted && !matches!(found, Ok(Some(_))) {
            // Nobody is sent anywhere, so nobody was.
            self.store.take_back(campaign, class, now).await;
        }
        found
    }

    /// Asks the database, and if that takes its time or fails also the store, although it did not answer a moment ago: there is
    /// nobody else. Answers what is left to tell the store if it knew the way, or else.
    async fn ask_both(
        &self,
        campaign: CampaignId,
        now: DateTime<Utc>,
        [known, unknown]: [Left; 2],
    ) -> Result<Option<(Destination, Left)>, NobodyKnows> {
        let from_store = async || Some((self.store.look_up(campaign, now).await?, known));
        let mut database = pin!(self.database.find(campaign, &self.ambient));
        let meanwhile = async {
            tokio::time::sleep(self.store.patience()).await;
            from_store().await
        };
        let answer = tokio::select! {
            biased;
            answer = &mut database => answer,
            Some(found) = meanwhile => return Ok(Some(found)),
        };
        match answer {
            Ok(found) => Ok(found.map(|destination| (destination, unknown))),
            Err(error) => from_store().await.map(Some).ok_or(error),
        }
    }

    /// Sees to it that the store has counted the visit, and knows the way for others.
    async fn settle(&self, campaign: CampaignId, class: ClickClass, has_ended: bool, left: Left, now: DateTime<Utc>) {
        let of = if has_ended { ClickClass::Rejected } else { class };
        let mut knows_the_way = matches!(left, Left::Nothing | Left::Visit);
        match left {
            // The first of its class: the store may have been emptied since it was told.
            Left::Visit | Left::Both => {
                knows_the_way &= self.store.count(campaign, of, now).await.is_none_or(|count| count > 1);
            }
            Left::Nothing | Left::Destination if of != class => self.store.count_as(campaign, class, of, now).await,
            Left::Nothing | Left::Destination => {}
        }
        if !knows_the_way && let Some(destination) = self.memory.destination(campaign) {
            self.store.teach(campaign, &destination, now).await;
        }
    }

    /// Answers a visitor whose token is not ours, and counts it against where it comes from.
    pub(crate) async fn turn_away(&self, Source(address): &Source, now: DateTime<Utc>) -> Response {
        let guesser = self.keys.held().pseudonym(address);
        let minute = now.timestamp().div_euclid(60);
        let wait = 60 - now.timestamp().rem_euclid(60);
        if self.guesses.is_over(guesser, minute) {
            return page::too_many(wait);
        }
        let everywhere = self.store.guess(guesser, minute, now).await;
        match self.guesses.count(guesser, minute, everywhere) {
            Verdict::Answered => {
                tracing::info!(event = "link.unknown", "not a link of ours");
                return page::unknown();
            }
            Verdict::FirstTooMany => {
                let guesser = format!("{guesser:016x}");
                tracing::warn!(event = "link.guessing", guesser, "somebody guesses links and is told to wait");
            }
            Verdict::TooMany => {}
        }
        page::too_many(wait)
    }
}

/// A token that we signed for a campaign that is gone, or has no destination.
fn leads_nowhere(message: MessageId) -> Response {
    tracing::warn!(event = "link.no_campaign", campaign.id = %message.campaign, "a link of ours leads nowhere");
    page::unknown()
}

/// Neither memory nor store know the way, and the database does not answer. The visit is in this line, and nowhere else.
fn not_found_out(message: MessageId, visitor: &Visitor, error: &NobodyKnows) -> Response {
    tracing::error!(event = "link.not_found_out", campaign.id = %message.campaign, message.number = message.number,
        class = %visitor.class, agent = visitor.agent, error = error.0, "nobody can tell where a link leads");
    page::unavailable()
}
