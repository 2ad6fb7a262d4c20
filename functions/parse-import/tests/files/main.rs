//! What becomes of files, without a database: those that clinics have, and those that nobody should be able to hurt us with.

mod hostile;
mod spreadsheets;
mod support;
