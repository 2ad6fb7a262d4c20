//! The documents of all functions, put together.

use std::collections::BTreeSet;

use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, Ref, RefOr, Required, Server};

use crate::http::Cursor;
use crate::http::openapi::asked::Schemas;
use crate::http::openapi::problems;
use crate::model::id;
use crate::model::state;

/// What people read before they look at operations.
const INTRODUCTION: &str = "\
Dangol is a CRM for clinics: customers, groups, bulk import, AlimTalk campaigns, members and referral codes.

- **Sign in**: `POST /v1/sessions` gives an ID token; send it as `Authorization: Bearer <token>`. The clinic comes from the token.
- **Language**: texts for people are Korean, or English when `Accept-Language` prefers it.
- **Lists** come in pages: pass `nextCursor` as `cursor` until it is absent. `limit` is 50 unless asked otherwise, and 200 at most.
- **Ids** have a prefix. The id of another clinic's thing answers exactly like one that does not exist.
- **Unknown fields** are refused.
- **Work that must happen once** asks for an `Idempotency-Key`; the same key with the same request gets the same answer again.
- **What goes wrong** is answered as `application/problem+json`, whose `type` is `https://dangol.dev/problems/` and a word:

<details><summary>Every type of problem</summary>

";

/// Puts the documents of functions together, with what all of them refer to.
///
/// # Panics
/// When two types of one name differ, or two functions answer one operation: a mistake in the code.
#[must_use]
pub fn assemble(parts: impl IntoIterator<Item = OpenApi>) -> OpenApi {
    // API Gateway may put the name of its stage in front, so the API is told by where the document is.
    let server = Server::builder().url("..").description(Some("The API that this document came from.")).build();
    let license = License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Dangol")
        .version("1")
        .description(Some(format!("{INTRODUCTION}{}\n</details>\n", problems::table())))
        .license(Some(license));
    let mut whole = OpenApi::builder().info(info.build()).servers(Some([server])).build();
    let (mut components, mut tags) = (common(), Vec::new());
    for part in parts {
        tags.extend(part.tags.unwrap_or_default());
        for (path, item) in part.paths.paths {
            whole.paths.paths.entry(path).or_default().merge_operations(item);
        }
        let part = part.components.unwrap_or_default();
        components.responses.extend(part.responses);
        merge(&mut components, part.schemas);
    }
    name_items(&mut components);
    keep_used(&mut components, &whole);
    whole.tags = Some(tags);
    whole.components = Some(components);
    whole
}

/// utoipa writes the items of a page out once more: their name is enough.
fn name_items(components: &mut Components) {
    let known: BTreeSet<_> = components.schemas.keys().cloned().collect();
    for (name, schema) in &mut components.schemas {
        let (Some(item), RefOr::T(Schema::Object(page))) = (name.strip_prefix("Page_"), schema) else { continue };
        if let (true, Some(RefOr::T(Schema::Array(items)))) = (known.contains(item), page.properties.get_mut("items")) {
            items.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}

/// Leaves out the schemas that nothing refers to.
fn keep_used(components: &mut Components, whole: &OpenApi) {
    let mut used = BTreeSet::new();
    let mut unseen = serde_json::to_value((&whole.paths, &components.responses)).map(|roots| vec![roots]).unwrap_or_default();
    while let Some(value) = unseen.pop() {
        match value {
            Value::String(text) => {
                let Some(name) = text.strip_prefix("#/components/schemas/") else { continue };
                if used.insert(name.to_owned()) {
                    unseen.extend(serde_json::to_value(components.schemas.get(name)));
                }
            }
            Value::Array(values) => unseen.extend(values),
            Value::Object(fields) => unseen.extend(fields.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
    components.schemas.retain(|name, _| used.contains(name));
}

/// Adds schemas by name.
///
/// # Panics
/// When there is a different one of that name.
pub(super) fn merge(components: &mut Components, schemas: impl IntoIterator<Item = (String, RefOr<Schema>)>) {
    for (name, schema) in schemas {
        if let Some(known) = components.schemas.insert(name.clone(), schema.clone()) {
            assert!(known == schema, "two different types are called {name}: give one `#[schema(as = ..)]`");
        }
    }
}

/// What several functions refer to. What none of them does is left out at the end.
fn common() -> Components {
    let mut components = Components::new();
    components.schemas.insert("Problem".to_owned(), problems::schema());
    merge(&mut components, parameters_of_queries());
    components.examples = problems::examples();
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let language = ParameterBuilder::new()
        .name("Accept-Language")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("Korean unless English weighs more."))
        .schema(Some(text().examples(["en"])))
        .build();
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(
            "A key of the caller's choice for this piece of work, for example a UUID. A second request with the key gets the \
             first answer again and starts nothing; the key of a different request is refused. Keys do not expire.",
        ))
        .schema(Some(text().pattern(Some("^[!-~]{1,100}$")).examples(["5f0c3b8e-import-2026-03-02"])))
        .build();
    components.parameters.insert("AcceptLanguage".to_owned(), RefOr::T(language));
    components.parameters.insert("IdempotencyKey".to_owned(), RefOr::T(key));
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The ID token that `POST /v1/sessions` gives. `make token` prints one on a developer's machine."));
    components.add_security_scheme("idToken", SecurityScheme::Http(token.build()));
    components
}

/// Types of query parameters: utoipa refers to them and does not collect them.
fn parameters_of_queries() -> Schemas {
    fn schema<T: ToSchema>() -> (String, RefOr<Schema>) {
        (T::name().into_owned(), T::schema())
    }
    vec![
        schema::<Cursor>(),
        schema::<id::CampaignId>(),
        schema::<id::GroupId>(),
        schema::<state::MessageState>(),
        schema::<state::Outcome>(),
        schema::<state::Verdict>(),
    ]
}
