//! The stylesheet, the scripts and the icon. Their addresses carry a hash of all of them, so browsers may keep them for ever.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::site::Deps;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Name, type and contents.
const FILES: &[(&str, &str, &[u8])] = &[
    ("console.css", CSS, include_bytes!("assets/console.css")),
    ("console.js", SCRIPT, include_bytes!("assets/console.js")),
    ("keep.js", SCRIPT, include_bytes!("assets/keep.js")),
    ("work.js", SCRIPT, include_bytes!("assets/work.js")),
    ("groups.js", SCRIPT, include_bytes!("assets/groups.js")),
    ("account.js", SCRIPT, include_bytes!("assets/account.js")),
    ("select.js", SCRIPT, include_bytes!("assets/select.js")),
    ("live.js", SCRIPT, include_bytes!("assets/live.js")),
    ("preview.js", SCRIPT, include_bytes!("assets/preview.js")),
    ("upload.js", SCRIPT, include_bytes!("assets/upload.js")),
    ("share.js", SCRIPT, include_bytes!("assets/share.js")),
    ("card.png", "image/png", include_bytes!("assets/card.png")),
    ("icon.svg", SVG, include_bytes!("assets/icon.svg")),
];

/// The files under one version.
#[derive(Debug, Clone)]
pub struct Assets {
    version: String,
}

impl Assets {
    /// Computes the version from the contents.
    #[must_use]
    pub fn new() -> Self {
        let mut hash = Sha256::new();
        for (name, _, contents) in FILES {
            hash.update(name);
            hash.update(contents);
        }
        Self { version: hex::encode(&hash.finalize()[..6]) }
    }

    /// The address of a file.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        format!("/assets/{}/{name}", self.version)
    }
}

impl Default for Assets {
    fn default() -> Self {
        Self::new()
    }
}

/// Gives a file. One of another version is given too, but is not to be kept: it came with a page from before a deployment.
pub async fn file(State(deps): State<Arc<Deps>>, Path((version, name)): Path<(String, String)>) -> Response {
    let Some((_, kind, contents)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response();
    };
    let age = if version == deps.assets.version { "public, max-age=31536000, immutable" } else { "no-store" };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, age)], *contents).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    const SHEET: &str = include_str!("assets/console.css");

    /// The selectors outside of conditions, by the part of the sheet that has them.
    fn selectors(part: &str) -> Vec<String> {
        let (mut depth, mut text, mut found) = (0_usize, String::new(), Vec::new());
        for letter in part.chars() {
            match letter {
                '{' => {
                    if depth == 0 && !text.trim().starts_with('@') {
                        let own = text.rsplit("*/").next().unwrap_or_default();
                        found.extend(own.split(',').map(|selector| selector.trim().to_owned()));
                    }
                    depth += 1;
                    text.clear();
                }
                '}' => {
                    depth = depth.saturating_sub(1);
                    text.clear();
                }
                _ => text.push(letter),
            }
        }
        found
    }

    #[test]
    fn a_selector_belongs_to_one_part_of_the_stylesheet() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for (name, part) in SHEET.split("/* == ").skip(1).filter_map(|part| part.split_once(" == */")) {
            for selector in selectors(part) {
                let other = *owners.entry(selector.clone()).or_insert(name);
                assert_eq!(other, name, "{selector}");
            }
        }
        assert!(owners.len() > 100, "{}", owners.len());
    }
}
