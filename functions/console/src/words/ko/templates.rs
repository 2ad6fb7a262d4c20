//! Korean texts of the pages about templates.

use crate::words::templates::Templates;

/// Korean.
pub const WORDS: Templates = Templates { title: "템플릿" };
