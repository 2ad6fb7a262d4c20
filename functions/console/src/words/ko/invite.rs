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
    join: "단골 되기",
    sign_up_and_join: "가입하고 단골 되기",
    sign_in_and_join: "이미 계정이 있습니다",
    comes_back: "가입하거나 로그인하면 이 화면으로 돌아옵니다.",
    joined: |clinic| format!("{clinic}의 단골이 되었습니다."),
    joined_with_points: |clinic, points| format!("{clinic}의 단골이 되었습니다. {points} 포인트가 곧 적립됩니다."),
    joined_points_held: |clinic| format!("{clinic}의 단골이 되었습니다. 포인트는 병원에서 확인한 뒤 적립됩니다."),
    unknown_title: "사용할 수 없는 초대입니다",
    unknown_text: "링크가 잘못되었거나 만료되었습니다. 초대한 분이나 병원에 새 링크를 요청해 주세요.",
    to_my_page: "내 페이지로",
    preview: "링크를 눌러 단골이 되어 보세요.",
};
