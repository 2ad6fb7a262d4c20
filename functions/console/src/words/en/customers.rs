//! English texts of the pages about customers.

use crate::words::customers::Customers;

/// English.
pub const WORDS: Customers = Customers { title: "Customers" };
