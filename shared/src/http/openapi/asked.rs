//! What a handler asks for, told by the types of its arguments.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::{Content, Ref, RefOr, Required};
use utoipa::{IntoParams, ToSchema};

use crate::http::{Body, Caller, IdempotencyKey, Ids, Kind, Language, Params, Source, Visitor};
use crate::model::id::{HeldGrantId, InvitationId, PointEntryId};
use crate::model::{
    CampaignId, ClinicId, CustomerId, GroupId, ImportId, ReferralCode, StaffId, SuppressionId, TemplateId, UserId,
};

/// Schemas by name, in the order in which they were met.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// What is asked for.
#[derive(Default)]
pub struct Asked {
    /// Names in the path that have no schema yet, in reverse.
    names: Vec<String>,
    pub(super) parameters: Vec<RefOr<Parameter>>,
    pub(super) body: Option<RequestBody>,
    /// Whether a token is asked for.
    pub(super) signed_in: bool,
    /// Whether a repeated request gets the first answer again.
    pub(super) repeatable: bool,
    /// What is answered when it is not as asked.
    pub(super) kinds: Vec<Kind>,
    pub(super) schemas: Schemas,
}

impl Asked {
    /// Begins with the names in a path such as `/v1/groups/{groupId}`.
    pub(super) fn of(path: &str) -> Self {
        let mut names: Vec<_> = path.split(['{', '}']).skip(1).step_by(2).map(str::to_owned).collect();
        names.reverse();
        Self { names, ..Self::default() }
    }

    fn header(&mut self, component: &str) {
        let parameter = RefOr::Ref(Ref::new(format!("#/components/parameters/{component}")));
        if !self.parameters.contains(&parameter) {
            self.parameters.push(parameter);
        }
    }

    fn in_path(&mut self, schema: RefOr<Schema>) {
        let name = self.names.pop().unwrap_or_default();
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
        self.parameters.push(RefOr::T(parameter.schema(Some(schema)).build()));
    }

    /// The name of a type's schema, which is kept among the components.
    fn component<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        RefOr::Ref(Ref::from_schema_name(T::name()))
    }
}

/// Something that a handler takes as an argument.
pub trait Asks {
    /// Tells what is asked for.
    fn tell(asked: &mut Asked);
}

impl<T> Asks for State<T> {
    fn tell(_: &mut Asked) {}
}

impl Asks for Method {
    fn tell(_: &mut Asked) {}
}

impl Asks for HeaderMap {
    fn tell(_: &mut Asked) {}
}

impl Asks for Source {
    fn tell(_: &mut Asked) {}
}

impl Asks for Visitor {
    fn tell(_: &mut Asked) {}
}

impl Asks for Caller {
    fn tell(asked: &mut Asked) {
        asked.signed_in = true;
        asked.header("AcceptLanguage");
        asked.kinds.extend([Kind::Unauthenticated, Kind::Unavailable]);
    }
}

impl Asks for Language {
    fn tell(asked: &mut Asked) {
        asked.header("AcceptLanguage");
    }
}

impl Asks for IdempotencyKey {
    fn tell(asked: &mut Asked) {
        asked.repeatable = true;
        asked.header("IdempotencyKey");
        asked.kinds.extend([Kind::IdempotencyKeyRequired, Kind::IdempotencyKeyReused]);
    }
}

impl<T: ToSchema> Asks for Body<T> {
    fn tell(asked: &mut Asked) {
        let content = Content::new(Some(asked.component::<T>()));
        asked.body =
            Some(RequestBodyBuilder::new().required(Some(Required::True)).content("application/json", content).build());
        asked.kinds.extend([Kind::NotJson, Kind::TooLarge, Kind::InvalidInput]);
    }
}

impl<T: IntoParams> Asks for Params<T> {
    fn tell(asked: &mut Asked) {
        let parameters = T::into_params(|| Some(ParameterIn::Query)).into_iter().map(|mut parameter| {
            parameter.schema = parameter.schema.map(present);
            RefOr::T(parameter)
        });
        asked.parameters.extend(parameters);
        asked.kinds.push(Kind::InvalidInput);
    }
}

/// A parameter of the query is there or not, and never `null`.
fn present(schema: RefOr<Schema>) -> RefOr<Schema> {
    match schema {
        RefOr::T(Schema::OneOf(mut one)) => {
            one.items.retain(|item| !is_null(item));
            match (one.items.pop(), one.items.is_empty()) {
                (Some(only), true) => only,
                (last, _) => {
                    one.items.extend(last);
                    RefOr::T(Schema::OneOf(one))
                }
            }
        }
        RefOr::T(Schema::Object(mut object)) => {
            if let SchemaType::Array(types) = &mut object.schema_type {
                types.retain(|kind| *kind != Type::Null);
                if let [only] = types.as_slice() {
                    object.schema_type = SchemaType::Type(only.clone());
                }
            }
            RefOr::T(Schema::Object(object))
        }
        other => other,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

/// What may stand in a path.
pub trait InPath {
    /// Tells what stands there.
    fn tell(asked: &mut Asked);
}

macro_rules! in_path {
    ($($name:ty),+) => {
        $(impl InPath for $name {
            fn tell(asked: &mut Asked) {
                let schema = asked.component::<$name>();
                asked.in_path(schema);
            }
        })+
    };
}

in_path!(
    CampaignId,
    ClinicId,
    CustomerId,
    GroupId,
    HeldGrantId,
    ImportId,
    InvitationId,
    PointEntryId,
    ReferralCode,
    StaffId,
    SuppressionId,
    TemplateId,
    UserId
);

impl InPath for String {
    fn tell(asked: &mut Asked) {
        asked.in_path(<Self as utoipa::PartialSchema>::schema());
    }
}

impl InPath for u32 {
    fn tell(asked: &mut Asked) {
        asked.in_path(<Self as utoipa::PartialSchema>::schema());
    }
}

impl<A: InPath, B: InPath> InPath for (A, B) {
    fn tell(asked: &mut Asked) {
        A::tell(asked);
        B::tell(asked);
    }
}

impl<T: InPath> Asks for Ids<T> {
    fn tell(asked: &mut Asked) {
        T::tell(asked);
        asked.kinds.push(Kind::NotFound);
    }
}

/// A handler that takes this answers a path that it cannot read by itself.
impl<T: InPath> Asks for Result<Path<T>, PathRejection> {
    fn tell(asked: &mut Asked) {
        T::tell(asked);
    }
}

impl Asks for ((),) {
    fn tell(_: &mut Asked) {}
}

/// The arguments of a handler, as axum marks it: the first is a marker of axum's own.
macro_rules! handlers {
    ($($argument:ident)+) => {
        impl<Marker, $($argument: Asks),+> Asks for (Marker, $($argument),+) {
            fn tell(asked: &mut Asked) {
                $($argument::tell(asked);)+
            }
        }
    };
}

handlers!(A);
handlers!(A B);
handlers!(A B C);
handlers!(A B C D);
handlers!(A B C D E);
handlers!(A B C D E F);
handlers!(A B C D E F G);
