//! The groups of many customers, by name.

use std::collections::HashMap;

use sqlx::{MySqlConnection, QueryBuilder};

use crate::model::{ClinicId, CustomerId};

/// How long lists are, filled up with their last customer: so there are few statements, and both sides keep them prepared. Pages are read
/// with one more than they show.
const LENGTHS: [usize; 6] = [1, 11, 51, 201, 500, super::ROWS];

/// The names of the groups that these customers are in, in the order of the names. Who is in none is not there.
///
/// # Errors
/// When the database does not answer.
pub async fn list_group_names(
    connection: &mut MySqlConnection,
    clinic: ClinicId,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Vec<String>>, sqlx::Error> {
    let mut names: HashMap<CustomerId, Vec<String>> = HashMap::new();
    for customers in customers.chunks(super::ROWS) {
        let mut query = QueryBuilder::new(
            "SELECT STRAIGHT_JOIN m.customer_id, g.name FROM customer_group_members m FORCE INDEX (customer_group_members_by_customer)
             JOIN customer_groups g ON g.clinic_id = m.clinic_id AND g.id = m.group_id WHERE m.clinic_id = ",
        );
        query.push_bind(clinic).push(" AND m.customer_id IN (");
        let length = LENGTHS.into_iter().find(|length| *length >= customers.len()).unwrap_or(customers.len());
        let mut list = query.separated(", ");
        for customer in customers.iter().chain(customers.last().into_iter().cycle()).take(length) {
            list.push_bind(*customer);
        }
        query.push(") ORDER BY g.name");
        let rows = query.build_query_as::<(CustomerId, String)>().fetch_all(&mut *connection).await?;
        for (customer, name) in rows {
            names.entry(customer).or_default().push(name);
        }
    }
    Ok(names)
}

/// Whether some customer of the clinic is in more than one group.
///
/// # Errors
/// When the database does not answer.
pub async fn anybody_in_two_groups(connection: &mut MySqlConnection, clinic: ClinicId) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"SELECT 1 AS "one!: i64" FROM customer_group_members FORCE INDEX (customer_group_members_by_customer)
         WHERE clinic_id = ? GROUP BY customer_id HAVING COUNT(*) > 1 LIMIT 1"#,
        clinic
    );
    found.fetch_optional(connection).await.map(|found| found.is_some())
}
