//! The body of a request: `application/x-www-form-urlencoded`, or `multipart/form-data` as the provider's own npm client
//! writes it. A call has up to 4,000 fields, so values are copied only where they have to be decoded.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// The fields of a request. Of a repeated field the last one counts, as in PHP.
#[derive(Debug, Clone, Default)]
pub struct Form<'a> {
    plain: HashMap<Cow<'a, str>, Cow<'a, str>>,
    numbered: BTreeMap<u32, Numbered<'a>>,
}

/// The fields that end in the same number, such as `receiver_1` and `message_1`, without it.
#[derive(Debug, Clone, Default)]
pub struct Numbered<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Numbered<'_> {
    /// The value of a field, or `None` when it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref()).filter(|value| !value.is_empty())
    }
}

impl<'a> Form<'a> {
    /// Reads a body. Anything that is no form yields no fields, which the checks then call missing.
    #[must_use]
    pub fn parse(content_type: Option<&str>, body: &'a str) -> Self {
        match content_type.and_then(boundary) {
            Some(boundary) => Self::multipart(body, boundary),
            None => Self::urlencoded(body),
        }
    }

    /// Reads `application/x-www-form-urlencoded`.
    #[must_use]
    pub fn urlencoded(body: &'a str) -> Self {
        let mut form = Self::default();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            form.insert(decoded(name), decoded(value));
        }
        form
    }

    fn multipart(body: &'a str, boundary: &str) -> Self {
        let mut form = Self::default();
        let delimiter = format!("\r\n--{boundary}");
        // What stands before the first delimiter means nothing; a body without such a preamble begins in the middle of one.
        let parts = match body.strip_prefix(&delimiter[2..]) {
            Some(parts) => parts,
            None => body.split_once(&delimiter).map_or("", |(_, parts)| parts),
        };
        for part in parts.split(&delimiter).take_while(|part| !part.starts_with("--")) {
            if let Some((name, value)) = part.split_once("\r\n\r\n").and_then(|(head, value)| Some((field_name(head)?, value)))
            {
                form.insert(Cow::Borrowed(name), Cow::Borrowed(value));
            }
        }
        form
    }

    fn insert(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        let Some((length, number)) = ending_number(&name) else {
            self.plain.insert(name, value);
            return;
        };
        let name = match name {
            Cow::Borrowed(name) => Cow::Borrowed(&name[..length]),
            Cow::Owned(name) => Cow::Owned(name[..length].to_owned()),
        };
        let fields = &mut self.numbered.entry(number).or_default().0;
        match fields.iter_mut().find(|(other, _)| *other == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }

    /// The value of a field, or `None` when it is absent or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.plain.get(name).map(AsRef::as_ref).filter(|value| !value.is_empty())
    }

    /// The numbered fields, by ascending number.
    pub fn numbered(&self) -> impl Iterator<Item = (u32, &Numbered<'a>)> {
        self.numbered.iter().map(|(number, fields)| (*number, fields))
    }

    /// A positive number, such as a page; `otherwise` when it is absent or unreadable.
    #[must_use]
    pub fn number(&self, name: &str, otherwise: usize) -> usize {
        self.get(name).and_then(|value| value.trim().parse().ok()).filter(|number| *number > 0).unwrap_or(otherwise)
    }
}

/// The boundary of `multipart/form-data; boundary=...`, `None` for every other type.
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("boundary="))?;
    Some(value.trim_matches('"')).filter(|boundary| !boundary.is_empty())
}

/// The name of a part, unless it is a file.
fn field_name(head: &str) -> Option<&str> {
    let disposition = head.split("\r\n").find(|line| {
        let name = line.split(':').next().unwrap_or_default();
        name.eq_ignore_ascii_case("content-disposition")
    })?;
    if disposition.contains("; filename") {
        return None;
    }
    let (_, name) = disposition.split_once("; name=\"")?;
    name.split_once('"').map(|(name, _)| name)
}

/// The number that a field's name ends in after its last `_`, and how long the name is without both.
fn ending_number(name: &str) -> Option<(usize, u32)> {
    let (front, digits) = name.rsplit_once('_')?;
    let is_canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if !is_canonical {
        return None;
    }
    Some((front.len(), digits.parse().ok()?))
}

/// Undoes the encoding of a form: `+` is a blank, `%41` a byte; bytes that are no UTF-8 become U+FFFD.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut plain = vec![0; bytes.len()];
    let (mut from, mut to) = (0, 0);
    // Written out, without iterators: this loop sees every byte of every call, and is to be fast without optimisation too.
    while from < bytes.len() {
        let mut byte = bytes[from];
        from += 1;
        if byte == b'+' {
            byte = b' ';
        } else if byte == b'%' && from + 1 < bytes.len() {
            let (high, low) = (HEX[bytes[from] as usize], HEX[bytes[from + 1] as usize]);
            if high < 16 && low < 16 {
                byte = (high << 4) | low;
                from += 2;
            }
        }
        plain[to] = byte;
        to += 1;
    }
    plain.truncate(to);
    Cow::Owned(String::from_utf8(plain).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// What each byte means as a hexadecimal digit; 255 is none.
const HEX: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_body_is_decoded_and_the_last_of_two_fields_counts() {
        let form = Form::urlencoded("a=1&a=%EA%B0%80+%2B%zz%4&empty=&flag&%61b=x%FF");
        assert_eq!(form.get("a"), Some("가 +%zz%4"));
        assert_eq!(form.get("empty"), None);
        assert_eq!(form.get("flag"), None);
        assert_eq!(form.get("ab"), Some("x\u{FFFD}"));
    }

    #[test]
    fn fields_are_gathered_by_their_number() {
        let form = Form::urlencoded("receiver_10=c&receiver_2=a&receiver_2=b&message_2=m&tpl_code=T&receiver_01=x");
        let found: Vec<_> = form.numbered().map(|(number, fields)| (number, fields.get("receiver"))).collect();
        assert_eq!(found, [(2, Some("b")), (10, Some("c"))]);
        assert_eq!(form.get("receiver_01"), Some("x"));
        assert_eq!(form.get("tpl_code"), Some("T"));
    }

    #[test]
    fn a_multipart_body_is_read_and_its_files_are_left_out() {
        let body = "preamble\r\n--B1\r\nContent-Disposition: form-data; name=\"message_1\"\r\n\r\n가\r\n나\r\n--B1\r\n\
                    content-disposition: form-data; name=\"image\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nxx\r\n\
                    --B1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1%2B\r\n--B1--\r\nepilogue";
        for body in [body, body.trim_start_matches("preamble\r\n")] {
            let form = Form::parse(Some("multipart/form-data; charset=utf-8; boundary=\"B1\""), body);
            let (_, fields) = form.numbered().next().unwrap();
            assert_eq!(fields.get("message"), Some("가\r\n나"));
            assert_eq!(form.get("a"), Some("1%2B"), "nothing is decoded");
            assert_eq!(form.get("image"), None);
        }
    }

    #[test]
    fn what_is_no_form_has_no_fields() {
        assert_eq!(Form::parse(Some("multipart/form-data; boundary=B"), "a=1").get("a"), None);
        assert_eq!(Form::parse(Some("application/json"), r#"{"a":1}"#).get("a"), None);
        assert_eq!(Form::parse(None, "").numbered().count(), 0);
    }
}
