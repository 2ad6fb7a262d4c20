//! One person who has withdrawn.

use std::collections::HashSet;

use shared::db::Database;
use shared::db::users::{self, User};
use shared::db::withdrawals::finish::{self, Unfinished};
use shared::db::withdrawals::phones::{self, Gone};
use shared::db::withdrawals::{self, account, imports, messages};
use shared::failure::Failure;
use shared::model::CampaignId;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{Accounts, Deps, LOOKING, Run, SETTLES_WITHIN};

/// What a run has come to so far, and how long it goes on.
pub(crate) struct Round {
    pub(crate) until: Instant,
    pub(crate) run: Run,
    /// Whether the user pool has refused, or not answered. To ask it again for everybody else would take the time of all that can be
    /// done without it.
    is_pool_away: bool,
}

impl Round {
    pub(crate) fn new(until: Instant) -> Self {
        Self { until, run: Run::default(), is_pool_away: false }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }
}

/// Does what can be done now. Answers whether nothing is left to do.
pub(crate) async fn go_on<A: Accounts>(deps: &Deps<A>, one: &Unfinished, round: &mut Round) -> Result<bool, Failure> {
    withdraw_again(deps, one).await?;
    // That an account cannot be deleted today keeps nothing else from being forgotten.
    let account = delete_account(deps, one, round).await;
    round.run.excluded += messages::exclude_queued(&deps.database, one.user, deps.ambient.now()).await?;
    let is_forgotten = forget(deps, one, round).await?;
    let is_account_deleted = account?;
    if !is_account_deleted || !is_forgotten || deps.ambient.now() < one.requested_at + SETTLES_WITHIN {
        return Ok(false);
    }
    let finished = deps.database.transaction::<_, Failure>("finish_withdrawal", |tx| {
        Box::pin(async move {
            // Whoever was at it when the person withdrew may have written something since.
            withdrawals::empty_words(tx, one.user).await?;
            withdrawals::forget_answers(tx, &one.subject).await?;
            Ok(finish::finish(tx, one.user, deps.ambient.now()).await?)
        })
    });
    finished.await?;
    tracing::info!(event = "withdrawal.finished", user.id = %one.user, "nothing is left of a person but what stays");
    Ok(true)
}

/// The account may have joined a clinic again in the moment in which it withdrew: then the user of that withdraws, too.
async fn withdraw_again<A>(deps: &Deps<A>, one: &Unfinished) -> Result<(), Failure> {
    let ambient = &deps.ambient;
    if users::find_by_subject(&mut *deps.database.acquire().await?, &one.subject).await?.is_none() {
        return Ok(());
    }
    let withdrawn = deps.database.transaction::<_, Failure>("withdraw_again", |tx| {
        Box::pin(async move {
            let Some(User { id, name, phone }) = users::lock_by_subject(tx, &one.subject).await? else { return Ok(None) };
            finish::replace(tx, one.user, id).await?;
            let user = User { id, name, phone };
            withdrawals::remember(tx, ambient.now(), user.id, &one.subject).await?;
            Ok(Some(withdrawals::withdraw(tx, ambient, &user, &one.subject).await?))
        })
    });
    if let Some(withdrawn) = withdrawn.await? {
        let (user, clinics, customers) = (withdrawn.user, withdrawn.clinics, withdrawn.customers);
        tracing::info!(event = "user.withdrawn", user.id = %user, clinics, customers, "a person has withdrawn");
    }
    Ok(())
}

/// Answers whether it is deleted.
async fn delete_account<A: Accounts>(deps: &Deps<A>, one: &Unfinished, round: &mut Round) -> Result<bool, Failure> {
    if one.is_account_deleted || round.is_pool_away {
        return Ok(one.is_account_deleted);
    }
    deps.accounts.delete(&one.subject).await.inspect_err(|_| round.is_pool_away = true)?;
    account::mark_deleted(&mut *deps.database.acquire().await?, one.user, deps.ambient.now()).await?;
    round.run.accounts += 1;
    Ok(true)
}

