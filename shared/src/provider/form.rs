//! The form of a call that sends, `application/x-www-form-urlencoded`: most of a megabyte, and most of the work that a call makes for
//! the processor. Written in pieces of a fixed size it takes a third of the time that a byte at a time takes.

use std::io::Write as _;

/// Bytes that are encoded at once.
const PIECE: usize = 64;
/// How each byte is written, and how many bytes that takes: as itself, as `+`, or as `%` and two digits.
const WRITTEN: [([u8; 3], usize); 256] = written();

const fn written() -> [([u8; 3], usize); 256] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut table = [([0; 3], 0); 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "less than 256")]
        let letter = byte as u8;
        table[byte] = match letter {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => ([letter, 0, 0], 1),
            b' ' => ([b'+', 0, 0], 1),
            _ => ([b'%', DIGITS[byte >> 4], DIGITS[byte & 15]], 3),
        };
        byte += 1;
    }
    table
}

/// A form that is being written.
pub(super) struct Form(Vec<u8>);

impl Form {
    /// Goes on behind what is written already.
    pub(super) fn behind(written: String) -> Self {
        Self(written.into_bytes())
    }

    /// Adds a field whose name needs no encoding.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push(b'&');
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
        self.encode(value.as_bytes());
    }

    /// The same with `_` and a number behind the name.
    pub(super) fn add_numbered(&mut self, name: &str, number: u32, value: &str) {
        // Writing to memory cannot fail.
        _ = write!(self.0, "&{name}_{number}=");
        self.encode(value.as_bytes());
    }

    /// The same with a value that is mostly encoded already.
    pub(super) fn add_pattern(&mut self, name: &str, number: u32, pattern: &Pattern, filling: &str) {
        self.add_numbered(name, number, "");
        for (position, piece) in pattern.0.iter().enumerate() {
            if position > 0 {
                self.encode(filling.as_bytes());
            }
            self.0.extend_from_slice(piece);
        }
    }

    /// The body.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    fn encode(&mut self, value: &[u8]) {
        let mut piece = [0; PIECE * 3];
        for bytes in value.chunks(PIECE) {
            let mut length = 0;
            for byte in bytes {
                let (written, more) = WRITTEN[usize::from(*byte)];
                piece[length..length + 3].copy_from_slice(&written);
                length += more;
            }
            self.0.extend_from_slice(&piece[..length]);
        }
    }
}

/// A value with gaps, encoded but for what comes into the gaps.
pub(super) struct Pattern(Vec<Vec<u8>>);

impl Pattern {
    /// With a gap wherever these words stand.
    pub(super) fn of(value: &str, gap: &str) -> Self {
        let encoded = |piece: &str| {
            let mut form = Form(Vec::new());
            form.encode(piece.as_bytes());
            form.0
        };
        Self(value.split(gap).map(encoded).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::form_urlencoded::Serializer;

    use super::*;

    proptest! {
        /// To the letter what the standard's own encoder writes.
        #[test]
        fn every_value_is_encoded_as_the_standard_says(values in prop::collection::vec(any::<String>(), 0..4)) {
            let mut expected = Serializer::new("a=b".to_owned());
            let mut form = Form::behind("a=b".to_owned());
            for (number, value) in (1..).zip(&values) {
                expected.append_pair("name", value).append_pair(&format!("name_{number}"), value);
                form.add("name", value);
                form.add_numbered("name", number, value);
            }
            prop_assert_eq!(String::from_utf8(form.finish()).unwrap(), expected.finish());
        }
    }

    #[test]
    fn a_pattern_is_filled_as_if_it_had_been_encoded_whole() {
        for (value, filling) in [("", "a"), ("가#{link}나#{link}", "a b"), ("#{link}", "토큰"), ("plain", "x")] {
            let (mut filled, mut whole) = (Form(Vec::new()), Form(Vec::new()));
            filled.add_pattern("button", 7, &Pattern::of(value, "#{link}"), filling);
            whole.add_numbered("button", 7, &value.replace("#{link}", filling));
            assert_eq!(filled.finish(), whole.finish(), "{value}");
        }
    }

    #[test]
    fn every_byte_and_every_length_is_encoded() {
        let letters: String = (0..=127_u8).map(char::from).chain("가🦷é".chars()).collect();
        for length in 0..letters.chars().count() {
            let value: String = letters.chars().take(length).collect();
            let mut form = Form::behind(String::new());
            form.add("n", &value);
            let expected: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            assert_eq!(form.finish(), format!("&n={expected}").into_bytes());
        }
    }
}
