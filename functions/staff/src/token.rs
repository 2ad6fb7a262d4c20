//! What stands in the link of an invitation: 128 bits that nobody can guess, of which only a hash is kept.

use sha2::{Digest as _, Sha256};
use shared::clock::Ambient;

/// The secret of one invitation. It has no `Debug`: it is shown once, in the answer.
pub struct Token(u128);

impl Token {
    /// A fresh one.
    pub fn new(ambient: &Ambient) -> Self {
        let mut bytes = [0; 16];
        ambient.fill(&mut bytes);
        Self(u128::from_be_bytes(bytes))
    }

    /// Reads what [`text`](Self::text) wrote: exactly one spelling per token.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }

    /// As it stands in the link: 32 hexadecimal digits.
    pub fn text(&self) -> String {
        format!("{:032x}", self.0)
    }

    /// What is kept. A plain hash is enough: nobody can try out 128 random bits.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.to_be_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use shared::testing::ambient;

    use super::*;

    #[test]
    fn a_token_reads_back_what_it_writes_and_nothing_else_is_one() {
        let token = Token::new(&ambient().0);
        let text = token.text();
        assert_eq!(Token::parse(&text).map(|token| token.hash()), Some(token.hash()));
        for other in ["", "0", &text[1..], &format!("{text}0"), &format!("+{}", &text[1..]), &text.to_uppercase(), "é"] {
            assert!(other == text || Token::parse(other).is_none(), "{other}");
        }
        assert_eq!(Token::parse(&"0".repeat(32)).map(|token| token.text()), Some("0".repeat(32)));
    }

    #[test]
    fn two_tokens_differ_in_the_token_and_in_the_hash() {
        let ambient = ambient().0;
        let (one, two) = (Token::new(&ambient), Token::new(&ambient));
        assert_ne!((one.text(), one.hash()), (two.text(), two.hash()));
    }
}
