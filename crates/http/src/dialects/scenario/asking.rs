//! Who asks, and for which project.
//!
//! Owns: `projectId` and `teamId`, which may stand in the query of every call and name the
//! organisation that the caller acts for; `originalAssets`, which is checked and needs nothing
//! more, since addresses are always those of the originals.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use backlot_model::account::{Caller, Organization};
use backlot_model::{Fault, Id, Kind};

use crate::app::{App, Asking as Anybody, SignedIn};
use crate::edge::credential::Credential;
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Fields, Query};

/// A signed-in caller who acts for a project.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) caller: Caller,
    /// The project that was named; none acts for the credential's own.
    pub(super) project: Option<Id<Organization>>,
    pub(super) query: Fields,
}

impl Asking {
    fn of(caller: Caller, query: Fields) -> Result<Self, Fault> {
        let mut checks = Checks::default();
        checks.take(query.flag("originalAssets"));
        let named = match checks.take(query.one("projectId")) {
            Some(raw) => Some(raw),
            None => checks.take(query.one("teamId")),
        };
        checks.done()?;
        let Some(raw) = named else { return Ok(Self { caller, project: None, query }) };
        let (caller, project) = acting(caller, raw)?;
        Ok(Self { caller, project, query })
    }
}

/// The caller as he acts for the project of this id. A user's own id, which is the owner of what
/// is in no project, stands for none.
fn acting(caller: Caller, raw: &str) -> Result<(Caller, Option<Id<Organization>>), Fault> {
    let Caller::User(mut member) = caller else { return Ok((caller, None)) };
    if Id::parse(raw) == Some(member.user_id) && member.bounds.organization_id.is_none() {
        member.active_organization = None;
        return Ok((Caller::User(member), None));
    }
    let project = Id::parse(raw).filter(|id| member.role_in(*id).is_some());
    let project = project.ok_or_else(project_not_found)?;
    member.active_organization = Some(project);
    Ok((Caller::User(member), Some(project)))
}

impl FromRequestParts<App> for Asking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let SignedIn(caller) = SignedIn::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Ok(Self::of(caller, query)?)
    }
}

/// The same, or who shows the public token and sees what is public.
#[derive(Debug)]
pub(super) struct Visiting(pub(super) Asking);

impl FromRequestParts<App> for Visiting {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        if Credential::find(&parts.headers)? != Credential::PublicToken {
            return Asking::from_request_parts(parts, app).await.map(Self);
        }
        let Anybody { 0: caller } = Anybody::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Ok(Self(Asking::of(caller, query)?))
    }
}

/// Anybody, with a credential or without.
#[derive(Debug)]
pub(super) struct Passing(pub(super) Asking);

impl FromRequestParts<App> for Passing {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Anybody { 0: caller } = Anybody::from_request_parts(parts, app).await?;
        let Query(query) = Query::from_request_parts(parts, app).await?;
        Ok(Self(Asking::of(caller, query)?))
    }
}

pub(super) fn project_not_found() -> Fault {
    Fault::new(Kind::NotFound, "organization-not-found", "project not found")
}
