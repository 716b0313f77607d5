//! Answers: JSON with its status and entity tag.
//!
//! Owns: the entity tag of an asset, in both directions. Never: what a body holds.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use backlot_library::Library;
use backlot_library::assets::Expected;
use backlot_library::signing::expiry_for;
use backlot_model::account::Caller;
use backlot_model::asset::{Asset, Lock};
use backlot_model::clock::DAY_MS;
use backlot_model::{Fault, Id};
use serde::Serialize;

use super::wire::asset::AssetBody;
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::etag::{ETag, Matching};

/// What a handler that shows one thing gives.
pub(super) type Shown<T> = Result<Json<T>, Refusal>;

/// What a handler of a creating or changing call gives.
pub(super) type Answered = Result<Response, Refusal>;

/// A finished answer, of which a copy can be kept.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: String,
    kept: Option<String>,
    tag: Option<ETag>,
}

impl Reply {
    /// An answer with this body.
    pub(super) fn new<T: Serialize>(status: StatusCode, body: &T) -> Result<Self, Fault> {
        Ok(Self { status, body: json(body)?, kept: None, tag: None })
    }

    /// Has another body kept than the one that is given now.
    pub(super) fn keeping<T: Serialize>(mut self, body: &T) -> Result<Self, Fault> {
        self.kept = Some(json(body)?);
        Ok(self)
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> (u16, &str) {
        (self.status.as_u16(), self.kept.as_ref().unwrap_or(&self.body))
    }

    /// An asset, with its entity tag.
    pub(super) fn asset(
        status: StatusCode,
        asset: Asset,
        links: &Links,
        viewer: &Caller,
        library: &Library,
    ) -> Result<Self, Fault> {
        let tag = tag_of(&asset, library);
        let reply = Self::new(status, &AssetBody::of(asset, links, viewer))?;
        Ok(Self { tag: Some(tag), ..reply })
    }
}

fn json<T: Serialize>(body: &T) -> Result<String, Fault> {
    serde_json::to_string(body).map_err(Fault::internal)
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let json = [(header::CONTENT_TYPE, "application/json")];
        let mut response = (self.status, json, self.body).into_response();
        if let Some(tag) = self.tag {
            response.headers_mut().insert(ETAG, tag.header());
        }
        response
    }
}

/// An asset that was made.
pub(super) fn made(
    asset: Asset,
    links: &Links,
    caller: &Caller,
    library: &Library,
) -> Result<Reply, Fault> {
    Reply::asset(StatusCode::CREATED, asset, links, caller, library)
}

/// An asset as it is now; 304 when the client has it already.
pub(super) fn shown(
    app: &App,
    links: &Links,
    caller: &Caller,
    asset: Asset,
    headers: &HeaderMap,
) -> Answered {
    let tag = tag_of(&asset, app.library());
    if headers.contains_key(IF_NONE_MATCH) && Matching::if_none_match(headers).names(&tag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag.header())]).into_response());
    }
    Ok(Reply::asset(StatusCode::OK, asset, links, caller, app.library())?.into_response())
}

/// The asset's version and the day until which its addresses are good: they are part of what is
/// shown, and a client must not go on with ones that have ended.
fn tag_of(asset: &Asset, library: &Library) -> ETag {
    let end = expiry_for(library.now_ms(), library.config().signed_url_ttl_ms);
    ETag::new(&format!("{}.{}", asset.version, end / DAY_MS))
}

/// The headers that say on what a change counts: `If-Match` and `Lock-Id`.
#[derive(Debug)]
pub(super) struct Counting {
    matching: Matching,
    lock_id: Option<Id<Lock>>,
}

impl<S: Sync> FromRequestParts<S> for Counting {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let matching = Matching::if_match(&parts.headers);
        let Some(raw) = parts.headers.get("lock-id") else {
            return Ok(Self { matching, lock_id: None });
        };
        let lock_id = raw.to_str().ok().and_then(Id::parse);
        let wrong = || Fault::invalid("header.Lock-Id", "format", "must be the id of a lock");
        Ok(Self { matching, lock_id: Some(lock_id.ok_or_else(wrong)?) })
    }
}

impl Counting {
    /// What the change of this asset counts on.
    pub(super) async fn expected(
        &self,
        library: &Library,
        caller: &Caller,
        id: Id<Asset>,
    ) -> Result<Expected, Fault> {
        let version = wanted(library, caller, id, &self.matching).await?;
        Ok(Expected { version, lock_id: self.lock_id })
    }
}

/// The version that a change is meant for; `None` when any will do.
///
/// Of several versions that the client would take, it is the present one if that is among them.
async fn wanted(
    library: &Library,
    caller: &Caller,
    id: Id<Asset>,
    matching: &Matching,
) -> Result<Option<i64>, Fault> {
    let Matching::OneOf(tags) = matching else { return Ok(None) };
    let versions: Vec<i64> = tags.iter().filter_map(|tag| version_of(tag)).collect();
    match versions.as_slice() {
        [] => Ok(Some(NO_VERSION)),
        [only] => Ok(Some(*only)),
        several => {
            let present = library.asset(caller, id).await?.version;
            Ok(Some(if several.contains(&present) { present } else { NO_VERSION }))
        }
    }
}

/// A version that no asset has: versions begin with 1.
const NO_VERSION: i64 = 0;

/// The day in a tag does not matter to a change.
fn version_of(tag: &str) -> Option<i64> {
    tag.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_its_version_whatever_the_day() {
        assert_eq!(version_of("7.20454"), Some(7));
        assert_eq!(version_of("7"), Some(7));
        assert_eq!(version_of("abc"), None);
        assert_eq!(version_of(""), None);
    }

    #[test]
    fn what_is_kept_may_differ_from_what_is_given() {
        let reply = Reply::new(StatusCode::CREATED, &"secret").unwrap().keeping(&"none").unwrap();
        assert_eq!(reply.kept(), (201, "\"none\""));
        assert_eq!(reply.body, "\"secret\"");
    }
}
