//! Shapes that only the OpenAPI document needs.

use std::borrow::Cow;
use std::marker::PhantomData;

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AllOfBuilder, Type};
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Required, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::create::NewAssetFields;

/// An object with the fields of both; never made, only described.
pub(in crate::native) struct Both<A, B>(PhantomData<(A, B)>);

impl<A: ToSchema, B: ToSchema> PartialSchema for Both<A, B> {
    fn schema() -> RefOr<Schema> {
        let half = |name: Cow<'static, str>| Ref::from_schema_name(name);
        let both = AllOfBuilder::new().item(half(A::name())).item(half(B::name()));
        RefOr::T(Schema::AllOf(both.build()))
    }
}

impl<A: ToSchema, B: ToSchema> ToSchema for Both<A, B> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}With{}", A::name(), B::name()))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((A::name().into_owned(), A::schema()));
        schemas.push((B::name().into_owned(), B::schema()));
        A::schemas(schemas);
        B::schemas(schemas);
    }
}

/// The fields of a new asset as query parameters: lists repeat, objects are JSON texts.
pub(in crate::native) struct NewAssetQuery;

impl IntoParams for NewAssetQuery {
    fn into_params(_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let RefOr::T(Schema::Object(fields)) = NewAssetFields::schema() else { return Vec::new() };
        fields.properties.into_iter().map(|(name, schema)| in_query(name, schema)).collect()
    }
}

fn in_query(name: String, schema: RefOr<Schema>) -> Parameter {
    let is_json = matches!(name.as_str(), "parameters" | "detected");
    let text = || ObjectBuilder::new().schema_type(Type::String).into();
    let schema = if is_json { text() } else { schema };
    let described = if is_json { "As JSON text." } else { "As in the body of `POST /assets`." };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(described))
        .schema(Some(schema))
        .build()
}
