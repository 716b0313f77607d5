//! A whole application in this process: every router, a real database file, real blobs, and a
//! clock that stands until it is moved. Jobs run when a test says so.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use backlot_http::app::App;
use backlot_http::edge::intake::reader::Pace;
use backlot_http::edge::observe::Observer;
use backlot_http::edge::place::Place;
use backlot_http::edge::shell::{Origins, wrap};
use backlot_http::router::router;
use backlot_library::accounts::{
    Accounts, AccountsConfig, AccountsParts, Credential, NewKey, NewUser,
};
use backlot_library::context::Parts;
use backlot_library::limiter::Limiter;
use backlot_library::secret::password::PasswordCost;
use backlot_library::secret::{Random, Secret, SeededRandom};
use backlot_library::{Library, LibraryConfig};
use backlot_model::account::{Caller, Organization, Role, Scopes, User};
use backlot_model::{Clock, HandClock, Id, Ids};
use backlot_store::testing::{TestBlobs, TestDb};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

/// Where the application stands, as clients see it.
pub(crate) const BASE: &str = "http://backlot.test";
/// A cat, 451 × 300.
pub(crate) const CAT: &[u8] = include_bytes!("../../../../fixtures/pictures/chelsea.png");
/// A cup of coffee, 600 × 400.
pub(crate) const COFFEE: &[u8] = include_bytes!("../../../../fixtures/pictures/coffee.png");

/// The application.
pub(crate) struct TestApp {
    pub(crate) library: Library,
    pub(crate) clock: HandClock,
    router: Router,
    pub(crate) db: TestDb,
    pub(crate) blobs: TestBlobs,
}

/// A user and his ways to sign in.
pub(crate) struct Person {
    pub(crate) id: Id<User>,
    pub(crate) email: String,
    pub(crate) password: &'static str,
    /// An API key that may do all that he may.
    pub(crate) key: String,
    /// The same key's id and secret.
    pub(crate) key_pair: (String, String),
}

impl TestApp {
    /// As it comes.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut LibraryConfig)) -> Self {
        Self::standing(change, &[], Some(BASE), Origins::None).await
    }

    /// With dialects at other places, another public URL, and origins whose scripts may call.
    pub(crate) async fn standing(
        change: impl FnOnce(&mut LibraryConfig),
        places: &[(&str, &str)],
        public_url: Option<&str>,
        origins: Origins,
    ) -> Self {
        let mut config = LibraryConfig { detect_faces: false, ..LibraryConfig::default() };
        change(&mut config);
        let db = backlot_store::testing::sqlite().await;
        let blobs = backlot_store::testing::disk().await;
        let clock = HandClock::default();
        let random: Arc<dyn Random> = Arc::new(SeededRandom::new(7));
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = Arc::new(Ids::new(Arc::clone(&time)));
        let observer =
            Observer { ids: Arc::clone(&ids), pace: Pace::default(), trust_forwarded: false };
        let limiter = Arc::new(Limiter::new(Arc::clone(&time), config.rates));
        let accounts_parts = AccountsParts {
            db: db.clone(),
            clock: Arc::clone(&time),
            ids: Arc::clone(&ids),
            random: Arc::clone(&random),
            limiter: Arc::clone(&limiter),
        };
        let accounts_config =
            AccountsConfig { password_cost: PasswordCost::CHEAP, ..AccountsConfig::default() };
        let accounts = Accounts::open(accounts_parts, accounts_config).await.unwrap();
        let library = Library::new(Parts {
            db: db.clone(),
            blobs: blobs.clone(),
            clock: time,
            random,
            ids,
            limiter,
            accounts,
            config,
            detectors: Vec::new(),
        })
        .unwrap();
        let app = App::new(library.clone(), public_url);
        let place_of = |name: &str| {
            let (_, place) = places.iter().find(|(known, _)| *known == name)?;
            Some(Place::parse(place).unwrap())
        };
        let router = wrap(router(&app, place_of, Router::new()).unwrap(), observer, origins);
        Self { library, clock, router, db, blobs }
    }

    /// A new user of this name.
    pub(crate) async fn user(&self, username: &str) -> Person {
        self.new_user(username, false).await
    }

    /// A new user of this name who acts for the platform.
    pub(crate) async fn superuser(&self, username: &str) -> Person {
        self.new_user(username, true).await
    }

    async fn new_user(&self, username: &str, is_superuser: bool) -> Person {
        let password = "correct horse battery staple";
        let new = NewUser {
            email: format!("{username}@example.com"),
            username: Some(username.to_owned()),
            name: None,
            password: Some(Secret::new(password)),
            is_superuser,
        };
        let user = self.library.accounts().create_user(&Caller::platform(), new).await.unwrap();
        let (key, key_pair) = self.key(user.id, None).await;
        Person { id: user.id, email: user.email, password, key, key_pair }
    }

    /// A new key of a user's, as a token and as a pair.
    pub(crate) async fn key(
        &self,
        user: Id<User>,
        scopes: Option<Scopes>,
    ) -> (String, (String, String)) {
        let name = "test".to_owned();
        let new = NewKey { name, scopes, expires_at: None, organization_id: None };
        let made = self.library.accounts().create_key(&Caller::platform(), user, new).await;
        let made = made.unwrap();
        let secret = made.secret.expose().to_owned();
        (made.token.expose().to_owned(), (made.key.id.to_string(), secret))
    }

    /// A new organisation with these members.
    pub(crate) async fn organization(&self, name: &str, members: &[&Person]) -> Id<Organization> {
        let (accounts, platform) = (self.library.accounts(), Caller::platform());
        let made = accounts.create_organization(&platform, name).await.unwrap();
        for person in members {
            let added = accounts.add_member(&platform, made.id, &person.email, Role::Member);
            added.await.unwrap();
        }
        made.id
    }

    /// The user as the library knows him.
    pub(crate) async fn caller(&self, person: &Person) -> Caller {
        let credential = Credential::ApiKey(person.key.clone());
        self.library.accounts().authenticate(credential).await.unwrap()
    }

    /// Runs all jobs that are due.
    pub(crate) async fn work(&self) {
        self.library.run_due_jobs().await.unwrap();
    }

    /// Begins a call; `target` is a path, or an address that the application gave out.
    pub(crate) fn call(&self, method: Method, target: &str) -> Call<'_> {
        let path = target.strip_prefix(BASE).unwrap_or(target);
        let request = Request::builder().method(method).uri(path);
        Call { app: self, host: "backlot.test", request, body: Body::empty() }
    }

    pub(crate) fn get(&self, target: &str) -> Call<'_> {
        self.call(Method::GET, target)
    }

    pub(crate) fn post(&self, target: &str) -> Call<'_> {
        self.call(Method::POST, target)
    }

    pub(crate) fn put(&self, target: &str) -> Call<'_> {
        self.call(Method::PUT, target)
    }

    pub(crate) fn patch(&self, target: &str) -> Call<'_> {
        self.call(Method::PATCH, target)
    }

    pub(crate) fn delete(&self, target: &str) -> Call<'_> {
        self.call(Method::DELETE, target)
    }
}

