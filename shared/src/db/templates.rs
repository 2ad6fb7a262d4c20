//! Templates as the provider last showed them, and where the clinic wants their variables to come from.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use sqlx::types::Json;

use crate::clock::Ambient;
use crate::model::approval::{Comment, Described};
use crate::model::draft::Sources;
use crate::model::template::Button;
use crate::model::{ClinicId, TemplateId};

/// A template as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The template.
    pub id: TemplateId,
    /// What it says.
    pub described: Described,
    /// Where its variables come from.
    pub sources: Sources,
    /// When a campaign with it was last asked for here.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When the provider was asked and showed it so.
    pub synced_at: DateTime<Utc>,
}

/// Selects templates of a clinic, which is the first argument. Campaigns tell when one was last used.
macro_rules! select {
    ($which:literal, $clinic:expr $(, $argument:expr)*) => {
        sqlx::query!(
            r#"SELECT t.id AS "id!: TemplateId", t.code AS "code!", t.name AS "name!", t.content AS "content!",
                 t.emphasis_title AS "emphasis_title!", t.buttons AS "buttons!: Json<Vec<Button>>", t.inspection AS "inspection!",
                 t.status AS "status!", t.message_kind AS "message_kind!", t.emphasis_kind AS "emphasis_kind!",
                 t.emphasis_subtitle AS "emphasis_subtitle!", t.comments AS "comments?: Json<Vec<Comment>>",
                 t.provider_created_at AS "provider_created_at?", t.sources AS "sources?: Json<Sources>",
                 t.last_used_at AS "last_used_at?", u.asked_at AS "asked_at?", t.synced_at AS "synced_at!"
               FROM templates t
               LEFT JOIN (SELECT template_id, MAX(created_at) AS asked_at FROM campaigns WHERE clinic_id = ? GROUP BY template_id) u
                 ON u.template_id = t.id
               WHERE t.clinic_id = ? AND "# + $which,
            $clinic,
            $clinic
            $(, $argument)*
        )
    };
}

macro_rules! template {
    ($row:expr) => {
        Template {
            id: $row.id,
            described: Described {
                code: $row.code,
                name: $row.name,
                content: $row.content,
                emphasis_title: $row.emphasis_title,
                buttons: $row.buttons.0,
                inspection: $row.inspection,
                status: $row.status,
                kind: $row.message_kind,
                emphasis_kind: $row.emphasis_kind,
                emphasis_subtitle: $row.emphasis_subtitle,
                comments: $row.comments.map(|comments| comments.0).unwrap_or_default(),
                created_at: $row.provider_created_at.map(|at| at.and_utc()),
            },
            sources: $row.sources.map(|sources| sources.0).unwrap_or_default(),
            last_used_at: $row.last_used_at.max($row.asked_at).map(|at| at.and_utc()),
            synced_at: $row.synced_at.and_utc(),
        }
    };
}

/// Makes the clinic's templates those that the provider showed when it was asked then: new ones are added, known ones (by code)
/// follow, others disappear. What was learnt from a later answer stays. Campaigns keep a copy of what they send. Answers how many
/// disappeared.
///
/// # Errors
/// When the database refuses.
pub async fn replace_all(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    asked_at: DateTime<Utc>,
    templates: &[Described],
) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT code, id AS "id: TemplateId", synced_at FROM templates WHERE clinic_id = ? ORDER BY code FOR UPDATE"#,
        clinic
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut known: HashMap<_, _> = rows.into_iter().map(|row| (row.code, (row.id, row.synced_at.and_utc()))).collect();
    let mut shown = HashSet::new();
    for template in templates {
        // The first of a code counts; one is shown once.
        let is_later = known.get(&template.code).is_some_and(|(_, synced_at)| *synced_at > asked_at);
        if shown.insert(template.code.as_str()) && !is_later {
            insert_or_update(connection, ambient, clinic, asked_at, template).await?;
        }
    }
    known.retain(|code, (_, synced_at)| !shown.contains(code.as_str()) && *synced_at <= asked_at);
    let mut removed = 0;
    for (id, _) in known.into_values() {
        removed += delete(connection, clinic, id).await?;
    }
    Ok(removed)
}

/// Adds a template that the provider shows, or lets a known one (by code) follow.
///
/// # Errors
/// When the database refuses.
pub async fn insert_or_update(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    asked_at: DateTime<Utc>,
    template: &Described,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO templates (clinic_id, id, code, name, content, emphasis_title, buttons, inspection, status, message_kind,
             emphasis_kind, emphasis_subtitle, comments, provider_created_at, synced_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON DUPLICATE KEY UPDATE name = VALUES(name), content = VALUES(content), emphasis_title = VALUES(emphasis_title),
             buttons = VALUES(buttons), inspection = VALUES(inspection), status = VALUES(status),
             message_kind = VALUES(message_kind), emphasis_kind = VALUES(emphasis_kind),
             emphasis_subtitle = VALUES(emphasis_subtitle), comments = VALUES(comments),
             provider_created_at = VALUES(provider_created_at), synced_at = VALUES(synced_at)",
        clinic,
        TemplateId::new(ambient),
        template.code,
        template.name,
        template.content,
        template.emphasis_title,
        json(&template.buttons)?,
        template.inspection,
        template.status,
        template.kind,
        template.emphasis_kind,
        template.emphasis_subtitle,
        json(&template.comments)?,
        template.created_at,
        asked_at
    )
    .execute(connection)
    .await
    .map(drop)
}

fn json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

/// Deletes a template of the clinic; answers how many there were.
///
/// # Errors
/// When the database refuses.
pub async fn delete(connection: &mut MySqlConnection, clinic: ClinicId, id: TemplateId) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!("DELETE FROM templates WHERE clinic_id = ? AND id = ?", clinic, id);
    deleted.execute(connection).await.map(|result| result.rows_affected())
}

/// Says where a template's variables come from.
///
/// # Errors
/// When the database refuses.
pub async fn set_sources(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: TemplateId,
    sources: &Sources,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE templates SET sources = ? WHERE clinic_id = ? AND id = ?", json(sources)?, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// Remembers that a campaign with the template was asked for then.
///
/// # Errors
/// When the database refuses.
pub async fn mark_used(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: TemplateId,
    at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("UPDATE templates SET last_used_at = ? WHERE clinic_id = ? AND id = ?", at, clinic, id)
        .execute(connection)
        .await
        .map(drop)
}

/// A template of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: TemplateId) -> Result<Option<Template>, sqlx::Error> {
    let row = select!("t.id = ?", clinic, id).fetch_optional(connection).await?;
    Ok(row.map(|row| template!(row)))
}

/// A template of the clinic by the provider's code.
///
/// # Errors
/// When the database does not answer.
pub async fn find_by_code(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    code: &str,
) -> Result<Option<Template>, sqlx::Error> {
    let row = select!("t.code = ?", clinic, code).fetch_optional(connection).await?;
    Ok(row.map(|row| template!(row)))
}

/// The clinic's templates in order of their codes, behind the code `after`.
///
/// # Errors
/// When the database does not answer.
pub async fn list(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    after: &str,
    limit: u32,
) -> Result<Vec<Template>, sqlx::Error> {
    let rows = select!("t.code > ? ORDER BY t.code LIMIT ?", clinic, after, limit).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|row| template!(row)).collect())
}
