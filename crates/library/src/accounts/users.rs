//! Users: making, seeing, changing, letting in and keeping out.

use backlot_model::Id;
use backlot_model::account::{Caller, Membership, User};
use backlot_model::fault::{Fault, Kind};
use backlot_model::limits::SEARCH_CHARS_MAX;
use backlot_model::policy::account::{AccountOperation, AccountStanding};
use backlot_store::accounts::users::{self, UserChange, UserFilter};
use backlot_store::accounts::{Listed, Slice, lock, memberships, rescope};
use backlot_store::db::Tx;

use super::authority::{require, require_platform};
use super::names::{Email, Username, check_password, fold, parse_full_name};
use super::{Accounts, already_exists, checked, taken, user_not_found};
use crate::limiter::Limit;
use crate::secret::{Secret, random_bytes};

/// A user and where he belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The user.
    pub user: User,
    /// His places in organisations, oldest first.
    pub memberships: Vec<Membership>,
}

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Unique without regard to case.
    pub email: String,
    /// Unique without regard to case; made from the e-mail when absent.
    pub username: Option<String>,
    /// Full name.
    pub name: Option<String>,
    /// Without one he cannot sign in, but may have API keys.
    pub password: Option<Secret>,
    /// Acts for the platform.
    pub is_superuser: bool,
}

/// What to change of a user. `None` leaves as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserUpdate {
    /// Unique without regard to case.
    pub email: Option<String>,
    /// Unique without regard to case.
    pub username: Option<String>,
    /// `Some(None)` clears it.
    pub name: Option<Option<String>>,
}

/// Which users a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserList {
    /// Contained in e-mail, username or name, without regard to case.
    pub search: Option<String>,
    /// Only those who are, or are not, active.
    pub is_active: Option<bool>,
}

/// How often a taken default username gets the next number before it gets a random ending.
const SUFFIX_MAX: u32 = 20;

const SUPERUSERS: &str = "superusers";

impl Accounts {
    /// The caller's own record.
    pub async fn me(&self, caller: &Caller) -> Result<Profile, Fault> {
        let own = caller.member().map_or(Id::new(uuid::Uuid::nil()), |member| member.user_id);
        self.user(caller, own).await
    }

    /// The user `id`.
    pub async fn user(&self, caller: &Caller, id: Id<User>) -> Result<Profile, Fault> {
        require_over(caller, AccountOperation::SeeUser, id)?;
        let user = users::get(self.db(), id).await?.ok_or_else(user_not_found)?;
        let bound = caller.member().and_then(|member| member.bounds.organization_id);
        let mut memberships = memberships::of_user(self.db(), id).await?;
        memberships.retain(|it| bound.is_none_or(|bound| bound == it.organization_id));
        Ok(Profile { user, memberships })
    }

    /// All users, in the order in which they were made.
    pub async fn users(
        &self,
        caller: &Caller,
        which: &UserList,
        slice: Slice,
    ) -> Result<Listed<User>, Fault> {
        require_platform(caller, AccountOperation::ListUsers)?;
        let search = search_text(which.search.as_deref())?;
        let filter = UserFilter { search, is_active: which.is_active };
        Ok(users::list_users(self.db(), &filter, checked(slice)?).await?)
    }

    /// The user whose e-mail or username `login` is; for the operator.
    pub async fn find_user(&self, caller: &Caller, login: &str) -> Result<User, Fault> {
        require_platform(caller, AccountOperation::ListUsers)?;
        let found = self.find_login(&fold(login)).await?.ok_or_else(user_not_found)?;
        Ok(found.user)
    }

    /// Whose username this is, without regard to case. Usernames are known to everybody.
    pub async fn user_id_of(&self, username: &str) -> Result<Option<Id<User>>, Fault> {
        let found = users::by_username(self.db(), &fold(username)).await?;
        Ok(found.map(|found| found.user.id))
    }

