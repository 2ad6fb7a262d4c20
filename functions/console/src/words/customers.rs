//! Texts of the pages about customers.

use crate::pages::customers::selection::Wish;

/// Texts of the pages about customers.
#[derive(Debug)]
pub struct Customers {
    /// The title of the page.
    pub title: &'static str,
    /// Behind a number of customers.
    pub people: &'static str,
    /// The list without a group.
    pub everybody: &'static str,
    /// What the list is called.
    pub list: &'static str,
    /// Adds a customer.
    pub add: &'static str,
    /// Adds a customer, and shows an empty form again.
    pub add_another: &'static str,
    /// Leads to the import of a list.
    pub import: &'static str,
    /// Leads to the page of the chosen group.
    pub manage_group: &'static str,
    /// Leads to the page of all groups.
    pub manage_groups: &'static str,
    /// Why the button for sending sleeps.
    pub send_hint: &'static str,
    /// Looks for customers.
    pub search: &'static str,
    /// Above the boxes of a list.
    pub choose: &'static str,
    /// Chooses all rows of the page.
    pub choose_page: &'static str,
    /// Chooses one row: the name.
    pub choose_this: fn(&str) -> String,
    /// Chooses everybody of the list: how many they are.
    pub choose_all: fn(u64) -> String,
    /// Chooses everybody who was found: how many they are.
    pub choose_all_found: fn(u64) -> String,
    /// Nobody was chosen.
    pub choose_first: &'static str,
    /// How many are chosen; `{}` is the number.
    pub chosen: &'static str,
    /// How many of them are on other pages; `{}` is the number.
    pub kept: &'static str,
    /// Chooses nobody any more.
    pub choose_nobody: &'static str,
    /// All of the list are chosen.
    pub chosen_all: fn(u64) -> String,
    /// The title of the page of a selection: how many were chosen.
    pub chosen_title: fn(u64) -> String,
    /// Above the groups to bring customers to.
    pub target: &'static str,
    /// Opens the window with the groups.
    pub add_to_group: &'static str,
    /// Opens the window with the groups, for those who are in one.
    pub to_group: &'static str,
    /// What is to be done, as a button says it.
    pub wish: fn(Wish) -> &'static str,
    /// What was done: with how many, and the group they came to.
    pub done: fn(Wish, u64, &str) -> String,
    /// Asks once more.
    pub delete_question: &'static str,
    /// What is lost and what stays.
    pub delete_hint: &'static str,
    /// Who is deleted although nobody counted them.
    pub delete_all_hint: &'static str,
    /// There are more than somebody has confirmed.
    pub more_meanwhile: &'static str,
    /// Before something is done with all of a list: what, and with how many.
    pub ask_all: fn(Wish, u64) -> String,
    /// Beside the progress.
    pub progress: &'static str,
    /// How many are left.
    pub remaining: fn(u64) -> String,
    /// What happens when the page is closed.
    pub keep_open: &'static str,
    /// A step failed: nothing goes on by itself.
    pub stopped: &'static str,
    /// Does the next step.
    pub go_on: &'static str,
    /// Ends it here.
    pub stop: &'static str,
    /// Leads back to the list.
    pub to_list: &'static str,
    /// Above the groups in which somebody is.
    pub groups_short: &'static str,
    /// Above the consent to advertising.
    pub consent_short: &'static str,
    /// Somebody agreed.
    pub agreed: &'static str,
    /// Nobody knows that they agreed.
    pub not_agreed: &'static str,
    /// A box: somebody agrees to advertising.
    pub consent: &'static str,
    /// What that means.
    pub consent_hint: &'static str,
    /// When they were added.
    pub added: &'static str,
    /// When they were changed.
    pub last_changed: &'static str,
    /// There are no customers: title.
    pub none: &'static str,
    /// There are no customers: what to do.
    pub none_text: &'static str,
    /// Nobody was found: title.
    pub none_found: &'static str,
    /// Nobody was found: what to do.
    pub none_found_text: &'static str,
    /// Nobody is in the group: title.
    pub group_empty: &'static str,
    /// Nobody is in the group: what to do.
    pub group_empty_text: &'static str,
    /// What the buttons of the export are called together.
    pub export: &'static str,
    /// As a workbook.
    pub export_xlsx: &'static str,
    /// As text.
    pub export_csv: &'static str,
    /// The clinic's own columns.
    pub attributes: &'static str,
    /// What they are for.
    pub attributes_hint: &'static str,
    /// Opens the fields for more columns.
    pub more_columns: &'static str,
    /// The name of a column to add.
    pub new_column: &'static str,
    /// The value in a column to add.
    pub new_value: &'static str,
    /// After a customer was added.
    pub added_one: &'static str,
    /// After a customer was changed.
    pub changed: &'static str,
    /// Above the fields of a customer.
    pub edit: &'static str,
    /// Above how a customer stands.
    pub standing: &'static str,
    /// Nothing is sent to them.
    pub suppressed: &'static str,
    /// Leads to why.
    pub suppression_link: &'static str,
    /// The member who is the same person.
    pub member: &'static str,
    /// There is none.
    pub no_member: &'static str,
    /// The standing of a member, by its word.
    pub member_state: fn(&str) -> &'static str,
    /// Above the buttons that delete.
    pub end: &'static str,
    /// Deletes a customer.
    pub delete_one: &'static str,
    /// What that means.
    pub delete_one_hint: &'static str,
    /// Asks once more.
    pub delete_one_question: &'static str,
    /// After a customer was deleted.
    pub deleted_one: &'static str,
    /// Deletes a customer who asked for it.
    pub forget: &'static str,
    /// What that means.
    pub forget_hint: &'static str,
    /// Asks once more.
    pub forget_question: &'static str,
    /// After a customer was forgotten.
    pub forgotten: &'static str,
    /// What was sent to a customer.
    pub messages: &'static str,
    /// Nothing was sent.
    pub no_messages: &'static str,
    /// When a message was asked for.
    pub requested: &'static str,
    /// What was sent.
    pub campaign: &'static str,
    /// When the link was opened first.
    pub clicked: &'static str,
    /// The text that was sent.
    pub text: &'static str,
    /// Opens it.
    pub show_text: &'static str,
}
