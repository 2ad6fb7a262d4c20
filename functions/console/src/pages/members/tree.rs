//! Whom a member brought, as a list within a list.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;
use shared::model::state::MembershipState;

use super::{path, state};
use crate::parts;
use crate::words::members::Members;

/// What the API gives: the member first, then everybody behind the one who brought them.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    people: Vec<Node>,
    is_cut: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    brought_by: Option<usize>,
    user_id: Option<String>,
    name: Option<String>,
    membership: Option<MembershipState>,
    joined_at: Option<DateTime<Utc>>,
}

/// Draws it. `direct` is how many the member brought.
pub fn draw(words: &Members, tree: &Tree, direct: u64, zone: &str) -> Markup {
    let children = children(&tree.people);
    html! {
        section.card aria-labelledby="tree" {
            h2 #tree { (words.tree) }
            @if children.first().is_none_or(Vec::is_empty) {
                p { (words.tree_empty) }
            } @else {
                p { (words.tree_text.replace("{}", &parts::number(direct))) }
                ul.tree { (branch(words, &tree.people, &children, (0, zone))) }
                @if tree.is_cut { p.hint { (words.tree_cut) } }
            }
        }
    }
}

/// The places of those whom each brought. Somebody is always behind the one who brought them; whatever else comes is left out, so that
/// this ends.
fn children(people: &[Node]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); people.len()];
    for (at, person) in people.iter().enumerate() {
        if let Some(by) = person.brought_by.filter(|by| *by < at) {
            children[by].push(at);
        }
    }
    children
}

fn branch(words: &Members, people: &[Node], children: &[Vec<usize>], (at, zone): (usize, &str)) -> Markup {
    html! {
        li {
            (person(words, &people[at], (at == 0, zone)))
            @if !children[at].is_empty() {
                ul { @for child in &children[at] { (branch(words, people, children, (*child, zone))) } }
            }
        }
    }
}

fn person(words: &Members, node: &Node, (is_root, zone): (bool, &str)) -> Markup {
    let standing = node.membership.filter(|standing| *standing != MembershipState::Confirmed);
    html! {
        @match (&node.user_id, &node.name) {
            (Some(_), Some(name)) if is_root => strong { (name) },
            (Some(user), Some(name)) => a href=(path(user)) { (name) },
            _ => span.muted { (words.tree_withdrawn) },
        }
        @if let Some(at) = node.joined_at { " " span.muted { (parts::day(at, zone)) } }
        @if let Some(standing) = standing { " " (state(words, standing)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::ko;

    fn node(brought_by: Option<usize>, name: Option<&str>) -> Node {
        let user_id = name.map(|name| format!("usr_{name}"));
        Node { brought_by, user_id, name: name.map(str::to_owned), ..Node::default() }
    }

    #[test]
    fn everybody_stands_below_the_one_who_brought_them() {
        let people = vec![
            node(None, Some("a")),
            node(Some(0), Some("b")),
            node(Some(1), None),
            node(Some(2), Some("c")),
            node(Some(0), Some("<d>")),
        ];
        let drawn = draw(&ko::WORDS.members, &Tree { people, is_cut: false }, 2, "Asia/Seoul").into_string();
        let list = drawn.split_once("<ul class=\"tree\">").map_or("", |(_, list)| list);
        let expected = "<li><strong>a</strong><ul>\
             <li><a href=\"/members/usr_b\">b</a><ul><li><span class=\"muted\">탈퇴한 분</span>\
             <ul><li><a href=\"/members/usr_c\">c</a></li></ul></li></ul></li>\
             <li><a href=\"/members/usr_&lt;d&gt;\">&lt;d&gt;</a></li></ul></li></ul></section>";
        assert_eq!(list, expected);
    }

    #[test]
    fn a_tree_that_goes_round_in_a_circle_is_drawn_all_the_same() {
        let people =
            vec![node(Some(1), Some("a")), node(Some(0), Some("b")), node(Some(2), Some("c")), node(Some(9), Some("d"))];
        assert_eq!(children(&people), [vec![1], vec![], vec![], vec![]]);
        let drawn = draw(&ko::WORDS.members, &Tree { people, is_cut: true }, 1, "Asia/Seoul").into_string();
        assert!(drawn.contains(ko::WORDS.members.tree_cut));
    }

    #[test]
    fn the_largest_tree_leaves_room_in_a_page_of_two_hundred_kilobytes() {
        let mut people: Vec<_> =
            (0..501).map(|at: usize| node(at.checked_sub(1).map(|at| at.min(499)), Some("김단골단골"))).collect();
        for person in &mut people {
            person.user_id = Some(format!("usr_{}", "0".repeat(32)));
            person.joined_at = Some(DateTime::UNIX_EPOCH);
            person.membership = Some(MembershipState::Ended);
        }
        // As deep as the API goes.
        for (at, person) in people.iter_mut().enumerate().skip(5) {
            person.brought_by = Some(at % 5);
        }
        let drawn = draw(&ko::WORDS.members, &Tree { people, is_cut: true }, 100, "Asia/Seoul").into_string();
        assert!(drawn.len() < 140_000, "{}", drawn.len());
    }
}
