//! Lists come in pages; a cursor continues where a page ended, whatever was added meanwhile.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::model::schema::{schema, text};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<Cursor>,
}

/// What an answer may weigh: Lambda refuses more than 6 MB, and JSON grows when it is put into the envelope.
const MAX_BYTES: usize = 3_500_000;

impl<T: Serialize> Page<T> {
    /// How many items a page has unless asked otherwise.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// How many items a page may have.
    pub const MAX_LIMIT: u32 = 200;

    /// How many items to show.
    #[must_use]
    pub fn limit(asked: Option<u32>) -> u32 {
        asked.unwrap_or(Self::DEFAULT_LIMIT).clamp(1, Self::MAX_LIMIT)
    }

    /// Makes a page of what was read with one item more than shown, which tells whether there is a next page. Heavy items
    /// make a shorter page.
    #[must_use]
    pub fn cut(mut items: Vec<T>, limit: u32, key: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let light = items.iter().take_while(|item| {
            bytes += serde_json::to_vec(item).map_or(0, |json| json.len());
            bytes <= MAX_BYTES
        });
        // One item always fits: none is near the limit, and a page without items would never end.
        let limit = limit.min(light.count().max(1));
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| Cursor(key(last)));
        Self { items, next_cursor }
    }
}

/// Where a page ended: opaque to callers, the key of the last item to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

schema!(Cursor, text("Where a page of a list ended. Opaque: pass it on as it was answered.", None, None, "Y3VzXzAxOTk"));

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(&text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("not a cursor of this list"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_that_is_not_the_last_has_a_cursor() {
        let page = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.items, page.next_cursor), (vec![1, 2], Some(Cursor("2".into()))));
        assert_eq!(Page::cut(vec![1, 2], 2, ToString::to_string).next_cursor, None);
    }

    #[test]
    fn heavy_items_make_a_shorter_page_and_none_is_skipped() {
        let items: Vec<_> = (0..10).map(|n| n.to_string().repeat(1_000_000)).collect();
        let page = Page::cut(items, 9, |last| last[..1].to_owned());
        assert_eq!((page.items.len(), page.next_cursor), (3, Some(Cursor("2".into()))));
    }
}
