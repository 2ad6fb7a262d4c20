//! English texts of the pages about a new clinic.

use crate::words::clinic::Clinic;

/// English.
pub const WORDS: Clinic = Clinic {
    title: "Register your clinic",
    lead: "You become the clinic's owner and can begin with customers, messages and referral codes. A name is enough; the rest can follow in the settings.",
    name: "Name of the clinic",
    name_hint: "Customers see it in messages and on invite pages.",
    sender_title: "Sender of messages (may follow later)",
    sender_key: "Sender key",
    sender_key_hint: "The provider's key of your KakaoTalk channel. Nothing can be sent without it.",
    sender_phone: "Sender number",
    sender_phone_hint: "A number that is registered with the provider, for example 02-555-0101.",
    link_hosts: "Domains that links may lead to",
    link_hosts_hint: "Sites that links in messages may open, one in a line, for example www.example.com. Of a pasted address the domain is kept.",
    register: "Register the clinic",
    registered: "Your clinic is registered. Now bring in your customers.",
    not_yours: "If you are here for something else",
    choices: "What brings you here?",
    to_form: "I register a clinic",
    staff_title: "A colleague has invited me to the staff",
    staff_text: "Open the link that your colleague has sent you, signed in as you are, and accept. You need not register a clinic.",
    member_title: "I am a patient",
    member_text: "Open the QR code or the link from your clinic or a friend to become a member. Your clinics, your code and your points are on your own page.",
};
