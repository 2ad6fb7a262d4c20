//! The routes of a function: one table, from which its router and its documentation are made.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::__dev::SchemaReferences;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{HttpMethod, Operation};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, OpenApi, RefOr};

use crate::http::Kind;
use crate::http::openapi::asked::{Asked, Asks};
use crate::http::openapi::document::merge;
use crate::http::openapi::problems;

/// The routes of a function, as one section of the documentation.
#[must_use]
pub struct Table<S> {
    tag: &'static str,
    description: &'static str,
    kinds: &'static [Kind],
    routes: Vec<Route<S>>,
}

/// A method of a path, with its handler.
#[must_use]
pub struct Route<S> {
    path: String,
    method: HttpMethod,
    handler: MethodRouter<S>,
    kinds: &'static [Kind],
    describe: fn(&str) -> (Operation, Asked),
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    /// Use [`route!`](crate::route), which finds the documentation of the handler.
    pub fn new<D, H, T>(_: D, handler: H) -> Self
    where
        D: utoipa::Path + SchemaReferences,
        H: Handler<T, S>,
        T: Asks + 'static,
    {
        let method = D::methods().pop().unwrap_or(HttpMethod::Get);
        let handler = MethodRouter::new().on(filter(&method), handler);
        Self { path: D::path(), method, handler, kinds: &[], describe: describe::<D, T> }
    }

    /// The problems that it answers, besides those that its arguments bring along.
    pub fn answers(mut self, kinds: &'static [Kind]) -> Self {
        self.kinds = kinds;
        self
    }
}

fn describe<D: utoipa::Path + SchemaReferences, T: Asks>(path: &str) -> (Operation, Asked) {
    let mut asked = Asked::of(path);
    T::tell(&mut asked);
    D::schemas(&mut asked.schemas);
    (D::operation(), asked)
}

const fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

impl<S: Clone + Send + Sync + 'static> Table<S> {
    /// A table without routes. The description is for those who read the documentation.
    pub const fn new(tag: &'static str, description: &'static str) -> Self {
        Self { tag, description, kinds: &[], routes: Vec::new() }
    }

    /// Every route answers `not-staff` to those who work for no clinic.
    pub const fn for_staff(mut self) -> Self {
        self.kinds = &[Kind::NotStaff];
        self
    }

    /// Adds a route.
    #[expect(clippy::should_implement_trait, reason = "a table is no number")]
    pub fn add(mut self, route: Route<S>) -> Self {
        self.routes.push(route);
        self
    }

    /// What answers requests.
    pub fn router(self, state: S) -> Router {
        #[cfg(any(test, feature = "testing"))]
        let this = self.held();
        #[cfg(not(any(test, feature = "testing")))]
        let this = self;
        let routes = this.routes.into_iter();
        routes.fold(Router::new(), |router, route| router.route(&route.path, route.handler)).with_state(state)
    }

    /// In tests the answers are held to the documentation.
    #[cfg(any(test, feature = "testing"))]
    fn held(mut self) -> Self {
        let document = serde_json::to_value(super::assemble([self.document()])).unwrap_or_default();
        let document = std::sync::Arc::new(document);
        for route in &mut self.routes {
            let handler = std::mem::take(&mut route.handler);
            let method = serde_json::to_value(&route.method).unwrap_or_default();
            let method = method.as_str().unwrap_or_default();
            route.handler = crate::testing::document::hold(handler, &document, &route.path, method);
        }
        self
    }

    /// What people read about it.
    ///
    /// # Panics
    /// When two types of one name differ: a mistake in the code.
    #[must_use]
    pub fn document(&self) -> OpenApi {
        let mut document = OpenApi::default();
        let mut components = Components::new();
        for route in &self.routes {
            let (operation, mut asked) = (route.describe)(&route.path);
            merge(&mut components, std::mem::take(&mut asked.schemas));
            asked.kinds.extend(self.kinds.iter().chain(route.kinds));
            let operation = finish(operation, &mut components, asked, self.tag);
            document.paths.add_path_operation(&route.path, vec![route.method.clone()], operation);
        }
        document.components = Some(components);
        document.tags = Some(vec![TagBuilder::new().name(self.tag).description(Some(self.description)).build()]);
        document
    }
}

