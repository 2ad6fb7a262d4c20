//! How the types of the model look in the documentation of the API.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};

/// A text of a certain form.
pub(crate) fn text(description: &str, pattern: Option<&str>, lengths: Option<(usize, usize)>, example: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(description.trim()))
        .pattern(pattern)
        .min_length(lengths.map(|(least, _)| least))
        .max_length(lengths.map(|(_, most)| most))
        .examples([example]);
    object.into()
}

/// One of certain words, each with what it means.
pub(crate) fn choice(description: &str, words: &[(&str, &str)]) -> RefOr<Schema> {
    let meanings = words.iter().map(|(word, meant)| format!("- `{word}`: {}", meant.trim())).collect::<Vec<_>>();
    let meaning = format!("{}\n\n{}", description.trim(), meanings.join("\n"));
    let words = words.iter().map(|(word, _)| *word);
    ObjectBuilder::new().schema_type(Type::String).description(Some(meaning)).enum_values(Some(words)).into()
}

/// A whole number within limits.
pub(crate) fn number(description: &str, least: u32, most: u32, example: u32) -> RefOr<Schema> {
    let object = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::Custom("int32".to_owned())))
        .description(Some(description.trim()))
        .minimum(Some(least))
        .maximum(Some(most))
        .examples([example]);
    object.into()
}

/// Gives a type a schema that is written by hand.
macro_rules! schema {
    ($name:ident, $schema:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                $schema
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }
    };
}
pub(crate) use schema;
