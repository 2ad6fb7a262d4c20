//! Texts of the dashboard.

/// Texts of the dashboard.
#[derive(Debug)]
pub struct Dashboard {
    /// The title of the page.
    pub title: &'static str,
    /// Leads to sending.
    pub send: &'static str,
    /// Leads to the import of customers.
    pub import: &'static str,
    /// Above the numbers of this moment.
    pub now: &'static str,
    /// Says that the numbers renew themselves.
    pub renews_itself: &'static str,
    /// How many messages arrived.
    pub success_rate: &'static str,
    /// What the success rate is a part of.
    pub of_messages: &'static str,
    /// How many people clicked.
    pub click_rate: &'static str,
    /// What the click rate is a part of.
    pub of_delivered: &'static str,
    /// Opens the numbers that a rate is made of.
    pub made_of: &'static str,
    /// Messages that were asked for.
    pub requested: &'static str,
    /// Messages that did not arrive.
    pub failed: &'static str,
    /// Messages without a result yet.
    pub awaiting: &'static str,
    /// Messages of which nobody knows whether the provider has them.
    pub unknown: &'static str,
    /// Messages that wait, or are left out.
    pub not_handed_over: &'static str,
    /// Visits of people.
    pub human: &'static str,
    /// Visits of link previews.
    pub previews: &'static str,
    /// Visits ahead of a decision.
    pub prefetches: &'static str,
    /// Visits of programs.
    pub bots: &'static str,
    /// Visits of links that had ended.
    pub rejected: &'static str,
    /// Visits that are not counted.
    pub left_out: &'static str,
    /// Customers.
    pub customers: &'static str,
    /// What customers are.
    pub customers_text: &'static str,
    /// Groups.
    pub groups: &'static str,
    /// Members.
    pub members: &'static str,
    /// What members are.
    pub members_text: &'static str,
    /// Points that were granted.
    pub points: &'static str,
    /// Above the charts.
    pub trends: &'static str,
    /// What the choice of a time is called.
    pub period: &'static str,
    /// The spans that have names.
    pub presets: [&'static str; 4],
    /// Opens the form for days of one's own.
    pub own_days: &'static str,
    /// The first day.
    pub from: &'static str,
    /// The last day.
    pub to: &'static str,
    /// What days are cut into: the field.
    pub cut_by: &'static str,
    /// As finely as it can be.
    pub by_itself: &'static str,
    /// Hours, days, weeks.
    pub by: [&'static str; 3],
    /// Shows these days.
    pub show: &'static str,
    /// A text that is no day.
    pub bad_day: &'static str,
    /// The first day is later than the last.
    pub days_swapped: &'static str,
    /// A day that is too far away.
    pub day_out_of_reach: &'static str,
    /// More days than a page shows.
    pub too_many_days: &'static str,
    /// Before the days with which others are compared.
    pub compared_with: &'static str,
    /// The last period has not ended.
    pub still_running: &'static str,
    /// Messages that the provider took.
    pub sent: &'static str,
    /// Messages that arrived.
    pub delivered: &'static str,
    /// People who clicked.
    pub clicks: &'static str,
    /// People who became members.
    pub new_members: &'static str,
    /// Of those, through a friend.
    pub by_friends: &'static str,
    /// Messages as a unit.
    pub messages: fn(&str) -> String,
    /// People as a unit.
    pub people: fn(&str) -> String,
    /// The bars.
    pub this_time: &'static str,
    /// The line.
    pub time_before: &'static str,
    /// When there was most: the moment and the number.
    pub highest: fn(&str, &str) -> String,
    /// More than before: by how many, and the share.
    pub more: fn(&str, &str) -> String,
    /// Less than before: by how many, and the share.
    pub less: fn(&str, &str) -> String,
    /// As many as before.
    pub same_as_before: &'static str,
    /// None before.
    pub nothing_before: &'static str,
    /// None now, none before.
    pub nothing_at_all: &'static str,
    /// Opens the table behind a chart.
    pub as_table: &'static str,
    /// Above the reasons of failures.
    pub why_failed: &'static str,
    /// Above the campaigns.
    pub latest: &'static str,
    /// Leads to all of them.
    pub all_campaigns: &'static str,
    /// There is none.
    pub no_campaigns: &'static str,
    /// Above the codes by which people came.
    pub ways: &'static str,
    /// Leads to all codes.
    pub all_codes: &'static str,
    /// Nobody has come by a code.
    pub nobody_came: &'static str,
    /// What the numbers of codes count.
    pub ways_text: &'static str,
    /// Leads to a sheet for the printer.
    pub print_code: &'static str,
    /// Above the list for a new clinic.
    pub first_steps: &'static str,
    /// How many steps of how many are done.
    pub steps_done: fn(usize, usize) -> String,
    /// The steps.
    pub steps: [StepText; 5],
    /// A step that is done.
    pub step_done: &'static str,
    /// The step that comes next.
    pub step_next: &'static str,
    /// Only an owner can do this.
    pub ask_owner: &'static str,
    /// A template is being reviewed.
    pub template_in_review: &'static str,
    /// A template waits to be submitted.
    pub template_waits: &'static str,
    /// Its review found something wrong with it.
    pub template_refused: &'static str,
}

/// What is said of a step.
#[derive(Debug, Clone, Copy)]
pub struct StepText {
    /// What it is.
    pub title: &'static str,
    /// What it is good for.
    pub why: &'static str,
    /// The button that leads there.
    pub action: &'static str,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Messages.
    Messages,
    /// People.
    People,
}

impl Dashboard {
    /// A unit by itself, as it is called beside this number.
    #[must_use]
    pub fn unit(&self, unit: Unit, number: &str) -> String {
        self.unit_of(unit, number).trim_start_matches(number).trim_start().to_owned()
    }

    /// A number with its unit.
    #[must_use]
    pub fn unit_of(&self, unit: Unit, number: &str) -> String {
        match unit {
            Unit::Messages => (self.messages)(number),
            Unit::People => (self.people)(number),
        }
    }
}
