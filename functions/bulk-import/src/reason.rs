//! What a person should know about a row, in both languages.

use shared::db::groups::UNASSIGNED;
use shared::db::import_rows::review::{Known, ReviewRow};
use shared::http::Text;
use shared::model::customer::MAX_ATTRIBUTES;
use shared::model::state::{Outcome, Verdict};

use crate::changes::overflows;

/// What staff should know; nothing about a row that is simply new. `planned` rows would change a customer, who is `known` if
/// they are still there.
pub fn reason(row: &ReviewRow, planned: bool, known: Option<&Known>, changes: bool) -> Option<Text> {
    if row.deleted {
        return Some(Text::new(
            "삭제한 행이라서 등록하지 않습니다. 복원하면 등록할 수 있습니다.",
            "The row is deleted and left out. Restore it to have it imported.",
        ));
    }
    match row.outcome {
        Some(outcome) => Some(of_outcome(outcome, row.previous.is_some())),
        None if planned => Some(of_update(row, known, changes)),
        None => of_verdict(row),
    }
}

fn of_update(row: &ReviewRow, known: Option<&Known>, changes: bool) -> Text {
    let Some(known) = known else {
        return Text::new(
            "이 번호의 고객이 그사이 삭제되어 새 고객으로 등록합니다.",
            "The customer with this phone is gone by now; the row makes a new one.",
        );
    };
    let mut text = if changes {
        Text::new(
            "이미 있는 고객입니다. 이름과 추가 정보를 이 행의 내용으로 바꿉니다.",
            "The customer exists; name and details are updated from this row.",
        )
    } else {
        Text::new("이미 있는 고객이고 바뀌는 내용이 없습니다.", "The customer exists, and nothing about them changes.")
    };
    if !row.group_name.is_empty() && row.group_name != UNASSIGNED {
        text.ko.push_str(" 그룹에 없으면 넣습니다.");
        text.en.push_str(" They join the group if they are not in it.");
    }
    if overflows(row, known) {
        let ko = format!(" 추가 정보는 {MAX_ATTRIBUTES}개를 넘게 되어 바꾸지 않습니다.");
        let en = format!(" The details stay as they are: there would be more than {MAX_ATTRIBUTES}.");
        text.ko.push_str(&ko);
        text.en.push_str(&en);
    }
    text
}

/// What became of a row; `changed` says whether there was a customer whom it changed.
fn of_outcome(outcome: Outcome, changed: bool) -> Text {
    match outcome {
        Outcome::Added => Text::new("새 고객으로 등록했습니다.", "Added as a new customer."),
        Outcome::Updated => {
            Text::new("이미 있던 고객을 이 행의 내용으로 바꾸었습니다.", "The customer existed and was updated from this row.")
        }
        Outcome::Unchanged => Text::new("같은 내용의 고객이 이미 있었습니다.", "The customer existed just so."),
        Outcome::Left => Text::new(
            "이미 있던 고객이라서, 선택하신 대로 그대로 두었습니다.",
            "The customer existed and was left alone, as you chose.",
        ),
        Outcome::Suppressed => Text::new(
            "수신을 거부한 번호라서 등록하지 않았습니다.",
            "The person had asked not to be written to; the row was left out.",
        ),
        Outcome::Undone if changed => {
            Text::new("고객을 등록 전의 내용으로 되돌렸습니다.", "Undone: the customer is as before the import.")
        }
        Outcome::Undone => Text::new("이 행으로 한 등록을 되돌렸습니다.", "Undone: what this row did is taken back."),
        Outcome::Kept => Text::new(
            "등록한 뒤에 고객의 정보나 그룹이 수정되었거나 고객이 삭제되어 되돌리지 않았습니다. 고객을 확인해 주세요.",
            "Not undone: the customer or their groups were edited since, or they were deleted. Have a look at the customer.",
        ),
    }
}

/// Nothing of the row is taken, its group neither: somebody may have one line for each of a person's groups.
fn of_duplicate(row: &ReviewRow) -> Text {
    let mut text = match row.duplicate_of {
        Some(row) => Text::new(format!("{row}행과 휴대폰 번호가 같습니다."), format!("The same phone is in row {row}.")),
        None => Text::new("앞의 행과 휴대폰 번호가 같습니다.", "The same phone is in an earlier row."),
    };
    let group = &row.group_name;
    if !group.is_empty() && group != UNASSIGNED {
        text.ko = format!("{} 이 행의 그룹 ‘{group}’에도 넣지 않습니다.", text.ko);
        text.en = format!("{} Nobody joins its group ‘{group}’ either.", text.en);
    }
    text
}

fn of_verdict(row: &ReviewRow) -> Option<Text> {
    let text = match row.verdict {
        Verdict::New => return None,
        Verdict::Duplicate => of_duplicate(row),
        Verdict::Updates => Text::new("이미 있는 고객입니다.", "The customer exists."),
        Verdict::BadPhone => Text::new(
            "알림톡을 받을 수 있는 휴대폰 번호가 아닙니다. 010-1234-5678 형식으로 고쳐 주세요.",
            "Not a mobile number that can receive messages. Write it like 010-1234-5678.",
        ),
        Verdict::MissingName => {
            Text::new("이름이 없거나 50자를 넘습니다.", "There is no name, or it has more than 50 characters.")
        }
        Verdict::Suppressed => Text::new(
            "수신을 거부한 번호라서 등록하지 않습니다.",
            "The person asked not to be written to; the row is left out.",
        ),
    };
    Some(text)
}
