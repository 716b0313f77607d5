//! People with credentials of every kind, and assets of every kind, in one application.

use axum::http::Method;
use backlot_library::accounts::{Credential, NewKey, TOKEN_MS_MIN};
use backlot_library::assets::{AssetPatch, CopyTo, Expected};
use backlot_library::limiter::LimitRule;
use backlot_library::secret::Secret;
use backlot_model::account::{Caller, Organization, Role, Scope, Scopes};
use backlot_model::asset::{Asset, Collection, Visibility};
use backlot_model::{Clock as _, Fault, Id};
use backlot_store::{Fetch as _, args};

use super::oracle::{Act, Asker, EVERYBODY, Outcome, Paper, Place, Thing, Who};
use crate::app::{Call, Part, Person, TestApp};

/// Another visibility, for which no organisation is needed.
const fn other_than(visibility: Visibility) -> Visibility {
    match visibility {
        Visibility::Private => Visibility::Unlisted,
        _ => Visibility::Private,
    }
}

/// How somebody's paper is shown in a request, and to the library.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) asker: Asker,
    pub(super) credential: Credential,
    header: Option<(&'static str, String)>,
    /// A collection of his own; the uploader's for the anonymous.
    pub(super) collection: Id<Collection>,
}

impl Shown {
    pub(super) fn on<'a>(&self, call: Call<'a>) -> Call<'a> {
        match &self.header {
            Some((name, value)) => call.header(name, value),
            None => call,
        }
    }
}

/// An asset, and what the rules know of it.
#[derive(Clone)]
pub(super) struct Prop {
    pub(super) id: Id<Asset>,
    pub(super) thing: Thing,
    /// The tag that it alone has.
    pub(super) tag: String,
}

pub(super) struct Stage {
    pub(super) app: TestApp,
    pub(super) shown: Vec<Shown>,
    pub(super) props: Vec<Prop>,
}

/// Every combination that there can be.
fn things() -> Vec<Thing> {
    use Visibility::{Private, Public, Shared, Unlisted};
    let uploaders = [
        (Private, None),
        (Private, Some(Place::Studio)),
        (Shared, Some(Place::Studio)),
        (Shared, Some(Place::Elsewhere)),
        (Unlisted, None),
        (Unlisted, Some(Place::Studio)),
        (Public, None),
        (Public, Some(Place::Studio)),
    ];
    let superusers = [
        (Private, None),
        (Shared, Some(Place::Studio)),
        (Unlisted, None),
        (Public, None),
        (Public, Some(Place::Studio)),
    ];
    let by = |by: Who| {
        move |(visibility, place): &(Visibility, Option<Place>)| {
            let (visibility, place) = (*visibility, *place);
            [false, true].map(|is_deleted| Thing { by, visibility, place, is_deleted })
        }
    };
    let uploaders = uploaders.iter().flat_map(by(Who::Uploader));
    uploaders.chain(superusers.iter().flat_map(by(Who::Superuser))).collect()
}

impl Stage {
    pub(super) async fn new() -> Self {
        let often = LimitRule::new(10_000, 1_000).unwrap();
        let app = TestApp::with(|config| {
            config.rates.upload = often;
            config.rates.bulk_delete = often;
        })
        .await;
        let names = ["root", "una", "olga", "adam", "mia", "otto", "stan"];
        let mut people = Vec::new();
        for (who, name) in EVERYBODY.into_iter().zip(names) {
            let person = match who {
                Who::Superuser => app.superuser(name).await,
                _ => app.user(name).await,
            };
            people.push((who, person));
        }
        let studio = app.organization("studio", &[]).await;
        let elsewhere = app.organization("elsewhere", &[]).await;
        let id_of = move |place| match place {
            Place::Studio => studio,
            Place::Elsewhere => elsewhere,
        };
        for (who, person) in &people {
            for place in who.places() {
                let role = match who {
                    Who::Owner => Role::Owner,
                    Who::Admin => Role::Admin,
                    _ => Role::Member,
                };
                let accounts = app.library.accounts();
                let platform = Caller::platform();
                accounts.add_member(&platform, id_of(*place), &person.email, role).await.unwrap();
            }
        }
        let mut stage = Self { app, shown: Vec::new(), props: Vec::new() };
        stage.show_papers(&people, &id_of).await;
        stage.make_props(&people, &id_of).await;
        // Now what was made to expire has.
        stage.app.clock.advance_ms(2_000);
        stage
    }

