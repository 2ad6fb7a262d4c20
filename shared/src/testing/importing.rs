//! A clinic with lists that are approved, and a look at what becomes of its customers and groups.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::mysql::MySqlPool;
use sqlx::{AssertSqlSafe, QueryBuilder};

use crate::clock::Ambient;
use crate::db::import_rows::OUTCOME;
use crate::db::imports::{self, Contents, Import, Options};
use crate::db::{customers, groups};
use crate::model::import::{ColumnRole, ImportColumn};
use crate::model::state::{ImportState, Verdict};
use crate::model::{ClinicId, CustomerId, GroupId, ImportId, StaffId};
use crate::testing::clinic;

/// A row of a list under review.
#[derive(Debug, Clone)]
pub struct Row {
    number: u32,
    name: String,
    phone: String,
    group: String,
    attributes: Map<String, Value>,
    verdict: Verdict,
    deleted: bool,
}

/// The row with that number: somebody new, who has a phone of their own, no attributes and no group.
#[must_use]
pub fn row(number: u32) -> Row {
    Row {
        number,
        name: format!("고객{number}"),
        phone: phone(number),
        group: String::new(),
        attributes: Map::new(),
        verdict: Verdict::New,
        deleted: false,
    }
}

/// The phone in the [row] with that number, as it is stored.
#[must_use]
pub fn phone(number: u32) -> String {
    format!("+8210{number:08}")
}

impl Row {
    /// With another number; the person stays the same.
    #[must_use]
    pub fn numbered(self, number: u32) -> Self {
        Self { number, ..self }
    }

    /// With this name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// With this group.
    #[must_use]
    pub fn group(self, group: &str) -> Self {
        Self { group: group.to_owned(), ..self }
    }

    /// With this attribute too.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.attributes.insert(name.to_owned(), Value::from(value));
        self
    }

    /// With this verdict.
    #[must_use]
    pub fn judged(self, verdict: Verdict) -> Self {
        Self { verdict, ..self }
    }

    /// Left out by staff.
    #[must_use]
    pub fn deleted(self) -> Self {
        Self { deleted: true, ..self }
    }
}

/// A clinic that imports lists.
#[derive(Debug, Clone)]
pub struct Importing {
    /// The clinic.
    pub clinic: ClinicId,
    pool: MySqlPool,
}