    /// Makes a user.
    ///
    /// # Errors
    /// `already-exists` at `body.email` or `body.username`.
    pub async fn create_user(&self, caller: &Caller, new: NewUser) -> Result<User, Fault> {
        require_platform(caller, AccountOperation::CreateUser)?;
        let email = Email::parse(&new.email)?;
        let username = new.username.as_deref().map(Username::parse).transpose()?;
        let name = parse_full_name(new.name.as_deref())?;
        let password_hash = match new.password {
            Some(password) => {
                check_password("body.password", &password)?;
                Some(self.shared.passwords.hash(password).await?)
            }
            None => None,
        };
        let id = self.shared.ids.next();
        let row = users::NewUser {
            id,
            email: email.written.clone(),
            email_folded: email.folded.clone(),
            username: String::new(),
            name,
            password_hash,
            is_superuser: new.is_superuser,
            created_at: self.now(),
        };
        let tx = self.db().begin().await?;
        self.insert_user(&tx, row, &email, username).await?;
        self.committed(tx, id).await
    }

    /// Adds `row` under `username`, or under one made from `email`.
    pub(super) async fn insert_user(
        &self,
        tx: &Tx,
        mut row: users::NewUser,
        email: &Email,
        username: Option<Username>,
    ) -> Result<(), Fault> {
        let is_default = username.is_none();
        let base = username.unwrap_or_else(|| email.default_username());
        row.username.clone_from(&base.0);
        let mut attempt = 1;
        while !users::insert(tx, &row).await? {
            if users::by_email(tx, &row.email_folded).await?.is_some() {
                return Err(email_taken());
            }
            if !is_default {
                return Err(username_taken());
            }
            attempt += 1;
            row.username = self.numbered(&base, attempt);
        }
        Ok(())
    }

    fn numbered(&self, base: &Username, attempt: u32) -> String {
        if attempt <= SUFFIX_MAX {
            format!("{}-{attempt}", base.0)
        } else {
            format!("{}-{}", base.0, hex::encode(random_bytes::<5>(&*self.shared.random)))
        }
    }

    /// Changes a user's name, e-mail or username.
    ///
    /// # Errors
    /// `already-exists` at `body.email` or `body.username`.
    pub async fn update_user(
        &self,
        caller: &Caller,
        id: Id<User>,
        update: UserUpdate,
    ) -> Result<User, Fault> {
        require_over(caller, AccountOperation::EditUser, id)?;
        let email = update.email.as_deref().map(Email::parse).transpose()?;
        let username = update.username.as_deref().map(Username::parse).transpose()?;
        let name = update.name.map(|name| parse_full_name(name.as_deref())).transpose()?;
        let tx = self.db().begin().await?;
        users::lock(&tx, id).await?.ok_or_else(user_not_found)?;
        let is_other =
            |found: Option<users::WithPassword>| found.is_some_and(|it| it.user.id != id);
        if let Some(email) = &email
            && is_other(users::by_email(&tx, &email.folded).await?)
        {
            return Err(email_taken());
        }
        if let Some(username) = &username
            && is_other(users::by_username(&tx, &username.folded()).await?)
        {
            return Err(username_taken());
        }
        let change = UserChange {
            email: email.map(|email| (email.written, email.folded)),
            username: username.map(|username| username.0),
            name,
        };
        let changed = users::update(&tx, id, &change).await;
        let user = changed.map_err(|error| taken(error, "body", "email or username is taken"))?;
        tx.commit().await?;
        user.ok_or_else(user_not_found)
    }

    /// Sets a user's password and ends all his sessions and long-lived tokens. Of himself, a user
    /// gives the `current` one.
    ///
    /// # Errors
    /// `invalid` at `body.current_password`; `rate-limited` when that was guessed too often.
    pub async fn set_password(
        &self,
        caller: &Caller,
        id: Id<User>,
        current: Option<Secret>,
        new: Secret,
    ) -> Result<(), Fault> {
        let standing = require_over(caller, AccountOperation::SetPassword, id)?;
        check_password("body.password", &new)?;
        let found = users::get_with_password(self.db(), id).await?.ok_or_else(user_not_found)?;
        if standing == AccountStanding::Himself {
            self.check_current(id, current, found.password_hash.clone()).await?;
        }
        let hash = self.shared.passwords.hash(new).await?;
        let tx = self.db().begin().await?;
        users::set_password(&tx, id, &hash).await?;
        users::end_sessions(&tx, id).await?;
        Ok(tx.commit().await?)
    }