/// Lets messages and imports forget the person. Answers whether none remembers.
async fn forget<A>(deps: &Deps<A>, one: &Unfinished, round: &mut Round) -> Result<bool, Failure> {
    let database = &deps.database;
    // There is one connection: what is read is let go of before it is needed again.
    let known = phones::list(&mut *database.acquire().await?, one.user).await?;
    let mut is_forgotten = true;
    for gone in &known {
        is_forgotten &= forget_phone(deps, one, gone, round).await?;
    }
    // To look for phones that nobody knows any more may take many runs. A customer has a line for each phone.
    let mut looked_for = HashSet::new();
    for gone in known.iter().filter(|gone| gone.is_edited && looked_for.insert((gone.clinic, gone.customer))) {
        is_forgotten &= look_for_phones(database, gone, round).await?;
    }
    if !looked_for.is_empty() {
        let all = phones::list(&mut *database.acquire().await?, one.user).await?;
        let is_known = |gone: &Gone| known.iter().any(|known| (known.clinic, &known.phone) == (gone.clinic, &gone.phone));
        for gone in all.iter().filter(|gone| !is_known(gone)) {
            is_forgotten &= forget_phone(deps, one, gone, round).await?;
        }
    }
    Ok(is_forgotten)
}

/// Lets messages and imports forget a customer at one phone. Answers whether none remembers.
async fn forget_phone<A>(deps: &Deps<A>, one: &Unfinished, gone: &Gone, round: &mut Round) -> Result<bool, Failure> {
    let is_forgotten = forget_messages(deps, one, gone, round).await?;
    let forgotten = deps.database.transaction::<_, Failure>("forget_imports", |tx| {
        Box::pin(async move {
            messages::forget_tests(tx, gone, one.requested_at).await?;
            Ok(imports::forget(tx, gone, one.requested_at).await?)
        })
    });
    forgotten.await?;
    Ok(is_forgotten)
}

/// Looks through all that may hold another phone of a customer who was edited, from where the last run stopped. Answers whether it came
/// to the end.
async fn look_for_phones(database: &Database, gone: &Gone, round: &Round) -> Result<bool, Failure> {
    let until = round.until.min(Instant::now() + LOOKING);
    let mut connection = database.acquire().await?;
    let mut through = gone.campaigns_through;
    loop {
        if Instant::now() >= until {
            return Ok(false);
        }
        through = phones::look_in_messages(&mut connection, gone, through).await?;
        if through.is_none() {
            break;
        }
    }
    let mut through = gone.imports_through;
    loop {
        if Instant::now() >= until {
            return Ok(false);
        }
        through = phones::look_in_imports(&mut connection, gone, through).await?;
        if through.is_none() {
            break;
        }
    }
    phones::mark_looked_through(&mut connection, gone).await?;
    Ok(true)
}

/// Answers whether no message with this phone remembers, and none that showed this customer.
async fn forget_messages<A>(deps: &Deps<A>, one: &Unfinished, gone: &Gone, round: &mut Round) -> Result<bool, Failure> {
    let now = deps.ambient.now();
    let mut remembering = messages::list_showing(&mut *deps.database.acquire().await?, gone, now).await?;
    let (mut after, mut open) = (CampaignId::from_uuid(Uuid::nil()), 0);
    loop {
        let forgotten = &remembering.ended;
        if !forgotten.is_empty() {
            let forget = deps.database.transaction::<_, Failure>("forget_messages", |tx| {
                Box::pin(async move { Ok(messages::forget(tx, forgotten).await?) })
            });
            forget.await?;
        }
        round.run.forgotten += remembering.ended.len();
        open += remembering.open;
        if round.is_over() {
            return Ok(false);
        }
        let mut connection = deps.database.acquire().await?;
        remembering = messages::list_remembering(&mut connection, gone, after, (one.requested_at, now)).await?;
        let Some(next) = remembering.next else { return Ok(open == 0) };
        after = next;
    }
}
