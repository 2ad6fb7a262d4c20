use std::collections::HashMap;
use std::future::pending;
use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use shared::model::approval::Described;
use shared::provider::{Call, ChangeOutcome, SendOutcome, TemplateChange};

use super::*;

/// A provider whose history has the pages that it is given, whatever is asked for; without one it never answers.
#[derive(Default)]
struct Scripted {
    history: Mutex<Vec<Listing<TakenCall>>>,
    details: HashMap<u32, Listing<Report>>,
}

impl Provider for Scripted {
    async fn send(&self, _: &Call<'_>) -> SendOutcome {
        pending().await
    }

    async fn templates(&self, _: &str) -> Result<Vec<Described>, NoAnswer> {
        pending().await
    }

    async fn change_template(&self, _: &str, _: &TemplateChange<'_>) -> ChangeOutcome {
        pending().await
    }

    async fn balance(&self) -> Result<u64, NoAnswer> {
        pending().await
    }

    async fn history(&self, _: RangeInclusive<NaiveDate>, _: u32) -> Result<Listing<TakenCall>, NoAnswer> {
        let page = {
            let mut pages = self.history.lock().unwrap();
            (!pages.is_empty()).then(|| pages.remove(0))
        };
        match page {
            Some(page) => Ok(page),
            None => pending().await,
        }
    }

    async fn detail(&self, _: &str, page: u32) -> Result<Listing<Report>, NoAnswer> {
        self.details.get(&page).cloned().ok_or_else(|| NoAnswer::Unusable("no such page".to_owned()))
    }
}

fn call(id: &str) -> TakenCall {
    TakenCall { provider_id: id.to_owned(), taken_at: Some(DateTime::UNIX_EPOCH), messages: Some(1) }
}

fn page(ids: &[&str], pages: u32, total: Option<u32>) -> Listing<TakenCall> {
    Listing { rows: ids.iter().map(|id| call(id)).collect(), pages, total }
}

async fn history_of(pages: Vec<Listing<TakenCall>>) -> (Vec<String>, bool, bool) {
    let provider = Scripted { history: Mutex::new(pages), ..Scripted::default() };
    let day = DateTime::UNIX_EPOCH.date_naive();
    let history = read(&provider, day..=day + TimeDelta::days(1), Instant::now() + Duration::from_millis(50)).await.unwrap();
    (history.calls.into_iter().map(|call| call.provider_id).collect(), history.is_read, history.is_whole)
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

#[tokio::test]
async fn calls_that_are_taken_meanwhile_push_others_back_and_none_is_missed() {
    let pages = vec![page(&["4", "3"], 2, Some(4)), page(&["3", "2"], 3, Some(5)), page(&["1"], 3, Some(5))];
    assert_eq!(history_of(pages).await, (ids(&["4", "3", "2", "1"]), true, true));
}

#[tokio::test]
async fn a_call_that_goes_out_of_sight_while_pages_move_forward_leaves_the_history_incomplete() {
    // Call 4 vanishes behind the first page, so 2 moves onto it and is never seen.
    let pages = vec![page(&["4", "3"], 2, Some(4)), page(&["1"], 2, Some(3))];
    assert_eq!(history_of(pages).await, (ids(&["4", "3", "1"]), true, false));
}

#[tokio::test]
async fn a_history_that_does_not_say_how_long_it_is_or_holds_a_call_without_an_id_is_not_complete() {
    assert_eq!(history_of(vec![page(&["2", "1"], 1, None)]).await, (ids(&["2", "1"]), true, false));
    assert_eq!(history_of(vec![page(&["2", ""], 1, Some(2))]).await, (ids(&["2", ""]), true, false));
    // An empty one that says so is complete.
    assert_eq!(history_of(vec![page(&[], 0, Some(0))]).await, (ids(&[]), true, true));
}

#[tokio::test]
async fn when_the_time_is_up_what_was_read_by_then_counts_but_is_not_complete() {
    assert_eq!(history_of(Vec::new()).await, (ids(&[]), false, false));
    assert_eq!(history_of(vec![page(&["2"], 2, Some(2))]).await, (ids(&["2"]), false, false));
}

#[tokio::test]
async fn what_a_call_shows_is_complete_only_with_its_last_page() {
    let report = |phone: &str| Report {
        phone: phone.to_owned(),
        text: String::new(),
        buttons: String::new(),
        code: String::new(),
        message: String::new(),
        is_final: false,
        substitute_id: String::new(),
    };
    let listing = |phone: &str| Listing { rows: vec![report(phone)], pages: 2, total: None };
    let later = Instant::now() + Duration::from_secs(5);
    let whole = Scripted { details: HashMap::from([(1, listing("1")), (2, listing("2"))]), ..Scripted::default() };
    assert_eq!(detail(&whole, &call("1"), later).await, (vec![report("1"), report("2")], true));
    let half = Scripted { details: HashMap::from([(1, listing("1"))]), ..Scripted::default() };
    assert_eq!(detail(&half, &call("1"), later).await, (vec![report("1")], false));
    assert_eq!(detail(&whole, &call(""), later).await, (Vec::new(), false));
}
