//! English texts of the pages about groups.

use crate::parts::number;
use crate::words::groups::Groups;

/// English.
pub const WORDS: Groups = Groups {
    title: "Groups",
    group: "Group",
    search: "Search group names",
    customers: "Customers",
    actions: "Actions",
    ungrouped: Some("Ungrouped"),
    unassigned: "Holds everybody who is in no other group.",
    make: "New group",
    new_name: "Name of the new group",
    name_hint: "1 to 50 characters. A name that exists gets a (1) at its end.",
    make_button: "Make the group",
    made: |name| format!("The group “{name}” was made."),
    manage: "Manage",
    manage_title: |name| format!("Group: {name}"),
    rename: "Rename",
    renamed: |name| format!("The group is called “{name}” now."),
    delete: "Delete the group",
    delete_hint: "Only the group is deleted, its customers stay. Those who are in no other group go to “Ungrouped”.",
    delete_question: |name, customers| {
        format!("Delete the group “{name}”? Its customers ({}) are not deleted.", number(customers))
    },
    deleted: "The group was deleted. Its customers are still there.",
    show_customers: "Show customers",
    send: "Send",
    send_chosen: "Send to the chosen groups",
    chosen: "Chosen groups: {}",
    choose_page: "Choose all groups of this page",
    choose_this: |name| format!("Choose the group “{name}”"),
    none_found: "No group with this name",
    none_found_text: "Search by another part of its name, or make a new group.",
    none: "There are no groups yet",
    none_text: "Put customers to whom you write together into a group: VIP, returning patients.",
    more: "There are more groups. Search for them by name.",
    new_one: "Make a new group",
    out_of_all: "Ungrouped (out of all groups)",
    choose_first: "Choose a group.",
    gone: "There is no such group. It may have been deleted meanwhile.",
};
