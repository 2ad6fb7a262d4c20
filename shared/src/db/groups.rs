//! Groups of customers. The unassigned group has a row and a name, but no members of its own: its customers are those
//! without a line in `customer_group_members`.

use sqlx::MySqlConnection;

use crate::clock::Ambient;
use crate::db::violates;
use crate::model::{ClinicId, GroupId};

/// The name of the group that every clinic begins with.
pub const UNASSIGNED: &str = "미지정";

/// A group with the number of its customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Unique within the clinic.
    pub name: String,
    /// Whether it is the clinic's unassigned group.
    pub unassigned: bool,
    /// Customers in it now.
    pub customers: u64,
}

/// Makes the clinic's unassigned group.
///
/// # Errors
/// When the database refuses.
pub async fn insert_unassigned(
    connection: &mut MySqlConnection,
    ambient: &Ambient,
    clinic: ClinicId,
) -> Result<GroupId, sqlx::Error> {
    let id = GroupId::new(ambient);
    sqlx::query!(
        "INSERT INTO customer_groups (clinic_id, id, name, unassigned, created_at) VALUES (?, ?, ?, TRUE, ?)",
        clinic,
        id,
        UNASSIGNED,
        ambient.now()
    )
    .execute(connection)
    .await?;
    Ok(id)
}

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
    let mut suffix = 0;
    loop {
        let name = if suffix == 0 { name.to_owned() } else { format!("{name}({suffix})") };
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
            Err(error) if violates(&error, "customer_groups_name") && suffix < 1000 => suffix += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The id of the clinic's unassigned group, if the clinic exists.
///
/// # Errors
/// When the database does not answer.
pub async fn find_unassigned(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<Option<GroupId>, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT id AS "id: GroupId" FROM customer_groups WHERE clinic_id = ? AND unassigned"#, clinic)
        .fetch_optional(connection)
        .await
}
