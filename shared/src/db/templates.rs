//! Templates as the provider last showed them.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{MySqlConnection, QueryBuilder};

use crate::clock::Ambient;
use crate::model::approval::Described;
use crate::model::template::Button;
use crate::model::{ClinicId, TemplateId};

/// A template as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The template.
    pub id: TemplateId,
    /// What it says.
    pub described: Described,
    /// When the provider showed it so.
    pub synced_at: DateTime<Utc>,
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
            },
            synced_at: $row.synced_at.and_utc(),
        }
    };
}

/// Makes the clinic's templates those that the provider showed: new ones are added, known ones (by code) follow, others
/// disappear. Campaigns keep a copy of what they send. Answers how many disappeared.
///
/// # Errors
/// When the database refuses.
pub async fn replace_all(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    templates: &[Described],
) -> Result<u64, sqlx::Error> {
    for template in templates {
        let buttons = serde_json::to_string(&template.buttons).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        sqlx::query!(
            "INSERT INTO templates (clinic_id, id, code, name, content, emphasis_title, buttons, inspection, status, synced_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON DUPLICATE KEY UPDATE name = VALUES(name), content = VALUES(content), emphasis_title = VALUES(emphasis_title),
                 buttons = VALUES(buttons), inspection = VALUES(inspection), status = VALUES(status),
                 synced_at = VALUES(synced_at)",
            clinic,
            TemplateId::new(ambient),
            template.code,
            template.name,
            template.content,
            template.emphasis_title,
            buttons,
            template.inspection,
            template.status,
            ambient.now()
        )
        .execute(&mut *connection)
        .await?;
    }
    let mut query = QueryBuilder::new("DELETE FROM templates WHERE clinic_id = ");
    query.push_bind(clinic);
    if !templates.is_empty() {
        query.push(" AND code NOT IN (");
        let mut list = query.separated(", ");
        for template in templates {
            list.push_bind(&template.code);
        }
        query.push(")");
    }
    Ok(query.build().persistent(false).execute(connection).await?.rows_affected())
}

/// A template of the clinic.
///
/// # Errors
/// When the database does not answer.
pub async fn find(connection: &mut MySqlConnection, clinic: ClinicId, id: TemplateId) -> Result<Option<Template>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT id AS "id: TemplateId", code, name, content, emphasis_title, buttons AS "buttons: Json<Vec<Button>>", inspection,
             status, synced_at FROM templates WHERE clinic_id = ? AND id = ?"#,
        clinic,
        id
    )
    .fetch_optional(connection)
    .await?;
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
    let rows = sqlx::query!(
        r#"SELECT id AS "id: TemplateId", code, name, content, emphasis_title, buttons AS "buttons: Json<Vec<Button>>", inspection,
             status, synced_at FROM templates WHERE clinic_id = ? AND code > ? ORDER BY code LIMIT ?"#,
        clinic,
        after,
        limit
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| template!(row)).collect())
}
