//! Korean texts of the page behind an invite link.

use crate::words::invite::Invite;

/// Korean.
pub const WORDS: Invite = Invite {
    title: |clinic| format!("{clinic} 단골 초대"),
    of_friend: "친구가 초대했습니다",
    of_clinic: "단골로 초대합니다",
    points: |points| format!("단골이 되면 {points} 포인트"),
    points_once: "처음 가입하시는 분께 한 번만 드립니다.",
    benefits: ["예약과 진료 안내를 카카오톡 알림톡으로 받습니다.", "내 추천 코드로 친구를 초대할 수 있습니다."],
    seen: "단골이 되면 병원은 이름과 가입 경로를, 번호를 인증한 뒤에는 휴대폰 번호도 봅니다. 초대한 친구는 이름만 봅니다.",
    member: "이미 단골입니다",
    own: "내 초대 링크입니다. 친구에게는 이렇게 보입니다.",
    pending: "병원의 확인을 기다리고 있습니다. 이 초대로 지금 바로 단골이 될 수 있습니다.",
    join: "단골 되기",
    sign_up_and_join: "가입하고 단골 되기",
    sign_in_and_join: "이미 계정이 있습니다",
    comes_back: "가입하거나 로그인하면 이 화면으로 돌아옵니다.",
    have_code: "인증 코드를 받으셨나요?",
    joined: |clinic| format!("{clinic}의 단골이 되었습니다."),
    joined_with_points: |clinic, points| format!("{clinic}의 단골이 되었습니다. {points} 포인트가 곧 적립됩니다."),
    joined_points_held: |clinic| format!("{clinic}의 단골이 되었습니다. 포인트는 병원에서 확인한 뒤 적립됩니다."),
    unknown_title: "사용할 수 없는 초대입니다",
    unknown_text: "링크가 잘못되었거나 만료되었습니다. 초대한 분이나 병원에 새 링크를 요청해 주세요.",
    to_my_page: "내 페이지로",
    preview: "링크를 눌러 단골이 되어 보세요.",
};
