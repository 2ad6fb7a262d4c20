//! Korean texts of the pages about accounts.

use crate::words::account::Account;

/// Korean.
pub const WORDS: Account = Account {
    sign_in: "로그인",
    sign_in_again: "다시 로그인해 주세요",
    form_is_kept: "로그인이 만료되었습니다. 작성하던 내용은 그대로 있습니다. 로그인하면 이어서 할 수 있습니다.",
    password: "비밀번호",
    sign_up: "회원가입",
    forgot: "비밀번호를 잊으셨나요?",
    no_account: "아직 계정이 없으신가요?",
};
