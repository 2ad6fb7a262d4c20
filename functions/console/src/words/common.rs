//! Texts that every page has.

use crate::page::Nav;

/// Texts that every page has.
#[derive(Debug)]
pub struct Common {
    /// The product's name.
    pub product: &'static str,
    /// For people with a keyboard or a screen reader.
    pub skip_to_content: &'static str,
    /// Opens the navigation on a phone.
    pub menu: &'static str,
    /// What the navigation is called.
    pub navigation: &'static str,
    /// Above the four parts of the navigation.
    pub nav_groups: [&'static str; 4],
    /// The entries of the navigation, by [`Nav`].
    pub nav: [(Nav, &'static str); 12],
    /// The patient's own page.
    pub my_page: &'static str,
    /// Ends the session.
    pub sign_out: &'static str,
    /// Above a form with errors.
    pub check_the_fields: &'static str,
    /// Above a form that came back after signing in again.
    pub form_restored: &'static str,
    /// A button without fields was pressed when the session had ended.
    pub not_done: &'static str,
    /// Does nothing and goes back.
    pub cancel: &'static str,
    /// Closes a window and does nothing.
    pub close: &'static str,
    /// Writes a change.
    pub save: &'static str,
    /// Takes something away.
    pub delete: &'static str,
    /// Changes something.
    pub edit: &'static str,
    /// Looks for something.
    pub search: &'static str,
    /// Shows everything again.
    pub reset: &'static str,
    /// Loads the page again, for those without scripts.
    pub refresh: &'static str,
    /// Goes back.
    pub back: &'static str,
    /// Goes on.
    pub next: &'static str,
    /// What the links below a list are called.
    pub pages: &'static str,
    /// The beginning of a list.
    pub first_page: &'static str,
    /// The rest of a list.
    pub next_page: &'static str,
    /// Fetches a file.
    pub download: &'static str,
    /// Puts a text into the clipboard.
    pub copy: &'static str,
    /// After it was copied.
    pub copied: &'static str,
    /// The browser does not let it be copied.
    pub not_copied: &'static str,
    /// Prints a page.
    pub print: &'static str,
    /// Yes and no of a switch.
    pub on: &'static str,
    /// No.
    pub off: &'static str,
    /// A name.
    pub name: &'static str,
    /// A phone number.
    pub phone: &'static str,
    /// An address for mail.
    pub email: &'static str,
    /// A state.
    pub state: &'static str,
    /// When something happened.
    pub when: &'static str,
    /// A note.
    pub note: &'static str,
    /// A page that is not there: title.
    pub missing_title: &'static str,
    /// A page that is not there: text.
    pub missing_text: &'static str,
    /// Something broke: title.
    pub broken_title: &'static str,
    /// Something broke: text.
    pub broken_text: &'static str,
    /// A form of another site: title.
    pub foreign_title: &'static str,
    /// A form of another site: text.
    pub foreign_text: &'static str,
    /// A file that is too large for a form.
    pub too_large: &'static str,
    /// Leads to the first page.
    pub home: &'static str,
}

impl Common {
    /// The entry of the navigation.
    #[must_use]
    pub fn nav(&self, nav: Nav) -> &'static str {
        self.nav.iter().find(|(known, _)| *known == nav).map_or("", |(_, text)| text)
    }
}
