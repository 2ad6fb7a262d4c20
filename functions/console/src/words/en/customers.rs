//! English texts of the pages about customers.

use crate::pages::customers::selection::Wish;
use crate::parts::number;
use crate::words::customers::Customers;

/// English.
pub const WORDS: Customers = Customers {
    title: "Customers",
    people: " people",
    everybody: "All customers",
    list: "List of customers",
    add: "Add a customer",
    add_another: "Add, and another one",
    import: "Import a spreadsheet",
    manage_group: "Manage the group",
    manage_groups: "Make and manage groups",
    send_hint: "Choose a group to send to it.",
    search: "Search by name or mobile number",
    choose: "Choose",
    choose_page: "Choose all customers of this page",
    choose_this: |name| format!("Choose {name}"),
    choose_all: |count| format!("Choose all {} of this list, on all pages", people(count)),
    choose_all_found: |count| format!("Choose all {} that were found, on all pages", people(count)),
    choose_first: "Choose customers first.",
    chosen: "{} chosen",
    chosen_all: "All of the list are chosen",
    chosen_title: |count| format!("Chosen: {}", people(count)),
    target: "Which group?",
    add_to_group: "Add to a group",
    to_group: "Copy or move to a group",
    wish: |wish| match wish {
        Wish::Add => "Add to the group",
        Wish::Copy => "Copy (they stay here too)",
        Wish::Move => "Move",
        Wish::Remove => "Take out of this group",
        Wish::Delete => "Delete",
    },
    done: |wish, count, group| {
        let count = people(count);
        match wish {
            Wish::Add => format!("{count} joined “{group}”. Those who were in it already stay in it."),
            Wish::Copy => format!("{count} were copied to “{group}”. Those who were in it already stay in it."),
            Wish::Move => format!("{count} were moved to “{group}”."),
            Wish::Remove => format!("{count} were taken out of the group."),
            Wish::Delete => format!("{count} were deleted."),
        }
    },
    delete_question: "Really delete?",
    delete_hint: "This cannot be undone. Messages that were sent to them stay readable.",
    ask_all: |wish, count| {
        let count = people(count);
        match wish {
            Wish::Delete => format!("{count} will be deleted: all of the list."),
            _ => format!("{count} of the list are still to be worked through."),
        }
    },
    progress: "Worked through:",
    remaining: |count| format!("{} left.", people(count)),
    keep_open: "It stops when you close this page. What is done stays done.",
    go_on: "Go on",
    stop: "Stop here, back to the list",
    to_list: "Back to the list",
    consent_short: "Advertising",
    agreed: "Agreed",
    not_agreed: "No consent",
    consent: "Agreed to advertising",
    consent_hint: "The day is kept with it. Messages for information need no such consent.",
    added: "Added",
    last_changed: "Last changed",
    none: "There are no customers yet",
    none_text: "Upload a spreadsheet to add many at once, or add them one by one.",
    none_found: "Nobody was found",
    none_found_text: "Search by another part of the name or number. If a group is chosen, search in all customers too.",
    group_empty: "Nobody is in this group",
    group_empty_text: "Choose people among all customers and add them to this group.",
    export: "The whole list as a file",
    export_xlsx: "As Excel file",
    export_csv: "As CSV file",
    attributes: "More about them",
    attributes_hint: "Templates can use them as variables. What is empty is not kept.",
    more_columns: "Add a column",
    new_column: "Name of a new column",
    new_value: "Value",
    added_one: "The customer was added.",
    changed: "Saved.",
    edit: "Edit",
    standing: "At a glance",
    suppressed: "Nothing is sent to this number.",
    suppression_link: "See why, or lift it",
    member: "Member",
    no_member: "Not a member",
    member_state: |state| match state {
        "pending" => "Waiting for confirmation",
        "confirmed" => "Member",
        _ => "Ended",
    },
    end: "Delete",
    delete_one: "Delete the customer",
    delete_one_hint: "Takes them off the list. They can be added again later.",
    delete_one_question: "Delete this customer? This cannot be undone. Messages that were sent stay readable.",
    deleted_one: "The customer was deleted.",
    forget: "Forget this person",
    forget_hint: "For people who ask to be forgotten: no import adds the number again, and nothing is sent to it.",
    forget_question: "Delete this person and keep the number from being added again? This cannot be undone.",
    forgotten: "The person was deleted. The number will not be added again.",
    messages: "Messages",
    no_messages: "Nothing was sent yet.",
    requested: "Asked for",
    campaign: "Campaign",
    clicked: "Link opened",
    text: "Text",
    show_text: "Show",
};

fn people(count: u64) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{} people", number(count)) }
}