    async fn show_papers(
        &mut self,
        people: &[(Who, Person)],
        id_of: &impl Fn(Place) -> Id<Organization>,
    ) {
        let mut uploaders = None;
        for (who, person) in people {
            let caller = self.app.caller(person).await;
            let made = self.app.library.create_collection(&caller, "own", None).await.unwrap();
            if *who == Who::Uploader {
                uploaders = Some(made.id);
            }
            for paper in who.papers() {
                let credential = self.paper(person, paper, id_of).await;
                let header = Some(header_of(&credential, paper));
                let asker = Asker { who: *who, paper };
                self.shown.push(Shown { asker, credential, header, collection: made.id });
            }
        }
        for paper in Who::Anonymous.papers() {
            let (credential, header) = match paper {
                Paper::PublicToken => {
                    let header = ("authorization", "public-auth-token".to_owned());
                    (Credential::PublicToken, Some(header))
                }
                Paper::Forged => {
                    let forged = Credential::Bearer("a.b.c".to_owned());
                    (forged.clone(), Some(header_of(&forged, paper)))
                }
                _ => (Credential::None, None),
            };
            let asker = Asker { who: Who::Anonymous, paper };
            let collection = uploaders.unwrap();
            self.shown.push(Shown { asker, credential, header, collection });
        }
    }

    /// Makes what somebody shows.
    async fn paper(
        &self,
        person: &Person,
        paper: Paper,
        id_of: &impl Fn(Place) -> Id<Organization>,
    ) -> Credential {
        let (accounts, platform) = (self.app.library.accounts(), Caller::platform());
        let scopes = match paper {
            Paper::ReadOnly => Some(Scopes::READ),
            Paper::WriteOnly => Some(Scopes::of(&[Scope::Write])),
            Paper::AdminOnly => Some(Scopes::of(&[Scope::Admin])),
            _ => None,
        };
        let organization_id = match paper {
            Paper::BoundTo(place) => Some(id_of(place)),
            _ => None,
        };
        let soon = self.app.clock.now_ms() + 1_000;
        let expires_at = (paper == Paper::Expired).then_some(soon);
        let new = NewKey { name: "test".to_owned(), scopes, expires_at, organization_id };
        match paper {
            Paper::Session | Paper::LongToken => {
                let password = Secret::new(person.password);
                let session = accounts.login(&person.email, password, None).await.unwrap();
                let token = session.access_token.expose().to_owned();
                if paper == Paper::Session {
                    return Credential::Bearer(token);
                }
                let caller = accounts.authenticate(Credential::Bearer(token)).await.unwrap();
                let issued = accounts.issue_token(&caller, TOKEN_MS_MIN).await.unwrap();
                Credential::Bearer(issued.token.expose().to_owned())
            }
            _ => {
                let made = accounts.create_key(&platform, person.id, new).await.unwrap();
                if paper == Paper::Revoked {
                    accounts.revoke_key(&platform, made.key.id).await.unwrap();
                }
                let token = made.token.expose().to_owned();
                match paper {
                    Paper::KeyInHeader => Credential::ApiKey(token),
                    Paper::KeyAsBasic => Credential::Basic {
                        user: made.key.id.to_string(),
                        password: made.secret.expose().to_owned(),
                    },
                    _ => Credential::Bearer(token),
                }
            }
        }
    }

    async fn make_props(
        &mut self,
        people: &[(Who, Person)],
        id_of: &impl Fn(Place) -> Id<Organization>,
    ) {
        let picture = crate::operate::picture(1);
        for (number, thing) in things().into_iter().enumerate() {
            let (_, person) = people.iter().find(|(who, _)| *who == thing.by).unwrap();
            let tag = format!("tag-{number}");
            let organization = thing.place.map(|place| id_of(place).to_string());
            let mut form = vec![
                Part::file("file", "a.jpg", &picture),
                Part::text("tags", &tag),
                Part::text("visibility", thing.visibility.word()),
            ];
            form.extend(organization.as_deref().map(|id| Part::text("organization_id", id)));
            let made = self.app.post("/api/v1/assets").by(person).form(&form).answers(201).await;
            let id = Id::parse(made["id"].as_str().unwrap()).unwrap();
            // Where none is named, it is the credential's.
            if thing.place.is_none() && !made["organization_id"].is_null() {
                let patch = AssetPatch { organization_id: Some(None), ..AssetPatch::default() };
                let platform = Caller::platform();
                self.app
                    .library
                    .change_asset(&platform, id, &Expected::default(), patch)
                    .await
                    .unwrap();
            }
            self.props.push(Prop { id, thing, tag });
        }
        self.app.work().await;
        for prop in self.props.iter().filter(|prop| prop.thing.is_deleted) {
            let platform = Caller::platform();
            self.app.library.delete_asset(&platform, prop.id, &Expected::default()).await.unwrap();
        }
    }

