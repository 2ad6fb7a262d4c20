//! Names of groups. `UNIQUE (clinic_id, name)` decides what is the same name: `vip` is `VIP`.

use sqlx::MySqlConnection;

use super::{Label, find_by_name};
use crate::clock::Ambient;
use crate::db::violates;
use crate::model::{ClinicId, GroupId};

/// How often a name is looked for when an import takes what was found free.
const TRIES: u32 = 10;

/// Makes a group. A name that exists becomes `name(1)`, then `name(2)`; answers the name it got.
///
/// # Errors
/// When the database refuses.
pub async fn insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
) -> Result<(GroupId, String), sqlx::Error> {
    let id = GroupId::new(ambient);
    lock_names(connection, clinic).await?;
    let mut tries = 1;
    loop {
        let name = find_free(connection, clinic, name, id).await?;
        let inserted = sqlx::query!(
            "INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, ?, ?)",
            clinic,
            id,
            name,
            ambient.now()
        )
        .execute(&mut *connection)
        .await;
        match inserted {
            Ok(_) => return Ok((id, name)),
            Err(error) if violates(&error, "customer_groups_name") && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Gives a group another name, or `name(1)` and so on when another group has it; answers the name it got. Its own name is
/// free for it, however it is written. Lock the group and the unassigned one first.
///
/// # Errors
/// When the database refuses.
pub async fn rename(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    id: GroupId,
    name: &str,
) -> Result<String, sqlx::Error> {
    let mut tries = 1;
    loop {
        let name = find_free(connection, clinic, name, id).await?;
        let renamed = sqlx::query!("UPDATE customer_groups SET name = ? WHERE clinic_id = ? AND id = ?", name, clinic, id);
        match renamed.execute(&mut *connection).await {
            Ok(_) => return Ok(name),
            Err(error) if violates(&error, "customer_groups_name") && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Names are given one at a time in a clinic. Without it two who want the same name would both find the same one free, and
/// the failing INSERT leaves locks between the names behind, on which they deadlock.
async fn lock_names(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT name FROM customer_groups WHERE clinic_id = ? AND unassigned = TRUE FOR UPDATE", clinic)
        .fetch_optional(connection)
        .await
        .map(drop)
}

/// The first of `name`, `name(1)`, `name(2)`, .. that no other group has, at most 50 characters long like every name: the
/// number stays, the end of the name in front of it goes.
///
/// A clinic with n groups needs n + 1 candidates at most, so they are numbered by its own rows. The unique key answers each by
/// one look-up, and what is the same name is left to it.
async fn find_free(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    name: &str,
    own: GroupId,
) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT candidate.name AS "name!: String" FROM (
             SELECT number, (CASE WHEN number = 0 THEN ?
                 ELSE CONCAT(LEFT(?, 48 - CHAR_LENGTH(number)), '(', number, ')') END) COLLATE utf8mb4_unicode_520_ci AS name
             FROM (SELECT 0 AS number
                 UNION ALL SELECT ROW_NUMBER() OVER (ORDER BY id) FROM customer_groups WHERE clinic_id = ?) numbers) candidate
         LEFT JOIN customer_groups taken ON taken.clinic_id = ? AND taken.name = candidate.name AND taken.id <> ?
         WHERE taken.id IS NULL ORDER BY candidate.number LIMIT 1"#,
        name,
        name,
        clinic,
        clinic,
        own
    )
    .fetch_one(connection)
    .await
}

/// The clinic's group that has this name, made when there is none.
///
/// # Errors
/// When the database refuses.
pub async fn find_or_insert(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
    name: &str,
) -> Result<Label, sqlx::Error> {
    if let Some(group) = find_by_name(connection, clinic, name).await? {
        return Ok(group);
    }
    let id = GroupId::new(ambient);
    let inserted = sqlx::query!(
        "INSERT INTO customer_groups (clinic_id, id, name, created_at) VALUES (?, ?, ?, ?)",
        clinic,
        id,
        name,
        ambient.now()
    )
    .execute(&mut *connection)
    .await;
    match inserted {
        Ok(_) => Ok(Label { id, name: name.to_owned(), unassigned: false }),
        // Somebody made it a moment ago.
        Err(error) if violates(&error, "customer_groups_name") => {
            find_by_name(connection, clinic, name).await?.ok_or(sqlx::Error::RowNotFound)
        }
        Err(error) => Err(error),
    }
}
