//! The listing.

use axum::Json;
use axum::extract::State;
use backlot_library::listing::{ListRequest, Ownership, Within};
use backlot_model::Fault;
use backlot_model::account::Caller;
use backlot_model::query::Window;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, Required};

use super::parameters::Asked;
use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::edge::fields::Query;
use crate::native::answer::Shown;
use crate::native::envelope::Refused;
use crate::native::wire::asset::{AssetBody, AssetPage};
use crate::native::wire::word::Worded;

/// List assets
///
/// What the caller can list: his own, what is shared in his organisations, and what the platform
/// provides; for superusers, everything. All conditions must hold. Follow `next_cursor` to walk
/// through a listing: such pages neither repeat nor lose an asset while others come and go, and
/// cost the same wherever they begin. A generation parameter is compared as text by
/// `parameters.<name>=value`, nested ones by `parameters.<name>.<name>`.
#[utoipa::path(
    get, path = "/assets", operation_id = "list_assets", tag = "assets",
    params(ListQuery),
    responses((status = 200, description = "One page", body = AssetPage), Refused),
)]
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Shown<AssetPage> {
    let asked = Asked::read(&query)?;
    let fingerprint = asked.fingerprint();
    let request = request(&app, &caller, &fingerprint, asked)?;
    let page = app.library().list(&caller, request).await?;
    let seal = |next| app.library().seal_position(&caller, &fingerprint, &next);
    let next_cursor = page.next.map(seal).transpose()?;
    let data = page.items.into_iter().map(|it| AssetBody::of(it, &links, &caller)).collect();
    Ok(Json(AssetPage { data, count: page.total, next_cursor }))
}

fn request(
    app: &App,
    caller: &Caller,
    fingerprint: &str,
    asked: Asked,
) -> Result<ListRequest, Fault> {
    let Asked { ownership, filter, order, skip, limit, cursor, count } = asked;
    let open = |token: String| {
        let opened = app.library().open_position(caller, fingerprint, &token);
        opened.map_err(|fault| fault.at("query.cursor", "format"))
    };
    let window = match cursor.map(open).transpose()? {
        Some(after) => Window::Cursor { after: Some(after), limit },
        None => Window::Offset { skip, limit },
    };
    let within = Within::part(ownership);
    Ok(ListRequest { within, filter, uploader_name: None, order, window, count })
}

/// The parameters, for the OpenAPI document.
struct ListQuery;

impl IntoParams for ListQuery {
    fn into_params(_in: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        use backlot_model::asset::{Status, Visibility};
        use backlot_model::media::MediaKind;
        use backlot_model::query::{Direction, SortKey};
        let ownerships = Ownership::all().iter().map(|part| part.word());
        let keys = SortKey::ALL.iter().map(|key| key.word());
        let ways = Direction::ALL.iter().map(|way| way.word());
        let mut all = vec![
            number("skip", "Leave out so many", 0, None),
            number("limit", "How many to show; 100 if absent", 1, Some(100)),
            label("cursor", "The `next_cursor` of the page before; goes without `skip`"),
            flag("count", "Whether the exact total is wanted; it is unless this is false"),
            text(
                "search",
                "Words that must all occur in name, file name, tags, project, note, \
                            description or prompt, each as a part of a word, whatever the case",
            ),
            many("tags", "Has all of these"),
            many("exclude_tags", "Has none of these"),
            many("type", "One of these types; a hyphen at the end selects a family (`inference-`)"),
            many_of("kind", MediaKind::ALL),
            many_of("status", Status::ALL),
            many_of("visibility", Visibility::ALL),
            one_of(
                "ownership",
                "A part of what the caller can list: his own that nobody else \
                                 lists, what is shared, what the platform provides",
                ownerships,
            ),
        ];
        let ids = ["organization_id", "parent_id", "root_id", "collection_id"];
        all.extend(ids.map(|name| id(name, "Has this id there, in any dress")));
        let labels = ["author_id", "inference_id", "model_id", "project"];
        all.extend(labels.map(|name| label(name, "Has exactly this there")));
        let times = ["created_after", "created_before", "updated_after", "updated_before"];
        all.extend(times.map(|name| time(name, "Exclusive")));
        let sides = ["min_width", "max_width", "min_height", "max_height"];
        let px_max = Some(i64::from(u32::MAX));
        all.extend(sides.map(|name| number(name, "In pixels, inclusive", 0, px_max)));
        all.push(flag("deleted", "Deleted assets that can be restored, instead of live ones"));
        all.push(one_of("sort_by", "`created_at` if absent", keys));
        all.push(one_of("sort_direction", "`desc` if absent", ways));
        all
    }
}

fn parameter(name: &str, said: &str, schema: impl Into<utoipa::openapi::Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(said))
        .schema(Some(schema.into()))
        .build()
}

fn text(name: &str, said: &str) -> Parameter {
    parameter(name, said, ObjectBuilder::new().schema_type(Type::String))
}

fn label(name: &str, said: &str) -> Parameter {
    parameter(name, said, ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)))
}

fn id(name: &str, said: &str) -> Parameter {
    let any_dress = "^([a-z]{1,16}_)?[0-9a-fA-F]{8}(-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}$";
    parameter(name, said, ObjectBuilder::new().schema_type(Type::String).pattern(Some(any_dress)))
}

fn time(name: &str, said: &str) -> Parameter {
    let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
    parameter(name, said, ObjectBuilder::new().schema_type(Type::String).format(Some(format)))
}

fn flag(name: &str, said: &str) -> Parameter {
    parameter(name, said, ObjectBuilder::new().schema_type(Type::Boolean))
}

fn number(name: &str, said: &str, min: i64, max: Option<i64>) -> Parameter {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min)).maximum(max);
    parameter(name, said, number)
}

fn one_of(name: &str, said: &str, words: impl Iterator<Item = &'static str>) -> Parameter {
    let words: Vec<_> = words.collect();
    parameter(name, said, ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)))
}

fn many(name: &str, said: &str) -> Parameter {
    let item = ObjectBuilder::new().schema_type(Type::String);
    parameter(
        name,
        &format!("{said}; repeated or separated by commas"),
        ArrayBuilder::new().items(item),
    )
}

fn many_of<T: Worded>(name: &str, all: &[T]) -> Parameter {
    let words: Vec<_> = all.iter().map(|it| it.word()).collect();
    let item = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    parameter(
        name,
        "One of these; repeated or separated by commas",
        ArrayBuilder::new().items(item),
    )
}
