//! A hundred pieces of damage in ten thousand messages and their numbers.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::*;

type Told = (Option<CampaignId>, Kind, String);

/// What was damaged, as it should be found.
struct Damage<'a> {
    scene: &'a Scene,
    done: BTreeSet<Told>,
}

const COLUMNS: [&str; 9] =
    ["sent", "delivered", "failed", "human_clicks", "unique_clicks", "previews", "prefetches", "bots", "rejected"];

impl Damage<'_> {
    async fn statement(&mut self, campaign: Option<usize>, kind: Kind, place: String, statement: &str) {
        self.scene.damage(statement).await;
        let campaign = campaign.map(|index| self.scene.campaigns[index].id);
        assert!(self.done.insert((campaign, kind, place)), "{statement} damages what is damaged already");
    }

    /// The hours that something is counted in, the last first.
    async fn hours(&self, table: &str, scope: Uuid, part: Uuid) -> Vec<NaiveDateTime> {
        let (scope, part) = (hex(scope), hex(part));
        let hours =
            format!("SELECT DISTINCT hour FROM {table} WHERE scope_id = {scope} AND part_id = {part} ORDER BY hour DESC");
        sqlx::query_scalar(AssertSqlSafe(hours)).fetch_all(&self.scene.test.pool).await.unwrap()
    }

    /// Changes rows of the roll-up, each by another number: what is wrong in parts and wholes alike is one difference.
    async fn counts(
        &mut self,
        campaign: Option<usize>,
        (scope, part, name): (Uuid, Uuid, &str),
        which: std::ops::Range<usize>,
    ) {
        let hours = self.hours("hourly_totals", scope, part).await;
        for nth in which {
            let (hour, column, by) = (hours[nth], COLUMNS[nth % COLUMNS.len()], 3 + self.done.len().pow(2));
            let row = format!("scope_id = {} AND part_id = {} AND hour = '{hour}'", hex(scope), hex(part));
            let statement = format!("UPDATE hourly_totals SET {column} = {column} + {by} WHERE {row}");
            self.statement(campaign, Kind::Counts, format!("{name} at {}", hour.format("%Y-%m-%dT%HZ")), &statement).await;
        }
    }

    /// Changes why messages failed, in the first hours.
    async fn failures(
        &mut self,
        campaign: Option<usize>,
        (scope, part, name): (Uuid, Uuid, &str),
        which: std::ops::Range<usize>,
    ) {
        let mut hours = self.hours("hourly_failures", scope, part).await;
        hours.reverse();
        for nth in which {
            let hour = hours[nth];
            let row =
                format!("scope_id = {} AND part_id = {} AND hour = '{hour}' AND reason = 'blocked'", hex(scope), hex(part));
            let statement = match nth % 3 {
                0 => format!("UPDATE hourly_failures SET failed = failed - {} WHERE {row}", 3 + self.done.len()),
                1 => format!("UPDATE hourly_failures SET reason = 'too_long' WHERE {row}"),
                _ => format!("DELETE FROM hourly_failures WHERE {row}"),
            };
            self.statement(campaign, Kind::Counts, format!("{name} at {}", hour.format("%Y-%m-%dT%HZ")), &statement).await;
        }
    }

    /// Numbers of the roll-up: of a campaign, of what it is part of, of a test.
    async fn roll_up(&mut self) {
        let Scene { campaigns, groups: [groups, _], .. } = self.scene;
        let (first, test) = (&campaigns[0], &campaigns[2]);
        let id = first.id.uuid();
        let names = groups.map(|group| group.map_or_else(|| "no group".to_owned(), |group| group.to_string()));
        let parts: Vec<_> = groups.iter().map(|group| group.map_or(id, GroupId::uuid)).zip(&names).collect();
        for (part, name) in &parts {
            self.counts(Some(0), (id, *part, name), 0..6).await;
            self.failures(Some(0), (id, *part, name), 0..2).await;
        }
        self.counts(Some(0), (id, WHOLE, "whole"), 6..14).await;
        self.failures(Some(0), (id, WHOLE, "whole"), 2..4).await;
        let (clinic, template) = (first.clinic.uuid(), first.template);
        self.counts(None, (clinic, WHOLE, "clinic"), 0..6).await;
        self.failures(None, (clinic, WHOLE, "clinic"), 4..6).await;
        self.counts(None, (template.uuid(), WHOLE, &template.to_string()), 0..4).await;
        self.failures(None, (template.uuid(), WHOLE, &template.to_string()), 6..7).await;
        for (part, name) in &parts[1..] {
            self.counts(None, (*part, WHOLE, name), 0..3).await;
        }
        self.failures(None, (parts[1].0, WHOLE, parts[1].1), 2..3).await;
        self.counts(Some(2), (test.id.uuid(), parts[1].0, parts[1].1), 0..2).await;
        self.counts(Some(2), (test.id.uuid(), WHOLE, "whole"), 4..5).await;
    }

    /// Rows of the roll-up that are gone, and some that are too many, at another clinic.
    async fn lines(&mut self) {
        let campaign = &self.scene.campaigns[3];
        let (id, clinic, template) = (campaign.id.uuid(), campaign.clinic.uuid(), campaign.template);
        let whole = template.to_string();
        let gone = [(Some(3), id, id, "no group", 0), (Some(3), id, id, "no group", 4), (None, clinic, WHOLE, "clinic", 8)];
        for (of, scope, part, name, nth) in gone.into_iter().chain([(None, template.uuid(), WHOLE, whole.as_str(), 9)]) {
            let hour = self.hours("hourly_totals", scope, part).await[nth];
            let row = format!("scope_id = {} AND part_id = {} AND hour = '{hour}'", hex(scope), hex(part));
            let place = format!("{name} at {}", hour.format("%Y-%m-%dT%HZ"));
            self.statement(of, Kind::Counts, place, &format!("DELETE FROM hourly_totals WHERE {row}")).await;
        }
        let nobodys = GroupId::new(&self.scene.ambient);
        let (name, part) = (nobodys.to_string(), nobodys.uuid());
        for (of, scope, part, hour) in
            [(Some(3), id, part, "2026-03-01 00"), (Some(3), id, part, "2026-03-01 01"), (None, part, WHOLE, "2026-03-01 02")]
        {
            let (clinic, scope, part) = (hex(clinic), hex(scope), hex(part));
            let values = format!("VALUES ({clinic}, {scope}, {part}, '{hour}:00:00', 4)");
            let statement = format!("INSERT INTO hourly_totals (clinic_id, scope_id, part_id, hour, human_clicks) {values}");
            self.statement(of, Kind::Counts, format!("{name} at {}Z", hour.replace(' ', "T")), &statement).await;
        }
        let id = hex(id);
        let prepared = format!("UPDATE campaigns SET prepared_messages = prepared_messages + 1 WHERE id = {id}");
        self.statement(Some(3), Kind::Prepared, "campaign".to_owned(), &prepared).await;
        let prepared = format!(
            "UPDATE campaigns SET prepared_messages = prepared_messages - 7 WHERE id = {}",
            hex(self.scene.campaigns[0].id.uuid())
        );
        self.statement(Some(0), Kind::Prepared, "campaign".to_owned(), &prepared).await;
    }

    /// Messages and visits of the second campaign.
    async fn rows(&mut self) {
        let id = hex(self.scene.campaigns[1].id.uuid());
        let message =
            |change: &str, number: u32| format!("UPDATE messages SET {change} WHERE campaign_id = {id} AND number = {number}");
        let first_clicks = [("NULL", 41), ("NULL", 43), ("NULL", 45), ("NULL", 1047), ("NULL", 1049)];
        let later = [("first_click_at + INTERVAL 1 HOUR", 51), ("first_click_at + INTERVAL 1 DAY", 53)];
        let never = [
            ("sent_at + INTERVAL 1 SECOND", 56),
            ("sent_at + INTERVAL 1 SECOND", 58),
            ("first_click_at - INTERVAL 2 SECOND", 65),
        ];
        for (to, number) in first_clicks.into_iter().chain(later).chain(never) {
            let statement = message(&format!("first_click_at = {to}"), number);
            self.statement(Some(1), Kind::FirstClick, format!("message {number}"), &statement).await;
        }
        let states = [
            ("state = 'sent'", 101),
            ("state = 'sent'", 1203),
            ("sent_at = NULL", 104),
            ("sent_at = NULL", 1206),
            ("resulted_at = NULL", 119),
            ("resulted_at = NULL", 1201),
            ("state = 'lost'", 113),
            // One that was sent and has no result yet.
            ("state = 'queued'", 121),
        ];
        for (change, number) in states {
            self.statement(Some(1), Kind::State, format!("message {number}"), &message(change, number)).await;
        }
        for number in [300, 303, 1306, 2309] {
            let statement = format!("DELETE FROM messages WHERE campaign_id = {id} AND number = {number}");
            self.statement(Some(1), Kind::MessagesMissing, format!("message {number}"), &statement).await;
        }
        for (origin, number) in [(100, 50), (101, 150), (102, 250), (100, 350), (101, 450), (102, 550), (100, 1200)] {
            let statement =
                format!("DELETE FROM clicks WHERE campaign_id = {id} AND origin = {origin} AND sequence = {number}");
            let place = format!("origin {origin}, numbers {number} to {number}");
            self.statement(Some(1), Kind::VisitsMissing, place, &statement).await;
        }
        self.strays(&id).await;
    }

    async fn strays(&mut self, id: &str) {
        let stranger = hex(self.scene.campaigns[3].clinic.uuid());
        let strays = [
            (700, "class = 'humam'".to_owned(), "human"),
            (720, "class = ''".to_owned(), "human"),
            (740, "class = 'scan'".to_owned(), "human"),
            (760, format!("clinic_id = {stranger}"), "human"),
            (0, "message_number = 9999".to_owned(), "preview"),
        ];
        for (sequence, change, class) in strays {
            let which = format!("campaign_id = {id} AND class = '{class}' AND origin = 100 AND sequence >= {sequence}");
            let found = format!("SELECT id FROM clicks WHERE {which} ORDER BY sequence LIMIT 1");
            let click: ClickId = sqlx::query_scalar(AssertSqlSafe(found)).fetch_one(&self.scene.test.pool).await.unwrap();
            let statement = format!("UPDATE clicks SET {change} WHERE id = {}", hex(click.uuid()));
            self.statement(Some(1), Kind::StrayVisit, click.to_string(), &statement).await;
        }
    }
}

