//! Texts of the pages about referral codes.

/// Texts of the pages about referral codes.
#[derive(Debug)]
pub struct Codes {
    /// The title of the page.
    pub title: &'static str,
    /// What codes are for.
    pub lead: &'static str,
    /// What the choice of owners is called.
    pub owners: &'static str,
    /// Codes of the clinic.
    pub of_clinic: &'static str,
    /// Codes of members.
    pub of_members: &'static str,
    /// What a code is called.
    pub label: &'static str,
    /// An example of a name.
    pub label_hint: &'static str,
    /// A code without a name.
    pub unnamed: &'static str,
    /// The member whose code it is.
    pub member: &'static str,
    /// The code itself.
    pub code: &'static str,
    /// How many joined through it.
    pub uses: &'static str,
    /// Joined, with the number. `{}` is how many.
    pub people: &'static str,
    /// It can be used.
    pub usable: &'static str,
    /// Staff have disabled it.
    pub disabled: &'static str,
    /// Its time is over.
    pub expired: &'static str,
    /// Its owner is no member.
    pub owner_not_member: &'static str,
    /// The last day on which it can be used.
    pub last_day: &'static str,
    /// What an empty field means.
    pub last_day_hint: &'static str,
    /// It never ends.
    pub no_end: &'static str,
    /// When it was made.
    pub made_at: &'static str,
    /// Leads to the sheets.
    pub print: &'static str,
    /// Makes a code.
    pub new: &'static str,
    /// The button that makes it.
    pub make: &'static str,
    /// After it was made.
    pub made_said: &'static str,
    /// No member has a code.
    pub none_of_members: &'static str,
    /// When members get one.
    pub none_of_members_text: &'static str,
    /// There is no code.
    pub none: &'static str,
    /// What to do then.
    pub none_text: &'static str,
    /// Above name and end of a code.
    pub settings: &'static str,
    /// After a change.
    pub saved_said: &'static str,
    /// Makes a code unusable.
    pub disable: &'static str,
    /// Asks before.
    pub disable_question: &'static str,
    /// Makes it usable again.
    pub enable: &'static str,
    /// After it was disabled.
    pub disabled_said: &'static str,
    /// After it was enabled.
    pub enabled_said: &'static str,
    /// Above a sheet of a code that cannot be used.
    pub not_usable: &'static str,
    /// The clinic takes no members.
    pub closed: &'static str,
    /// Leads to the settings.
    pub to_settings: &'static str,
    /// The link of a code.
    pub link: &'static str,
    /// Copies it.
    pub copy_link: &'static str,
    /// Says what a picture is. `{}` is the code.
    pub qr_of: &'static str,
    /// Fetches the picture as lines.
    pub qr_svg: &'static str,
    /// Fetches the picture as pixels.
    pub qr_png: &'static str,
    /// The large sheet.
    pub poster: &'static str,
    /// The sheet of cards.
    pub cards: &'static str,
    /// The title of the page with sheets.
    pub print_title: &'static str,
    /// What the choice of sheets is called.
    pub formats: &'static str,
    /// What the choice of their language is called.
    pub languages: &'static str,
    /// How to print.
    pub paper: &'static str,
    /// How to make cards of the sheet. `{}` is how many it has.
    pub paper_cards: &'static str,
    /// For those without scripts.
    pub print_by_hand: &'static str,
    /// What the sheet on the page is called.
    pub preview: &'static str,
    /// On a sheet: what to do.
    pub sheet_title: &'static str,
    /// On a sheet: what one gets. `{}` is how many points.
    pub sheet_points: &'static str,
    /// On a sheet: what one gets.
    pub sheet_see: &'static str,
    /// On a sheet: what one gets.
    pub sheet_share: &'static str,
    /// On a sheet: what one gets where there are no points.
    pub sheet_join: &'static str,
    /// On a sheet: the first step.
    pub sheet_scan: &'static str,
    /// On a sheet: the second step.
    pub sheet_sign_up: &'static str,
    /// On a sheet: the third step.
    pub sheet_done: &'static str,
    /// On a sheet: before the link.
    pub sheet_link: &'static str,
    /// On a card: what to do.
    pub sheet_card: &'static str,
}
