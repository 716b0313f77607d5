//! Many assets in one call.

use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::ingest::{Accepts, BytesFrom, Received};
use backlot_library::limiter::Limit;
use backlot_model::limits::REGISTERED_MAX;
use backlot_model::media::Digest;
use backlot_model::{Fault, fault::FieldFault};
use serde_json::{Map, Value, json};

use crate::app::SignedIn;
use crate::app::{App, Links};
use crate::door::ManyDoors;
use crate::edge::dialect::Refusal;
use crate::edge::intake::{Incoming, IntakeLimits};
use crate::native::answer::{Answered, Reply};
use crate::native::asking::Tally;
use crate::native::envelope::{BadBody, Conflicts, Limited, Refused};
use crate::native::once::Once;
use crate::native::wire::Page;
use crate::native::wire::asset::AssetBody;
use crate::native::wire::create::{BatchAsked, BytesInBatch, NewAssetFields, halves};

/// Make many assets
///
/// Such as the results of a generation, of any kind: at most 100, in one transaction. All are made,
/// in the order given, or none; a refusal says which is wrong. Each names its bytes by `url`,
/// `base64` or `content_hash` (of bytes that the caller has an asset with), and may say all that
/// one made alone may: type, parent, run, model, author and parameters. Its root follows from its
/// parent, which has to be there before.
#[utoipa::path(
    post, path = "/assets/batch", operation_id = "create_assets", tag = "assets",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = BatchAsked,
    responses((status = 201, description = "The assets", body = Page<AssetBody>), Refused, Conflicts, BadBody, Limited),
)]
pub(super) async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (links, once, tally): (Links, Once, Tally),
    body: Incoming,
) -> Answered {
    let taken = async {
        let config = &app.library().config().uploads;
        let mut doors = ManyDoors::new(&app, &caller, Accepts::anything(config));
        let limits =
            IntakeLimits { file_bytes_max: config.image_bytes_max, files_max: REGISTERED_MAX };
        let form = body.json_with_bytes(&["items.*.base64"], limits, &mut doors).await?;
        let files = doors.finish_data_urls(&form.files).await?;
        let known = json!(form.fields);
        let digests: Vec<String> =
            files.iter().map(|(_, file)| file.digest().to_string()).collect();
        let items = items(form.fields, files, &links, Accepts::anything(config))?;
        let (library, by) = (app.library().clone(), caller.clone());
        let work = async move {
            let made = library.create_assets(&by, items).await?;
            let count = made.len() as u64;
            let data: Vec<_> =
                made.into_iter().map(|asset| AssetBody::of(asset, &links, &by)).collect();
            Reply::new(StatusCode::CREATED, &Page { data, count })
        };
        once.run(&app, &caller, &json!([known, digests]), None, work).await
    };
    tally.told(Limit::Upload, taken.await).await
}

/// Puts together what was said of each with its bytes.
fn items(
    mut fields: Map<String, Value>,
    mut files: Vec<(String, Received)>,
    links: &Links,
    accepts: Accepts,
) -> Result<Vec<(BytesFrom, backlot_library::assets::NewAsset)>, Refusal> {
    let wrong = || Fault::invalid("body.items", "type", "must be a list of objects");
    let Some(Value::Array(said)) = fields.remove("items") else { return Err(wrong().into()) };
    let mut items = Vec::with_capacity(said.len());
    for (place, one) in said.into_iter().enumerate() {
        let at = format!("items.{place}");
        let Value::Object(one) = one else { return Err(wrong().into()) };
        let read = halves::<NewAssetFields, BytesInBatch>(one);
        let (said, bytes) = read.map_err(|fault| below(fault, &at))?;
        let field = format!("{at}.base64");
        let file = files.iter().position(|(name, _)| *name == field);
        let file = file.map(|index| files.swap_remove(index).1);
        let from = from(bytes, file, links, accepts).map_err(|fault| below(fault, &at))?;
        items.push((from, said.into()));
    }
    Ok(items)
}

fn from(
    bytes: BytesInBatch,
    file: Option<Received>,
    links: &Links,
    accepts: Accepts,
) -> Result<BytesFrom, Fault> {
    let BytesInBatch { url, base64, content_hash } = bytes;
    if base64.is_some() {
        let wrong = "must be base64 or a data URL; an address goes into `url`";
        return Err(Fault::invalid("body.base64", "format", wrong));
    }
    match (file, url, content_hash) {
        (Some(file), None, None) => Ok(BytesFrom::Received(Box::new(file))),
        (None, Some(url), None) => Ok(match links.asset_at(&url) {
            Some(id) => BytesFrom::Asset(id),
            None => BytesFrom::Url(url, accepts),
        }),
        (None, None, Some(raw)) => {
            let wrong = || {
                let said = "must be a SHA-256: 64 hexadecimal digits";
                let fault = FieldFault::new("body.content_hash", "format", said);
                Fault::invalid_fields(vec![fault.with_input(&raw)])
            };
            Digest::parse(&raw).map(BytesFrom::Hash).ok_or_else(wrong)
        }
        (None, None, None) => {
            let said = "`url`, `base64` or `content_hash` is required";
            Err(Fault::invalid("body.url", "missing", said))
        }
        _ => {
            let said = "must be the only one of `url`, `base64` and `content_hash`";
            Err(Fault::invalid("body.url", "type", said))
        }
    }
}

/// A fault of one item where that stands.
fn below(mut fault: Fault, at: &str) -> Fault {
    for field in &mut fault.fields {
        field.path.splice(1..1, at.split('.').map(str::to_owned));
    }
    Fault::invalid_fields(fault.fields)
}
