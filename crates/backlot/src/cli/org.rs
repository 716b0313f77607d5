//! `backlot org`: organisations and who is in them.

use backlot_library::accounts::{Accounts, ListSlice, OrganizationMember, Whose};
use backlot_model::account::{Caller, Organization, Role};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::runtime::with_library;
use super::user::{PAGE, find_user};
use super::{Place, output};
use crate::wiring::Expect;

/// Make organisations, and say who is in them
#[derive(Debug, Args)]
#[command(after_help = "\
Members of an organisation see what its others share. All of this also works while the server runs.

Examples:
  backlot org create Studio --owner ada@example.com
  backlot org add Studio --email ben@example.com --role admin
  backlot org members Studio
  backlot org remove Studio --email ben@example.com")]
pub struct OrgCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make an organisation
    Create(Create),
    /// Add a user to an organisation
    Add(Add),
    /// Take a user out of an organisation
    Remove(Remove),
    /// List organisations
    List(List),
    /// List the members of an organisation
    Members(Members),
}

/// An organisation, named in place or by a flag.
#[derive(Debug, Args)]
struct Name {
    /// The organisation's name
    #[arg(value_name = "NAME", required_unless_present = "org")]
    name: Option<String>,
    /// The same as a flag
    #[arg(long, visible_alias = "name", value_name = "NAME", conflicts_with = "name")]
    org: Option<String>,
}

impl Name {
    fn get(&self) -> &str {
        self.name.as_deref().or(self.org.as_deref()).unwrap_or_default()
    }

    async fn find(&self, accounts: &Accounts) -> Result<Organization, Failure> {
        find_organization(accounts, self.get()).await
    }
}

/// The organisation of this name, or a failure that names it.
pub(super) async fn find_organization(
    accounts: &Accounts,
    name: &str,
) -> Result<Organization, Failure> {
    accounts.find_organization(&Caller::platform(), name).await.map_err(|fault| {
        let mut failure = Failure::from(fault);
        failure.message = format!("{name}: {}", failure.message);
        failure
    })
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    name: Name,
    /// E-mail address or username of its first owner
    #[arg(long, value_name = "EMAIL")]
    owner: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    name: Name,
    /// His e-mail address or username
    #[arg(long)]
    email: String,
    /// member, admin or owner [default: owner for the first member, else member]
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    name: Name,
    /// His e-mail address or username
    #[arg(long)]
    email: String,
}

#[derive(Debug, Args)]
struct List {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Members {
    #[command(flatten)]
    name: Name,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn role(raw: &str) -> Result<Role, String> {
    Role::parse(raw).ok_or_else(|| "must be member, admin or owner".to_owned())
}

impl OrgCommand {
    pub(super) fn run(self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        let expect = match self.verb {
            Verb::Create(_) => Expect::LibraryOrNew,
            _ => Expect::Library,
        };
        with_library(&config, expect, async |opened| {
            let accounts = opened.library.accounts();
            match self.verb {
                Verb::Create(create) => create.run(accounts).await,
                Verb::Add(add) => add.run(accounts).await,
                Verb::Remove(remove) => remove.run(accounts).await,
                Verb::List(list) => list.run(accounts).await,
                Verb::Members(members) => members.run(accounts).await,
            }
        })?;
        Ok(Exit::Done)
    }
}

impl Create {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let platform = Caller::platform();
        let owner = match &self.owner {
            Some(login) => Some(find_user(accounts, login).await?),
            None => None,
        };
        let made = accounts.create_organization(&platform, self.name.get()).await?;
        if let Some(owner) = owner {
            accounts.add_member(&platform, made.id, &owner.email, Role::Owner).await?;
        }
        if self.json {
            return output::print_json(&show(&made));
        }
        output::print(&format!("made {} ({})\n", made.name, made.id))
    }
}

impl Add {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let platform = Caller::platform();
        let found = self.name.find(accounts).await?;
        let user = find_user(accounts, &self.email).await?;
        let role = match self.role {
            Some(role) => role,
            None => {
                let first = ListSlice { skip: 0, limit: 1 };
                let members = accounts.members(&platform, found.id, first).await?.count;
                if members == 0 { Role::Owner } else { Role::Member }
            }
        };
        let member = accounts.add_member(&platform, found.id, &user.email, role).await?;
        if self.json {
            return output::print_json(&show_member(&member));
        }
        output::print(&format!("{} is {role} of {}\n", user.email, found.name))
    }
}

impl Remove {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let found = self.name.find(accounts).await?;
        let user = find_user(accounts, &self.email).await?;
        accounts.remove_member(&Caller::platform(), found.id, user.id).await?;
        output::print(&format!("{} is no longer in {}\n", user.email, found.name))
    }
}

impl List {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let mut all: Vec<Organization> = Vec::new();
        loop {
            let slice = ListSlice { skip: all.len() as u64, limit: PAGE };
            let platform = Caller::platform();
            let page = accounts.organizations(&platform, Whose::Everybodys, None, slice).await?;
            if page.items.is_empty() {
                break;
            }
            all.extend(page.items);
        }
        if self.json {
            return output::print_json(&all.iter().map(show).collect());
        }
        let row =
            |it: &Organization| [it.id.to_string(), it.name.clone(), output::time(it.created_at)];
        output::print_table(["id", "name", "made"], &all.iter().map(row).collect::<Vec<_>>())
    }
}

impl Members {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let found = self.name.find(accounts).await?;
        let mut all: Vec<OrganizationMember> = Vec::new();
        loop {
            let slice = ListSlice { skip: all.len() as u64, limit: PAGE };
            let page = accounts.members(&Caller::platform(), found.id, slice).await?;
            if page.items.is_empty() {
                break;
            }
            all.extend(page.items);
        }
        if self.json {
            return output::print_json(&all.iter().map(show_member).collect());
        }
        let row = |it: &OrganizationMember| {
            let role = it.membership.role.to_string();
            [it.membership.user_id.to_string(), it.email.clone(), it.username.clone(), role]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        output::print_table(["id", "email", "username", "role"], &rows)
    }
}

fn show(organization: &Organization) -> Value {
    json!({
        "id": organization.id.to_string(),
        "name": organization.name,
        "created_at": output::time(organization.created_at),
    })
}

fn show_member(member: &OrganizationMember) -> Value {
    json!({
        "organization_id": member.membership.organization_id.to_string(),
        "user_id": member.membership.user_id.to_string(),
        "email": member.email,
        "username": member.username,
        "role": member.membership.role.word(),
        "created_at": output::time(member.membership.created_at),
    })
}
