//! Problems in the documentation: one schema, an example for every kind, and what each operation answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{Components, Ref, RefOr, ResponseBuilder, Responses};

use crate::http::problem::TYPES;
use crate::http::{Kind, Language, Problem};

/// What API Gateway answers before a function is asked, beside kinds that functions answer too. The template holds the texts.
#[derive(Debug, Clone, Copy)]
pub struct GatewayProblem {
    /// The last part of `type`.
    pub code: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// The title, in Korean.
    pub ko: &'static str,
    /// The detail, in English.
    pub en: &'static str,
}

/// Every problem that only API Gateway answers.
pub const GATEWAY: [GatewayProblem; 3] = [
    GatewayProblem {
        code: "bad-request", status: 400, ko: "요청을 처리할 수 없습니다.", en: "The request cannot be handled."
    },
    GatewayProblem { code: "forbidden", status: 403, ko: "권한이 없습니다.", en: "You may not do this." },
    GatewayProblem {
        code: "too-many-requests", status: 429, ko: "잠시 후 다시 시도해 주세요.", en: "Try again in a moment."
    },
];

const PROBLEM_JSON: &str = "application/problem+json";

const LANGUAGES: [Language; 2] = [Language::Korean, Language::English];

/// A kind as it may be answered, where the kind alone is not enough to understand it.
fn sample(kind: Kind) -> Problem {
    match kind {
        Kind::InvalidInput => {
            Problem::invalid("name", "`name`: 1~50자로 입력해 주세요.", "`name`: must have 1 to 50 characters")
        }
        Kind::NotStaff => Problem::not_staff(),
        kind => Problem::of(kind),
    }
}

/// The examples of the components, by name.
pub(super) fn examples() -> BTreeMap<String, RefOr<Example>> {
    let mut examples = BTreeMap::new();
    let mut insert = |name: String, summary: &str, value: Value| {
        examples.insert(name, RefOr::T(ExampleBuilder::new().summary(summary).value(Some(value)).build()));
    };
    for &kind in Kind::ALL {
        let (ko, en) = kind.title();
        for language in LANGUAGES {
            insert(format!("{}.{}", kind.code(), language.tag()), language.choose(ko, en), sample(kind).document(language));
        }
    }
    for problem in GATEWAY {
        let GatewayProblem { code, status, ko, en } = problem;
        insert(code.to_owned(), en, json!({"type": format!("{TYPES}{code}"), "status": status, "title": ko, "detail": en}));
    }
    examples
}

/// The schema that all problems have.
pub(super) fn schema() -> RefOr<Schema> {
    let text = |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let kind = text("What is wrong, as a stable address. It names the kind; nothing is served there.")
        .format(Some(SchemaFormat::Custom("uri".to_owned())))
        .examples([format!("{TYPES}not-found")]);
    let object = ObjectBuilder::new()
        .description(Some(
            "What is wrong (RFC 9457), in Korean, or in English when `Accept-Language` prefers it. Programs go by `type`; the \
             texts are for people and may change.",
        ))
        .property("type", kind)
        .property("title", text("What is wrong, in general."))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer).description(Some("The status of the answer.")))
        .property("detail", text("What is wrong in this case, and what helps."))
        .property("field", text("The field of the input that is wrong, as a path: `phones[1]`."))
        .required("type")
        .required("title")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    object.into()
}

/// All kinds as a table for people.
pub(super) fn table() -> String {
    let known = Kind::ALL.iter().map(|kind| {
        let (ko, en) = kind.title();
        (kind.code(), kind.status().as_u16(), ko, en)
    });
    let gateway = GATEWAY.iter().map(|problem| (problem.code, problem.status, problem.ko, problem.en));
    let lines = known.chain(gateway).map(|(code, status, ko, en)| format!("| `{code}` | {status} | {ko} | {en} |\n"));
    std::iter::once("| type | status | Korean | English |\n|---|---|---|---|\n".to_owned()).chain(lines).collect()
}

/// Adds what is answered when something is wrong: these kinds, and what API Gateway answers to everybody. What many operations
/// answer alike is kept among the components.
pub(super) fn add(responses: &mut Responses, components: &mut Components, kinds: Vec<Kind>, signed_in: bool) {
    // By status: the codes, each with its title and the names of its examples.
    let mut answers: BTreeMap<u16, BTreeMap<&str, (&str, Vec<String>)>> = BTreeMap::new();
    for kind in kinds {
        let examples = LANGUAGES.map(|language| format!("{}.{}", kind.code(), language.tag())).to_vec();
        answers.entry(kind.status().as_u16()).or_default().insert(kind.code(), (kind.title().1, examples));
    }
    for problem in GATEWAY {
        // Nobody is forbidden what needs no token.
        if signed_in || problem.code != "forbidden" {
            let answer = (problem.en, vec![problem.code.to_owned()]);
            answers.entry(problem.status).or_default().insert(problem.code, answer);
        }
    }
    for (status, codes) in answers {
        let name = codes.keys().fold(status.to_string(), |name, code| format!("{name}.{code}"));
        let description = codes.iter().map(|(code, (title, _))| format!("- `{code}`: {title}")).collect::<Vec<_>>().join("\n");
        let examples = codes.into_values().flat_map(|(_, names)| names).map(|name| {
            let example = Ref::new(format!("#/components/examples/{name}"));
            (name, RefOr::Ref(example))
        });
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).examples_from_iter(examples).build();
        if let Some(RefOr::T(known)) = responses.responses.get_mut(&status.to_string()) {
            known.description = format!("{}\n\n{description}", known.description);
            known.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(content));
        } else {
            let response = ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build();
            responses.responses.insert(status.to_string(), RefOr::Ref(Ref::from_response_name(&name)));
            components.responses.insert(name, RefOr::T(response));
        }
    }
}