fn finish(mut operation: Operation, components: &mut Components, asked: Asked, tag: &str) -> Operation {
    let Asked { parameters, body, signed_in, repeatable, kinds, .. } = asked;
    operation.tags = Some(vec![tag.to_owned()]);
    let mut all = parameters;
    all.extend(operation.parameters.take().unwrap_or_default());
    operation.parameters = Some(all).filter(|all| !all.is_empty());
    operation.request_body = operation.request_body.or(body.map(RefOr::T));
    operation.security =
        Some(if signed_in { vec![SecurityRequirement::new::<_, [&str; 0], _>("idToken", [])] } else { vec![] });
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            let status = status.parse().ok().and_then(|status| axum::http::StatusCode::from_u16(status).ok());
            let reason = status.and_then(|status| status.canonical_reason()).unwrap_or("Answer");
            reason.clone_into(&mut response.description);
        }
        if repeatable {
            let header = HeaderBuilder::new()
                .description(Some("`true` when this is the answer that an earlier request with the same key got."));
            response.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(header.build()));
        }
    }
    problems::add(&mut operation.responses, components, kinds, signed_in);
    operation
}

#[cfg(test)]
mod tests {
    use axum::extract::State;
    use axum::http::Request;
    use axum::{Json, body::Body as Bytes};
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};
    use tower::ServiceExt as _;
    use utoipa::{IntoParams, ToSchema};

    use super::*;
    use crate::http::openapi::assemble;
    use crate::http::{Body, Caller, Cursor, IdempotencyKey, Ids, Params, Problem};
    use crate::model::GroupId;
    use crate::route;

    #[derive(Deserialize, ToSchema)]
    struct Wish {
        /// What to do.
        _name: Option<String>,
    }

    #[derive(Deserialize, IntoParams)]
    struct Which {
        /// Where the page before ended.
        _cursor: Option<Cursor>,
    }

    #[derive(Serialize, ToSchema)]
    struct Done {
        /// How many.
        count: u32,
    }

    /// Changes a group
    #[utoipa::path(post, path = "/groups/{groupId}/rows/{row}", operation_id = "change", responses((status = 202, body = Done)))]
    async fn change<T: Send + Sync>(
        _state: State<T>,
        _caller: Caller,
        _ids: Ids<(GroupId, u32)>,
        _which: Params<Which>,
        _key: IdempotencyKey,
        _wish: Body<Wish>,
    ) -> Json<Done> {
        Json(Done { count: 1 })
    }

    /// Answers as it is asked to
    #[utoipa::path(get, path = "/{wish}", operation_id = "answer", responses((status = 200, body = Done)))]
    async fn answer(Ids(wish): Ids<String>) -> Result<Json<Value>, Problem> {
        match &*wish {
            "documented" => Ok(Json(json!({"count": 1}))),
            "more" => Ok(Json(json!({"count": 1, "more": 2}))),
            "missing" => Err(Problem::not_found()),
            _ => Err(Problem::of(Kind::OwnCode)),
        }
    }

    #[test]
    fn what_a_handler_takes_is_what_its_documentation_asks_for() {
        let table = Table::new("Tests", "Of tables.").for_staff().add(route!(change::<u8>).answers(&[Kind::PhoneTaken]));
        let document = serde_json::to_value(assemble([table.document()])).unwrap();
        let operation = &document["paths"]["/groups/{groupId}/rows/{row}"]["post"];
        let named = |parameter: &Value| parameter["name"].as_str().or(parameter["$ref"].as_str()).unwrap().to_owned();
        let parameters: Vec<_> = operation["parameters"].as_array().unwrap().iter().map(named).collect();
        let headers = ["#/components/parameters/AcceptLanguage", "#/components/parameters/IdempotencyKey"];
        assert_eq!(parameters, [headers[0], "groupId", "row", "_cursor", headers[1]]);
        assert_eq!(operation["parameters"][1]["schema"], json!({"$ref": "#/components/schemas/GroupId"}));
        assert_eq!(operation["parameters"][3]["schema"], json!({"$ref": "#/components/schemas/Cursor"}));
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(*body, json!({"$ref": "#/components/schemas/Wish"}));
        assert_eq!(operation["security"], json!([{"idToken": []}]));
        let answers: Vec<_> = operation["responses"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(answers, ["202", "400", "401", "403", "404", "409", "413", "422", "429", "503"]);
        let conflict = json!({"$ref": "#/components/responses/409.phone-taken"});
        assert_eq!((&operation["summary"], &operation["responses"]["409"]), (&json!("Changes a group"), &conflict));
    }

    async fn ask(wish: &str) -> u16 {
        let router = Table::new("Tests", "Of tables.").add(route!(answer)).router(());
        let request = Request::get(format!("/{wish}")).body(Bytes::empty()).unwrap();
        router.oneshot(request).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn answers_that_are_documented_are_let_through() {
        assert_eq!((ask("documented").await, ask("missing").await), (200, 404));
    }

    #[tokio::test]
    #[should_panic(expected = "answer answers `own-code`, which is not documented")]
    async fn a_problem_that_is_not_documented_fails_the_test_that_got_it() {
        ask("other").await;
    }

    #[tokio::test]
    #[should_panic(expected = "$.more is not documented")]
    async fn a_field_that_is_not_documented_fails_the_test_that_got_it() {
        ask("more").await;
    }
}
