//! Korean texts of the pages about a new clinic.

use crate::words::clinic::Clinic;

/// Korean.
pub const WORDS: Clinic = Clinic {
    title: "병원 등록",
    lead: "병원을 등록하면 대표가 되어 고객 등록, 알림톡 발송, 추천 코드를 바로 시작할 수 있습니다. 이름만 있어도 등록할 수 있고, 나머지는 나중에 설정에서 입력할 수 있습니다.",
    name: "병원 이름",
    name_hint: "고객이 메시지와 초대 페이지에서 보는 이름입니다.",
    sender_title: "알림톡 발신 정보 (나중에 입력해도 됩니다)",
    sender_key: "발신 프로필 키",
    sender_key_hint: "발송 대행사에 카카오톡 채널을 등록하고 받은 키입니다. 알림톡을 보내려면 필요합니다.",
    sender_phone: "발신 번호",
    sender_phone_hint: "발송 대행사에 등록한 번호입니다. 예: 02-555-0101",
    link_hosts: "링크를 허용할 도메인",
    link_hosts_hint: "메시지의 링크가 열 수 있는 홈페이지입니다. 한 줄에 하나씩, 예: www.example.com. 주소를 붙여 넣으면 도메인만 남깁니다.",
    register: "병원 등록하기",
    registered: "병원을 등록했습니다. 이제 고객을 등록해 보세요.",
    not_yours: "병원을 등록하려는 것이 아니라면",
    choices: "어떤 일로 오셨나요?",
    to_form: "병원을 등록합니다",
    staff_title: "동료에게 직원 초대를 받았습니다",
    staff_text: "동료가 보낸 초대 링크를 이 계정으로 열고 수락하면 됩니다. 병원을 새로 등록하지 않아도 됩니다.",
    member_title: "환자입니다",
    member_text: "병원이나 친구에게 받은 QR 코드나 초대 링크를 열면 단골이 됩니다. 내 병원, 추천 코드, 포인트는 내 페이지에 있습니다.",
};
