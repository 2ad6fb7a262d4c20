//! Texts of the pages about templates.

/// Texts of the pages about templates.
#[derive(Debug)]
pub struct Templates {
    /// The title of the list.
    pub title: &'static str,
    /// What templates are.
    pub about: &'static str,
    /// Leads to the form of a new one, and is its title.
    pub new: &'static str,
    /// Fetches what the provider has.
    pub sync: &'static str,
    /// What that came to: how many there are, and how many are gone.
    pub synced: fn(&str, u64) -> String,
    /// There is none: title.
    pub empty_title: &'static str,
    /// There is none: what to do.
    pub empty_text: &'static str,
    /// Over texts to begin with.
    pub examples: &'static str,
    /// What they are.
    pub examples_hint: &'static str,
    /// The heading above texts.
    pub text: &'static str,
    /// When it was last used.
    pub last_used: &'static str,
    /// It was never used.
    pub never: &'static str,
    /// It falls dormant soon.
    pub dormant_soon: &'static str,
    /// From when on it is dormant.
    pub dormant_from: &'static str,
    /// Approved, and can be sent.
    pub sendable: &'static str,
    /// Not submitted yet.
    pub not_submitted: &'static str,
    /// Being reviewed.
    pub in_review: &'static str,
    /// Refused by the reviewers.
    pub refused: &'static str,
    /// Stopped.
    pub stopped: &'static str,
    /// In a state that nobody can explain.
    pub unclear: &'static str,
    /// The clinic has no channel.
    pub no_sender: &'static str,
    /// Leads to the settings.
    pub to_settings: &'static str,
    /// The name of a template.
    pub name: &'static str,
    /// Who sees it.
    pub name_hint: &'static str,
    /// The text.
    pub content: &'static str,
    /// Its limits.
    pub content_hint: &'static str,
    /// Before the number of characters.
    pub characters: &'static str,
    /// Before the number of variables.
    pub variables: &'static str,
    /// There are too many characters.
    pub too_many_characters: &'static str,
    /// There are too many variables.
    pub too_many_variables: &'static str,
    /// Before the variables that can be put in.
    pub insert: &'static str,
    /// What they are.
    pub insert_hint: &'static str,
    /// Opens the fields of the title.
    pub emphasis: &'static str,
    /// The title above the text.
    pub emphasis_title: &'static str,
    /// Its limits.
    pub emphasis_hint: &'static str,
    /// The line below the title.
    pub emphasis_subtitle: &'static str,
    /// Its limits.
    pub subtitle_hint: &'static str,
    /// The kind of message.
    pub kind: &'static str,
    /// What kinds are for.
    pub kind_hint: &'static str,
    /// The kinds: codes and names.
    pub kinds: [(&'static str, &'static str); 4],
    /// Above the buttons of a message.
    pub buttons: &'static str,
    /// Their limits.
    pub buttons_hint: &'static str,
    /// The heading of a button, by its number.
    pub button_place: fn(usize) -> String,
    /// The label of a button.
    pub button_name: &'static str,
    /// Its limits.
    pub button_name_hint: &'static str,
    /// What a button does.
    pub button_kind: &'static str,
    /// Kinds of buttons: codes and names.
    pub button_kinds: [(&'static str, &'static str); 7],
    /// How a link whose clicks are counted works.
    pub tracked_hint: &'static str,
    /// The address on a phone.
    pub link_mobile: &'static str,
    /// What addresses look like.
    pub link_hint: &'static str,
    /// The address on a desktop.
    pub link_desktop: &'static str,
    /// The address of the iOS app.
    pub link_ios: &'static str,
    /// The address of the Android app.
    pub link_android: &'static str,
    /// Adds a button.
    pub add_button: &'static str,
    /// Takes a button away.
    pub remove_button: &'static str,
    /// Saves, and submits for review.
    pub save_and_submit: &'static str,
    /// Saves.
    pub save_only: &'static str,
    /// What a review is.
    pub submit_hint: &'static str,
    /// Above the message.
    pub preview: &'static str,
    /// What stands out in it.
    pub preview_hint: &'static str,
    /// Shows the message anew, for those without scripts.
    pub renew_preview: &'static str,
    /// The head of a message.
    pub arrived: &'static str,
    /// A message without words.
    pub nothing_yet: &'static str,
    /// It was saved.
    pub saved: &'static str,
    /// It was saved and submitted.
    pub saved_and_submitted: &'static str,
    /// It was saved, and not submitted.
    pub saved_not_submitted: &'static str,
    /// Submits for review.
    pub submit: &'static str,
    /// It was submitted.
    pub submitted: &'static str,
    /// Asked before it is deleted.
    pub delete_question: &'static str,
    /// It was deleted.
    pub deleted: &'static str,
    /// Leads to sending.
    pub send_it: &'static str,
    /// Begins a new one with the same words.
    pub copy: &'static str,
    /// The name of a copy.
    pub copy_of: fn(&str) -> String,
    /// Above what the reviewers wrote.
    pub comments: &'static str,
    /// How the provider calls decisions, and what people read.
    pub inspections: [(&'static str, &'static str); 4],
    /// Above the rest.
    pub facts: &'static str,
    /// The provider's code.
    pub code: &'static str,
    /// When the provider was last asked.
    pub synced_at: &'static str,
    /// Above what fills the variables.
    pub sources: &'static str,
    /// What that means.
    pub sources_text: &'static str,
    /// There are no variables.
    pub no_variables: &'static str,
    /// What fills the customer's name.
    pub filled_by_name: &'static str,
    /// The column of a variable, by its name.
    pub column_of: fn(&str) -> String,
    /// What stands in for a variable, by its name.
    pub default_of: fn(&str) -> String,
    /// No customer has that column.
    pub column_unknown: &'static str,
    /// What to do about it.
    pub column_unknown_text: &'static str,
    /// Saves what fills the variables.
    pub save_sources: &'static str,
    /// It was saved.
    pub sources_saved: &'static str,
}

impl Templates {
    /// What people read for the provider's name of a decision.
    #[must_use]
    pub fn inspection(&self, code: &str) -> Option<&'static str> {
        self.inspections.iter().find(|(known, _)| *known == code).map(|(_, word)| *word)
    }
}
