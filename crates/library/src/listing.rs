//! Listing: whose assets a caller may list, and the one call that lists them.

use backlot_model::account::{Caller, Member, Organization, Scope, User};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::query::{AssetQuery, Branch, Filter, Order, Page, Reach, ScopeKey, Window};
use backlot_model::{Fault, Id};
use backlot_store::accounts::users;
use backlot_store::assets;

use crate::Library;
use crate::authority::{member, needs_scope};

/// Which part of what a caller can list; the parts are disjoint and make up the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// His own that nobody else lists: private and unlisted.
    Mine,
    /// What is shared with his organisations, by himself or teammates, and what he made public.
    Shared,
    /// What the platform provides to everyone.
    Default,
}

/// Whose listing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// What the caller can list, or one part of it.
    Own(Option<Ownership>),
    /// Whatever the caller himself uploaded.
    Uploads,
    /// The active organisation's, with his own private ones; without one, his own.
    ActiveOrganization,
    /// Everything public of everybody; needs no credential.
    Public,
    /// Everything there is; for superusers, for whom others get [`Within::Own`].
    Everything,
}

impl Within {
    /// A part of what the caller has; without one all that he can list: for superusers everything,
    /// for others their own.
    #[must_use]
    pub fn part(ownership: Option<Ownership>) -> Self {
        ownership.map_or(Self::Everything, |part| Self::Own(Some(part)))
    }
}

/// What is asked of a listing, still without authority.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// Whose listing.
    pub within: Within,
    /// Which assets.
    pub filter: Filter,
    /// Only those uploaded by the user of this name.
    pub uploader_name: Option<String>,
    /// In which order.
    pub order: Order,
    /// Which part.
    pub window: Window,
    /// Whether the exact total is wanted.
    pub count: bool,
}

impl Library {
    /// One page of what the caller may list.
    ///
    /// # Errors
    /// `no-credentials` but for public listings, `insufficient-scope`; database faults.
    pub async fn list(&self, caller: &Caller, request: ListRequest) -> Result<Page<Asset>, Fault> {
        let reach = self.reach_within(caller, request.within)?;
        let nothing = || Page { items: Vec::new(), total: Some(0), next: None };
        let Some(mut filter) = self.in_sight(caller, request.filter).await? else {
            return Ok(nothing());
        };
        if let Some(name) = &request.uploader_name {
            match self.accounts().user_id_of(name).await? {
                Some(id) => filter.uploader_id = Some(id),
                None => return Ok(nothing()),
            }
        }
        if filter.deleted && !restores_everything(caller) {
            // What is deleted is there only for who may bring it back.
            let own = caller.member().map(|member| member.user_id);
            if own.is_none() || filter.uploader_id.is_some_and(|id| Some(id) != own) {
                return Ok(nothing());
            }
            filter.uploader_id = own;
        }
        let ListRequest { order, window, count, .. } = request;
        let query = AssetQuery { reach, filter, order, window, count };
        Ok(assets::list(self.db(), &query).await?)
    }

    /// `filter`, narrowed to the assets of an author: a user's id, in any dress, stands for what he
    /// uploaded, anything else is the label that an asset was registered with.
    ///
    /// # Errors
    /// Database faults.
    pub async fn by_author(&self, author: &str, filter: Filter) -> Result<Filter, Fault> {
        let user = match Id::parse(author) {
            Some(id) => users::get(self.db(), id).await?,
            None => None,
        };
        Ok(match user {
            Some(user) => Filter { uploader_id: Some(user.id), ..filter },
            None => Filter { author_id: Some(author.to_owned()), ..filter },
        })
    }

    pub(crate) fn reach(
        &self,
        caller: &Caller,
        ownership: Option<Ownership>,
    ) -> Result<Reach, Fault> {
        self.reach_within(caller, Within::part(ownership))
    }

    pub(crate) fn reach_within(&self, caller: &Caller, within: Within) -> Result<Reach, Fault> {
        if within == Within::Public {
            return match caller.member() {
                Some(it) if !it.scopes.has(Scope::Read) => Err(needs_scope(Scope::Read)),
                _ => Ok(Reach::Public),
            };
        }
        let member = member(caller, Scope::Read)?;
        Ok(match within {
            Within::Everything if lists_everything(member) => Reach::Everything,
            Within::Own(ownership) => own(member, ownership),
            Within::Everything => own(member, None),
            Within::Uploads => Reach::Uploader(member.user_id),
            Within::ActiveOrganization => active(member),
            Within::Public => Reach::Public,
        })
    }
}

/// A superuser, but for one whose credential is bound to an organisation.
pub(crate) fn lists_everything(member: &Member) -> bool {
    member.is_superuser && member.bounds.organization_id.is_none()
}

fn restores_everything(caller: &Caller) -> bool {
    caller.member().is_some_and(lists_everything)
}

/// The organisations that he lists: his own, and for a superuser the one that he acts for.
pub(crate) fn organizations(member: &Member) -> impl Iterator<Item = Id<Organization>> {
    let bound = member.bounds.organization_id.filter(|_| member.is_superuser);
    let own = member.organizations.iter().map(|(id, _)| *id);
    own.filter(move |id| Some(*id) != bound).chain(bound)
}

fn own(member: &Member, ownership: Option<Ownership>) -> Reach {
    let teams = || organizations(member).map(team);
    let branches = match ownership {
        None => [alone(member.user_id, &[]), platform()].into_iter().chain(teams()).collect(),
        Some(Ownership::Mine) => {
            vec![alone(member.user_id, &[Visibility::Private, Visibility::Unlisted])]
        }
        Some(Ownership::Shared) => {
            let made_public = alone(member.user_id, &[Visibility::Public]);
            std::iter::once(made_public).chain(teams()).collect()
        }
        Some(Ownership::Default) => vec![platform()],
    };
    Reach::Branches(branches)
}

fn active(member: &Member) -> Reach {
    let own = std::iter::once(alone(member.user_id, &[]));
    Reach::Branches(own.chain(member.active_organization.map(team)).collect())
}

fn alone(user: Id<User>, visibility: &[Visibility]) -> Branch {
    Branch { scope: ScopeKey::User(user), visibility: visibility.to_vec() }
}

fn team(organization: Id<Organization>) -> Branch {
    Branch { scope: ScopeKey::Organization(organization), visibility: Vec::new() }
}

fn platform() -> Branch {
    Branch { scope: ScopeKey::Platform, visibility: Vec::new() }
}
