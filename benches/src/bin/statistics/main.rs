//! What statistics cost at a million messages and 200,000 visits, beside the same numbers joined from the rows.
//!
//! The routes themselves are asked; the server's slow query log, set to log everything, tells the time and the rows of each of their
//! statements. `benches/run.py` starts the services and calls this.

mod fill;
mod join;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::{Duration, Instant};

use benches::Failed;
use benches::scratch::Server;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::store::{self, Store};
use shared::testing::Client;
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Executor, Row};
use stats::{Deps, STORE_PATIENCE};

use crate::fill::{Clinic, DAYS};

const SCHEMA: &str = "bench_statistics";
/// How often each question is asked, when there is time.
const TIMES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the join is, which takes so much longer.
const JOINS: usize = 5;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let rows: u32 = std::env::args().nth(1).ok_or("usage: bench-statistics ROWS")?.parse()?;
    let mut environment = Environment::of_process();
    let server = Server::read(&mut environment)?;
    let store = Store::new(&store::read_url(&mut environment), STORE_PATIENCE)?;
    environment.check()?;
    server.prepare().await?;
    server.create(SCHEMA).await?;
    let clinic = fill(&server, rows).await?;

    server.connect(None).await?.execute("SET GLOBAL log_output = 'TABLE', slow_query_log = 1, long_query_time = 0").await?;
    let deps = Deps { database: server.database(SCHEMA, 1), store, ambient: Ambient::system()? };
    let bench = Bench { staff: Client::signed_in("stats", stats::routes(deps), &clinic.subject), clinic, server };
    bench.run().await
}

async fn fill(server: &Server, rows: u32) -> Result<Clinic, Failed> {
    let ambient = Ambient::system()?;
    let mut connection = server.connect(Some(SCHEMA)).await?;
    let begun = Instant::now();
    let each = rows.div_ceil(DAYS);
    fill::add_numbers(&mut connection, each).await?;
    for _ in 0..2 {
        fill::add_clinic(&mut connection, &ambient, each / 10).await?;
    }
    let clinic = fill::add_clinic(&mut connection, &ambient, each).await?;
    for _ in 0..2 {
        fill::add_clinic(&mut connection, &ambient, each / 10).await?;
    }
    // What the server does by itself sooner or later.
    connection.execute("ANALYZE TABLE campaigns, messages, clicks, hourly_totals, hourly_failures").await?;
    let counted =
        "SELECT (SELECT COUNT(*) FROM messages WHERE clinic_id = ?), (SELECT COUNT(*) FROM clicks WHERE clinic_id = ?)";
    let counted: (i64, i64) = sqlx::query_as(counted).bind(clinic.id).bind(clinic.id).fetch_one(&mut connection).await?;
    let (messages, visits) = counted;
    let seconds = begun.elapsed().as_secs();
    say(&format!("{messages} messages and {visits} visits, and four clinics with a tenth each, were written in {seconds} s"))?;
    Ok(clinic)
}

/// What one question cost in the database.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    microseconds: u64,
    examined: u64,
    returned: u64,
}

/// Whole days of the clinic.
#[derive(Debug, Clone, Copy)]
struct Days {
    from: NaiveDate,
    to: NaiveDate,
}

impl Days {
    /// In Seoul, where days begin nine hours earlier.
    fn moments(self) -> (DateTime<Utc>, DateTime<Utc>) {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc() - TimeDelta::hours(9);
        (midnight(self.from), midnight(self.to + TimeDelta::days(1)))
    }
}

struct Bench {
    server: Server,
    clinic: Clinic,
    staff: Client,
}

impl Bench {
    async fn run(&self) -> Result<(), Failed> {
        let mut connection = self.server.connect(Some(SCHEMA)).await?;
        connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
        let middle = fill::first_day() + TimeDelta::days(20);
        let day = Days { from: middle, to: middle };
        let month = Days { from: middle, to: middle + TimeDelta::days(29) };
        let [of_day, of_month] = [day, month].map(|days| format!("from={}&to={}", days.from, days.to));

        let Clinic { group, template, ref campaign, .. } = self.clinic;
        let previous = format!("{of_month}&compare=previous");
        say(
            "\n| asked | times | from the roll-up, ms (median) | rows returned | rows examined | all statements of the answer, ms |",
        )?;
        say("|---|--:|--:|--:|--:|--:|")?;
        let [day_cost, month_cost] = [
            self.ask(&mut connection, "a day by hour", &format!("series?{of_day}")).await?,
            self.ask(&mut connection, "30 days by hour", &format!("series?{of_month}")).await?,
        ];
        for (title, path) in [
            ("30 days by day", format!("series?by=day&{of_month}")),
            ("30 days by hour, and the 30 before", format!("series?{previous}")),
            ("30 days by hour, of a group", format!("series?{of_month}&groupId={group}")),
            ("30 days by hour, of a template", format!("series?{of_month}&templateId={template}")),
            ("30 days by hour, of a campaign", format!("series?{of_month}&campaignId={}", campaign.id)),
            ("the numbers now", String::new()),
            ("whether a campaign adds up", format!("campaigns/{}/conservation", campaign.id)),
        ] {
            self.ask(&mut connection, title, &path).await?;
        }

        say("\n| joined from the rows | times | ms (median) | rows examined | times the roll-up's | the same numbers |")?;
        say("|---|--:|--:|--:|--:|---|")?;
        for indexed in [false, true] {
            if indexed {
                join::add_indexes(&mut connection).await?;
            }
            let how = if indexed { "with four indexes of its own" } else { "as the tables are" };
            let spans = [("a day by hour", day, &of_day, day_cost), ("30 days by hour", month, &of_month, month_cost)];
            for (title, days, query, cost) in spans {
                let joined = self.join(&mut connection, &format!("{title}, {how}"), days, indexed, cost).await?;
                let hours = self.compare(&joined, query).await?;
                say(&format!(" of {hours} hours |"))?;
            }
        }
        Ok(())
    }