impl Importing {
    /// Writes the clinic.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn new(pool: &MySqlPool, ambient: &Ambient) -> Self {
        Self { clinic: clinic(pool, ambient).await, pool: pool.clone() }
    }

    /// Writes a list that staff have approved, with columns for all attributes that it has.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn approve(&self, ambient: &Ambient, rows: &[Row], options: Options) -> ImportId {
        let import = ImportId::new(ambient);
        let mut headers: Vec<&String> = rows.iter().flat_map(|row| row.attributes.keys()).collect();
        headers.sort();
        headers.dedup();
        let attribute =
            |header: &&String| ImportColumn { letter: String::new(), header: (*header).clone(), role: ColumnRole::Attribute };
        let rows_read = u32::try_from(rows.len()).expect("not that many rows");
        let contents = Contents { columns: headers.iter().map(attribute).collect(), rows_read, ..Contents::default() };
        let staff = StaffId::new(ambient);
        let mut connection = self.pool.acquire().await.expect("the database answers");
        imports::insert(&mut connection, ambient, self.clinic, staff, import, "고객.xlsx").await.expect("the import is new");
        imports::mark_ready(&mut connection, ambient, self.clinic, import, &contents).await.expect("it can be ready");
        imports::set_options(&mut connection, self.clinic, import, &options).await.expect("it has options");
        imports::set_state(&mut connection, ambient, self.clinic, import, ImportState::Committing).await.expect("it moves on");
        for rows in rows.chunks(1000) {
            let mut query = QueryBuilder::new(
                "INSERT INTO import_rows (clinic_id, import_id, number, name, phone_text, phone, group_name, attributes, verdict,
                 deleted, customer_id) ",
            );
            query.push_values(rows, |mut values, row| {
                values.push_bind(self.clinic).push_bind(import).push_bind(row.number).push_bind(&row.name);
                values.push_bind(&row.phone).push_bind(&row.phone).push_bind(&row.group);
                values.push_bind(Value::Object(row.attributes.clone()).to_string()).push_bind(row.verdict.as_str());
                values.push_bind(row.deleted).push_bind(CustomerId::new(ambient));
            });
            query.build().persistent(false).execute(&mut *connection).await.expect("the rows are new");
        }
        import
    }

    /// Lets staff revoke the import.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn revoke(&self, ambient: &Ambient, import: ImportId) {
        let mut connection = self.pool.acquire().await.expect("the database answers");
        imports::rewind(&mut connection, self.clinic, import).await.expect("it can be begun anew");
        imports::set_state(&mut connection, ambient, self.clinic, import, ImportState::Undoing).await.expect("it moves on");
    }

    /// Adds a customer as the reception does.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn add(&self, ambient: &Ambient, name: &str, number: u32, attributes: &[(&str, &str)]) -> CustomerId {
        let now = ambient.now();
        let customer = customers::Customer {
            id: CustomerId::new(ambient),
            name: name.to_owned(),
            phone: phone(number).parse().expect("the number makes a phone"),
            attributes: attributes.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
            created_at: now,
            updated_at: now,
            advertising_consent_at: None,
        };
        let mut connection = self.pool.acquire().await.expect("the database answers");
        let added = std::slice::from_ref(&customer);
        customers::insert_all(&mut connection, self.clinic, None, added).await.expect("the customer is new");
        customer.id
    }

    /// Puts a customer into a group, which is made when there is none of that name.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn join(&self, ambient: &Ambient, customer: CustomerId, group: &str) -> GroupId {
        let mut connection = self.pool.acquire().await.expect("the database answers");
        let group = groups::find_or_insert(&mut connection, ambient, self.clinic, group).await.expect("there is the group").id;
        groups::insert_members(&mut connection, self.clinic, &[(group, customer)]).await.expect("the customer joins");
        group
    }

    /// Lets staff give the customer with that phone another name.
    ///
    /// # Panics
    /// When there is no such customer.
    pub async fn rename(&self, number: u32, name: &str, at: DateTime<Utc>) {
        let renamed = sqlx::query("UPDATE customers SET name = ?, updated_at = ? WHERE clinic_id = ? AND phone = ?");
        let renamed = renamed.bind(name).bind(at).bind(self.clinic).bind(phone(number)).execute(&self.pool).await;
        assert_eq!(renamed.expect("the database answers").rows_affected(), 1);
    }

    /// Suppresses a phone.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn suppress(&self, number: u32) {
        let suppressed = "INSERT INTO suppressions (clinic_id, phone, reason, created_at) VALUES (?, ?, 'forgotten', NOW(6))";
        let suppressed = sqlx::query(suppressed).bind(self.clinic).bind(phone(number)).execute(&self.pool).await;
        suppressed.expect("the phone is not suppressed yet");
    }

    /// The import as it stands.
    ///
    /// # Panics
    /// When there is none.
    pub async fn import(&self, import: ImportId) -> Import {
        let mut connection = self.pool.acquire().await.expect("the database answers");
        imports::find(&mut connection, self.clinic, import).await.expect("the database answers").expect("there is the import")
    }

    /// What became of each row.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn outcomes(&self, import: ImportId) -> Vec<(u32, Option<String>)> {
        let rows = format!(
            "SELECT number, NULLIF({OUTCOME}, '') FROM import_rows WHERE clinic_id = ? AND import_id = ? ORDER BY number"
        );
        let rows = sqlx::query_as(AssertSqlSafe(rows)).bind(self.clinic).bind(import).fetch_all(&self.pool).await;
        rows.expect("the database answers")
    }

    /// Every byte of all customers, groups and who is in them, but for the ids of groups.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn people(&self) -> Vec<String> {
        self.lines(&[
            "SELECT CONCAT_WS('|', HEX(id), phone, name, attributes, COALESCE(HEX(import_id), ''), created_at, updated_at)
             FROM customers",
            "SELECT CONCAT_WS('|', name, COALESCE(unassigned, ''), COALESCE(HEX(import_id), ''), created_at)
             FROM customer_groups",
            "SELECT CONCAT_WS('|', g.name, HEX(m.customer_id)) FROM customer_group_members m
             JOIN customer_groups g ON g.clinic_id = m.clinic_id AND g.id = m.group_id",
        ])
        .await
    }

    /// [people](Self::people), and all that imports and their rows say of them.
    ///
    /// # Panics
    /// When the database does not answer.
    pub async fn everything(&self) -> Vec<String> {
        let mut everything = self.people().await;
        let rows = "SELECT CONCAT_WS('|', r.number, r.name, r.attributes, COALESCE(r.outcome, ''), HEX(r.customer_id),
               COALESCE(g.name, ''), COALESCE(r.previous_name, ''), COALESCE(r.previous_attributes, ''),
               COALESCE(r.previous_updated_at, ''), COALESCE(r.written_at, ''))
             FROM import_rows r LEFT JOIN customer_groups g ON g.clinic_id = r.clinic_id AND g.id = r.joined_group_id";
        let imports =
            "SELECT CONCAT_WS('|', HEX(id), state, worked_through, rows_committed, rows_added, rows_updated, rows_undone,
               rows_kept) FROM imports";
        let named = "SELECT CONCAT_WS('|', n.name, n.last, COALESCE(g.name, '')) FROM import_groups n
             LEFT JOIN customer_groups g ON g.clinic_id = n.clinic_id AND g.id = n.group_id";
        let columns = "SELECT CONCAT_WS('|', name, created_at) FROM customer_columns";
        everything.extend(self.lines(&[rows, imports, named, columns]).await);
        everything
    }

    async fn lines(&self, selects: &[&'static str]) -> Vec<String> {
        let mut lines = Vec::new();
        for select in selects {
            let found = sqlx::query_scalar::<_, String>(AssertSqlSafe(*select)).fetch_all(&self.pool).await;
            let mut found = found.expect("the database answers");
            found.sort();
            lines.extend(found);
        }
        lines
    }
}
