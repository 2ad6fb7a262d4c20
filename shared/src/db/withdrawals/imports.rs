//! Rows of imports about somebody who has withdrawn.

use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;

use super::phones::Gone;
use crate::model::ImportId;

/// Takes the rows with a phone of a deleted customer out of the clinic's imports, and the samples of those imports. What was uploaded
/// after the withdrawal is a list that the clinic has made since; and rows with the phone of a customer whom the clinic has are
/// about that one, unless they are said to be about the deleted one.
///
/// # Errors
/// When the database refuses.
pub async fn forget(connection: &mut MySqlConnection, gone: &Gone, requested_at: DateTime<Utc>) -> Result<(), sqlx::Error> {
    // Asked without a lock first: whoever commits an import holds its line, and the locks of customers only behind that.
    let imports = sqlx::query_scalar!(
        r#"SELECT DISTINCT i.id AS "id: ImportId" FROM imports i
         STRAIGHT_JOIN import_rows r FORCE INDEX (import_rows_by_phone)
           ON r.clinic_id = i.clinic_id AND r.import_id = i.id AND r.phone = ?
         WHERE i.clinic_id = ? AND i.created_at <= ?
           AND (r.customer_id = ? OR NOT EXISTS (SELECT 1 FROM customers c WHERE c.clinic_id = r.clinic_id AND c.phone = r.phone))"#,
        gone.phone,
        gone.clinic,
        requested_at,
        gone.customer
    );
    for import in imports.fetch_all(&mut *connection).await? {
        sqlx::query!("UPDATE imports SET sample = NULL WHERE clinic_id = ? AND id = ?", gone.clinic, import)
            .execute(&mut *connection)
            .await?;
        sqlx::query!(
            "DELETE FROM import_rows WHERE clinic_id = ? AND import_id = ? AND phone = ? AND (customer_id = ? OR NOT EXISTS (
               SELECT 1 FROM customers c WHERE c.clinic_id = import_rows.clinic_id AND c.phone = import_rows.phone))",
            gone.clinic,
            import,
            gone.phone,
            gone.customer
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
