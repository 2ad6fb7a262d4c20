//! What staff did, in plain words.

use shared::http::Language;

/// Every action of the audit log with its words, in Korean and in English. docs/audit.md says which route writes which.
pub const ACTIONS: &[(&str, &str, &str)] = &[
    ("audit.list", "감사 기록 조회", "Looked at the audit log"),
    ("campaign.preflight", "발송 전 확인", "Checked whom a campaign would not reach"),
    ("campaign.test", "시험 발송", "Sent a test"),
    ("click.list", "클릭 내역 조회", "Looked at visits of links"),
    ("customer.add", "고객 등록", "Added a customer"),
    ("customer.change", "고객 정보 수정", "Changed a customer"),
    ("customer.delete", "고객 삭제", "Deleted customers"),
    ("customer.export", "고객 내보내기", "Exported customers"),
    ("customer.forget", "고객 개인정보 삭제", "Forgot a customer"),
    ("customer.list", "고객 목록 조회", "Looked at a list of customers"),
    ("customer.messages", "고객의 발송 내역 조회", "Looked at a customer's messages"),
    ("customer.show", "고객 조회", "Looked at a customer"),
    ("group.add", "그룹 만들기", "Made a group"),
    ("group.add_members", "그룹에 고객 추가", "Added customers to a group"),
    ("group.copy_members", "고객을 다른 그룹으로 복사", "Copied customers to another group"),
    ("group.delete", "그룹 삭제", "Deleted a group"),
    ("group.move_members", "고객을 다른 그룹으로 이동", "Moved customers to another group"),
    ("group.remove_members", "그룹에서 고객 제외", "Took customers out of a group"),
    ("import.bad_rows", "등록하지 못한 행 내려받기", "Downloaded the bad rows of an import"),
    ("import.commit", "대량 등록 승인", "Approved an import"),
    ("import.discard", "대량 등록 삭제", "Discarded an import"),
    ("import.edit_row", "대량 등록 행 수정", "Edited a row of an import"),
    ("import.leave_out", "대량 등록 행 제외", "Left rows of an import out"),
    ("import.remap", "대량 등록 파일 다시 읽기", "Had the file of an import read anew"),
    ("import.rows", "대량 등록 행 조회", "Looked at rows of an import"),
    ("import.show", "대량 등록 조회", "Looked at an import"),
    ("import.take_in", "대량 등록 행 복원", "Took rows of an import back in"),
    ("import.undo", "대량 등록 되돌리기", "Undid an import"),
    ("member.confirm", "단골 확인", "Confirmed a member"),
    ("member.decline", "단골 거절", "Declined a member"),
    ("member.end", "단골 종료", "Ended a membership"),
    ("member.show", "단골 조회", "Looked at a member"),
    ("member.tree", "추천 관계 조회", "Looked at whom a member brought"),
    ("members.list", "단골 목록 조회", "Looked at a list of members"),
    ("message.export", "발송 내역 내보내기", "Exported messages"),
    ("message.list", "발송 내역 조회", "Looked at messages"),
    ("message.show", "메시지 조회", "Looked at a message"),
    ("points.adjust", "포인트 조정", "Adjusted points"),
    ("points.held", "보류한 포인트 조회", "Looked at held points"),
    ("points.list", "포인트 내역 조회", "Looked at the ledger of points"),
    ("points.refuse", "보류한 포인트 거절", "Refused held points"),
    ("points.release", "보류한 포인트 지급", "Released held points"),
    ("points.reverse", "포인트 내역 취소", "Took a line of the ledger back"),
    ("points.spend", "포인트 사용", "Spent points"),
    ("referral_code.change", "단골의 추천 코드 수정", "Changed a member's code"),
    ("referral_code.list", "단골의 추천 코드 목록 조회", "Looked at the codes of members"),
    ("referral_code.show", "단골의 추천 코드 조회", "Looked at a member's code"),
    ("staff.accept", "직원 초대 수락", "Began to work for the clinic"),
    ("staff.change", "직원 정보 수정", "Changed a colleague"),
    ("staff.invite", "직원 초대", "Invited a colleague"),
    ("staff.list", "직원 목록 조회", "Looked at the list of colleagues"),
    ("staff.list_invitations", "직원 초대 목록 조회", "Looked at the invitations of colleagues"),
    ("staff.remove", "직원 삭제", "Took a colleague off the staff"),
    ("staff.revoke_invitation", "직원 초대 취소", "Revoked an invitation"),
    ("suppression.add", "수신 거부 등록", "Suppressed phones"),
    ("suppression.lift", "수신 거부 해제", "Lifted a suppression"),
    ("suppression.list", "수신 거부 목록 조회", "Looked at the suppressions"),
    ("suppression.list_lifted", "해제한 수신 거부 조회", "Looked at the lifted suppressions"),
    ("suppression.show", "수신 거부 조회", "Looked at a suppression"),
    ("template.preview", "템플릿 미리보기", "Looked at a template with a customer's data"),
];

/// An action in the reader's words; one that this version does not know is shown as it is.
pub fn plain(action: &str, language: Language) -> String {
    let known = ACTIONS.iter().find(|(name, ..)| *name == action);
    known.map_or(action, |(_, ko, en)| language.choose(ko, en)).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_words_in_both_languages_and_stands_in_its_place() {
        for (name, ko, en) in ACTIONS {
            assert!(name.len() <= 40 && name.split('.').count() == 2, "{name}");
            assert!(ko.chars().any(|c| ('가'..='힣').contains(&c)) && en.is_ascii(), "{name}");
        }
        assert!(ACTIONS.is_sorted_by(|(one, ..), (two, ..)| one < two));
        assert_eq!(plain("of_tomorrow", Language::Korean), "of_tomorrow");
        assert_eq!(plain("staff.remove", Language::English), "Took a colleague off the staff");
    }
}
