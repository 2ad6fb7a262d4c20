//! Dangol's contender in the benchmark of sending, and what that benchmark needs besides: `benches/run.py` calls it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use benches::scratch::{self, Server};
use benches::{Failed, answer, peak_kib, people};
use serde_json::{Value, json};
use shared::aws::topics::{Outgoing, Publisher};
use shared::batch::DeadLetters;
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::campaigns::{self, Campaign};
use shared::db::customers::{self, Customer};
use shared::db::groups;
use shared::failure::Failure;
use shared::message::{BundlePrepared, CampaignRequested};
use shared::model::id::OutboxId;
use shared::model::link::LinkKeys;
use shared::model::state::Verdict;
use shared::model::{BundleId, CampaignId, ClinicId, CustomerId};
use shared::provider::Aligo;
use shared::store::{self, Store};
use shared::testing::sending;
use sqlx::{Executor, MySqlConnection};

const USAGE: &str = "sending create SCHEMA ROWS | prepare SCHEMA CLINIC CAMPAIGN | release SCHEMA CLINIC CAMPAIGN
     | deliver SCHEMA CLINIC CAMPAIGN URL WORKERS | check SCHEMA CLINIC CAMPAIGN URL ROWS | drop SCHEMA | prepare-server | counters";
/// Customers of one transaction of the set-up.
const CHUNK: usize = 10_000;
/// So many calls a second that the gate is never what is waited for.
const CALLS_PER_SECOND: u32 = 10_000;

// As in the wiring of the functions.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut environment = Environment::of_process();
    let server = Server::read(&mut environment)?;
    match *arguments {
        ["create", schema, rows] => create(&server, schema, rows.parse()?).await,
        ["prepare", schema, clinic, campaign] => {
            let store = Store::new(&store::read_url(&mut environment), Duration::from_millis(300))?;
            prepare(&server, schema, (clinic.parse()?, campaign.parse()?), store).await
        }
        ["release", schema, clinic, campaign] => release(&server, schema, clinic.parse()?, campaign.parse()?).await,
        ["deliver", schema, clinic, campaign, url, workers] => {
            let credentials = (environment.text("BENCH_ALIGO_KEY"), environment.text("BENCH_ALIGO_USER"));
            let campaign = (clinic.parse()?, campaign.parse()?);
            deliver(&server, schema, campaign, (url, &credentials.0, &credentials.1), workers.parse()?)
        }
        ["check", schema, clinic, campaign, url, rows] => {
            check(&server, schema, (clinic.parse()?, campaign.parse()?), url, rows.parse()?).await
        }
        ["drop", schema] => server.drop_schema(schema).await,
        ["prepare-server"] => answer(&server.prepare().await?),
        ["counters"] => answer(&server.counters().await?),
        _ => Err(USAGE.into()),
    }
}

/// Nothing of a benchmark goes to a dead-letter queue.
struct Nowhere;

impl DeadLetters for Nowhere {
    async fn bury(&self, _: &str, reason: &str) -> Result<(), Failure> {
        Err(Failure::reject(reason.to_owned()))
    }
}

/// Facts are told to nobody.
struct Away;

impl Publisher for Away {
    async fn publish(&self, outgoing: &[Outgoing]) -> Vec<OutboxId> {
        outgoing.iter().map(|outgoing| outgoing.id).collect()
    }
}

fn keys() -> Result<LinkKeys, Failed> {
    let secret = BTreeMap::from([("current".to_owned(), "1".to_owned()), ("1".to_owned(), "k".repeat(64))]);
    Ok(LinkKeys::new(&secret)?)
}

/// A schema with a clinic, so many customers in one group, and a campaign that waits to be prepared.
async fn create(server: &Server, schema: &str, rows: usize) -> Result<(), Failed> {
    server.create(schema).await?;
    let ambient = Ambient::system()?;
    let mut connection = server.connect(Some(schema)).await?;
    let clinic = scratch::add_clinic(&mut connection, &ambient).await?;
    let group = groups::insert(&mut connection, &ambient, clinic, "모두").await?.0;
    let mut people = people::list(u32::MAX).filter(|person| person.verdict == Verdict::New).take(rows);
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        for person in people.by_ref().take(CHUNK) {
            chunk.push(Customer {
                id: CustomerId::new(&ambient),
                name: person.name,
                phone: person.phone.unwrap_or_default().parse()?,
                attributes: [("메모".to_owned(), person.memo)].into(),
                created_at: ambient.now(),
                updated_at: ambient.now(),
                advertising_consent_at: None,
            });
        }
        if chunk.is_empty() {
            break;
        }
        let members: Vec<_> = chunk.iter().map(|customer| (group, customer.id)).collect();
        connection.execute("START TRANSACTION").await?;
        customers::insert_all(&mut connection, clinic, None, &chunk).await?;
        groups::insert_members(&mut connection, clinic, &members).await?;
        connection.execute("COMMIT").await?;
    }
    connection.execute("ANALYZE TABLE customers, customer_groups, customer_group_members").await?;
    let campaign = Campaign { sender_key: "bench".to_owned(), ..shared::testing::campaign(&ambient, clinic) };
    campaigns::insert(&mut connection, &campaign, &[group]).await?;
    answer(&json!({ "clinic": clinic, "campaign": campaign.id, "template": sending::template() }))
}

