//! English texts of the pages about suppressions.

use crate::parts::number;
use crate::words::suppressions::Suppressions;

/// English.
pub const WORDS: Suppressions = Suppressions {
    title: "Opt-outs",
    intro: "Nothing is sent to these numbers, and no import adds them.",
    now: "In force",
    lifted: "Lifted",
    views: "Lists",
    add: "Add numbers",
    phones: "Mobile numbers",
    phones_hint: "One in a line, up to 1,000 at once.",
    note_hint: "For example: asked by phone. Up to 200 characters.",
    add_button: "Add to the list",
    at_line: |line, phone, text| format!("Line {line}, “{phone}”: {text}"),
    added: |added, already| {
        let added = numbers(added);
        if already == 0 { format!("{added} added.") } else { format!("{added} added, {} there already.", numbers(already)) }
    },
    search: "A part of a number",
    search_hint: "With digits: 5678",
    reason: "Why",
    any_reason: "Any reason",
    reasons: [("asked", "Asked"), ("blocked", "Blocked"), ("forgotten", "Forgotten")],
    customer: "Customer",
    no_customer: "Not a customer",
    since: "Since",
    by: "By",
    system: "Automatic (from KakaoTalk)",
    somebody: "Not known",
    former_staff: "Former staff",
    lift: "Lift",
    lift_this: |phone| format!("Opted out: {phone}"),
    lift_title: "Lift it",
    lift_text: "Messages can be sent to the number again. Lift it only when the person wants that. The reason is kept.",
    because: "Why it is lifted",
    because_hint: "For example: the person wants messages again. 1 to 200 characters.",
    owner_only: "Only an owner can lift it where the person asked to be forgotten.",
    lifted_one: "It was lifted.",
    lifted_at: "Lifted",
    lifted_by: "Lifted by",
    details: "Lift",
    none: "Nobody has opted out",
    none_text: "Add the numbers of people who want no messages. Numbers that block the channel are added automatically.",
    none_found: "No number was found",
    none_found_text: "Try another part of the number, or another reason.",
    none_lifted: "None was lifted",
    none_lifted_text: "Whatever is lifted is kept here.",
};

fn numbers(count: u64) -> String {
    if count == 1 { "1 number".to_owned() } else { format!("{} numbers", number(count)) }
}
