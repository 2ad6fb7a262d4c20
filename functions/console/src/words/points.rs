//! Texts of the pages about points.

/// Texts of the pages about points.
#[derive(Debug)]
pub struct Points {
    /// The title of the page.
    pub title: &'static str,
    /// Above the sums.
    pub totals: &'static str,
    /// What was granted.
    pub granted: &'static str,
    /// What was used.
    pub spent: &'static str,
    /// What was corrected.
    pub adjusted: &'static str,
    /// What was taken back.
    pub reversed: &'static str,
    /// What members have.
    pub outstanding: &'static str,
    /// What is held.
    pub held: &'static str,
    /// How many grants are held. `{}` is how many.
    pub held_count: &'static str,
    /// Nothing is held.
    pub nothing_held: &'static str,
    /// Read out between sums.
    pub minus: &'static str,
    /// Read out between sums.
    pub plus: &'static str,
    /// Read out before the result.
    pub equals: &'static str,
    /// Above the lines.
    pub ledger: &'static str,
    /// What the choice of reasons is called.
    pub reasons: &'static str,
    /// Lines of every kind.
    pub all: &'static str,
    /// For joining.
    pub join: &'static str,
    /// For inviting.
    pub invite: &'static str,
    /// Used.
    pub spend: &'static str,
    /// Corrected.
    pub adjust: &'static str,
    /// Takes another line back.
    pub reverse: &'static str,
    /// Whose points.
    pub member: &'static str,
    /// The kind of a line.
    pub kind: &'static str,
    /// By how much the balance moved.
    pub amount: &'static str,
    /// What there was afterwards.
    pub balance: &'static str,
    /// Who wrote a line.
    pub written_by: &'static str,
    /// The program wrote it.
    pub by_system: &'static str,
    /// A colleague whose name is gone.
    pub somebody_gone: &'static str,
    /// A member who has withdrawn.
    pub withdrawn: &'static str,
    /// A line that was taken back.
    pub is_reversed: &'static str,
    /// Above the lines of one member. `{}` is the name.
    pub of_member: &'static str,
    /// Leads to the member.
    pub to_member: &'static str,
    /// Takes the filter off.
    pub everybody: &'static str,
    /// There is no line.
    pub none_title: &'static str,
    /// When there will be.
    pub none_text: &'static str,
    /// Takes a line back.
    pub take_back: &'static str,
    /// Asks before. `{}` is the line.
    pub take_back_question: &'static str,
    /// Why a line is taken back.
    pub take_back_note: &'static str,
    /// After it was taken back. `{}` is what the member has now.
    pub taken_back_said: &'static str,
    /// The title of the page with held points.
    pub held_title: &'static str,
    /// What held points are.
    pub held_lead: &'static str,
    /// For those who may not decide.
    pub owners_decide: &'static str,
    /// Points are switched off.
    pub points_are_off: &'static str,
    /// What the choice of states is called.
    pub states: &'static str,
    /// Waits for a decision.
    pub state_held: &'static str,
    /// Granted after all.
    pub state_released: &'static str,
    /// Not granted.
    pub state_refused: &'static str,
    /// Why they are held.
    pub because: &'static str,
    /// Whose joining they are for. `{}` is the name.
    pub for_joining_of: &'static str,
    /// For the own joining.
    pub for_own_joining: &'static str,
    /// Since when they are held.
    pub since: &'static str,
    /// Who decided, and when.
    pub decided: &'static str,
    /// Grants them.
    pub release: &'static str,
    /// Does not.
    pub refuse: &'static str,
    /// Asks before. `{}` is who and how many.
    pub refuse_question: &'static str,
    /// Why they are not granted.
    pub refuse_note: &'static str,
    /// After they were granted.
    pub released_said: &'static str,
    /// After they were refused.
    pub refused_said: &'static str,
    /// What to look at.
    pub check_daily_cap: &'static str,
    /// What to look at.
    pub check_total_cap: &'static str,
    /// What to look at.
    pub check_burst: &'static str,
    /// What to look at.
    pub check_staff: &'static str,
    /// What to look at.
    pub check_unproven: &'static str,
    /// Nothing is in this state.
    pub none_held_title: &'static str,
    /// What that means.
    pub none_held_text: &'static str,
    /// Leads to the ledger.
    pub back_to_ledger: &'static str,
}
