//! English texts of the page behind an invite link.

use crate::words::invite::Invite;

/// English.
pub const WORDS: Invite = Invite {
    title: |clinic| format!("Become a member of {clinic}"),
    of_friend: "A friend invites you",
    of_clinic: "You are invited",
    points: |points| if points == "1" { "1 point for joining".to_owned() } else { format!("{points} points for joining") },
    points_once: "Once, for people who are new to Dangol.",
    benefits: ["Appointment and treatment notices by KakaoTalk.", "You can invite friends with a code of your own."],
    seen: "When you join, the clinic sees your name and how you came, and your mobile number once you have verified it. A friend who invited you sees your name only.",
    member: "You are a member already",
    own: "This is your own link. Friends see it like this.",
    pending: "You wait for the clinic. With this invitation you can be a member at once.",
    join: "Join",
    sign_up_and_join: "Sign up and join",
    sign_in_and_join: "I have an account",
    comes_back: "After that you come back to this page.",
    have_code: "Do you have a code from us?",
    joined: |clinic| format!("You are a member of {clinic}."),
    joined_with_points: |clinic, points| format!("You are a member of {clinic}. Your points will be added shortly: {points}."),
    joined_points_held: |clinic| format!("You are a member of {clinic}. The clinic looks at the points before they arrive."),
    unknown_title: "This invitation cannot be used",
    unknown_text: "The link is wrong or has expired. Ask whoever invited you, or the clinic, for a new one.",
    to_my_page: "To my page",
    preview: "Follow the link to become a member.",
};
