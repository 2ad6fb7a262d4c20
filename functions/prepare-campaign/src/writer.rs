//! From recipients to messages: numbers, texts, links, and the bundles that they go in.

use shared::clock::Ambient;
use shared::db::bundles::{Filled, MOST_MESSAGES};
use shared::db::campaigns::Campaign;
use shared::db::messages::NewMessage;
use shared::db::recipients::Recipient;
use shared::model::canary::MOST_MESSAGES as MOST_IN_CANARY;
use shared::model::draft::Draft;
use shared::model::link::LinkKeys;
use shared::model::state::{CampaignKind, MessageState};
use shared::model::{BundleId, MessageId};

use crate::text;

/// Numbers recipients and fills bundles, in the order in which recipients come. Goes on where the transaction before has stopped.
pub struct Writer<'a> {
    ambient: &'a Ambient,
    keys: &'a LinkKeys,
    campaign: &'a Campaign,
    draft: Draft<'a>,
    own_titles: bool,
    own_buttons: bool,
    number: u32,
    /// The bundle being filled.
    open: Option<Filled>,
    /// The bundles that are to be added, behind those that the campaign has.
    added: Vec<BundleId>,
}

impl<'a> Writer<'a> {
    pub fn new(ambient: &'a Ambient, keys: &'a LinkKeys, campaign: &'a Campaign, open: Option<Filled>) -> Self {
        let mut draft = campaign.draft();
        let (own_titles, own_buttons) = (draft.has_own_titles(), draft.has_own_buttons());
        if !own_buttons {
            // The same for everybody but for the link, which is filled in when they are handed over.
            draft.buttons = &[];
        }
        let number = campaign.prepared.messages;
        Self { ambient, keys, campaign, draft, own_titles, own_buttons, number, open, added: Vec::new() }
    }

    /// How many messages the campaign has, and the bundles that are to be added.
    pub fn finish(self) -> (u32, Vec<BundleId>) {
        (self.number, self.added)
    }

    pub fn write(&mut self, recipient: Recipient) -> NewMessage {
        self.number += 1;
        let mut message = NewMessage {
            clinic: self.campaign.clinic,
            campaign: self.campaign.id,
            number: self.number,
            bundle: None,
            customer: recipient.id,
            group: recipient.group,
            name: String::new(),
            phone: recipient.phone.clone(),
            body: String::new(),
            title: None,
            buttons: None,
            link: String::new(),
            state: MessageState::Excluded,
            reason: None,
        };
        let token = self.keys.mint(MessageId { campaign: self.campaign.id, number: self.number });
        match text::write(&self.draft, self.campaign.kind, &recipient, &token) {
            Ok(rendered) => {
                message.state = MessageState::Queued;
                message.bundle = Some(self.next_place());
                message.body = rendered.text;
                message.title = self.own_titles.then_some(rendered.title);
                message.buttons = self.own_buttons.then_some(rendered.buttons);
                message.link = token;
            }
            Err(reason) => message.reason = Some(reason.as_str().to_owned()),
        }
        message.name = recipient.name;
        message
    }

    fn next_place(&mut self) -> BundleId {
        let room = self.room();
        let open = match &mut self.open {
            Some(open) if open.messages < room => open,
            open => {
                let id = BundleId::new(self.ambient);
                self.added.push(id);
                open.insert(Filled { id, messages: 0 })
            }
        };
        open.messages += 1;
        open.id
    }

    /// How many messages the bundle being filled may have.
    fn room(&self) -> usize {
        let bundles = usize::try_from(self.campaign.prepared.bundles).unwrap_or(usize::MAX).saturating_add(self.added.len());
        if bundles == 1 && self.campaign.kind != CampaignKind::Test { MOST_IN_CANARY } else { MOST_MESSAGES }
    }
}
