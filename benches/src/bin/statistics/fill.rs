//! A clinic that sent a million messages in sixty days, beside others.

use benches::Failed;
use benches::scratch;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use shared::clock::Ambient;
use shared::db::campaigns::{self, Campaign};
use shared::db::hourly_totals::{Delta, Moves, Owner};
use shared::model::state::ClickClass;
use shared::model::{ClinicId, GroupId, StaffId, TemplateId};
use shared::testing::campaign;
use sqlx::mysql::MySqlConnection;
use sqlx::{AssertSqlSafe, Executor};

/// A campaign a day.
pub const DAYS: u32 = 60;
/// Groups through which recipients are reached; every tenth recipient through none.
const GROUPS: u64 = 4;

/// A clinic with its history.
pub struct Clinic {
    pub id: ClinicId,
    pub group: GroupId,
    pub template: TemplateId,
    pub campaign: Campaign,
    /// Whose token may ask.
    pub subject: String,
}

/// The first day of the history.
pub fn first_day() -> NaiveDate {
    NaiveDate::default() + TimeDelta::days(20_454)
}

/// The numbers that messages are made of.
pub async fn add_numbers(connection: &mut MySqlConnection, most: u32) -> Result<(), Failed> {
    connection.execute("CREATE TABLE numbers (n INT UNSIGNED NOT NULL PRIMARY KEY)").await?;
    connection.execute("INSERT INTO numbers VALUES (1)").await?;
    let mut count = 1;
    while count < most {
        let more = format!("INSERT INTO numbers SELECT n + {count} FROM numbers WHERE n + {count} <= {most}");
        connection.execute(AssertSqlSafe(more)).await?;
        count *= 2;
    }
    Ok(())
}

/// Adds a clinic that sent so many messages in each of its campaigns.
pub async fn add_clinic(connection: &mut MySqlConnection, ambient: &Ambient, each: u32) -> Result<Clinic, Failed> {
    let id = scratch::add_clinic(connection, ambient).await?;
    let subject = format!("staff of {id}");
    sqlx::query("INSERT INTO staff (id, clinic_id, subject, name, role, created_at) VALUES (?, ?, ?, 'n', 'owner', NOW())")
        .bind(StaffId::new(ambient))
        .bind(id)
        .bind(&subject)
        .execute(&mut *connection)
        .await?;
    let groups: Vec<_> = (0..GROUPS).map(|_| GroupId::new(ambient)).collect();
    let templates = [TemplateId::new(ambient), TemplateId::new(ambient)];
    let mut campaigns = Vec::new();
    for day in 0..DAYS {
        let campaign = Campaign { template: templates[usize::from(day % 2 == 1)], ..campaign(ambient, id) };
        connection.execute("START TRANSACTION").await?;
        campaigns::insert(connection, &campaign, &[]).await?;
        let begin = first_day().and_time(NaiveTime::MIN) + TimeDelta::days(day.into());
        send(connection, &campaign, &groups, begin, each).await?;
        visit(connection, &campaign, each).await?;
        count(connection, &campaign).await?;
        connection.execute("COMMIT").await?;
        campaigns.push(campaign);
    }
    let campaign = campaigns.swap_remove(campaigns.len() / 2);
    Ok(Clinic { id, group: groups[1], template: templates[0], campaign, subject })
}

/// Ten hours long messages go out from 09:00 in Seoul on; most arrive within ten minutes.
async fn send(
    connection: &mut MySqlConnection,
    campaign: &Campaign,
    groups: &[GroupId],
    begin: NaiveDateTime,
    each: u32,
) -> Result<(), Failed> {
    sqlx::query(
        "INSERT INTO messages (clinic_id, campaign_id, number, name, phone, body, link, group_id, state, reason, sent_at, resulted_at)
         SELECT ?, ?, n, '김단골', CONCAT('+8210', LPAD(n, 8, '0')), REPEAT('검진하실 때가 되었습니다. ', 5), CONCAT('token-', n),
             CASE WHEN n % 10 = 0 THEN NULL ELSE ELT(1 + n % 4, ?, ?, ?, ?) END,
             CASE WHEN n % 100 < 93 THEN 'delivered' WHEN n % 100 < 99 THEN 'failed' ELSE 'unknown' END,
             CASE WHEN n % 100 < 93 THEN NULL WHEN n % 100 = 93 THEN 'blocked' WHEN n % 100 = 94 THEN 'not_reachable'
                 WHEN n % 100 < 99 THEN 'no_kakaotalk' ELSE 'receipt_unclear' END,
             ? + INTERVAL n * (36000000000 DIV ?) MICROSECOND,
             ? + INTERVAL n * (36000000000 DIV ?) + CRC32(n) % 600000000 MICROSECOND
         FROM numbers WHERE n <= ?",
    )
    .bind(campaign.clinic)
    .bind(campaign.id)
    .bind(groups[0])
    .bind(groups[1])
    .bind(groups[2])
    .bind(groups[3])
    .bind(begin)
    .bind(each)
    .bind(begin)
    .bind(each)
    .bind(each)
    .execute(&mut *connection)
    .await?;
    let prepared = sqlx::query("UPDATE campaigns SET prepared_messages = ? WHERE clinic_id = ? AND id = ?");
    prepared.bind(each).bind(campaign.clinic).bind(campaign.id).execute(connection).await?;
    Ok(())
}

