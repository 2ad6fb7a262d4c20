//! The same numbers from the rows themselves: what statistics would be without a roll-up.

use std::collections::BTreeMap;

use benches::Failed;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde_json::{Value, json};
use shared::model::ClinicId;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Executor, FromRow};

/// What would make the join as fast as it can be, at the cost of four indexes more to keep. All that is asked of rows stands in
/// them.
const INDEXES: [&str; 4] = [
    "ALTER TABLE messages ADD KEY bench_sent (clinic_id, sent_at)",
    "ALTER TABLE messages ADD KEY bench_resulted (clinic_id, resulted_at, state, reason)",
    "ALTER TABLE messages ADD KEY bench_clicked (clinic_id, first_click_at)",
    "ALTER TABLE clicks ADD KEY bench_clicks (clinic_id, clicked_at, class, campaign_id)",
];

#[derive(FromRow)]
struct Line {
    hour: NaiveDateTime,
    sent: i64,
    delivered: i64,
    failed: i64,
    human_clicks: i64,
    unique_clicks: i64,
    previews: i64,
    prefetches: i64,
    bots: i64,
    rejected: i64,
}

/// Adds the indexes that help it.
pub async fn add_indexes(connection: &mut MySqlConnection) -> Result<(), Failed> {
    for statement in INDEXES {
        connection.execute(statement).await?;
    }
    connection.execute("ANALYZE TABLE messages, clicks, campaigns").await?;
    Ok(())
}

/// The numbers of every hour in which anything happened, as the series shows them, by its beginning in UTC; with the indexes that help,
/// which the server would not choose for a day.
pub async fn numbers(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    indexed: bool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BTreeMap<DateTime<Utc>, Value>, Failed> {
    let hour = |at: &str| format!("CAST(DATE_FORMAT({at}, '%Y-%m-%d %H:00:00') AS DATETIME)");
    let from_rows = |table: &str, index: &str, at: &str| {
        let join = if indexed { format!("FORCE INDEX ({index}) STRAIGHT_JOIN") } else { "JOIN".to_owned() };
        format!(
            "FROM {table} r {join} campaigns c ON c.clinic_id = r.clinic_id AND c.id = r.campaign_id
             WHERE c.kind <> 'test' AND r.clinic_id = ? AND {at} >= ? AND {at} < ?"
        )
    };
    let part = |at: &str, table: &str, index: &str, numbers: &str| {
        format!("SELECT {} AS hour, {numbers} {}", hour(at), from_rows(table, index, at))
    };
    let parts = [
        part("r.sent_at", "messages", "bench_sent", "1 AS sent, 0 AS delivered, 0 AS failed, 0 AS first, '' AS class"),
        part("r.resulted_at", "messages", "bench_resulted", "0, r.state = 'delivered', r.state = 'failed', 0, ''"),
        part("r.first_click_at", "messages", "bench_clicked", "0, 0, 0, 1, ''"),
        part("r.clicked_at", "clicks", "bench_clicks", "0, 0, 0, 0, r.class"),
    ];
    let sums = [
        ("SUM(sent)", "sent"),
        ("SUM(delivered)", "delivered"),
        ("SUM(failed)", "failed"),
        ("SUM(class = 'human')", "human_clicks"),
        ("SUM(first)", "unique_clicks"),
        ("SUM(class = 'preview')", "previews"),
        ("SUM(class = 'prefetch')", "prefetches"),
        ("SUM(class = 'bot')", "bots"),
        ("SUM(class = 'rejected')", "rejected"),
    ];
    let sums = sums.map(|(sum, name)| format!("CAST({sum} AS SIGNED) AS {name}")).join(", ");
    let statement = format!("/* join */ SELECT hour, {sums} FROM ({}) moments GROUP BY hour", parts.join(" UNION ALL "));
    let mut query = sqlx::query_as(AssertSqlSafe(statement));
    for _ in parts {
        query = query.bind(clinic).bind(from.naive_utc()).bind(until.naive_utc());
    }
    let lines: Vec<Line> = query.fetch_all(&mut *connection).await?;

    let by_reason = format!(
        "/* join */ SELECT {} AS hour, COALESCE(r.reason, 'other'), COUNT(*) {} AND r.state = 'failed' GROUP BY 1, 2",
        hour("r.resulted_at"),
        from_rows("messages", "bench_resulted", "r.resulted_at")
    );
    let query = sqlx::query_as(AssertSqlSafe(by_reason)).bind(clinic).bind(from.naive_utc()).bind(until.naive_utc());
    let reasons: Vec<(NaiveDateTime, String, i64)> = query.fetch_all(connection).await?;
    let mut failures: BTreeMap<NaiveDateTime, BTreeMap<String, i64>> = BTreeMap::new();
    for (hour, reason, count) in reasons {
        failures.entry(hour).or_default().insert(reason, count);
    }

    let shown = lines.into_iter().map(|line| {
        let numbers = json!({
            "sent": line.sent, "delivered": line.delivered, "failed": line.failed, "humanClicks": line.human_clicks,
            "uniqueClicks": line.unique_clicks, "previews": line.previews, "prefetches": line.prefetches, "bots": line.bots,
            "rejected": line.rejected, "failures": failures.remove(&line.hour).unwrap_or_default(),
        });
        (line.hour.and_utc(), numbers)
    });
    Ok(shown.collect())
}
