//! The first admin: without one, nobody could make anybody.

use backlot_model::account::User;
use backlot_model::{Fault, Id};
use backlot_store::accounts::{lock, rescope, users};
use backlot_store::db::Tx;

use super::Accounts;
use super::names::{Email, check_password};
use crate::secret::{Secret, random_token};

/// What the first admin is called when nobody says.
const DEFAULT_EMAIL: &str = "admin@localhost";

/// The admin that was made, to be told to the operator once.
#[derive(Debug)]
pub struct FirstAdmin {
    /// The user.
    pub user: User,
    /// His password, if it was made up here: it is shown once and stored nowhere.
    pub made_up_password: Option<Secret>,
    /// Whether he is new; else a user of this e-mail was there, and is a superuser now.
    pub created: bool,
}

impl Accounts {
    /// Sees to it that there is an active superuser. `None` when there is one already: then the
    /// arguments mean nothing, and no password changes.
    ///
    /// A user of that e-mail who is there already is promoted, and gets `password` if one is
    /// given; otherwise he keeps his. Safe when several processes start at once.
    pub async fn ensure_first_admin(
        &self,
        email: Option<&str>,
        password: Option<Secret>,
    ) -> Result<Option<FirstAdmin>, Fault> {
        if users::count_superusers(self.db()).await? > 0 {
            return Ok(None);
        }
        let email = Email::parse(email.unwrap_or(DEFAULT_EMAIL))?;
        if let Some(password) = &password {
            check_password("body.password", password)?;
        }
        let is_given = password.is_some();
        let password = password.unwrap_or_else(|| random_token::<18>(&*self.shared.random));
        let hash = self.shared.passwords.hash(password.clone()).await?;
        let tx = self.db().begin().await?;
        lock(&tx, "superusers").await?;
        // Another process may have been first.
        if users::count_superusers(&tx).await? > 0 {
            return Ok(None);
        }
        let found = users::by_email(&tx, &email.folded).await?;
        let created = found.is_none();
        let (id, is_new_password) = match found {
            Some(found) => {
                let is_new = is_given || found.password_hash.is_none();
                self.promote(&tx, found.user.id, is_new.then_some(hash)).await?;
                (found.user.id, is_new)
            }
            None => (self.insert_admin(&tx, &email, hash).await?, true),
        };
        let user = self.committed(tx, id).await?;
        let made_up_password = (is_new_password && !is_given).then_some(password);
        Ok(Some(FirstAdmin { user, made_up_password, created }))
    }

    async fn promote(&self, tx: &Tx, id: Id<User>, hash: Option<String>) -> Result<(), Fault> {
        users::set_superuser(tx, id, true).await?;
        users::set_active(tx, id, true).await?;
        rescope::uploader_changed(tx, id, &self.shared.ids, self.now()).await?;
        if let Some(hash) = hash {
            users::set_password(tx, id, &hash).await?;
            users::end_sessions(tx, id).await?;
        }
        Ok(())
    }

    async fn insert_admin(&self, tx: &Tx, email: &Email, hash: String) -> Result<Id<User>, Fault> {
        let row = users::NewUser {
            id: self.shared.ids.next(),
            email: email.written.clone(),
            email_folded: email.folded.clone(),
            username: String::new(),
            name: None,
            password_hash: Some(hash),
            is_superuser: true,
            created_at: self.now(),
        };
        let id = row.id;
        self.insert_user(tx, row, email, None).await?;
        Ok(id)
    }
}
