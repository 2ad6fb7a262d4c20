//! Korean texts of the pages about suppressions.

use crate::parts::number;
use crate::words::suppressions::Suppressions;

/// Korean.
pub const WORDS: Suppressions = Suppressions {
    title: "수신 거부",
    intro: "여기에 있는 번호로는 어떤 메시지도 보내지 않으며, 대량 등록으로도 추가되지 않습니다.",
    now: "수신 거부 중",
    lifted: "해제됨",
    views: "목록 종류",
    add: "번호 추가",
    phones: "휴대폰 번호",
    phones_hint: "한 줄에 하나씩, 한 번에 1,000개까지 붙여 넣을 수 있습니다.",
    note_hint: "예: 전화로 요청하셨습니다. (200자까지)",
    add_button: "수신 거부에 추가",
    at_line: |line, phone, text| format!("{line}번째 줄 “{phone}”: {text}"),
    added: |added, already| {
        let added = number(added);
        if already == 0 {
            format!("{added}개 번호를 추가했습니다.")
        } else {
            format!("{added}개 번호를 추가했습니다. {}개는 이미 있었습니다.", number(already))
        }
    },
    search: "휴대폰 번호의 일부",
    search_hint: "숫자로 입력해 주세요. 예: 5678",
    reason: "사유",
    any_reason: "모든 사유",
    reasons: [("asked", "요청"), ("blocked", "채널 차단"), ("forgotten", "개인정보 삭제")],
    customer: "고객",
    no_customer: "고객 목록에 없음",
    since: "등록일",
    by: "등록한 사람",
    system: "자동 (카카오 결과)",
    somebody: "알 수 없음",
    former_staff: "그만둔 직원",
    lift: "해제",
    lift_this: |phone| format!("수신 거부: {phone}"),
    lift_title: "수신 거부 해제",
    lift_text: "해제하면 이 번호로 다시 메시지를 보낼 수 있습니다. 본인이 원할 때만 해제해 주세요. 사유는 계속 보관됩니다.",
    because: "해제하는 사유",
    because_hint: "예: 본인이 다시 받기를 원하셨습니다. (1~200자)",
    owner_only: "개인정보 삭제 요청은 대표만 해제할 수 있습니다.",
    lifted_one: "수신 거부를 해제했습니다.",
    lifted_at: "해제일",
    lifted_by: "해제한 사람",
    details: "해제",
    none: "수신 거부한 번호가 없습니다",
    none_text: "메시지를 원하지 않는 분이 있으면 위에서 번호를 추가해 주세요. 채널을 차단한 번호는 자동으로 추가됩니다.",
    none_found: "찾는 번호가 없습니다",
    none_found_text: "번호의 다른 부분이나 다른 사유로 찾아보세요.",
    none_lifted: "해제한 번호가 없습니다",
    none_lifted_text: "해제한 기록이 여기에 남습니다.",
};
