//! Spreadsheets for people to download: xlsx and csv, written row by row to a temporary file, so that a list of any length
//! takes the same little memory. Formulas are neutralised.

mod formula;
mod note;
mod writer;

pub use formula::{neutralised, restored};
pub use note::{CONSENT, FAULT, OTHER_GROUPS, is_note};
pub use writer::{Format, WriteFailed, Writer};
