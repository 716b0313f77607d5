//! Turns the tables' verdicts into answers. The only place in which authority over assets and over
//! what else is somebody's is decided; every operation passes through [`allow`] or [`allow_owned`].

use backlot_model::account::{Caller, Member, Organization, Scope, User};
use backlot_model::asset::Asset;
use backlot_model::limits::NAME_CHARS_MAX;
use backlot_model::policy::owned::{Owned, OwnedOperation, OwnedStanding, owned_verdict};
use backlot_model::policy::{Operation, Standing, Verdict, verdict};
use backlot_model::{Fault, Id, Kind};
use backlot_store::accounts::organizations;

use crate::Library;
use crate::assets::text;

/// Whether `caller` may do `operation` to `asset`, which is there.
///
/// # Errors
/// `asset-not-found` when he may not even see it, else `forbidden`, `insufficient-scope` or
/// `no-credentials`.
pub(crate) fn allow(caller: &Caller, operation: Operation, asset: &Asset) -> Result<(), Fault> {
    let scopes = caller.member().map_or(backlot_model::account::Scopes::NONE, |it| it.scopes);
    match verdict(operation, Standing::of(caller, asset), asset.visibility, scopes) {
        Verdict::Allowed => Ok(()),
        Verdict::Hidden => Err(asset_not_found()),
        Verdict::Forbidden => Err(Fault::new(
            Kind::Forbidden,
            "forbidden",
            "only the uploader of this asset may do this",
        )),
        Verdict::NeedsScope(scope) => Err(needs_scope(scope)),
        Verdict::NeedsCredential => Err(needs_credential()),
    }
}

/// Whether `caller`, whose credential has the scope, may do `operation` to a `thing` that `owner`
/// made, for `organization` if that is given.
///
/// # Errors
/// `<thing>-not-found` when he may not even see it, else `forbidden`.
pub(crate) fn allow_owned(
    caller: &Caller,
    operation: OwnedOperation,
    thing: Owned,
    (owner, organization): (Id<User>, Option<Id<Organization>>),
) -> Result<(), Fault> {
    let standing = OwnedStanding::of(caller, owner, organization);
    match owned_verdict(thing, operation, standing) {
        Verdict::Allowed => Ok(()),
        Verdict::Hidden => Err(owned_not_found(thing)),
        Verdict::Forbidden => {
            let said = format!("only who made this {thing} may do this");
            Err(Fault::new(Kind::Forbidden, "forbidden", said))
        }
        Verdict::NeedsScope(scope) => Err(needs_scope(scope)),
        Verdict::NeedsCredential => Err(needs_credential()),
    }
}

/// The answer to an id that names no such thing for this caller; the same for all reasons.
pub(crate) fn owned_not_found(thing: Owned) -> Fault {
    let code = match thing {
        Owned::Collection => "collection-not-found",
        Owned::Person => "person-not-found",
        Owned::Upload => "upload-not-found",
        Owned::Task => "task-not-found",
    };
    Fault::new(Kind::NotFound, code, format!("{thing} not found"))
}

/// A name that a thing cannot be without.
///
/// # Errors
/// `invalid` at `body.name`.
pub(crate) fn required_name(raw: &str) -> Result<String, Fault> {
    let checked = text("name", raw, NAME_CHARS_MAX);
    let name = checked.map_err(|it| Fault::invalid_fields(vec![it]))?;
    name.ok_or_else(|| Fault::invalid("body.name", "missing", "must not be empty"))
}

/// The user behind `caller`, when his credential allows `scope`.
///
/// # Errors
/// `no-credentials` for the anonymous, `insufficient-scope` otherwise.
pub(crate) fn member(caller: &Caller, scope: Scope) -> Result<&Member, Fault> {
    let member = caller.member().ok_or_else(needs_credential)?;
    if member.scopes.has(scope) { Ok(member) } else { Err(needs_scope(scope)) }
}

impl Library {
    /// Refuses an organisation that `member` is not in; of superusers, only one that is not there.
    ///
    /// # Errors
    /// `invalid` at `body.organization_id`, the same for both reasons.
    pub(crate) async fn refuse_foreign_organization(
        &self,
        member: &Member,
        id: Id<Organization>,
    ) -> Result<(), Fault> {
        let is_his = member.role_in(id).is_some();
        let may = member.is_superuser_over(Some(id));
        if is_his || may && organizations::get(self.db(), id).await?.is_some() {
            return Ok(());
        }
        let said = "there is no such organisation, or you are not a member of it";
        Err(Fault::invalid("body.organization_id", "reference", said))
    }
}

/// The answer to an id that names nothing for this caller; the same for all reasons.
pub(crate) fn asset_not_found() -> Fault {
    Fault::new(Kind::NotFound, "asset-not-found", "asset not found")
}

pub(crate) fn needs_credential() -> Fault {
    Fault::new(Kind::Unauthenticated, "no-credentials", "not authenticated")
}

pub(crate) fn needs_scope(scope: Scope) -> Fault {
    Fault::new(
        Kind::Forbidden,
        "insufficient-scope",
        format!("this credential does not have the scope `{scope}`"),
    )
}
