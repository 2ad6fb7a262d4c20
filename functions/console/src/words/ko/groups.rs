//! Korean texts of the pages about groups.

use crate::parts::number;
use crate::words::groups::Groups;

/// Korean.
pub const WORDS: Groups = Groups {
    title: "그룹",
    group: "그룹",
    search: "그룹 이름 검색",
    customers: "고객 수",
    actions: "작업",
    ungrouped: None,
    unassigned: "다른 그룹에 없는 고객이 자동으로 들어갑니다.",
    make: "새 그룹",
    new_name: "새 그룹 이름",
    name_hint: "1~50자. 같은 이름이 있으면 뒤에 (1)이 붙습니다.",
    make_button: "그룹 만들기",
    made: |name| format!("‘{name}’ 그룹을 만들었습니다."),
    manage: "관리",
    manage_title: |name| format!("그룹 관리: {name}"),
    rename: "이름 변경",
    renamed: |name| format!("그룹 이름을 ‘{name}’(으)로 바꾸었습니다."),
    delete: "그룹 삭제",
    delete_hint: "그룹만 삭제되고 고객은 그대로 남습니다. 다른 그룹에 없는 고객은 미지정 그룹에 들어갑니다.",
    delete_question: |name, customers| format!("‘{name}’ 그룹을 삭제할까요? 고객 {}명은 삭제되지 않습니다.", number(customers)),
    deleted: "그룹을 삭제했습니다. 고객은 그대로 있습니다.",
    show_customers: "고객 보기",
    send: "발송하기",
    send_chosen: "선택한 그룹에 발송하기",
    chosen: "{}개 그룹 선택",
    choose_page: "이 페이지의 그룹 모두 선택",
    choose_this: |name| format!("‘{name}’ 그룹 선택"),
    none_found: "찾는 그룹이 없습니다",
    none_found_text: "이름의 다른 부분으로 검색하거나 새 그룹을 만들어 주세요.",
    none: "아직 만든 그룹이 없습니다",
    none_text: "VIP, 재방문처럼 함께 발송할 고객을 그룹으로 묶어 보세요.",
    more: "그룹이 더 있습니다. 이름으로 검색해 주세요.",
    new_one: "새 그룹 만들기",
    out_of_all: "미지정 (모든 그룹에서 빼기)",
    choose_first: "그룹을 선택해 주세요.",
    gone: "그룹을 찾을 수 없습니다. 그사이에 삭제되었을 수 있습니다.",
};
