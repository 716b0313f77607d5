//! Turns the table's verdict into an answer. The only place in which authority over assets is
//! decided; every operation passes through [`allow`].

use backlot_model::account::{Caller, Member, Organization, Scope};
use backlot_model::asset::Asset;
use backlot_model::policy::{Operation, Standing, Verdict, verdict};
use backlot_model::{Fault, Id, Kind};
use backlot_store::accounts::organizations;

use crate::Library;

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
