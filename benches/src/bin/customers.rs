//! How long the database takes for lists and searches of a clinic with a million customers, and how many rows it looks at.
//!
//! The use case's own functions ask; the server's slow query log, set to log everything, tells the time and the rows of each of
//! their statements. `benches/run.py` starts the services and calls this.

use std::io::Write;
use std::time::{Duration, Instant};

use benches::scratch::{self, Server};
use benches::{Failed, people};
use shared::clock::Ambient;
use shared::config::Environment;
use shared::db::customers::{self, Customer, Position, Search, Sort, Wanted, Within};
use shared::db::groups;
use shared::model::state::Verdict;
use shared::model::{ClinicId, CustomerId, GroupId};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{Executor, Row};

const SCHEMA: &str = "bench_customers";
/// As many as a page of the API has when nobody says how many.
const PAGE: u32 = 50;
/// How often each question is asked, when there is time.
const TIMES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(10);
/// Rows of one transaction of the preparation.
const CHUNK: usize = 10_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let rows: usize = std::env::args().nth(1).ok_or("usage: bench-customers ROWS")?.parse()?;
    let server = Server::read(&mut Environment::of_process())?;
    server.prepare().await?;
    server.create(SCHEMA).await?;
    let clinic = fill(&server, rows).await?;
    show(&server, clinic, rows).await
}

/// A clinic with so many customers in 20 groups, one in 21 of them in none, between two clinics with a tenth of that each.
async fn fill(server: &Server, rows: usize) -> Result<Clinic, Failed> {
    let ambient = Ambient::system()?;
    let mut connection = server.connect(Some(SCHEMA)).await?;
    let begun = Instant::now();
    fill_clinic(&mut connection, &ambient, rows / 10).await?;
    let clinic = fill_clinic(&mut connection, &ambient, rows).await?;
    fill_clinic(&mut connection, &ambient, rows / 10).await?;
    // What the server does by itself sooner or later.
    connection.execute("ANALYZE TABLE customers, customer_groups, customer_group_members").await?;
    say(&format!("{rows} customers and two clinics beside them were written in {:.0} s", begun.elapsed().as_secs_f64()))?;
    Ok(clinic)
}

struct Clinic {
    id: ClinicId,
    groups: Vec<GroupId>,
    /// The phone and the name of the customer in the middle.
    middle: (String, String),
}

async fn fill_clinic(connection: &mut MySqlConnection, ambient: &Ambient, rows: usize) -> Result<Clinic, Failed> {
    let id = scratch::add_clinic(connection, ambient).await?;
    let mut groups = Vec::new();
    for number in 1..=people::GROUPS {
        groups.push(groups::insert(connection, ambient, id, &people::group_name(number)).await?.0);
    }
    let names: Vec<String> = (1..=people::GROUPS).map(people::group_name).collect();
    let mut people = people::list(u32::MAX).filter(|person| person.verdict == Verdict::New).take(rows);
    let (mut written, mut middle) = (0, None);
    loop {
        let (mut chunk, mut members) = (Vec::with_capacity(CHUNK), Vec::with_capacity(CHUNK));
        for person in people.by_ref().take(CHUNK) {
            let customer = CustomerId::new(ambient);
            let group = names.iter().position(|name| *name == person.group);
            members.extend(group.map(|group| (groups[group], customer)));
            chunk.push(Customer {
                id: customer,
                name: person.name,
                phone: person.phone.unwrap_or_default().parse()?,
                attributes: [("메모".to_owned(), person.memo)].into(),
                created_at: ambient.now(),
                updated_at: ambient.now(),
                advertising_consent_at: None,
            });
        }
        let Some(first) = chunk.first() else { break };
        if written >= rows / 2 {
            middle.get_or_insert_with(|| (first.phone.digits(), first.name.clone()));
        }
        connection.execute("START TRANSACTION").await?;
        customers::insert_all(connection, id, None, &chunk).await?;
        groups::insert_members(connection, id, &members).await?;
        connection.execute("COMMIT").await?;
        written += chunk.len();
    }
    Ok(Clinic { id, groups, middle: middle.unwrap_or_default() })
}

