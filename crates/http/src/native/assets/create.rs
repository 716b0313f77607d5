//! Every door through which an asset comes in.

use axum::extract::State;
use axum::response::Response;
use backlot_library::ingest::{Accepts, Received};
use backlot_library::limiter::Limit;
use backlot_model::account::Caller;
use backlot_model::{Fault, Kind};
use serde_json::json;

use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::door::{Door, import};
use crate::edge::dialect::Refusal;
use crate::edge::fields::Query;
use crate::edge::intake::body::Body;
use crate::edge::intake::{Content, Incoming, IntakeLimits};
use crate::native::answer::{Answered, made};
use crate::native::asking::Tally;
use crate::native::envelope::{BadBody, Conflicts, Limited, Missing, Refused};
use crate::native::once::Once;
use crate::native::wire::asset::AssetBody;
use crate::native::wire::create::{BytesByHash, BytesInForm, BytesInJson, NewAssetFields, halves};
use crate::native::wire::document::{Both, NewAssetQuery};
use crate::native::wire::renamed;

// By names of their own, since utoipa takes generic ones apart.
type AssetForm = Both<NewAssetFields, BytesInForm>;
type AssetJson = Both<NewAssetFields, BytesInJson>;
type AssetByHash = Both<NewAssetFields, BytesByHash>;

/// Where the bytes are.
enum Source {
    /// They have come.
    File(Box<Received>),
    /// They are to be fetched.
    Url(String),
}

/// Make an asset
///
/// Of a file in a form, or of JSON that names a `url` or carries the file as `base64`. The answer
/// is given once the bytes are safe; thumbnails follow, and `status` then becomes `ready`. What a
/// `url` gives is fetched after the answer.
#[utoipa::path(
    post, path = "/assets", operation_id = "create_asset", tag = "assets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body(content(
        (AssetForm = "multipart/form-data"),
        (AssetJson = "application/json"),
    )),
    responses((status = 201, description = "The asset", body = AssetBody), Refused, Conflicts, BadBody, Limited),
)]
pub(super) async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    body: Incoming,
) -> Answered {
    let taken = async {
        let (said, source) = match body.content() {
            Content::Multipart => from_form(&app, &caller, body).await?,
            Content::Json => from_json(&app, &caller, body).await?,
            _ => return Err(neither()),
        };
        keep(&app, caller, links, once, said, source).await
    };
    tally.told(Limit::Upload, taken.await).await
}

/// Make an asset of a body of bytes
///
/// As `POST /assets`, with the bytes as the body and everything else in the query.
#[utoipa::path(
    put, path = "/assets/raw", operation_id = "create_asset_raw", tag = "assets",
    params(
        NewAssetQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255),
    ),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file, of any type that is kept; it is told from the bytes"),
    responses((status = 201, description = "The asset", body = AssetBody), Refused, Conflicts, BadBody, Limited),
)]
pub(super) async fn raw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    Query(query): Query,
    body: Incoming,
) -> Answered {
    let taken = async {
        let said = NewAssetFields::read(&query)?;
        let mut door = door(&app, &caller);
        let file_bytes_max = door.limits().file_bytes_max;
        body.raw(None, file_bytes_max, &mut door).await?;
        let file = door.finish().await?.ok_or_else(no_file)?;
        keep(&app, caller, links, once, said, Source::File(Box::new(file))).await
    };
    let taken = async { taken.await.map_err(in_query) };
    tally.told(Limit::Upload, taken.await).await
}

/// Make an asset of bytes that are here
///
/// For bytes of which the caller already owns an asset: they need not be sent again. Anybody
/// else's are as unknown as ones that are not here.
#[utoipa::path(
    post, path = "/assets/from-hash", operation_id = "create_asset_from_hash", tag = "assets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = AssetByHash,
    responses((status = 201, description = "The asset", body = AssetBody), Refused, Missing, Conflicts, BadBody, Limited),
)]
pub(super) async fn from_hash(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    Body(fields): Body<serde_json::Map<String, serde_json::Value>>,
) -> Answered {
    let (said, bytes): (NewAssetFields, BytesByHash) = halves(fields)?;
    let digest = bytes.digest()?;
    let (library, by, known) = (app.library().clone(), caller.clone(), json!(said));
    let work = async move {
        let asset = library.create_asset_from_hash(&by, digest, said.into()).await?;
        made(asset, &links, &by, &library)
    };
    let answer = once.run(&app, &caller, &known, Some(digest), work).await;
    tally.told(Limit::Upload, answer).await
}

