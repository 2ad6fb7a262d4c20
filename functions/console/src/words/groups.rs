//! Texts of the pages about groups.

/// Texts of the pages about groups.
#[derive(Debug)]
pub struct Groups {
    /// The title of the page.
    pub title: &'static str,
    /// A group.
    pub group: &'static str,
    /// Looks for a group.
    pub search: &'static str,
    /// How many customers are in it.
    pub customers: &'static str,
    /// What can be done with it.
    pub actions: &'static str,
    /// What the group of those who are in no other is called, where its own name is in another language.
    pub ungrouped: Option<&'static str>,
    /// Says what the unassigned group is.
    pub unassigned: &'static str,
    /// Adds a group: above its form.
    pub make: &'static str,
    /// Adds a group: what its name is called.
    pub new_name: &'static str,
    /// Adds a group: what becomes of a name that is taken.
    pub name_hint: &'static str,
    /// Adds a group: the button.
    pub make_button: &'static str,
    /// After a group was made: its name.
    pub made: fn(&str) -> String,
    /// Leads to where its name is changed or it is deleted.
    pub manage: &'static str,
    /// The title of that page.
    pub manage_title: fn(&str) -> String,
    /// Changes its name: above the form.
    pub rename: &'static str,
    /// After it was renamed.
    pub renamed: fn(&str) -> String,
    /// Deletes it: above the button.
    pub delete: &'static str,
    /// What becomes of its customers.
    pub delete_hint: &'static str,
    /// Asks once more: its name, and how many are in it.
    pub delete_question: fn(&str, u64) -> String,
    /// After it was deleted.
    pub deleted: &'static str,
    /// Leads to its customers.
    pub show_customers: &'static str,
    /// Sends to the group.
    pub send: &'static str,
    /// Sends to those that are chosen.
    pub send_chosen: &'static str,
    /// How many are chosen; `{}` is the number.
    pub chosen: &'static str,
    /// Chooses all rows of the page.
    pub choose_page: &'static str,
    /// Chooses one row: its name.
    pub choose_this: fn(&str) -> String,
    /// No group has the text in its name: title.
    pub none_found: &'static str,
    /// No group has the text in its name: what to do.
    pub none_found_text: &'static str,
    /// There is no group but the unassigned one: title.
    pub none: &'static str,
    /// There is no group but the unassigned one: what to do.
    pub none_text: &'static str,
    /// In a list to choose from: there are more.
    pub more: &'static str,
    /// In a list to choose from: a group that is made by it.
    pub new_one: &'static str,
    /// The unassigned group as a target.
    pub out_of_all: &'static str,
    /// Nothing was chosen.
    pub choose_first: &'static str,
    /// The group was deleted meanwhile.
    pub gone: &'static str,
}

impl Groups {
    /// What a group is called: by its own name, but for the one of those who are in no other.
    #[must_use]
    pub fn name_of<'a>(&self, name: &'a str, unassigned: bool) -> &'a str {
        self.ungrouped.filter(|_| unassigned).unwrap_or(name)
    }
}

#[cfg(test)]
mod tests {
    use shared::http::Language;

    use crate::words::Words;

    #[test]
    fn the_group_of_those_in_no_other_has_a_name_in_both_languages() {
        let called = |language, unassigned| Words::of(language).groups.name_of("미지정", unassigned);
        assert_eq!(called(Language::Korean, true), "미지정");
        assert_eq!(called(Language::English, true), "Ungrouped");
        assert_eq!(called(Language::English, false), "미지정");
    }
}