#[tokio::test]
async fn a_hundred_pieces_of_damage_are_found_and_nothing_else() {
    let scene = Scene::new(&[5000, 4000, 600, 400]).await;
    for copy in ["CREATE TABLE messages_before AS SELECT * FROM messages", "CREATE TABLE clicks_before AS SELECT * FROM clicks"]
    {
        scene.execute(copy).await;
    }
    assert_eq!(scene.run().await, Checked::default());

    let mut damage = Damage { scene: &scene, done: BTreeSet::new() };
    damage.roll_up().await;
    damage.lines().await;
    damage.rows().await;
    let done = damage.done;
    assert_eq!(done.len(), 100);

    let begun = Instant::now();
    let checked = scene.run().await;
    let taken = begun.elapsed();
    let found: Vec<_> =
        checked.told.iter().map(|(campaign, finding)| (*campaign, finding.kind, finding.place.clone())).collect();
    let unique: BTreeSet<_> = found.iter().cloned().collect();
    assert_eq!(unique.difference(&done).collect::<Vec<_>>(), Vec::<&Told>::new(), "found, and never damaged");
    assert_eq!(done.difference(&unique).collect::<Vec<_>>(), Vec::<&Told>::new(), "damaged, and not found");
    assert_eq!((found.len(), checked.differ), (100, 100));
    assert!(taken < Duration::from_mins(1), "{taken:?}");
    assert_eq!(checked.mended + checked.standing, 100, "{}", checked.mended);

    // What can be mended was; what stands is not told again.
    let again = scene.run().await;
    assert_eq!((again.differ, again.standing), (0, checked.standing), "{:?}", again.told);

    // Put back by hand, all rows are as they were, and so are all numbers.
    for statement in [
        "REPLACE INTO messages SELECT * FROM messages_before",
        "REPLACE INTO clicks SELECT * FROM clicks_before",
        "UPDATE campaigns c SET prepared_messages = (SELECT COUNT(*) FROM messages WHERE campaign_id = c.id)",
    ] {
        scene.execute(statement).await;
    }
    assert_equals_rows(&scene.test.pool).await;
    assert_eq!(scene.run().await, Checked::default());
    scene.test.finish().await;
}
