//! Every operation × who asks × what his credential allows × what it is bound to, held against
//! the table.

use backlot_model::account::{ApiKey, Bounds, Scope};
use backlot_model::policy::Verdict;
use backlot_model::policy::account::{AccountOperation as Do, AccountStanding, account_verdict};
use backlot_store::Fetch;
use backlot_store::args;

use super::super::{KeyChange, Token, TokenList, UserList, UserUpdate, Whose};
use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Superuser,
    Ada,
    Owner,
    Admin,
    Member,
    Stranger,
    Anonymous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BoundTo {
    Nothing,
    Studio,
    Elsewhere,
}

const WHO: [Who; 7] =
    [Who::Superuser, Who::Ada, Who::Owner, Who::Admin, Who::Member, Who::Stranger, Who::Anonymous];
const BOUND_TO: [BoundTo; 3] = [BoundTo::Nothing, BoundTo::Studio, BoundTo::Elsewhere];

/// What everything is done to: Ada, her key and token, and the organisation `studio`.
struct Stage {
    world: World,
    users: Vec<(Who, User)>,
    ada: User,
    other: User,
    adas_key: ApiKey,
    adas_token: Id<Token>,
    studio: Organization,
    elsewhere: Organization,
}

impl Stage {
    async fn new() -> Self {
        let world = World::new().await;
        let root = world.superuser("root").await;
        let ada = world.user("ada").await;
        let (owner, admin) = (world.user("owner").await, world.user("admin").await);
        let (plain, stranger) = (world.user("member").await, world.user("stranger").await);
        let (second, other) = (world.user("second").await, world.user("other").await);
        let studio = world.organization("studio", &owner).await;
        let elsewhere = world.organization("elsewhere", &second).await;
        world.join(&studio, &second, Role::Owner).await;
        world.join(&studio, &admin, Role::Admin).await;
        world.join(&studio, &plain, Role::Member).await;
        world.join(&studio, &ada, Role::Member).await;
        world.join(&elsewhere, &ada, Role::Member).await;
        let session = world.session(&ada).await;
        let adas_key = world.key(&session, new_key(Scopes::ALL)).await.key;
        let adas_token = world.accounts.issue_token(&session, super::super::TOKEN_MS_MIN).await;
        let adas_token = adas_token.unwrap().id;
        let users = vec![
            (Who::Superuser, root),
            (Who::Ada, ada.clone()),
            (Who::Owner, owner),
            (Who::Admin, admin),
            (Who::Member, plain),
            (Who::Stranger, stranger),
        ];
        Self { world, users, ada, other, adas_key, adas_token, studio, elsewhere }
    }

    fn caller(&self, who: Who, scopes: Scopes, bound: BoundTo) -> Caller {
        let Some((_, user)) = self.users.iter().find(|(it, _)| *it == who) else {
            return Caller::Anonymous;
        };
        let bound = match bound {
            BoundTo::Nothing => None,
            BoundTo::Studio => Some(self.studio.id),
            BoundTo::Elsewhere => Some(self.elsewhere.id),
        };
        let mut organizations = match who {
            Who::Owner => vec![(self.studio.id, Role::Owner)],
            Who::Admin => vec![(self.studio.id, Role::Admin)],
            Who::Member => vec![(self.studio.id, Role::Member)],
            Who::Ada => vec![(self.studio.id, Role::Member), (self.elsewhere.id, Role::Member)],
            Who::Superuser | Who::Stranger | Who::Anonymous => Vec::new(),
        };
        organizations.retain(|(id, _)| bound.is_none_or(|bound| bound == *id));
        Caller::User(Member {
            user_id: user.id,
            username: user.username.clone(),
            is_superuser: user.is_superuser,
            scopes,
            active_organization: bound,
            organizations,
            bounds: Bounds { organization_id: bound, expires_at: None },
        })
    }