/// A visit for each fifth message within two days: of people most, one in eight messages has one and some have two; of previews and
/// programs the others.
async fn visit(connection: &mut MySqlConnection, campaign: &Campaign, each: u32) -> Result<(), Failed> {
    for (class, rest, of) in [("human", 0, 8), ("human", 1, 50), ("preview", 2, 25), ("bot", 3, 66)] {
        let add = "INSERT INTO clicks (id, clinic_id, campaign_id, message_number, class, reason, rule_version, agent, origin, sequence,
                 clicked_at)
             SELECT UNHEX(MD5(CONCAT(HEX(campaign_id), number, ?, ?))), clinic_id, campaign_id, number, ?, 'browser', 2, REPEAT('x', 150),
                 ?, number DIV ? + 1, sent_at + INTERVAL CRC32(number * ?) % 172800 SECOND
             FROM messages WHERE campaign_id = ? AND number <= ? AND number % ? = ?";
        let query = sqlx::query(add).bind(class).bind(of).bind(class).bind(of).bind(of).bind(of);
        query.bind(campaign.id).bind(each).bind(of).bind(rest).execute(&mut *connection).await?;
    }
    sqlx::query(
        "UPDATE messages m JOIN (SELECT message_number, MIN(clicked_at) AS first_click_at FROM clicks
                 WHERE campaign_id = ? AND class = 'human' GROUP BY message_number) c ON c.message_number = m.number
         SET m.first_click_at = c.first_click_at WHERE m.campaign_id = ?",
    )
    .bind(campaign.id)
    .bind(campaign.id)
    .execute(connection)
    .await?;
    Ok(())
}

/// How many are alike: group, hour, what, count.
type Line = (Option<GroupId>, NaiveDateTime, String, i32);

/// Counts a campaign's messages and visits as workers do, by the hour instead of one by one.
async fn count(connection: &mut MySqlConnection, campaign: &Campaign) -> Result<(), Failed> {
    let (owner, zero, mut moves) = (Owner::from(campaign), Delta::default(), Moves::default());
    let list = async |connection: &mut MySqlConnection, what: &str, at: &str, which: &str| -> Result<Vec<Line>, Failed> {
        let statement = format!(
            "SELECT m.group_id, CAST(DATE_FORMAT({at}, '%Y-%m-%d %H:00:00') AS DATETIME) AS hour, {what}, CAST(COUNT(*) AS SIGNED INT)
             FROM messages m {which} m.campaign_id = ? AND {at} IS NOT NULL GROUP BY 1, 2, 3"
        );
        Ok(sqlx::query_as(AssertSqlSafe(statement)).bind(campaign.id).fetch_all(connection).await?)
    };
    let utc = |hour: NaiveDateTime| -> DateTime<Utc> { hour.and_utc() };
    for (group, hour, _, sent) in list(connection, "'sent'", "m.sent_at", "WHERE").await? {
        moves.add(owner, group, utc(hour), Delta { sent, ..zero });
    }
    for (group, hour, _, delivered) in list(connection, "m.state", "m.resulted_at", "WHERE m.state = 'delivered' AND").await? {
        moves.add(owner, group, utc(hour), Delta { delivered, ..zero });
    }
    for (group, hour, reason, failed) in list(connection, "m.reason", "m.resulted_at", "WHERE m.state = 'failed' AND").await? {
        moves.fail(owner, group, utc(hour), &reason, failed);
    }
    for (group, hour, _, unique_clicks) in list(connection, "'unique'", "m.first_click_at", "WHERE").await? {
        moves.add(owner, group, utc(hour), Delta { unique_clicks, ..zero });
    }
    let visits = "JOIN clicks c ON c.campaign_id = m.campaign_id AND c.message_number = m.number WHERE";
    for (group, hour, class, count) in list(connection, "c.class", "c.clicked_at", visits).await? {
        let class: ClickClass = class.parse()?;
        moves.add(owner, group, utc(hour), Delta::visits(class, count));
    }
    Ok(moves.store(connection).await?)
}
