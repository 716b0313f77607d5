//! What every handler works with: the library, and the address under which clients see us.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use backlot_library::Library;
use backlot_library::accounts::Credential as Proof;
use backlot_library::delivery::Picture;
use backlot_library::temp_files::TempFile;
use backlot_library::uploads::{Upload, UploadPart, UploadPlace};
use backlot_model::account;
use backlot_model::asset::Asset;
use backlot_model::{Fault, Id, Kind};

use crate::edge::credential::{Authenticate, Caller, Credential};
use crate::edge::dialect::Refusal;
use crate::edge::request::RequestContext;
use crate::streams::Streams;

/// The state of all routers.
#[derive(Clone)]
pub struct App {
    library: Library,
    public_url: Option<std::sync::Arc<str>>,
    streams: Streams,
}

/// Who asks, as handlers take it.
pub type Asking = Caller<account::Caller>;

impl App {
    /// `public_url` is how clients reach us (`https://assets.example.com`, without a slash at the
    /// end); without one, addresses follow the `Host` of each request.
    #[must_use]
    pub fn new(library: Library, public_url: Option<&str>) -> Self {
        let public_url = public_url.map(|url| url.trim_end_matches('/').into());
        Self { library, public_url, streams: Streams::default() }
    }

    /// The open streams of events.
    #[must_use]
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// The operations.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.library
    }
}

/// Who asks: a user with a good credential. Refuses the anonymous before a body is read.
#[derive(Debug)]
pub struct SignedIn(pub account::Caller);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Caller(caller) = Asking::from_request_parts(parts, app).await?;
        if caller.member().is_none() {
            let fault = Fault::new(Kind::Unauthenticated, "no-credentials", "not authenticated");
            return Err(Refusal(fault));
        }
        Ok(Self(caller))
    }
}

impl Authenticate for App {
    type Caller = account::Caller;

    async fn authenticate(
        &self,
        credential: Credential,
        context: &RequestContext,
    ) -> Result<account::Caller, Fault> {
        let proof = match credential {
            Credential::None => Proof::None,
            Credential::PublicToken => Proof::PublicToken,
            Credential::Bearer(token) => Proof::Bearer(token),
            Credential::ApiKey(token) => Proof::ApiKey(token),
            Credential::Basic { user, password } => Proof::Basic { user, password },
        };
        let caller = self.library.accounts().authenticate(proof).await?;
        context.note_caller(caller.subject());
        Ok(caller)
    }
}

/// Makes absolute addresses for one request.
#[derive(Clone)]
pub struct Links {
    library: Library,
    base: std::sync::Arc<str>,
}

impl Links {
    /// The address of `path`, which begins with a slash.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The signed address of a picture, where there is one.
    #[must_use]
    pub fn picture(&self, asset: &Asset, picture: Picture) -> Option<String> {
        self.library.picture_path(asset, picture).map(|path| self.to(&path))
    }

    /// The asset that `url` names when it is an address of ours, whatever its query. It is never
    /// fetched: the library resolves it under the caller's authority.
    #[must_use]
    pub fn asset_at(&self, url: &str) -> Option<Id<Asset>> {
        Library::asset_named_by(url.strip_prefix(&*self.base)?)
    }

    /// The signed address of an asset's bytes, even if they will never come.
    #[must_use]
    pub fn original(&self, asset: &Asset) -> String {
        self.to(&self.library.original_path(asset))
    }

    /// The signed addresses of a place to upload to: where the bytes go, and where they will be.
    #[must_use]
    pub fn upload(&self, place: &UploadPlace) -> (String, String) {
        let (to, from) = (self.library.upload_path(place), self.library.promised_path(place));
        (self.to(&to), self.to(&from))
    }

    /// The signed address that a part of an upload is to be sent to.
    #[must_use]
    pub fn part(&self, upload: Id<Upload>, part: &UploadPart) -> String {
        self.to(&self.library.part_path(upload, part))
    }

    /// The signed address of a temporary file.
    #[must_use]
    pub fn temp_file(&self, file: &TempFile) -> String {
        self.to(&self.library.temp_file_path(file))
    }
}

impl FromRequestParts<App> for Links {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let base = match &app.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}", host(parts)).into(),
        };
        Ok(Self { library: app.library.clone(), base })
    }
}

/// The host as the client wrote it, if it is one; it stands in answers to that client only.
fn host(parts: &Parts) -> &str {
    let sent = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let fits = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b':' | b'[' | b']');
    sent.or(parts.uri.authority().map(|authority| authority.as_str()))
        .filter(|host| !host.is_empty() && host.len() <= 255 && host.bytes().all(fits))
        .unwrap_or("localhost")
}