    async fn act(&self, operation: Do, caller: &Caller) -> Result<(), Fault> {
        let (accounts, ada, studio) = (&self.world.accounts, self.ada.id, self.studio.id);
        match operation {
            Do::ListUsers => accounts.users(caller, &UserList::default(), ALL).await.map(drop),
            Do::CreateUser => {
                let new = NewUser {
                    email: "new@example.com".to_owned(),
                    username: None,
                    name: None,
                    password: None,
                    is_superuser: false,
                };
                accounts.create_user(caller, new).await.map(drop)
            }
            Do::SeeUser => accounts.user(caller, ada).await.map(drop),
            Do::EditUser => {
                let update =
                    UserUpdate { name: Some(Some("Ada".to_owned())), ..UserUpdate::default() };
                accounts.update_user(caller, ada, update).await.map(drop)
            }
            Do::SetPassword => {
                let (old, new) = (Secret::new(PASSWORD), Secret::new("another horse"));
                accounts.set_password(caller, ada, Some(old), new).await
            }
            Do::ManageUser => accounts.set_active(caller, ada, false).await.map(drop),
            Do::EndSessions => accounts.end_sessions(caller, ada).await,
            Do::IssueToken => {
                accounts.issue_token(caller, super::super::TOKEN_MS_MIN).await.map(drop)
            }
            Do::SeeTokens => {
                let which = TokenList { include_expired: true, newest_first: true };
                accounts.tokens(caller, ada, which, ALL).await.map(drop)
            }
            Do::RevokeToken => accounts.revoke_token(caller, self.adas_token).await,
            Do::SeeKeys => accounts.key(caller, self.adas_key.id).await.map(drop),
            Do::CreateKey => {
                let new = NewKey { scopes: None, ..new_key(Scopes::NONE) };
                accounts.create_key(caller, ada, new).await.map(drop)
            }
            Do::ChangeKey => {
                let change = KeyChange { name: Some("new".to_owned()), ..KeyChange::default() };
                accounts.update_key(caller, self.adas_key.id, change).await.map(drop)
            }
            Do::RevokeKey => accounts.revoke_key(caller, self.adas_key.id).await,
            Do::ListOrganizations => {
                accounts.organizations(caller, Whose::Everybodys, None, ALL).await.map(drop)
            }
            Do::CreateOrganization => accounts.create_organization(caller, "new").await.map(drop),
            Do::SeeOrganization => accounts.members(caller, studio, ALL).await.map(drop),
            Do::RenameOrganization => {
                accounts.rename_organization(caller, studio, "new").await.map(drop)
            }
            Do::DeleteOrganization => accounts.delete_organization(caller, studio).await,
            Do::ManageMembers => {
                let login = &self.other.email;
                accounts.add_member(caller, studio, login, Role::Member).await.map(drop)
            }
            Do::ManageOfficers => accounts.set_role(caller, studio, ada, Role::Admin).await,
            Do::Leave => accounts.leave(caller, studio).await,
            Do::RotateSigningKey => accounts.rotate_signing_key(caller).await,
        }
    }

    /// All rows of accounts, to see that a refusal changed none.
    async fn rows(&self) -> Vec<String> {
        let sql = "SELECT id || email || username || COALESCE(name, '') || password_hash || \
                       is_superuser || is_active || session_epoch AS line FROM account \
                   UNION ALL SELECT id || name FROM organization \
                   UNION ALL SELECT organization_id || user_id || role FROM membership \
                   UNION ALL SELECT id || name || scopes FROM api_key \
                   UNION ALL SELECT id FROM token UNION ALL SELECT id FROM signing_key \
                   ORDER BY 1";
        self.world.db.fetch(sql, args![], |row| row.get(0)).await.unwrap()
    }
}

/// What somebody is to the thing that `operation` is done to, told without the code under test.
fn standing(operation: Do, who: Who, bound: BoundTo) -> AccountStanding {
    use AccountStanding as Is;
    let is_free = bound == BoundTo::Nothing;
    let to_platform = match who {
        Who::Anonymous => Is::Anonymous,
        Who::Superuser if is_free => Is::Superuser,
        _ => Is::Stranger,
    };
    match operation {
        Do::ListUsers
        | Do::CreateUser
        | Do::ListOrganizations
        | Do::CreateOrganization
        | Do::RotateSigningKey => to_platform,
        Do::IssueToken if who == Who::Anonymous => Is::Anonymous,
        Do::IssueToken => Is::Himself,
        Do::SeeUser
        | Do::EditUser
        | Do::SetPassword
        | Do::ManageUser
        | Do::EndSessions
        | Do::SeeTokens
        | Do::RevokeToken
        | Do::CreateKey => {
            if who == Who::Ada {
                Is::Himself
            } else {
                to_platform
            }
        }
        // Her key is bound to nothing, so that her bound ones do not know it.
        Do::SeeKeys | Do::ChangeKey | Do::RevokeKey => {
            if who == Who::Ada && is_free {
                Is::Himself
            } else {
                to_platform
            }
        }
        Do::SeeOrganization
        | Do::RenameOrganization
        | Do::DeleteOrganization
        | Do::ManageMembers
        | Do::ManageOfficers
        | Do::Leave => match who {
            Who::Anonymous => Is::Anonymous,
            _ if bound == BoundTo::Elsewhere => Is::Stranger,
            Who::Superuser => Is::Superuser,
            Who::Owner => Is::Owner,
            Who::Admin => Is::Admin,
            Who::Member | Who::Ada => Is::Member,
            Who::Stranger => Is::Stranger,
        },
    }
}