    /// Asks a route again and again, and shows what the server logged. Answers what the roll-up cost.
    async fn ask(&self, connection: &mut MySqlConnection, title: &str, path: &str) -> Result<Cost, Failed> {
        let path = if path.is_empty() { "/v1/stats".to_owned() } else { format!("/v1/stats/{path}") };
        // The first one connects and prepares.
        self.get(&path).await?;
        connection.execute("TRUNCATE TABLE mysql.slow_log").await?;
        let begun = Instant::now();
        let mut times = 0;
        while times < TIMES && (times < 3 || begun.elapsed() < PATIENCE) {
            self.get(&path).await?;
            times += 1;
        }
        let roll_up = median(&logged(connection, "%FROM hourly\\_%").await?, times);
        let everything = median(&logged(connection, "%").await?, times);
        let Cost { microseconds, examined, returned } = roll_up;
        let (shown, all) = (milliseconds(microseconds), milliseconds(everything.microseconds));
        say(&format!("| {title} | {times} | {shown} | {returned} | {examined} | {all} |"))?;
        Ok(roll_up)
    }

    async fn get(&self, path: &str) -> Result<Value, Failed> {
        let answer = self.staff.get(path).await;
        if answer.status == 200 { Ok(answer.json) } else { Err(format!("{path}: {}", answer.json).into()) }
    }

    /// Joins the same numbers again and again, and shows what that cost. Answers them.
    async fn join(
        &self,
        connection: &mut MySqlConnection,
        title: &str,
        days: Days,
        indexed: bool,
        roll_up: Cost,
    ) -> Result<BTreeMap<DateTime<Utc>, Value>, Failed> {
        let (from, until) = days.moments();
        connection.execute("TRUNCATE TABLE mysql.slow_log").await?;
        let mut joined = BTreeMap::new();
        for _ in 0..JOINS {
            joined = join::numbers(connection, self.clinic.id, indexed, from, until).await?;
        }
        let Cost { microseconds, examined, .. } = median(&logged(connection, "/* join */%").await?, JOINS);
        let times = microseconds / roll_up.microseconds.max(1);
        let shown = milliseconds(microseconds);
        write!(std::io::stdout(), "| {title} | {JOINS} | {shown} | {examined} | {times} |")?;
        Ok(joined)
    }

    /// Holds them against the answer hour by hour, and says how many there are; a difference ends the benchmark.
    async fn compare(&self, joined: &BTreeMap<DateTime<Utc>, Value>, query: &str) -> Result<usize, Failed> {
        let series = self.get(&format!("/v1/stats/series?{query}")).await?;
        let hours = series["periods"].as_array().ok_or("no periods")?;
        let mut matched = 0;
        for hour in hours {
            let begin: DateTime<Utc> = hour["begin"].as_str().ok_or("no beginning")?.parse()?;
            let is_number = |name: &str| !["begin", "end", "newMembers", "invitations", "pointsGranted"].contains(&name);
            let shown = hour.as_object().ok_or("no numbers")?.iter().filter(|(name, _)| is_number(name));
            let shown: Map<_, _> = shown.map(|(name, value)| (name.clone(), value.clone())).collect();
            match joined.get(&begin) {
                Some(expected) if *expected == Value::Object(shown.clone()) => matched += 1,
                None if shown.values().all(|number| *number == 0 || *number == Value::Object(Map::new())) => {}
                expected => return Err(format!("{begin}: {shown:?} is shown, the rows say {expected:?}").into()),
            }
        }
        if matched != joined.len() {
            return Err(format!("{} hours are not shown", joined.len() - matched).into());
        }
        Ok(hours.len())
    }
}

/// What each question cost, whose statements stand side by side in the log; of all of them the one in the middle.
fn median(statements: &[Cost], times: usize) -> Cost {
    let each = (statements.len() / times).max(1);
    let mut questions: Vec<Cost> = statements
        .chunks_exact(each)
        .map(|of| {
            of.iter().fold(Cost::default(), |sum, one| Cost {
                microseconds: sum.microseconds + one.microseconds,
                examined: sum.examined + one.examined,
                returned: sum.returned + one.returned,
            })
        })
        .collect();
    questions.sort_unstable_by_key(|cost| cost.microseconds);
    questions.get(questions.len() / 2).copied().unwrap_or_default()
}

/// The logged statements of this kind in their order.
async fn logged(connection: &mut MySqlConnection, pattern: &str) -> Result<Vec<Cost>, Failed> {
    let rows = sqlx::query(
        "SELECT CAST(TIME_TO_SEC(query_time) * 1000000 AS UNSIGNED), CAST(rows_examined AS UNSIGNED), CAST(rows_sent AS UNSIGNED)
         FROM mysql.slow_log
         WHERE db = DATABASE() AND CAST(sql_text AS CHAR) LIKE ? AND CAST(sql_text AS CHAR) NOT LIKE '%mysql.slow_log%'
         ORDER BY start_time",
    )
    .bind(pattern)
    .fetch_all(connection)
    .await?;
    let read =
        |row: &MySqlRow| Ok(Cost { microseconds: row.try_get(0)?, examined: row.try_get(1)?, returned: row.try_get(2)? });
    Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}

fn milliseconds(microseconds: u64) -> String {
    format!("{}.{:02}", microseconds / 1000, microseconds % 1000 / 10)
}

fn say(text: &str) -> Result<(), Failed> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
