//! English texts of the dashboard.

use crate::words::dashboard::{Dashboard, StepText};

/// English.
pub const WORDS: Dashboard = Dashboard {
    title: "Dashboard",
    send: "New campaign",
    import: "Import customers",
    now: "So far",
    renews_itself: "Updates automatically.",
    success_rate: "Delivery rate",
    of_messages: "messages (delivered / handed over)",
    click_rate: "Click rate",
    of_delivered: "messages (clicked / delivered)",
    made_of: "Details",
    requested: "Messages requested",
    failed: "Failed",
    awaiting: "Awaiting a result",
    unknown: "Not confirmed",
    not_handed_over: "Waiting or left out",
    human: "Visits of people",
    previews: "Link previews",
    prefetches: "Prefetches",
    bots: "Automatic programs",
    rejected: "Ended links",
    left_out: "Visits not counted",
    customers: "Customers",
    customers_text: "Customers on your list who can get messages",
    groups: "Groups",
    members: "Members",
    members_text: "People whose membership is confirmed",
    points: "Points granted",
    trends: "Over time",
    period: "Period",
    presets: ["Last 24 hours", "Last 7 days", "Last 30 days", "Last 12 weeks"],
    own_days: "Choose days",
    from: "From",
    to: "To",
    cut_by: "By",
    by_itself: "Automatic",
    by: ["Hour", "Day", "Week"],
    show: "Show",
    bad_day: "Enter a date.",
    days_swapped: "The first day is later than the last.",
    day_out_of_reach: "Days from 2020 until today can be shown.",
    too_many_days: "At most 3 days by the hour, 92 by the day, and 52 weeks can be shown.",
    compared_with: "compared with",
    still_running: "The last part may not be over yet.",
    sent: "Sent",
    delivered: "Delivered",
    clicks: "Clicks",
    new_members: "New members",
    by_friends: "Invited by friends",
    messages: |number| if number == "1" { "1 message".to_owned() } else { format!("{number} messages") },
    people: |number| if number == "1" { "1 person".to_owned() } else { format!("{number} people") },
    this_time: "This period",
    time_before: "Period before",
    highest: |moment, number| format!("Most of all: {number} at {moment}."),
    more: |number, share| format!("{number} ({share}) more than in the period before."),
    less: |number, share| format!("{number} ({share}) fewer than in the period before."),
    same_as_before: "As many as in the period before.",
    nothing_before: "There were none in the period before.",
    nothing_at_all: "None in this period, none in the one before.",
    as_table: "Show as a table",
    why_failed: "Reasons for failure",
    latest: "Latest campaigns",
    all_campaigns: "All campaigns",
    no_campaigns: "Nothing was sent yet. Choose an approved template and send your first AlimTalk.",
    ways: "How people joined",
    all_codes: "Referral codes",
    nobody_came: "Nobody has joined by a code of the clinic yet. Print the QR code and put it on the desk.",
    ways_text: "How many people joined by each of the clinic's own codes.",
    print_code: "Print the QR code",
    first_steps: "First steps",
    steps_done: |done, of| format!("{done} of {of} steps are done."),
    steps: [
        StepText {
            title: "Enter your sender",
            why: "AlimTalk needs the sender key of your KakaoTalk channel and a sender number.",
            action: "Open settings",
        },
        StepText {
            title: "Add customers",
            why: "Upload an Excel or CSV file: names and numbers are found and tidied.",
            action: "Upload a file",
        },
        StepText {
            title: "Have a template approved",
            why: "Write what you want to send and submit it to Kakao.",
            action: "Prepare a template",
        },
        StepText {
            title: "Send for the first time",
            why: "Choose groups and a template, look at it, send it.",
            action: "New campaign",
        },
        StepText {
            title: "Print the QR code",
            why: "Patients scan it at the desk and become members. Done when the first one joins.",
            action: "Print",
        },
    ],
    step_done: "Done",
    step_next: "Next",
    ask_owner: "Only an owner can do this. Ask one.",
    template_in_review: "Being reviewed",
    template_waits: "Begun",
    template_refused: "Refused",
};

#[cfg(test)]
mod tests {
    use super::WORDS;
    use crate::words::dashboard::Unit;

    #[test]
    fn one_person_is_not_called_people() {
        assert_eq!(
            [(WORDS.people)("1"), (WORDS.people)("2"), (WORDS.people)("1,001")],
            ["1 person", "2 people", "1,001 people"]
        );
        assert_eq!([WORDS.unit(Unit::People, "1"), WORDS.unit(Unit::Messages, "1,001")], ["person", "messages"]);
        assert_eq!([(WORDS.messages)("1"), (WORDS.messages)("0")], ["1 message", "0 messages"]);
    }
}
