//! Texts of the pages about sending.

use crate::pages::send::Step;

/// Texts of the pages about sending. A `{}` stands for a number or a name.
#[derive(Debug)]
pub struct Send {
    /// The title of the page.
    pub title: &'static str,
    /// Leaves without sending.
    pub leave: &'static str,
    /// What the list of steps is called.
    pub steps: &'static str,
    /// The steps.
    pub step_names: [(&'static str, &'static str); 6],
    /// The way on to the last step.
    pub to_check: &'static str,
    /// Before the names of groups.
    pub to: &'static str,
    /// How many more groups.
    pub more_groups: &'static str,
    /// So many people.
    pub people: &'static str,
    /// So many people, or fewer.
    pub at_most: &'static str,
    /// So many messages.
    pub messages: &'static str,
    /// So much money.
    pub won: &'static str,
    /// Above the choice of groups.
    pub who_gets_it: &'static str,
    /// Groups that are chosen.
    pub chosen_groups: &'static str,
    /// Groups to choose from.
    pub all_groups: &'static str,
    /// Looks for a group.
    pub search_groups: &'static str,
    /// How many boxes are ticked.
    pub chosen_count: &'static str,
    /// No group is chosen.
    pub no_group: &'static str,
    /// More groups than can be.
    pub too_many_groups: &'static str,
    /// Chooses all groups.
    pub everybody: &'static str,
    /// All groups are more than can be.
    pub too_many_for_everybody: &'static str,
    /// What to do to send to a few people only.
    pub some_people: &'static str,
    /// Groups that were chosen and deleted since.
    pub groups_lost: &'static str,
    /// The template was chosen and deleted since.
    pub template_lost: &'static str,
    /// There are no groups: title.
    pub no_groups_yet: &'static str,
    /// There are no groups: what to do.
    pub make_groups: &'static str,
    /// Leads to the customers.
    pub to_customers: &'static str,
    /// The list is empty.
    pub no_other_groups: &'static str,
    /// The rest of a list.
    pub more_to_choose: &'static str,
    /// Above the choice of templates.
    pub what_it_says: &'static str,
    /// No template is chosen.
    pub no_template: &'static str,
    /// The template cannot be sent.
    pub not_sendable: &'static str,
    /// There are no templates: title.
    pub no_templates_yet: &'static str,
    /// There are no templates: what to do.
    pub make_templates: &'static str,
    /// Leads to the templates.
    pub to_templates: &'static str,
    /// Templates that can be sent.
    pub can_be_sent: &'static str,
    /// Templates that cannot be sent.
    pub cannot_be_sent: &'static str,
    /// The template has a link.
    pub has_link: &'static str,
    /// Above the link.
    pub where_it_leads: &'static str,
    /// The clinic has no hosts.
    pub no_hosts: &'static str,
    /// Leads to the settings.
    pub to_settings: &'static str,
    /// Before the hosts.
    pub hosts_are: &'static str,
    /// Where the link leads.
    pub destination: &'static str,
    /// About the address.
    pub destination_hint: &'static str,
    /// No address is said.
    pub no_destination: &'static str,
    /// The host is not one of the clinic’s.
    pub foreign_host: &'static str,
    /// When the link ends.
    pub ends: &'static str,
    /// About the end.
    pub ends_hint: &'static str,
    /// No time can be read.
    pub no_time: &'static str,
    /// The time has passed.
    pub past_time: &'static str,
    /// Above the variables.
    pub what_fills_it: &'static str,
    /// About the variables.
    pub variables_hint: &'static str,
    /// The name needs no column.
    pub name_fills_itself: &'static str,
    /// Which column fills it.
    pub column: &'static str,
    /// A column that nobody has.
    pub unknown_column: &'static str,
    /// What stands in.
    pub stands_in: &'static str,
    /// Nothing stands in.
    pub nothing_stands_in: &'static str,
    /// Looks at what was changed.
    pub look_again: &'static str,
    /// Above those without a value.
    pub who_lacks: &'static str,
    /// While it is looked for.
    pub looking_for_lacking: &'static str,
    /// Looks at everybody, without a script.
    pub look_now: &'static str,
    /// That it may take a while.
    pub look_now_hint: &'static str,
    /// Everybody has values.
    pub nobody_lacks: &'static str,
    /// So many have no value.
    pub some_lack: &'static str,
    /// What becomes of them.
    pub lacking_hint: &'static str,
    /// Not all are shown.
    pub first_few: &'static str,
    /// Why somebody gets nothing.
    pub why: &'static str,
    /// Those who get nothing.
    pub who_gets_nothing: &'static str,
    /// Above the preview.
    pub what_they_read: &'static str,
    /// The group is empty.
    pub nobody_in_group: &'static str,
    /// Nobody is found.
    pub nobody_found: &'static str,
    /// Before why somebody gets nothing.
    pub gets_nothing: &'static str,
    /// On the yellow line of a message.
    pub talk_heading: &'static str,
    /// How long the text is.
    pub characters: &'static str,
    /// Before where the link leads.
    pub link_leads_to: &'static str,
    /// The recipient before.
    pub previous_one: &'static str,
    /// The recipient after.
    pub next_one: &'static str,
    /// A group.
    pub group: &'static str,
    /// Looks for a recipient.
    pub search_people: &'static str,
    /// Above pre-flight.
    pub check_title: &'static str,
    /// While it is looked at.
    pub checking: &'static str,
    /// When it was looked at.
    pub checked: &'static str,
    /// It cannot be sent.
    pub cannot_go: &'static str,
    /// There was no time for everybody.
    pub not_everybody: &'static str,
    /// The clinic has no sender.
    pub no_sender: &'static str,
    /// How many get it.
    pub gets_it: &'static str,
    /// Of how many.
    pub of_all: &'static str,
    /// How many do not.
    pub gets_none: &'static str,
    /// What it costs.
    pub costs: &'static str,
    /// What one costs.
    pub each_costs: &'static str,
    /// The longest text.
    pub longest: &'static str,
    /// Above warnings.
    pub worth_knowing: &'static str,
    /// What happens at the moment of a warning.
    pub warned_moments: [(&'static str, &'static str); 5],
    /// Something differs from what is approved.
    pub differs: &'static str,
    /// Nothing differs.
    pub as_approved: &'static str,
    /// What was compared.
    pub all_compared: &'static str,
    /// It could not be compared.
    pub not_compared: &'static str,
    /// What is compared.
    pub compared_names: [(&'static str, &'static str); 5],
    /// Shows all of them.
    pub show_all: &'static str,
    /// Nobody would get it.
    pub nobody_gets_it: &'static str,
    /// It is not as approved.
    pub not_as_approved: &'static str,
    /// Nobody in this part of the list.
    pub none_in_this_part: &'static str,
    /// Nobody gets nothing.
    pub nobody_else: &'static str,
    /// Above the test.
    pub test_title: &'static str,
    /// The test shows nobody’s values.
    pub test_of_nobody: &'static str,
    /// The test shows somebody’s values.
    pub test_of_somebody: &'static str,
    /// One’s own numbers.
    pub own_phones: &'static str,
    /// About the numbers.
    pub own_phones_hint: &'static str,
    /// No number, or too many.
    pub phones_count: &'static str,
    /// Sends the test.
    pub test: &'static str,
    /// The test is on its way.
    pub test_sent: &'static str,
    /// Above what became of the test.
    pub test_result: &'static str,
    /// While it is not known.
    pub test_waiting: &'static str,
    /// Leads to the test.
    pub test_page: &'static str,
    /// Above the button that sends.
    pub send_title: &'static str,
    /// It is advertising.
    pub advertising: &'static str,
    /// About advertising.
    pub advertising_hint: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// About the name.
    pub name_hint: &'static str,
    /// When it begins.
    pub when: &'static str,
    /// At once.
    pub at_once: &'static str,
    /// At a time.
    pub later: &'static str,
    /// The time.
    pub begins_at: &'static str,
    /// About the time.
    pub begins_at_hint: &'static str,
    /// Looks again with name and time.
    pub check_again: &'static str,
    /// Opens the question.
    pub send_now: &'static str,
    /// The question before it is sent.
    pub sure: &'static str,
    /// Below the question.
    pub no_way_back: &'static str,
    /// Sends it.
    pub yes_send: &'static str,
    /// It would go to more or fewer people than was said.
    pub count_changed: &'static str,
    /// Something changed, so it was not sent.
    pub not_sent_yet: &'static str,
    /// It was asked for.
    pub sent: &'static str,
    /// It is scheduled.
    pub scheduled: &'static str,
    /// It was sent before, from the same page.
    pub sent_once: &'static str,
    /// It was sent before: title.
    pub sent_before_title: &'static str,
    /// It was sent before: text.
    pub sent_before: &'static str,
    /// Leads to the list.
    pub to_campaigns: &'static str,
}

impl Send {
    /// What a step is called.
    #[must_use]
    pub fn step(&self, step: Step) -> &'static str {
        self.step_names.iter().find(|(name, _)| *name == step.name()).map_or("", |(_, text)| text)
    }

    /// Before the moment of a warning; nothing for a warning of a later version.
    #[must_use]
    pub fn at_that_moment(&self, warning: &str) -> &'static str {
        self.warned_moments.iter().find(|(kind, _)| *kind == warning).map_or("", |(_, text)| text)
    }

    /// What was compared with the approved template.
    #[must_use]
    pub fn compared<'a>(&self, check: &'a str) -> &'a str {
        self.compared_names.iter().find(|(name, _)| *name == check).map_or(check, |(_, text)| text)
    }
}
