//! Korean texts of the pages about customers.

use crate::words::customers::Customers;

/// Korean.
pub const WORDS: Customers = Customers { title: "고객" };