/// Takes everything that Backlot keeps, each up to the limit of its kind.
fn door<'c>(app: &App, caller: &'c Caller) -> Door<'c> {
    Door::new(app, caller, Accepts::anything(&app.library().config().uploads))
}

async fn from_form(
    app: &App,
    caller: &Caller,
    body: Incoming,
) -> Result<(NewAssetFields, Source), Fault> {
    let mut door = door(app, caller);
    let limits = door.limits();
    let form = body.multipart(&["file"], limits, &mut door).await?;
    let said = NewAssetFields::read(&form.fields)?;
    let sent_as = form.files.into_iter().next().and_then(|file| file.filename);
    let file = door.finish().await?.ok_or_else(no_file)?;
    Ok((said.or_filename(sent_as), Source::File(Box::new(file))))
}

async fn from_json(
    app: &App,
    caller: &Caller,
    body: Incoming,
) -> Result<(NewAssetFields, Source), Fault> {
    let mut door = door(app, caller);
    let limits = IntakeLimits::one_file(app.library().config().uploads.image_bytes_max);
    let form = body.json_with_bytes(&["base64"], limits, &mut door).await;
    let form = form.map_err(|fault| renamed(fault, "body.file", "body.base64"))?;
    let (said, bytes): (NewAssetFields, BytesInJson) = halves(form.fields)?;
    if bytes.base64.is_some() {
        let wrong = "must be base64 or a data URL; an address goes into `url`";
        return Err(Fault::invalid("body.base64", "format", wrong));
    }
    let file = door.finish_data_url(&form.files).await;
    match (file.map_err(|fault| renamed(fault, "body.file", "body.base64"))?, bytes.url) {
        (Some(file), None) => Ok((said, Source::File(Box::new(file)))),
        (None, Some(url)) => Ok((said, Source::Url(url))),
        (Some(_), Some(_)) => {
            Err(Fault::invalid("body.url", "type", "must not be given together with `base64`"))
        }
        (None, None) => Err(Fault::invalid("body.url", "missing", "`url` or `base64` is required")),
    }
}

async fn keep(
    app: &App,
    caller: Caller,
    links: Links,
    once: Once,
    said: NewAssetFields,
    source: Source,
) -> Result<Response, Refusal> {
    let (digest, url) = match &source {
        Source::File(file) => (Some(file.digest()), None),
        Source::Url(url) => (None, Some(url.clone())),
    };
    let (at, by, known) = (app.clone(), caller.clone(), json!([said, url]));
    let work = async move {
        let asset = match source {
            Source::File(file) => at.library().create_asset(&by, *file, said.into()).await?,
            Source::Url(url) => {
                let accepts = Accepts::pictures(&at.library().config().uploads);
                import(&at, &by, &links, &url, accepts, said.into()).await?
            }
        };
        made(asset, &links, &by, at.library())
    };
    once.run(app, &caller, &known, digest, work).await
}

/// What the library finds wrong with a body stands in the query here, but for the file.
fn in_query(Refusal(mut fault): Refusal) -> Refusal {
    for field in &mut fault.fields {
        if let [root, name, ..] = &mut *field.path
            && name != "file"
        {
            "query".clone_into(root);
        }
    }
    Refusal(fault)
}

fn no_file() -> Fault {
    Fault::invalid("body.file", "missing", "a file is required")
}

fn neither() -> Refusal {
    let said = "the body must be multipart/form-data with a `file`, or application/json with a \
                `url` or `base64`";
    Refusal(Fault::new(Kind::UnsupportedMedia, "unsupported-media", said))
}
