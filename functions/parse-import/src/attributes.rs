//! The attributes of a tag.

/// Not as attributes are written, or one of them twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The value of an attribute, empty when there is none. `tag` begins behind the name of the tag and may end with `/>`.
///
/// # Errors
/// When readers might disagree about it.
pub(crate) fn attribute<'a>(tag: &'a [u8], wanted: &[u8]) -> Result<&'a [u8], Malformed> {
    let mut rest = tag.trim_ascii();
    rest = rest.strip_suffix(b">").unwrap_or(rest);
    rest = rest.strip_suffix(b"/").unwrap_or(rest).trim_ascii_end();
    let mut found = None;
    while !rest.is_empty() {
        let equals = rest.iter().position(|&byte| byte == b'=').ok_or(Malformed)?;
        let key = rest[..equals].trim_ascii();
        let value = rest[equals + 1..].trim_ascii_start();
        let (&quote, value) = value.split_first().ok_or(Malformed)?;
        if !matches!(quote, b'"' | b'\'') {
            return Err(Malformed);
        }
        let end = value.iter().position(|&byte| byte == quote).ok_or(Malformed)?;
        if key == wanted && found.replace(&value[..end]).is_some() {
            return Err(Malformed);
        }
        rest = value[end + 1..].trim_ascii_start();
    }
    Ok(found.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_found_however_they_are_written() {
        let tag = b" Id=\"rId1\" Type = 'a/worksheet'\n Target=\"a>b='.xml\"/>";
        assert_eq!(attribute(tag, b"Target"), Ok(&b"a>b='.xml"[..]));
        assert_eq!(attribute(tag, b"Type"), Ok(&b"a/worksheet"[..]));
        assert_eq!(attribute(tag, b"Mode"), Ok(&b""[..]));
        assert_eq!(attribute(b"/>", b"Mode"), Ok(&b""[..]));
    }

    #[test]
    fn what_readers_might_disagree_about_is_malformed() {
        for tag in [&b" Target='a' Target='b'/>"[..], b" Target=a/>", b" Target", b" Target=", b" a='b"] {
            assert_eq!(attribute(tag, b"Target"), Err(Malformed), "{}", String::from_utf8_lossy(tag));
        }
    }
}