    /// Does `act` to `prop` through the library.
    pub(super) async fn act(
        &self,
        act: Act,
        caller: &Caller,
        shown: &Shown,
        prop: &Prop,
    ) -> Result<(), Fault> {
        let (library, id) = (&self.app.library, prop.id);
        match act {
            Act::See => library.asset(caller, id).await.map(drop),
            Act::Copy => library.copy_asset(caller, id, CopyTo::Private).await.map(drop),
            Act::Collect => {
                library.add_to_collection(caller, shown.collection, &[id]).await.map(drop)
            }
            Act::Change => {
                let name = Some(format!("name {}", self.app.clock.now_ms()));
                let patch = AssetPatch { name, ..AssetPatch::default() };
                library.change_asset(caller, id, &Expected::default(), patch).await.map(drop)
            }
            Act::SetVisibility => {
                let visibility = Some(other_than(prop.thing.visibility));
                let patch = AssetPatch { visibility, ..AssetPatch::default() };
                library.change_asset(caller, id, &Expected::default(), patch).await.map(drop)
            }
            Act::Delete => library.delete_asset(caller, id, &Expected::default()).await.map(drop),
            Act::Restore => library.restore_asset(caller, id).await.map(drop),
        }
    }

    /// The call of the native API that does `act` to `prop`.
    pub(super) fn call(&self, act: Act, shown: &Shown, prop: &Prop) -> Call<'_> {
        use serde_json::json;
        let (app, path) = (&self.app, format!("/api/v1/assets/{}", prop.id));
        let call = match act {
            Act::See => app.get(&path),
            Act::Copy => app.post(&format!("{path}/copy")),
            Act::Collect => {
                let members = format!("/api/v1/collections/{}/assets", shown.collection);
                app.put(&members).json(&json!({ "asset_ids": [prop.id.to_string()] }))
            }
            Act::Change => {
                let name = format!("name {}", app.clock.now_ms());
                app.patch(&path).json(&json!({ "name": name }))
            }
            Act::SetVisibility => {
                let visibility = other_than(prop.thing.visibility).word();
                let body = json!({ "visibility": visibility });
                app.call(Method::PUT, &format!("{path}/visibility")).json(&body)
            }
            Act::Delete => app.delete(&path),
            Act::Restore => app.post(&format!("{path}/restore")),
        };
        shown.on(call)
    }

    /// Makes `prop` again what it was before `act` was done.
    pub(super) async fn undo(&self, act: Act, prop: &Prop) {
        let (library, platform) = (&self.app.library, Caller::platform());
        match act {
            Act::SetVisibility => {
                let visibility = Some(prop.thing.visibility);
                let patch = AssetPatch { visibility, ..AssetPatch::default() };
                library
                    .change_asset(&platform, prop.id, &Expected::default(), patch)
                    .await
                    .unwrap();
            }
            Act::Delete => drop(library.restore_asset(&platform, prop.id).await.unwrap()),
            Act::Restore => {
                drop(library.delete_asset(&platform, prop.id, &Expected::default()).await.unwrap())
            }
            Act::See | Act::Copy | Act::Collect | Act::Change => {}
        }
    }

    /// The rows that an operation could change, to see that a refusal changed none.
    pub(super) async fn rows(&self) -> Vec<String> {
        let sql = "SELECT id || ' ' || version || ' ' || visibility || ' ' || name || ' ' || \
                       COALESCE(deleted_at, '') AS line FROM asset WHERE parent_id IS NULL \
                   UNION ALL SELECT 'assets ' || count(*) FROM asset \
                   UNION ALL SELECT collection_id || asset_id FROM collection_member \
                   UNION ALL SELECT 'events ' || count(*) FROM event ORDER BY 1";
        self.app.db.fetch(sql, args![], |row| row.get(0)).await.unwrap()
    }
}

fn header_of(credential: &Credential, paper: Paper) -> (&'static str, String) {
    use base64::Engine as _;
    match credential {
        Credential::ApiKey(token) => ("x-api-key", token.clone()),
        Credential::Basic { user, password } => {
            let pair =
                base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            ("authorization", format!("Basic {pair}"))
        }
        Credential::Bearer(token) => ("authorization", format!("Bearer {token}")),
        Credential::None | Credential::PublicToken => unreachable!("{paper:?} has a token"),
    }
}

/// What the library's answer amounts to.
pub(super) fn outcome_of(result: &Result<(), Fault>) -> Outcome {
    let Err(fault) = result else { return Outcome::Done };
    match fault.code {
        "not-deleted" => Outcome::NotDeleted,
        "asset-not-found" => Outcome::Unknown,
        "forbidden" => Outcome::Forbidden,
        "insufficient-scope" => Outcome::NeedsScope,
        "no-credentials" => Outcome::NeedsCredential,
        "bad-credentials" | "expired" => Outcome::BadCredential,
        _ => panic!("{fault:?}"),
    }
}
