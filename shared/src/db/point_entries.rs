//! The points ledger and the balances that follow from it. Lines are only ever added.

mod change;
mod grant;
mod list;
mod member;
mod totals;

pub use self::change::{NewLine, NotWritten, Reversible, What, find_balance, find_reversible, insert};
pub use self::grant::{GRANT_KEY_LENGTH, NewEntry, insert_new};
pub use self::list::{Entry, Line, list_of_clinic, list_of_member, list_of_user};
pub use self::member::{Member, lock_member};
pub use self::totals::{Totals, find_totals, sum_granted};
