//! `backlot user`: who may come in.

use backlot_library::Library;
use backlot_library::accounts::{Accounts, ListSlice, NewUser, UserList};
use backlot_library::secret::{Secret, SystemRandom, random_token};
use backlot_model::account::{Caller, Role, User};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::runtime::with_library;
use super::{Place, output};
use crate::wiring::Expect;

/// How many rows are asked for at once.
pub(super) const PAGE: u32 = 1_000;

/// Make, list and change users
#[derive(Debug, Args)]
#[command(after_help = "\
All of this also works while the server runs.

Examples:
  backlot user create --email ada@example.com --password 'correct horse' --org Studio
  backlot user create --email ops@example.com --superuser     a password is made up and shown once
  backlot user password --email ada@example.com --password-stdin < secret
  backlot user list --json | jq -r '.[].email'")]
pub struct UserCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a user
    Create(Create),
    /// List users, in the order in which they were made
    List(List),
    /// Set a user's password; his sessions end
    Password(Password),
    /// Let a user in again
    Activate(Who),
    /// Keep a user out: his sessions end, and his API keys are not good. His assets stay
    Deactivate(Who),
    /// Make a user a superuser
    Promote(Who),
    /// Make a superuser an ordinary user
    Demote(Who),
}

#[derive(Debug, Args)]
struct Create {
    /// His e-mail address, by which he signs in
    #[arg(long)]
    email: String,
    #[command(flatten)]
    password: NewPassword,
    /// What others see [default: the part of the e-mail before the @, made unique]
    #[arg(long)]
    username: Option<String>,
    /// Full name
    #[arg(long)]
    name: Option<String>,
    /// The organisation he belongs to. Made if there is none of that name; its first member owns it
    #[arg(long, value_name = "NAME")]
    org: Option<String>,
    /// He may do everything, and what he publishes is the platform's
    #[arg(long)]
    superuser: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct NewPassword {
    /// At least 8 characters [default: made up, and shown once]
    #[arg(long, conflicts_with = "password_stdin")]
    password: Option<String>,
    /// Read the password from standard input: other users of this machine see command lines
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Password {
    /// His e-mail address or username
    #[arg(long)]
    email: String,
    #[command(flatten)]
    password: NewPassword,
}

#[derive(Debug, Args)]
struct Who {
    /// His e-mail address or username
    #[arg(long)]
    email: String,
}

impl NewPassword {
    /// The password, and whether it was made up here.
    fn read(self) -> Result<(Secret, bool), Failure> {
        if self.password_stdin {
            let mut line = String::new();
            std::io::stdin()
                .read_line(&mut line)
                .map_err(|error| Failure::new(Exit::Usage, format!("standard input: {error}")))?;
            return Ok((Secret::new(line.trim_end_matches(['\r', '\n'])), false));
        }
        Ok(match self.password {
            Some(password) => (Secret::new(password), false),
            None => (random_token::<18>(&SystemRandom), true),
        })
    }
}

impl UserCommand {
    pub(super) fn run(self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        let expect = match self.verb {
            Verb::Create(_) => Expect::LibraryOrNew,
            _ => Expect::Library,
        };
        with_library(&config, expect, async |opened| self.verb.run(&opened.library).await)
    }
}

impl Verb {
    async fn run(self, library: &Library) -> Result<Exit, Failure> {
        let (accounts, platform) = (library.accounts(), Caller::platform());
        match self {
            Self::Create(create) => create.run(accounts).await?,
            Self::List(list) => list.run(accounts).await?,
            Self::Password(password) => password.run(accounts).await?,
            Self::Activate(who) => {
                let user = who.find(accounts).await?;
                accounts.set_active(&platform, user.id, true).await?;
                output::print(&format!("{} may sign in\n", user.email))?;
            }
            Self::Deactivate(who) => {
                let user = who.find(accounts).await?;
                accounts.set_active(&platform, user.id, false).await?;
                output::print(&format!("{} is kept out\n", user.email))?;
            }
            Self::Promote(who) => {
                let user = who.find(accounts).await?;
                accounts.set_superuser(&platform, user.id, true).await?;
                output::print(&format!("{} is a superuser\n", user.email))?;
            }
            Self::Demote(who) => {
                let user = who.find(accounts).await?;
                accounts.set_superuser(&platform, user.id, false).await?;
                output::print(&format!("{} is an ordinary user\n", user.email))?;
            }
        }
        Ok(Exit::Done)
    }
}

impl Who {
    async fn find(&self, accounts: &Accounts) -> Result<User, Failure> {
        find_user(accounts, &self.email).await
    }
}

/// The user of this e-mail or username, or a failure that names it.
pub(super) async fn find_user(accounts: &Accounts, login: &str) -> Result<User, Failure> {
    accounts.find_user(&Caller::platform(), login).await.map_err(|fault| {
        let mut failure = Failure::from(fault);
        failure.message = format!("{login}: {}", failure.message);
        failure
    })
}

impl Create {
    async fn run(self, accounts: &Accounts) -> Result<(), Failure> {
        let platform = Caller::platform();
        let (password, is_made_up) = self.password.read()?;
        let new = NewUser {
            email: self.email,
            username: self.username,
            name: self.name,
            password: Some(password.clone()),
            is_superuser: self.superuser,
        };
        let user = accounts.create_user(&platform, new).await?;
        let joined = match &self.org {
            Some(name) => Some(join(accounts, &user, name).await.map_err(|failure| {
                let said = format!(
                    "{} was made, but is in no organisation: {}; see `backlot org add --help`",
                    user.email, failure.message
                );
                Failure::new(failure.exit, said)
            })?),
            None => None,
        };
        if self.json {
            let mut shown = show(&user);
            shown["organization"] = match &joined {
                Some((id, name, role)) => json!({"id": id, "name": name, "role": role.word()}),
                None => Value::Null,
            };
            if is_made_up {
                shown["password"] = json!(password.expose());
            }
            return output::print_json(&shown);
        }
        let mut text = format!("made {} ({})\n", user.email, user.username);
        if let Some((_, name, role)) = joined {
            text.push_str(&format!("{role} of {name}\n"));
        }
        if is_made_up {
            text.push_str(&format!("password, shown once: {}\n", password.expose()));
        }
        output::print(&text)
    }
}

/// Adds a user to the organisation of this name, which is made if there is none.
pub(super) async fn join(
    accounts: &Accounts,
    user: &User,
    name: &str,
) -> Result<(String, String, Role), Failure> {
    let platform = Caller::platform();
    let (organization, _) = accounts.ensure_organization(&platform, name).await?;
    let first = ListSlice { skip: 0, limit: 1 };
    let members = accounts.members(&platform, organization.id, first).await?.count;
    let role = if members == 0 { Role::Owner } else { Role::Member };
    accounts.add_member(&platform, organization.id, &user.email, role).await?;
    Ok((organization.id.to_string(), organization.name, role))
}

impl List {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let mut users: Vec<User> = Vec::new();
        loop {
            let slice = ListSlice { skip: users.len() as u64, limit: PAGE };
            let page = accounts.users(&Caller::platform(), &UserList::default(), slice).await?;
            if page.items.is_empty() {
                break;
            }
            users.extend(page.items);
        }
        if self.json {
            return output::print_json(&users.iter().map(show).collect());
        }
        let row = |user: &User| {
            let is = match (user.is_active, user.is_superuser) {
                (false, _) => "kept out",
                (true, true) => "superuser",
                (true, false) => "",
            };
            let last = user.last_active_at.map(output::time).unwrap_or_default();
            let made = output::time(user.created_at);
            [user.id.to_string(), user.email.clone(), user.username.clone(), is.into(), made, last]
        };
        let rows: Vec<_> = users.iter().map(row).collect();
        output::print_table(["id", "email", "username", "", "made", "last seen"], &rows)
    }
}

fn show(user: &User) -> Value {
    json!({
        "id": user.id.to_string(),
        "email": user.email,
        "username": user.username,
        "name": user.name,
        "is_superuser": user.is_superuser,
        "is_active": user.is_active,
        "created_at": output::time(user.created_at),
        "last_active_at": user.last_active_at.map(output::time),
    })
}

impl Password {
    async fn run(self, accounts: &Accounts) -> Result<(), Failure> {
        let user = find_user(accounts, &self.email).await?;
        let (password, is_made_up) = self.password.read()?;
        accounts.set_password(&Caller::platform(), user.id, None, password.clone()).await?;
        if is_made_up {
            return output::print(&format!("password, shown once: {}\n", password.expose()));
        }
        output::print(&format!("the password of {} is set\n", user.email))
    }
}