/// The function `prepare-campaign`, told by the topic that the campaign was asked for.
async fn prepare(
    server: &Server,
    schema: &str,
    (clinic, campaign): (ClinicId, CampaignId),
    store: Store,
) -> Result<(), Failed> {
    let deps = prepare_campaign::Deps {
        database: server.database(schema, 1),
        store,
        keys: keys()?,
        publisher: Away,
        dead_letters: Nowhere,
        ambient: Ambient::system()?,
    };
    let requested = CampaignRequested::V1 { clinic_id: clinic, campaign_id: campaign };
    acknowledged(&prepare_campaign::handle(&deps, sending::event(&requested)).await?.batch_item_failures)?;
    answer(&json!({ "peakKib": peak_kib()? }))
}

/// Nobody waits for the results of the canary.
async fn release(server: &Server, schema: &str, clinic: ClinicId, campaign: CampaignId) -> Result<(), Failed> {
    let mut connection = server.connect(Some(schema)).await?;
    sqlx::query("UPDATE campaigns SET released_at = NOW(6) WHERE clinic_id = ? AND id = ?")
        .bind(clinic)
        .bind(campaign)
        .execute(&mut connection)
        .await?;
    answer(&json!({ "bundles": count(&mut connection, "SELECT COUNT(*) FROM bundles").await? }))
}

/// Where the provider is, its key and the account.
type Account<'a> = (&'a str, &'a str, &'a str);

/// The function `deliver-bundle`, so many times at once, each on a thread of its own. They share a client, which keeps
/// no connection; what it costs to make one is paid once per process.
fn deliver(
    server: &Server,
    schema: &str,
    campaign: (ClinicId, CampaignId),
    (url, key, user): Account<'_>,
    workers: usize,
) -> Result<(), Failed> {
    let provider = Arc::new(sending::provider(url, key, user));
    std::thread::scope(|scope| {
        let work = || work(server, schema, campaign, &provider).map_err(|failed| failed.to_string());
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a worker panicked".to_owned())?)
    })?;
    answer(&json!({ "peakKib": peak_kib()? }))
}

fn work(
    server: &Server,
    schema: &str,
    (clinic, campaign): (ClinicId, CampaignId),
    provider: &Arc<Aligo>,
) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let deps = deliver_bundle::Deps {
            database: server.database(schema, 1),
            ambient: Ambient::system()?,
            provider: Arc::clone(provider),
            publisher: Away,
            dead_letters: Nowhere,
            calls_per_second: CALLS_PER_SECOND,
        };
        let bundle = BundleId::new(&deps.ambient);
        let prepared = BundlePrepared::V1 { clinic_id: clinic, campaign_id: campaign, bundle_id: bundle };
        acknowledged(&deliver_bundle::handle(&deps, sending::event(&prepared)).await?.batch_item_failures)
    })
}

fn acknowledged<T>(failures: &[T]) -> Result<(), Failed> {
    if failures.is_empty() { Ok(()) } else { Err("the message was not acknowledged".into()) }
}

/// Everybody has a message that was sent, with a token of ours, and the provider has it.
async fn check(
    server: &Server,
    schema: &str,
    (clinic, campaign): (ClinicId, CampaignId),
    url: &str,
    rows: i64,
) -> Result<(), Failed> {
    let mut connection = server.connect(Some(schema)).await?;
    let sent = count(&mut connection, "SELECT COUNT(*) FROM messages WHERE state = 'sent'").await?;
    let accepted = "SELECT COUNT(*) FROM bundles WHERE state = 'accepted' AND provider_id IS NOT NULL";
    let bundles = count(&mut connection, "SELECT COUNT(*) FROM bundles").await?;
    if sent != rows || count(&mut connection, accepted).await? != bundles {
        return Err(format!("{sent} of {rows} messages were sent").into());
    }
    let links: Vec<String> = sqlx::query_scalar("SELECT link FROM messages WHERE clinic_id = ? AND campaign_id = ?")
        .bind(clinic)
        .bind(campaign)
        .fetch_all(&mut connection)
        .await?;
    let keys = keys()?;
    if links.iter().any(|link| keys.read(link).is_err()) {
        return Err("a token is not one of ours".into());
    }
    let truth: Value = reqwest::get(format!("{url}/admin/truth?summary=true")).await?.json().await?;
    answer(&json!({ "bundles": bundles, "messages": sent, "truth": truth }))
}

async fn count(connection: &mut MySqlConnection, question: &'static str) -> Result<i64, Failed> {
    Ok(sqlx::query_scalar(question).fetch_one(connection).await?)
}
