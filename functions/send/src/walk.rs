//! The way through everybody for whom a campaign is: what each would get, or why nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde::Serialize;
use shared::db::recipients::{self, Position, Recipient, Selection};
use shared::http::{Cursor, Language, Page};
use shared::model::draft::{Rendered, Unfit};
use shared::model::link::TOKEN_LENGTH;
use shared::model::{CustomerId, GroupId, PhoneNumber};
use sqlx::MySqlConnection;
use utoipa::ToSchema;

use crate::plan::Plan;

/// How many recipients are read at once.
const PAGE: u32 = 5_000;
/// Stands where the token of a message's own will be, and is as long.
const SAMPLE_TOKEN: &str = "pre-flight--pre-flight--pre-flight--pre-flig";
const _: () = assert!(SAMPLE_TOKEN.len() == TOKEN_LENGTH);
/// Addresses should be shorter than this.
const LONG_ADDRESS: usize = 100;

/// Somebody who would not get it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PreflightProblem)]
pub struct Unsendable {
    /// The customer.
    pub customer_id: Option<CustomerId>,
    /// The customer's name.
    name: String,
    /// The customer's phone.
    phone: PhoneNumber,
    /// The group through which the customer is reached: the first of those named.
    group_id: Option<GroupId>,
    /// Why, in the caller's language.
    #[schema(example = "문구의 변수에 채울 값이 없습니다.")]
    reason: String,
    /// Why, as a stable word.
    #[schema(example = "missing_variable")]
    reason_code: &'static str,
    /// The variables without a value, when that is it.
    #[schema(example = json!(["검진일"]))]
    missing: BTreeSet<String>,
}

/// What is counted on the way.
#[derive(Debug, Default)]
pub struct Counted {
    /// Everybody.
    pub recipients: u64,
    /// Those who would get it.
    pub sendable: u64,
    /// Those who would not, by reason.
    pub excluded: BTreeMap<&'static str, u64>,
    /// Characters of the longest text that would be sent.
    pub longest: usize,
    /// Messages with an address that is longer than it should be.
    pub long_addresses: u64,
    /// Messages whose values bring line breaks that are not in the approved text.
    pub line_breaks: u64,
}

/// How far to go, as long as there is time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// To the end.
    Everybody,
    /// Until there is a page of those who get nothing.
    PageIsFull,
}

/// The way through everybody: in memory are a page of them, the counts, and those who are shown.
pub struct Walk<'a> {
    plan: &'a Plan,
    language: Language,
    limit: u32,
    /// After this moment nobody else is looked at.
    deadline: Instant,
    counted: Counted,
    problems: Vec<Unsendable>,
    /// The last customer that was looked at, when time was up before the end.
    left_at: Option<CustomerId>,
}

/// What was found on the way.
pub struct Found {
    /// The counts.
    pub counted: Counted,
    /// Those who get nothing. When time was up the list goes on behind the last customer that was looked at.
    pub problems: Page<Unsendable>,
    /// Whether there was time for everybody.
    pub complete: bool,
}

impl<'a> Walk<'a> {
    /// Before the first step. At most `limit` of those who get nothing are kept.
    pub fn new(plan: &'a Plan, language: Language, limit: u32, deadline: Instant) -> Self {
        Self { plan, language, limit, deadline, counted: Counted::default(), problems: Vec::new(), left_at: None }
    }

    /// Goes on behind that customer, at least to the next one.
    pub async fn go(
        &mut self,
        connection: &mut MySqlConnection,
        groups: &[GroupId],
        after: Option<CustomerId>,
        until: Until,
    ) -> Result<(), sqlx::Error> {
        let (mut next, mut size) = (Some(Position { customer: after, ..Position::default() }), PAGE);
        while let Some(after) = next.filter(|_| until == Until::Everybody || !self.is_full()) {
            let selection = Selection::Groups(groups);
            let page = recipients::page(connection, self.plan.campaign.clinic, &selection, after, size).await?;
            next = page.next;
            // A page that ended early, because it is heavy, was read in vain from there on.
            size = u32::try_from(page.recipients.len()).unwrap_or(PAGE).clamp(1, size);
            page.recipients.into_iter().for_each(|recipient| self.look_at(recipient));
            if let Some(next) = next.filter(|_| Instant::now() >= self.deadline) {
                self.left_at = next.customer;
                break;
            }
            // The answers of the provider are waited for on the same thread.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// What was found.
    pub fn end(self) -> Found {
        let key = |last: &Unsendable| last.customer_id.map(|id| id.to_string()).unwrap_or_default();
        let mut problems = Page::cut(self.problems, self.limit, key);
        if let Some(left_at) = self.left_at {
            problems.next_cursor.get_or_insert_with(|| Cursor(left_at.to_string()));
        }
        Found { counted: self.counted, problems, complete: self.left_at.is_none() }
    }

    /// One more than is shown tells whether there is a next page.
    fn is_full(&self) -> bool {
        u32::try_from(self.problems.len()).is_ok_and(|count| count > self.limit)
    }

    fn look_at(&mut self, recipient: Recipient) {
        self.counted.recipients += 1;
        match recipient.rendered(&self.plan.draft(), self.plan.campaign.kind, SAMPLE_TOKEN) {
            Ok(rendered) => self.count(&rendered),
            Err(unfit) => {
                *self.counted.excluded.entry(unfit.reason.as_str()).or_default() += 1;
                if !self.is_full() {
                    self.problems.push(Unsendable::new(recipient, unfit, self.language));
                }
            }
        }
    }

    fn count(&mut self, rendered: &Rendered) {
        self.counted.sendable += 1;
        self.counted.longest = self.counted.longest.max(rendered.characters());
        let is_long = |address: &str| address.chars().count() > LONG_ADDRESS;
        let is_long = rendered.buttons.iter().any(|button| button.addresses().into_iter().any(is_long));
        self.counted.long_addresses += u64::from(is_long);
        let breaks = |text: &str, title: &str| text.matches('\n').count() + title.matches('\n').count();
        let approved = breaks(&self.plan.campaign.content, &self.plan.campaign.emphasis_title);
        self.counted.line_breaks += u64::from(breaks(&rendered.text, &rendered.title) != approved);
    }
}

impl Unsendable {
    fn new(recipient: Recipient, unfit: Unfit, language: Language) -> Self {
        let (ko, en) = unfit.reason.explanation();
        Self {
            customer_id: recipient.id,
            name: recipient.name,
            phone: recipient.phone,
            group_id: recipient.group,
            reason: language.choose(ko, en).to_owned(),
            reason_code: unfit.reason.as_str(),
            missing: unfit.missing,
        }
    }
}
