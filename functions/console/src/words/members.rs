//! Texts of the pages about members.

/// Texts of the pages about members.
#[derive(Debug)]
pub struct Members {
    /// The title of the page.
    pub title: &'static str,
    /// The field of the search.
    pub search_label: &'static str,
    /// Members in every state.
    pub all: &'static str,
    /// Somebody who waits to be confirmed.
    pub pending: &'static str,
    /// Somebody who is a member.
    pub confirmed: &'static str,
    /// Somebody who is a member no more.
    pub ended: &'static str,
    /// What the choice of states is called.
    pub states: &'static str,
    /// Above those who came through a code; the code follows.
    pub through_code: &'static str,
    /// Takes a filter off.
    pub show_all: &'static str,
    /// Above those who wait. `{}` is how many.
    pub waiting_title: &'static str,
    /// What confirming means.
    pub waiting_text: &'static str,
    /// Leads to the rest of those who wait.
    pub waiting_more: &'static str,
    /// What the table lists.
    pub list_caption: &'static str,
    /// A number of points.
    pub points: &'static str,
    /// Since when somebody is there.
    pub since: &'static str,
    /// When somebody asked.
    pub asked_at: &'static str,
    /// The code somebody came through.
    pub came_by: &'static str,
    /// Somebody who came without a code.
    pub no_code: &'static str,
    /// Somebody whose phone is not proven.
    pub unproven: &'static str,
    /// The column of the buttons.
    pub decision: &'static str,
    /// Takes somebody as a member.
    pub confirm: &'static str,
    /// Does not take somebody.
    pub decline: &'static str,
    /// Asks before somebody is declined. `{}` is the name.
    pub decline_question: &'static str,
    /// Ends a membership.
    pub end: &'static str,
    /// Asks before a membership ends. `{}` is the name.
    pub end_question: &'static str,
    /// Takes somebody as a member again.
    pub take_back: &'static str,
    /// After confirming. `{}` is the name.
    pub confirmed_said: &'static str,
    /// After declining. `{}` is the name.
    pub declined_said: &'static str,
    /// After ending. `{}` is the name.
    pub ended_said: &'static str,
    /// There is no member yet.
    pub none_title: &'static str,
    /// What to do then.
    pub none_text: &'static str,
    /// Leads to the codes.
    pub none_action: &'static str,
    /// Nobody fits the search.
    pub nothing_found: &'static str,
    /// What to do then.
    pub nothing_found_text: &'static str,
    /// Nobody waits.
    pub nobody_waits: &'static str,
    /// What that means.
    pub nobody_waits_text: &'static str,
    /// Above what is known of a member.
    pub facts: &'static str,
    /// When somebody was confirmed.
    pub confirmed_at: &'static str,
    /// When a membership ended.
    pub ended_at: &'static str,
    /// Why a membership ended.
    pub ended_because: &'static str,
    /// The clinic declined.
    pub declined: &'static str,
    /// The clinic ended it.
    pub removed: &'static str,
    /// The member left.
    pub left: &'static str,
    /// The person withdrew.
    pub withdrawn: &'static str,
    /// What can be done of somebody who left.
    pub left_text: &'static str,
    /// The customer who is the same person.
    pub customer: &'static str,
    /// Leads to the customer.
    pub show_customer: &'static str,
    /// There is no such customer.
    pub no_customer: &'static str,
    /// Why somebody is linked.
    pub linked: &'static str,
    /// When somebody who waits will be.
    pub linked_once_confirmed: &'static str,
    /// When somebody with an unproven phone will be.
    pub linked_once_proven: &'static str,
    /// Why somebody with a proven phone is not.
    pub not_linked: &'static str,
    /// A member's code, with the name.
    pub invited_by_name: fn(&str) -> String,
    /// Who invited a member.
    pub invited_by: &'static str,
    /// The clinic invited.
    pub by_clinic: &'static str,
    /// Somebody who has withdrawn invited.
    pub by_withdrawn: &'static str,
    /// The own code of a member.
    pub own_code: &'static str,
    /// Why an invitation earned nothing.
    pub unpaid: &'static str,
    /// The person works for the clinic.
    pub unpaid_staff: &'static str,
    /// The person was a customer.
    pub unpaid_known_customer: &'static str,
    /// The person was a member before.
    pub unpaid_known_member: &'static str,
    /// It was not the first join.
    pub unpaid_not_first: &'static str,
    /// Points were off.
    pub unpaid_points_off: &'static str,
    /// Invitations were worth nothing.
    pub unpaid_no_points: &'static str,
    /// Above the points of a member.
    pub points_title: &'static str,
    /// What somebody has.
    pub balance: &'static str,
    /// Points that are held. `{}` is how many.
    pub held: &'static str,
    /// Leads to what is held.
    pub show_held: &'static str,
    /// Uses points.
    pub spend: &'static str,
    /// How many are used.
    pub spend_amount: &'static str,
    /// What for.
    pub spend_note: &'static str,
    /// After points were used. The first `{}` is how many, the second what is left.
    pub spent_said: &'static str,
    /// Corrects points.
    pub adjust: &'static str,
    /// By how many.
    pub adjust_amount: &'static str,
    /// How to take points.
    pub adjust_amount_hint: &'static str,
    /// Why.
    pub adjust_note: &'static str,
    /// After a correction. `{}` is what there is now.
    pub adjusted_said: &'static str,
    /// An amount that cannot be used.
    pub spend_range: &'static str,
    /// An amount that cannot be a correction.
    pub adjust_range: &'static str,
    /// Above the ledger of a member.
    pub history: &'static str,
    /// Leads to all of it.
    pub whole_history: &'static str,
    /// There is no line.
    pub no_history: &'static str,
    /// Above the tree.
    pub tree: &'static str,
    /// What the tree shows. `{}` is how many were brought directly.
    pub tree_text: &'static str,
    /// Nobody was brought.
    pub tree_empty: &'static str,
    /// There are more than are shown.
    pub tree_cut: &'static str,
    /// A place without a name.
    pub tree_withdrawn: &'static str,
}
