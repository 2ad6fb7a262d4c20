//! Texts of the pages about campaigns.

/// Texts of the pages about campaigns. A `{}` stands for a number or a name.
#[derive(Debug)]
pub struct Campaigns {
    /// The title of the list.
    pub title: &'static str,
    /// Begins a new one.
    pub new: &'static str,
    /// There are none: title.
    pub none_yet: &'static str,
    /// There are none: what to do.
    pub begin_here: &'static str,
    /// None in this state.
    pub none_like_this: &'static str,
    /// What the filters are called.
    pub filters: &'static str,
    /// No filter.
    pub all: &'static str,
    /// Tests.
    pub tests: &'static str,
    /// States of campaigns.
    pub campaign_states: [(&'static str, &'static str); 8],
    /// States of messages.
    pub message_states: [(&'static str, &'static str); 6],
    /// Kinds of campaigns.
    pub kinds: [(&'static str, &'static str); 3],
    /// Who visits links.
    pub click_classes: [(&'static str, &'static str); 5],
    /// All messages.
    pub requested: &'static str,
    /// People who clicked.
    pub clicked_people: &'static str,
    /// When it begins or began.
    pub begins: &'static str,
    /// It has not begun.
    pub planned: &'static str,
    /// What the pages of a campaign are called together.
    pub tabs: &'static str,
    /// How far it is.
    pub tab_progress: &'static str,
    /// Who clicked.
    pub tab_clicks: &'static str,
    /// Hour by hour.
    pub tab_hours: &'static str,
    /// Where everything is.
    pub tab_where: &'static str,
    /// How many have a result.
    pub with_result: &'static str,
    /// Messages are being written.
    pub writing_down: &'static str,
    /// Everything is handed over, and results are to come: the state.
    pub awaiting_results: &'static str,
    /// Some results are to come.
    pub results_to_come: &'static str,
    /// What the list of numbers is called.
    pub by_state: &'static str,
    /// That numbers add up.
    pub adds_up_hint: &'static str,
    /// Messages by group.
    pub by_group: &'static str,
    /// A group.
    pub group: &'static str,
    /// A group that was deleted.
    pub group_gone: &'static str,
    /// No group.
    pub no_group: &'static str,
    /// So many people.
    pub people: &'static str,
    /// So many messages.
    pub messages: &'static str,
    /// Those who clicked of those who got it.
    pub of_delivered: &'static str,
    /// All clicks, and what is no click.
    pub all_clicks: &'static str,
    /// Leads to the clicks.
    pub see_clicks: &'static str,
    /// What it costs.
    pub cost: &'static str,
    /// Why messages failed.
    pub why_failed: &'static str,
    /// Why messages are in another state.
    pub why: &'static str,
    /// When it was asked for.
    pub asked_at: &'static str,
    /// When it is to begin.
    pub planned_at: &'static str,
    /// When it began.
    pub began_at: &'static str,
    /// When it ended.
    pub ended_at: &'static str,
    /// The template.
    pub template: &'static str,
    /// Leads to the template.
    pub see_template: &'static str,
    /// The first campaign.
    pub sent_again_from: &'static str,
    /// Leads to the first campaign.
    pub see_source: &'static str,
    /// The link.
    pub link: &'static str,
    /// Before the end of the link.
    pub link_until: &'static str,
    /// Above the messages.
    pub every_message: &'static str,
    /// No messages are written yet.
    pub no_messages_yet: &'static str,
    /// None in this part of the list.
    pub none_in_this_part: &'static str,
    /// None like this.
    pub no_such_messages: &'static str,
    /// Looks for recipients.
    pub search_people: &'static str,
    /// A reason.
    pub reason: &'static str,
    /// Whether somebody clicked.
    pub clicked: &'static str,
    /// Somebody clicked.
    pub did_click: &'static str,
    /// Nobody clicked.
    pub did_not_click: &'static str,
    /// Before the forms of a file.
    pub export: &'static str,
    /// The file is not narrowed down by these.
    pub export_is_wider: &'static str,
    /// A number.
    pub number: &'static str,
    /// A recipient.
    pub recipient: &'static str,
    /// The text.
    pub text: &'static str,
    /// Leads to the whole message.
    pub see_all: &'static str,
    /// When it was sent.
    pub sent_at: &'static str,
    /// When the link was opened.
    pub opened_at: &'static str,
    /// The title of a message.
    pub message_number: &'static str,
    /// Nothing was sent.
    pub nothing_to_send: &'static str,
    /// When it was handed over.
    pub handed_over_at: &'static str,
    /// When its result was known.
    pub resulted_at: &'static str,
    /// The code of the result.
    pub result_code: &'static str,
    /// The words of the result.
    pub result_message: &'static str,
    /// The id of the call.
    pub provider_id: &'static str,
    /// Pauses it.
    pub pause: &'static str,
    /// Asks before.
    pub pause_question: &'static str,
    /// It is paused.
    pub paused: &'static str,
    /// Lets it go on.
    pub resume: &'static str,
    /// Asks before.
    pub resume_question: &'static str,
    /// It goes on.
    pub resumed: &'static str,
    /// Calls it off.
    pub cancel: &'static str,
    /// Asks before.
    pub cancel_question: &'static str,
    /// Asks before it has begun.
    pub cancel_scheduled_question: &'static str,
    /// It is called off.
    pub canceled: &'static str,
    /// Above sending again.
    pub again_title: &'static str,
    /// About sending again.
    pub again_hint: &'static str,
    /// To those for whom it failed.
    pub again_failed: &'static str,
    /// Asks before.
    pub again_failed_question: &'static str,
    /// To those who did not click.
    pub again_not_clicked: &'static str,
    /// Asks before.
    pub again_not_clicked_question: &'static str,
    /// That those who did not click can be written to later.
    pub again_tomorrow: &'static str,
    /// When it is sent again.
    pub again_at: &'static str,
    /// It is sent again.
    pub sent_again: &'static str,
    /// The title of the file’s page.
    pub file_ready: &'static str,
    /// A file.
    pub file: &'static str,
    /// How many rows it has.
    pub rows: &'static str,
    /// Until when it can be fetched.
    pub file_until: &'static str,
    /// About the file.
    pub file_hint: &'static str,
    /// The title of the clicks.
    pub clicks_of: &'static str,
    /// About the clicks.
    pub clicks_hint: &'static str,
    /// There are no clicks.
    pub no_clicks: &'static str,
    /// Who it was.
    pub class: &'static str,
    /// The program of a visitor.
    pub agent: &'static str,
    /// The title of the hours.
    pub hours_of: &'static str,
    /// About the hours.
    pub hours_hint: &'static str,
    /// It has not begun.
    pub not_begun: &'static str,
    /// An hour.
    pub hour: &'static str,
    /// Messages that were sent.
    pub taken: &'static str,
    /// Clicks.
    pub visits: &'static str,
    /// The sum.
    pub together: &'static str,
    /// The title of the report.
    pub where_of: &'static str,
    /// All adds up.
    pub adds_up: &'static str,
    /// Visits are being recorded.
    pub catching_up: &'static str,
    /// Visits are missing.
    pub missing: &'static str,
    /// Numbers differ.
    pub differs: &'static str,
    /// Where messages are.
    pub messages_title: &'static str,
    /// Where visits are.
    pub visits_title: &'static str,
    /// A place.
    pub place: &'static str,
    /// How many.
    pub count: &'static str,
    /// Where waiting messages are.
    pub means_queued: &'static str,
    /// Where sent messages are.
    pub means_sent: &'static str,
    /// Where delivered messages are.
    pub means_delivered: &'static str,
    /// Where failed messages are.
    pub means_failed: &'static str,
    /// Where unknown messages are.
    pub means_unknown: &'static str,
    /// Where excluded messages are.
    pub means_excluded: &'static str,
    /// The sum of all states.
    pub sum_of_states: &'static str,
    /// What is compared.
    pub means_requested: &'static str,
    /// The difference.
    pub difference: &'static str,
    /// Visits that are recorded.
    pub recorded: &'static str,
    /// Visits that are not recorded yet.
    pub still_queued: &'static str,
    /// About them.
    pub means_still_queued: &'static str,
    /// Visits that were answered.
    pub answered: &'static str,
    /// What is compared.
    pub means_answered: &'static str,
    /// Counters that differ.
    pub counters_title: &'static str,
    /// About them.
    pub counters_hint: &'static str,
    /// A counter.
    pub counter: &'static str,
    /// What rows say.
    pub by_rows: &'static str,
    /// What the counter says.
    pub by_counter: &'static str,
}

impl Campaigns {
    /// What the state of a campaign is called.
    #[must_use]
    pub fn campaign_state<'a>(&self, state: &'a str) -> &'a str {
        named(&self.campaign_states, state)
    }

    /// What the state of a message is called.
    #[must_use]
    pub fn message_state<'a>(&self, state: &'a str) -> &'a str {
        named(&self.message_states, state)
    }

    /// The heading above the reasons of a state.
    #[must_use]
    pub fn why(&self, state: &str) -> String {
        if state == "failed" { self.why_failed.to_owned() } else { self.why.replace("{}", self.message_state(state)) }
    }

    /// What a kind of campaigns is called.
    #[must_use]
    pub fn kind<'a>(&self, kind: &'a str) -> &'a str {
        named(&self.kinds, kind)
    }
}

/// The text of a stable word; one of a later version is shown as it is.
fn named<'a>(names: &[(&'static str, &'static str)], word: &'a str) -> &'a str {
    names.iter().find(|(known, _)| *known == word).map_or(word, |(_, text)| text)
}
