//! What people call the columns of their lists, in Korean and in English.

use shared::model::import::ColumnRole;

/// Names of columns without white space and punctuation. Where several columns have such a name, the one whose name comes
/// first here is taken, and the others are kept as attributes.
const NAMES: &[&str] = &[
    "이름",
    "성명",
    "고객명",
    "고객이름",
    "고객성명",
    "성함",
    "환자명",
    "환자이름",
    "환자성명",
    "수진자명",
    "수진자성명",
    "수진자",
    "회원명",
    "회원이름",
    "회원성명",
    "수신자명",
    "수신자이름",
    "수신자",
    "수신인",
    "받는사람",
    "받는분",
    "예약자명",
    "예약자",
    "신청자명",
    "신청자",
    "한글이름",
    "한글명",
    "name",
    "fullname",
    "customername",
    "clientname",
    "patientname",
    "membername",
    "recipientname",
    "contactname",
    "displayname",
    "고객",
    "환자",
    "회원",
    "customer",
    "client",
    "patient",
    "member",
    "recipient",
];
const PHONES: &[&str] = &[
    "휴대폰",
    "휴대폰번호",
    "휴대전화",
    "휴대전화번호",
    "휴대번호",
    "핸드폰",
    "핸드폰번호",
    "핸폰",
    "핸폰번호",
    "모바일",
    "모바일번호",
    "이동전화",
    "이동전화번호",
    "고객휴대폰",
    "고객휴대폰번호",
    "고객휴대전화",
    "고객핸드폰",
    "환자휴대폰",
    "환자휴대폰번호",
    "환자핸드폰",
    "회원휴대폰",
    "회원휴대폰번호",
    "수신자휴대폰",
    "수신번호",
    "수신자번호",
    "수신전화번호",
    "수신자전화번호",
    "수신자연락처",
    "받는번호",
    "받는사람번호",
    "휴대폰1",
    "휴대전화1",
    "핸드폰1",
    "mobile",
    "mobilephone",
    "mobilephonenumber",
    "mobilenumber",
    "mobileno",
    "cellphone",
    "cellphonenumber",
    "cell",
    "handphone",
    "hp",
    "hpno",
    "cp",
    "연락처",
    "연락처1",
    "연락처번호",
    "연락번호",
    "고객연락처",
    "환자연락처",
    "회원연락처",
    "전화번호",
    "전화번호1",
    "고객전화번호",
    "환자전화번호",
    "회원전화번호",
    "전화",
    "전화1",
    "폰번호",
    "phone",
    "phonenumber",
    "phoneno",
    "phone1",
    "contactnumber",
    "contactno",
    "contact",
    "telephone",
    "telephonenumber",
    "telno",
    "tel",
    "tel1",
    "휴대폰2",
    "휴대전화2",
    "핸드폰2",
    "연락처2",
    "전화번호2",
    "phone2",
];
const GROUPS: &[&str] = &[
    "그룹",
    "그룹명",
    "그룹이름",
    "고객그룹",
    "환자그룹",
    "회원그룹",
    "분류",
    "고객분류",
    "환자분류",
    "회원분류",
    "구분",
    "고객구분",
    "환자구분",
    "회원구분",
    "고객등급",
    "환자등급",
    "회원등급",
    "등급",
    "카테고리",
    "group",
    "groupname",
    "customergroup",
    "category",
    "segment",
];
/// No known name is longer, with all its decoration, and a cell above the list may hold a whole letter.
const LONGEST: usize = 200;

/// How well a header says that its column has this role: 0 is best.
pub(crate) fn rank(role: ColumnRole, header: &str) -> Option<usize> {
    let words = match role {
        ColumnRole::Name => NAMES,
        ColumnRole::Phone => PHONES,
        ColumnRole::Group => GROUPS,
        ColumnRole::Attribute | ColumnRole::Ignored => return None,
    };
    if header.len() > LONGEST {
        return None;
    }
    let rank = |text: &str| {
        let key = key(text);
        words.iter().position(|word| *word == key)
    };
    // `이름 / Name`, or one below the other; but `H/P` as a whole.
    rank(header).or_else(|| header.split(['/', '|', '\n', '·']).filter_map(rank).min())
}

/// A header without what people decorate it with: case, white space, punctuation, a remark in brackets.
fn key(header: &str) -> String {
    let bare = header.split(['(', '（', '[', '<']).next().filter(|bare| !bare.trim().is_empty()).unwrap_or(header);
    bare.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnRole::{Attribute, Group, Name, Phone};

    #[test]
    fn headers_are_known_whatever_they_are_decorated_with() {
        let cases = [
            (Name, "* 고객 이름 (필수)"),
            (Name, "성 명"),
            (Name, "이름 / Name"),
            (Name, "Customer\nName"),
            (Name, "[이름]"),
            (Phone, "H.P"),
            (Phone, "H/P"),
            (Phone, "휴대폰\n(숫자만)"),
            (Phone, "Mobile / 휴대폰"),
            (Group, "고객 그룹"),
        ];
        for (role, header) in cases {
            assert!(rank(role, header).is_some(), "{header}");
        }
        for (role, header) in [(Name, "주소"), (Phone, "이름"), (Attribute, "이름"), (Name, "보호자 이름"), (Phone, "")]
        {
            assert_eq!(rank(role, header), None, "{header}");
        }
        assert_eq!(rank(Name, &format!("이름{}", " ".repeat(200))), None, "a letter is no header");
    }

    #[test]
    fn a_mobile_phone_comes_before_any_other_and_the_first_before_the_second() {
        let ranks: Vec<_> = ["휴대폰", "연락처", "전화번호", "Tel.", "연락처2"].map(|header| rank(Phone, header)).into();
        assert!(ranks.is_sorted() && ranks[0].is_some(), "{ranks:?}");
    }

    #[test]
    fn no_name_of_a_column_means_two_things() {
        let words = [(Name, NAMES), (Phone, PHONES), (Group, GROUPS)];
        for (role, list) in words {
            for word in list {
                assert_eq!(key(word), *word);
                for (other, _) in words.iter().filter(|(other, _)| *other != role) {
                    assert_eq!(rank(*other, word), None, "{word}");
                }
            }
        }
    }
}