    async fn check_current(
        &self,
        id: Id<User>,
        current: Option<Secret>,
        hash: Option<String>,
    ) -> Result<(), Fault> {
        let path = "body.current_password";
        let Some(current) = current else {
            return Err(Fault::invalid(path, "missing", "is required"));
        };
        self.shared.limiter.check(Limit::LoginAccount, &id.to_string()).await?;
        if self.shared.passwords.verify(current, hash).await? {
            return Ok(());
        }
        Err(Fault::invalid(path, "mismatch", "is not the current password"))
    }

    /// Ends all sessions and long-lived tokens of a user. His API keys stay good.
    pub async fn end_sessions(&self, caller: &Caller, id: Id<User>) -> Result<(), Fault> {
        require_over(caller, AccountOperation::EndSessions, id)?;
        let tx = self.db().begin().await?;
        users::lock(&tx, id).await?.ok_or_else(user_not_found)?;
        users::end_sessions(&tx, id).await?;
        Ok(tx.commit().await?)
    }

    /// Lets a user in, or keeps him out: then his sessions end and his keys are not good. Users
    /// are never deleted; their assets have no other uploader.
    ///
    /// # Errors
    /// `last-superuser`.
    pub async fn set_active(
        &self,
        caller: &Caller,
        id: Id<User>,
        is_active: bool,
    ) -> Result<User, Fault> {
        require_over(caller, AccountOperation::ManageUser, id)?;
        let tx = self.db().begin().await?;
        lock(&tx, SUPERUSERS).await?;
        let user = users::lock(&tx, id).await?.ok_or_else(user_not_found)?;
        if user.is_active && !is_active {
            refuse_last_superuser(&tx, &user).await?;
            users::end_sessions(&tx, id).await?;
        }
        users::set_active(&tx, id, is_active).await?;
        self.committed(tx, id).await
    }

    /// Makes a user a superuser, or an ordinary one. What he published changes its listing with
    /// him: a superuser's public assets are the platform's.
    ///
    /// # Errors
    /// `last-superuser`.
    pub async fn set_superuser(
        &self,
        caller: &Caller,
        id: Id<User>,
        is_superuser: bool,
    ) -> Result<User, Fault> {
        require_over(caller, AccountOperation::ManageUser, id)?;
        let tx = self.db().begin().await?;
        lock(&tx, SUPERUSERS).await?;
        let user = users::lock(&tx, id).await?.ok_or_else(user_not_found)?;
        if user.is_superuser && !is_superuser {
            refuse_last_superuser(&tx, &user).await?;
        }
        if user.is_superuser != is_superuser {
            users::set_superuser(&tx, id, is_superuser).await?;
            rescope::uploader_changed(&tx, id, &self.shared.ids, self.now()).await?;
        }
        self.committed(tx, id).await
    }

    pub(super) async fn committed(&self, tx: Tx, id: Id<User>) -> Result<User, Fault> {
        let user = users::get(&tx, id).await?.ok_or_else(user_not_found)?;
        tx.commit().await?;
        Ok(user)
    }
}

/// What `caller` is to the user `id`, if the table lets him do this to him.
pub(super) fn require_over(
    caller: &Caller,
    operation: AccountOperation,
    id: Id<User>,
) -> Result<AccountStanding, Fault> {
    let standing = AccountStanding::to_user(caller, id);
    require(caller, operation, standing, user_not_found)?;
    Ok(standing)
}

async fn refuse_last_superuser(tx: &Tx, user: &User) -> Result<(), Fault> {
    let counts = user.is_superuser && user.is_active;
    if counts && users::count_superusers(tx).await? <= 1 {
        let message = "this is the last active superuser; make another one first";
        return Err(Fault::new(Kind::Conflict, "last-superuser", message));
    }
    Ok(())
}

fn email_taken() -> Fault {
    already_exists("body.email", "there is a user with this email already")
}

fn username_taken() -> Fault {
    already_exists("body.username", "there is a user with this username already")
}

/// A search text in lower case; none when it is empty.
pub(super) fn search_text(raw: Option<&str>) -> Result<Option<String>, Fault> {
    let Some(raw) = raw else { return Ok(None) };
    if raw.chars().count() > SEARCH_CHARS_MAX {
        let message = format!("must be at most {SEARCH_CHARS_MAX} characters");
        return Err(Fault::invalid("query.search", "length", message));
    }
    let folded = fold(raw);
    Ok((!folded.is_empty()).then_some(folded))
}
