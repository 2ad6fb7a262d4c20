//! Texts of the pages about imports.

/// Texts of the pages about imports.
#[derive(Debug)]
pub struct Imports {
    /// The title of the page.
    pub title: &'static str,
    /// What the list page is for.
    pub intro: &'static str,
    /// What the steps are called.
    pub steps_label: &'static str,
    /// From the file to the result.
    pub steps: [&'static str; 4],
    /// Above the form with the file.
    pub upload_heading: &'static str,
    /// Above the form with the file where another one failed.
    pub upload_again: &'static str,
    /// The field with the file.
    pub file: &'static str,
    /// What may be uploaded, with scripts.
    pub file_hint: &'static str,
    /// What may be uploaded, without scripts.
    pub file_hint_plain: &'static str,
    /// Where a file can be dropped.
    pub drop: &'static str,
    /// The button.
    pub upload: &'static str,
    /// No file was chosen.
    pub choose_file: &'static str,
    /// Several files were dropped.
    pub one_file: &'static str,
    /// The file is larger than is read; {} is the limit in MB.
    pub too_large: &'static str,
    /// While it is sent; {} is the share.
    pub uploading: &'static str,
    /// When it was sent.
    pub uploaded: &'static str,
    /// When it could not be sent.
    pub upload_failed: &'static str,
    /// Above the offer of a file to fill in.
    pub template_heading: &'static str,
    /// What the file to fill in is for.
    pub template_text: &'static str,
    /// Downloads it.
    pub template: &'static str,
    /// Above the list of imports.
    pub list_heading: &'static str,
    /// There are no imports: title.
    pub none_title: &'static str,
    /// There are no imports: text.
    pub none_text: &'static str,
    /// A column of the list.
    pub file_column: &'static str,
    /// A column of the list.
    pub rows_column: &'static str,
    /// A column of the list.
    pub committed_column: &'static str,
    /// How many rows were undone.
    pub taken_back: fn(u64) -> String,
    /// A column of the list.
    pub uploaded_column: &'static str,
    /// A state.
    pub state_uploading: &'static str,
    /// A state.
    pub state_parsing: &'static str,
    /// A state.
    pub state_ready: &'static str,
    /// A state.
    pub state_committing: &'static str,
    /// A state.
    pub state_committed: &'static str,
    /// A state.
    pub state_failed: &'static str,
    /// A state.
    pub state_undoing: &'static str,
    /// A state.
    pub state_undone: &'static str,
    /// The file is awaited.
    pub waiting: &'static str,
    /// The file is awaited for long.
    pub waiting_long: &'static str,
    /// How many rows were read so far.
    pub reading: fn(u64) -> String,
    /// What one can do meanwhile.
    pub reading_hint: &'static str,
    /// Beside the bar while customers are written.
    pub committing: &'static str,
    /// Beside the bar while it is undone.
    pub undoing: &'static str,
    /// What the part with the progress is called.
    pub progress: &'static str,
    /// For those without scripts.
    pub refresh: &'static str,
    /// The file cannot be read.
    pub failed_title: &'static str,
    /// Where in the file the failure is.
    pub failed_at: fn(&str) -> String,
    /// What helps besides another file.
    pub map_by_hand_text: &'static str,
    /// Leads to the mapping.
    pub map_by_hand: &'static str,
    /// Above the first rows of the file.
    pub sample_heading: &'static str,
    /// How many rows will become customers.
    pub good_rows: fn(u64) -> String,
    /// How many will not.
    pub bad_rows: fn(u64) -> String,
    /// None can be imported.
    pub no_good_rows: &'static str,
    /// Leads to the settings.
    pub go_on: &'static str,
    /// What was read.
    pub mapping_line: &'static str,
    /// A sheet of the workbook.
    pub sheet: &'static str,
    /// The row with the names of columns.
    pub header_row: &'static str,
    /// There is none.
    pub no_header: &'static str,
    /// Leads to the mapping.
    pub change_mapping: &'static str,
    /// Downloads the bad rows with reasons.
    pub download_bad: &'static str,
    /// Throws the import away.
    pub discard: &'static str,
    /// Asks before.
    pub discard_question: &'static str,
    /// After it.
    pub discarded: &'static str,
    /// What the chips are called.
    pub verdicts_label: &'static str,
    /// What the chips are called after the commit.
    pub outcomes_label: &'static str,
    /// All rows.
    pub all_rows: &'static str,
    /// A verdict.
    pub verdict_new: &'static str,
    /// A verdict.
    pub verdict_updates: &'static str,
    /// A verdict.
    pub verdict_duplicate: &'static str,
    /// A verdict.
    pub verdict_bad_phone: &'static str,
    /// A verdict.
    pub verdict_missing_name: &'static str,
    /// A verdict.
    pub verdict_suppressed: &'static str,
    /// Rows that were deleted.
    pub deleted: &'static str,
    /// An outcome.
    pub outcome_added: &'static str,
    /// An outcome.
    pub outcome_updated: &'static str,
    /// An outcome.
    pub outcome_unchanged: &'static str,
    /// An outcome.
    pub outcome_left: &'static str,
    /// An outcome.
    pub outcome_suppressed: &'static str,
    /// An outcome.
    pub outcome_undone: &'static str,
    /// An outcome.
    pub outcome_kept: &'static str,
    /// What the table lists.
    pub rows_caption: &'static str,
    /// Chooses all rows of the page.
    pub choose_all: &'static str,
    /// Chooses a row.
    pub choose_row: fn(u64) -> String,
    /// A column.
    pub row_column: &'static str,
    /// A column.
    pub verdict_column: &'static str,
    /// A column.
    pub outcome_column: &'static str,
    /// A column.
    pub group_column: &'static str,
    /// A column.
    pub reason_column: &'static str,
    /// A column.
    pub actions_column: &'static str,
    /// How many details are not shown.
    pub more_details: fn(u64) -> String,
    /// Edits a row.
    pub edit_row: fn(u64) -> String,
    /// Deletes a row.
    pub delete_row: fn(u64) -> String,
    /// Takes rows back in.
    pub restore: &'static str,
    /// Takes a row back in.
    pub restore_row: fn(u64) -> String,
    /// How many rows are chosen; {} is the number.
    pub chosen: &'static str,
    /// Deletes the chosen rows.
    pub delete_chosen: &'static str,
    /// Takes the chosen rows back in.
    pub restore_chosen: &'static str,
    /// Deletes all rows with the verdict that is shown.
    pub delete_verdict: fn(u64) -> String,
    /// Asks before.
    pub delete_verdict_question: &'static str,
    /// Takes all deleted rows back in.
    pub restore_all: fn(u64) -> String,
    /// No row was chosen.
    pub nothing_chosen: &'static str,
    /// After it.
    pub rows_deleted: fn(u64) -> String,
    /// After it.
    pub rows_restored: fn(u64) -> String,
    /// The filter has no rows: title.
    pub no_rows_title: &'static str,
    /// The filter has no rows: text.
    pub no_rows_text: &'static str,
    /// The page on which a row is edited.
    pub edit_title: fn(u64) -> String,
    /// How a phone is written.
    pub edit_phone_hint: &'static str,
    /// After it.
    pub edited: fn(u64) -> String,
    /// After it, when the row still cannot become a customer.
    pub edited_still_bad: fn(u64) -> String,
    /// After the last row that was to be mended.
    pub all_mended: fn(u64) -> String,
    /// Saves a row and leads to the next one that is to be mended.
    pub save_and_next: &'static str,
    /// The row is not where it was.
    pub row_gone: &'static str,
    /// What a row changes of a customer.
    pub from_to: &'static str,
    /// An empty cell.
    pub nothing: &'static str,
    /// The page on which it is said how a file is to be read.
    pub mapping_title: &'static str,
    /// What it does.
    pub mapping_intro: &'static str,
    /// Above the choice of a sheet.
    pub other_sheet: &'static str,
    /// The button.
    pub read_sheet: &'static str,
    /// Above the columns.
    pub columns_heading: &'static str,
    /// How it is said.
    pub header_row_hint: &'static str,
    /// It is no number.
    pub header_row_wrong: &'static str,
    /// The choice for a column.
    pub role_of: fn(&str) -> String,
    /// A role.
    pub role_auto: &'static str,
    /// A role.
    pub role_name: &'static str,
    /// A role.
    pub role_phone: &'static str,
    /// A role.
    pub role_group: &'static str,
    /// A role.
    pub role_attribute: &'static str,
    /// A role.
    pub role_ignored: &'static str,
    /// What the table shows.
    pub sample_caption: &'static str,
    /// The button.
    pub read_anew: &'static str,
    /// The page with the settings.
    pub commit_title: &'static str,
    /// Above the choice of groups.
    pub where_to: &'static str,
    /// The file says.
    pub to_file: &'static str,
    /// What it does.
    pub to_file_hint: &'static str,
    /// The file has no group column.
    pub to_none: &'static str,
    /// What it does.
    pub to_none_hint: &'static str,
    /// All of them join one group.
    pub to_one: &'static str,
    /// What it does.
    pub to_one_hint: &'static str,
    /// The name of that group.
    pub group_name: &'static str,
    /// How to fill it in.
    pub group_hint: &'static str,
    /// Makes it.
    pub make_group: &'static str,
    /// No name was given.
    pub group_missing: &'static str,
    /// A name was given, and the other choice.
    pub group_or_file: &'static str,
    /// There is no such group.
    pub group_unknown: &'static str,
    /// Above the choice about known customers.
    pub known_heading: &'static str,
    /// How many there are.
    pub known_count: fn(u64) -> String,
    /// They are updated.
    pub known_update: &'static str,
    /// What it does.
    pub known_update_hint: &'static str,
    /// They are left alone.
    pub known_leave: &'static str,
    /// What it does.
    pub known_leave_hint: &'static str,
    /// About advertising.
    pub no_consent: &'static str,
    /// The button.
    pub commit: fn(u64) -> String,
    /// Goes back.
    pub back_to_review: &'static str,
    /// The result in one sentence.
    pub result_added: fn(u64) -> String,
    /// What else it did, in one sentence.
    pub result_updated: fn(u64) -> String,
    /// The result of the undo in one sentence.
    pub result_undone: fn(u64) -> String,
    /// What was not undone.
    pub result_kept: fn(u64) -> String,
    /// Leads to them.
    pub show_kept: &'static str,
    /// Above the sums.
    pub result_heading: &'static str,
    /// What the table shows.
    pub result_caption: &'static str,
    /// The sum.
    pub result_total: &'static str,
    /// The rows are gone.
    pub expired: &'static str,
    /// Leads to the sending.
    pub send_to_them: &'static str,
    /// Leads to the customers.
    pub show_customers: &'static str,
    /// Leads to the upload.
    pub another: &'static str,
    /// Takes the import back.
    pub undo: &'static str,
    /// Asks before, with how many customers were added and changed.
    pub undo_question: fn(u64, u64) -> String,
}