async fn show(server: &Server, clinic: Clinic, rows: usize) -> Result<(), Failed> {
    server.connect(None).await?.execute("SET GLOBAL log_output = 'TABLE', slow_query_log = 1, long_query_time = 0").await?;
    let mut connection = server.connect(Some(SCHEMA)).await?;
    connection.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    let one = Within::Group(clinic.groups[7]);
    say("\n| first page of 50 | asked | returned | rows examined | examined per row | in the database, ms | slowest, ms |")?;
    say("|---|--:|--:|--:|--:|--:|--:|")?;
    for (title, within, sort) in [
        ("everybody, in the order of adding", Within::Everywhere, Sort::Oldest),
        ("everybody, the youngest first", Within::Everywhere, Sort::Recent),
        ("everybody, by name", Within::Everywhere, Sort::Name),
        ("a group of one in 21", one, Sort::Oldest),
        ("the same, the youngest first", one, Sort::Recent),
        ("the same, by name", one, Sort::Name),
        ("in no group", Within::Unassigned, Sort::Oldest),
        ("in no group, by name", Within::Unassigned, Sort::Name),
    ] {
        measure(&mut connection, clinic.id, title, &Wanted { within, search: Search::everybody(), sort }).await?;
    }
    let (phone, name) = clinic.middle;
    let syllables: String = name.chars().skip(1).collect();
    let (start, middle, end) = (&phone[..7], &phone[3..7], &phone[7..]);
    for (title, text) in [
        ("search: a whole phone", phone.as_str()),
        ("search: the first 7 digits of a phone", start),
        ("search: 4 digits in the middle", middle),
        ("search: the last 4 digits", end),
        ("search: the last 8 digits", &phone[3..]),
        ("search: 2 digits", &phone[9..]),
        ("search: digits that nobody has", "99999999"),
        ("search: a whole name", &name),
        ("search: a name without its surname", &syllables),
        ("search: a surname", &name[..3]),
        ("search: a name that nobody has", "없는사람"),
    ] {
        let wanted = Wanted { within: Within::Everywhere, search: Search::of(text), sort: Sort::Oldest };
        measure(&mut connection, clinic.id, title, &wanted).await?;
        let wanted = Wanted { within: one, ..wanted };
        measure(&mut connection, clinic.id, &format!("{title}, in a group"), &wanted).await?;
    }
    say(&format!("\n{rows} customers in the clinic"))
}

/// Asks the same question again and again, and shows what the server logged.
async fn measure(connection: &mut MySqlConnection, clinic: ClinicId, title: &str, wanted: &Wanted) -> Result<(), Failed> {
    connection.execute("TRUNCATE TABLE mysql.slow_log").await?;
    let begun = Instant::now();
    let (mut times, mut returned) = (0, 0);
    while times < TIMES && (times < 3 || begun.elapsed() < PATIENCE) {
        returned = customers::list(connection, clinic, wanted, &Position::default(), PAGE).await?.customers.len();
        times += 1;
    }
    let statements = logged(connection).await?;
    let each = statements.len() / times;
    // A question may take several statements: their times and rows are added up.
    let mut questions: Vec<(u64, i64)> = statements
        .chunks_exact(each.max(1))
        .map(|of| of.iter().fold((0, 0), |(time, rows), (more, examined)| (time + more, rows + examined)))
        .collect();
    questions.sort_unstable();
    let (median, rows) = questions.get(questions.len() / 2).copied().unwrap_or_default();
    let slowest = questions.last().map(|(time, _)| *time).unwrap_or_default();
    let per_row =
        i64::try_from(returned).ok().filter(|returned| *returned > 0).map(|returned| (rows * 10 / returned, returned));
    let per_row = per_row.map_or_else(|| "-".to_owned(), |(tenths, _)| format!("{}.{}", tenths / 10, tenths % 10));
    say(&format!(
        "| {title} | {times} x {each} | {returned} | {rows} | {per_row} | {}.{:02} | {}.{:02} |",
        median / 1000,
        median % 1000 / 10,
        slowest / 1000,
        slowest % 1000 / 10
    ))
}

/// The time in microseconds and the rows examined of every statement of this connection that reads customers.
async fn logged(connection: &mut MySqlConnection) -> Result<Vec<(u64, i64)>, Failed> {
    let rows = sqlx::query(
        "SELECT CAST(TIME_TO_SEC(query_time) * 1000000 AS UNSIGNED), CAST(rows_examined AS SIGNED) FROM mysql.slow_log
         WHERE thread_id = CONNECTION_ID() AND CAST(sql_text AS CHAR) LIKE '%customers c%' AND db = DATABASE()
         ORDER BY start_time",
    )
    .fetch_all(connection)
    .await?;
    let read = |row: &MySqlRow| Ok((row.try_get::<u64, _>(0)?, row.try_get(1)?));
    Ok(rows.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}

fn say(text: &str) -> Result<(), Failed> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}
