//! Texts of the pages about the audit log.

/// Actions that belong together: what they are called, and each by its stable name with its words.
pub type Group = (&'static str, &'static [(&'static str, &'static str)]);

/// Texts of the pages about the audit log.
#[derive(Debug)]
pub struct Audit {
    /// The title of the page.
    pub title: &'static str,
    /// What the log is.
    pub lead: &'static str,
    /// To those who may not see it.
    pub for_owners: &'static str,
    /// What was done.
    pub action: &'static str,
    /// No action in particular.
    pub any_action: &'static str,
    /// The first day.
    pub from: &'static str,
    /// The last day.
    pub to: &'static str,
    /// Applies the filter.
    pub show: &'static str,
    /// A day that is none.
    pub bad_day: &'static str,
    /// What the list of filters is called.
    pub filters: &'static str,
    /// Takes a filter away, with `{filter}`.
    pub without: &'static str,
    /// Who did it.
    pub staff: &'static str,
    /// Whose data.
    pub subject: &'static str,
    /// How many people it was about.
    pub people: &'static str,
    /// What the table lists.
    pub caption: &'static str,
    /// A colleague or subject of whom the page shows no line.
    pub chosen: &'static str,
    /// Shows the lines of one colleague, with `{name}`.
    pub only_staff: &'static str,
    /// Shows the lines about one subject.
    pub only_subject: &'static str,
    /// Beside somebody who works for the clinic no more.
    pub left: &'static str,
    /// Something that is there no more.
    pub gone: &'static str,
    /// Several people.
    pub many: &'static str,
    /// There are no lines: title.
    pub none_title: &'static str,
    /// There are no lines: text.
    pub none_text: &'static str,
    /// When it was done.
    pub at: &'static str,
    /// What owners look for most.
    pub frequent: &'static str,
    /// Every action by its stable name, under what it belongs to.
    pub actions: &'static [Group],
    /// What a line can be about, by its stable name.
    pub kinds: &'static [(&'static str, &'static str)],
}
