//! Texts of the pages about suppressions.

/// Texts of the pages about suppressions.
#[derive(Debug)]
pub struct Suppressions {
    /// The title of the page.
    pub title: &'static str,
    /// What the page is for.
    pub intro: &'static str,
    /// The list of those that hold.
    pub now: &'static str,
    /// The list of those that were lifted.
    pub lifted: &'static str,
    /// What the links to both are called.
    pub views: &'static str,
    /// Adds numbers: above its form.
    pub add: &'static str,
    /// Adds numbers: the field.
    pub phones: &'static str,
    /// Adds numbers: how to write them.
    pub phones_hint: &'static str,
    /// Adds numbers: what the note is for.
    pub note_hint: &'static str,
    /// Adds numbers: the button.
    pub add_button: &'static str,
    /// Which line of the field is wrong, what stands there, and why.
    pub at_line: fn(usize, &str, &str) -> String,
    /// After numbers were added: new ones, and those that were there.
    pub added: fn(u64, u64) -> String,
    /// Looks for a number.
    pub search: &'static str,
    /// What can be looked for.
    pub search_hint: &'static str,
    /// Why nothing is sent.
    pub reason: &'static str,
    /// Without a filter.
    pub any_reason: &'static str,
    /// The filters, by the API's word.
    pub reasons: [(&'static str, &'static str); 3],
    /// The customer who has the number.
    pub customer: &'static str,
    /// Nobody has it.
    pub no_customer: &'static str,
    /// Since when.
    pub since: &'static str,
    /// By whom.
    pub by: &'static str,
    /// The system learnt it.
    pub system: &'static str,
    /// Nobody knows who.
    pub somebody: &'static str,
    /// Somebody who is gone.
    pub former_staff: &'static str,
    /// Lifts one.
    pub lift: &'static str,
    /// The title of the page of one: the number.
    pub lift_this: fn(&str) -> String,
    /// Above the form that lifts.
    pub lift_title: &'static str,
    /// What lifting means.
    pub lift_text: &'static str,
    /// Why it is lifted.
    pub because: &'static str,
    /// An example.
    pub because_hint: &'static str,
    /// Only owners lift it.
    pub owner_only: &'static str,
    /// After one was lifted.
    pub lifted_one: &'static str,
    /// When it was lifted.
    pub lifted_at: &'static str,
    /// Who lifted it.
    pub lifted_by: &'static str,
    /// Opens one.
    pub details: &'static str,
    /// There are none: title.
    pub none: &'static str,
    /// There are none: what to know.
    pub none_text: &'static str,
    /// None was found: title.
    pub none_found: &'static str,
    /// None was found: what to do.
    pub none_found_text: &'static str,
    /// None was lifted: title.
    pub none_lifted: &'static str,
    /// None was lifted: what to know.
    pub none_lifted_text: &'static str,
}
