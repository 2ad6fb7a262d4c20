//! English texts of the pages about accounts.

use crate::words::account::Account;

/// English.
pub const WORDS: Account = Account {
    sign_in: "Sign in",
    sign_in_again: "Sign in again",
    form_is_kept: "Your session has ended. What you have entered is kept: sign in and go on.",
    password: "Password",
    sign_up: "Sign up",
    forgot: "Forgot your password?",
    no_account: "No account yet?",
};