/// A call that is being put together.
pub(crate) struct Call<'a> {
    app: &'a TestApp,
    host: &'static str,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    /// To this host, in place of `backlot.test`.
    pub(crate) fn on(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    /// With this person's key.
    pub(crate) fn by(self, person: &Person) -> Self {
        self.bearer(&person.key)
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let pair = format!("{user}:{password}");
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        self.header("authorization", &format!("Basic {encoded}"))
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string())
    }

    pub(crate) fn bytes(mut self, content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        self.request = self.request.header(header::CONTENT_LENGTH, bytes.len());
        self.body = Body::from(bytes);
        self.header("content-type", content_type)
    }

    /// As `multipart/form-data`.
    pub(crate) fn form(self, parts: &[Part<'_>]) -> Self {
        let mut body = Vec::new();
        for Part { name, filename, bytes } in parts {
            let filename =
                filename.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
            let head = format!("form-data; name=\"{name}\"{filename}\r\n\r\n");
            body.extend_from_slice(b"--boundary\r\nContent-Disposition: ");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--boundary--\r\n");
        self.bytes("multipart/form-data; boundary=boundary", body)
    }

    /// Sends it; the answer's body is still to come.
    pub(crate) async fn begin(self) -> Response {
        let request = self.request.header(header::HOST, self.host).body(self.body).unwrap();
        self.app.router.clone().oneshot(request).await.unwrap()
    }

    /// Sends it and reads the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let (parts, body) = self.begin().await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    /// Sends it, sees that it is answered with `status`, and reads the JSON.
    pub(crate) async fn answers(self, status: u16) -> Value {
        self.send().await.expect(status)
    }
}

/// A part of a form.
pub(crate) struct Part<'p> {
    pub(crate) name: &'p str,
    pub(crate) filename: Option<&'p str>,
    pub(crate) bytes: &'p [u8],
}

impl<'p> Part<'p> {
    pub(crate) fn file(name: &'p str, filename: &'p str, bytes: &'p [u8]) -> Self {
        Self { name, filename: Some(filename), bytes }
    }

    pub(crate) fn text(name: &'p str, text: &'p str) -> Self {
        Self { name, filename: None, bytes: text.as_bytes() }
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let content_type = self.header("content-type");
        assert_eq!(content_type, Some("application/json"), "{:?}", self.bytes);
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status.as_u16(), status, "{text}");
        if self.bytes.is_empty() { Value::Null } else { self.json() }
    }
}