fn every_scopes() -> Vec<Scopes> {
    let pick = |bits: usize| {
        let chosen = Scope::ALL.iter().enumerate().filter(|(n, _)| bits & 1 << n != 0);
        Scopes::of(&chosen.map(|(_, &scope)| scope).collect::<Vec<_>>())
    };
    (0..1 << Scope::ALL.len()).map(pick).collect()
}

/// Does one thing as one caller, and compares what happens with what the table says.
async fn hold_to_the_table(stage: &Stage, operation: Do, case: (Who, Scopes, BoundTo)) -> bool {
    let (who, scopes, bound) = case;
    let caller = stage.caller(who, scopes, bound);
    let expected = account_verdict(operation, standing(operation, who, bound), &caller);
    let told = format!("{operation} by {who:?} with {:?}, bound to {bound:?}", scopes.list());
    let before = stage.rows().await;
    let outcome = stage.act(operation, &caller).await;
    let Err(fault) = outcome else {
        assert_eq!(expected, Verdict::Allowed, "{told}");
        return true;
    };
    let (kind, code) = match expected {
        Verdict::Allowed => panic!("{told}: {fault:?}"),
        Verdict::Hidden => (Kind::NotFound, fault.code),
        Verdict::Forbidden => (Kind::Forbidden, "forbidden"),
        Verdict::NeedsScope(_) => (Kind::Forbidden, "insufficient-scope"),
        Verdict::NeedsCredential => (Kind::Unauthenticated, "no-credentials"),
    };
    assert_eq!((fault.kind, fault.code), (kind, code), "{told}");
    assert_eq!(stage.rows().await, before, "{told}");
    false
}

#[tokio::test]
async fn every_operation_is_open_to_those_in_the_table_and_changes_nothing_for_others() {
    let mut stage = Stage::new().await;
    let mut counts = (0, 0);
    for &operation in Do::ALL {
        for who in WHO {
            for scopes in every_scopes() {
                for bound in BOUND_TO {
                    if hold_to_the_table(&stage, operation, (who, scopes, bound)).await {
                        stage = Stage::new().await;
                        counts.0 += 1;
                    } else {
                        counts.1 += 1;
                    }
                }
            }
        }
    }
    assert_eq!(counts.0 + counts.1, Do::ALL.len() * WHO.len() * 8 * 3);
    assert!(counts.0 > 100 && counts.1 > 1_000, "both happen: {counts:?}");
}

#[tokio::test]
async fn what_is_hidden_answers_as_what_there_is_not() {
    let stage = Stage::new().await;
    let caller = stage.caller(Who::Stranger, Scopes::ALL, BoundTo::Nothing);
    let accounts = &stage.world.accounts;
    let said = |fault: Fault| (fault.kind, fault.code, fault.message);
    let unknown = Id::new(uuid::Uuid::from_u128(1));
    let hidden = accounts.user(&caller, stage.ada.id).await.unwrap_err();
    assert_eq!(said(hidden), said(accounts.user(&caller, unknown).await.unwrap_err()));
    let unknown = Id::new(uuid::Uuid::from_u128(1));
    let hidden = accounts.organization(&caller, stage.studio.id).await.unwrap_err();
    assert_eq!(said(hidden), said(accounts.organization(&caller, unknown).await.unwrap_err()));
    let unknown = Id::new(uuid::Uuid::from_u128(1));
    let hidden = accounts.key(&caller, stage.adas_key.id).await.unwrap_err();
    assert_eq!(said(hidden), said(accounts.key(&caller, unknown).await.unwrap_err()));
    let unknown = Id::new(uuid::Uuid::from_u128(1));
    let hidden = accounts.revoke_token(&caller, stage.adas_token).await.unwrap_err();
    assert_eq!(said(hidden), said(accounts.revoke_token(&caller, unknown).await.unwrap_err()));
}
