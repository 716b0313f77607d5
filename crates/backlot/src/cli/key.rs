//! `backlot key`: API keys.

use backlot_library::accounts::{Accounts, ListSlice, NewKey};
use backlot_model::account::{ApiKey, Caller, Scope, Scopes};
use backlot_model::clock::SystemClock;
use backlot_model::{Clock, Id, Millis};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::org::find_organization;
use super::runtime::with_library;
use super::user::{PAGE, find_user};
use super::{Place, output};
use crate::config::duration;
use crate::wiring::Expect;

/// Make, list and revoke API keys
#[derive(Debug, Args)]
#[command(after_help = "\
A key's token goes into `Authorization: Bearer TOKEN` or `x-api-key: TOKEN`; its id and secret are
user and password of HTTP Basic. All of this also works while the server runs.

Examples:
  backlot key create --email ada@example.com --name laptop
  backlot key create --email ci@example.com --org Studio --scope read --expires 90d
  export TOKEN=$(backlot key create --email ada@example.com --json | jq -r .token)
  backlot key revoke 01932b6e-7a40-7cc1-9b5e-3f1f6a0b9c2d")]
pub struct KeyCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key; its secret is shown once
    Create(Create),
    /// List a user's keys
    List(List),
    /// Make a key useless, at once and for ever
    Revoke(Revoke),
}

#[derive(Debug, Args)]
struct Create {
    /// E-mail address or username of the user it acts for
    #[arg(long)]
    email: String,
    /// Let it act for this organisation only
    #[arg(long, value_name = "NAME")]
    org: Option<String>,
    /// What to call it
    #[arg(long, default_value = "command line")]
    name: String,
    /// What it allows: read, write, admin; give it again, or with commas [default: all]
    #[arg(long, value_parser = scope, value_delimiter = ',')]
    scope: Vec<Scope>,
    /// When it stops being good: a duration such as 90d, or a time such as 2027-01-31T00:00:00Z
    /// [default: never]
    #[arg(long, value_name = "WHEN", value_parser = expiry)]
    expires: Option<Millis>,
    /// Print JSON: {"id", "secret", "token"}
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct List {
    /// E-mail address or username of the user
    #[arg(long)]
    email: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Revoke {
    /// The key's id, as `create` and `list` print it
    id: String,
}

fn scope(raw: &str) -> Result<Scope, String> {
    Scope::parse(raw).ok_or_else(|| "must be read, write or admin".to_owned())
}

fn expiry(raw: &str) -> Result<Millis, String> {
    if let Some(span) = duration(raw) {
        let span_ms = Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX);
        return Ok(SystemClock.now_ms().saturating_add(span_ms));
    }
    let at: Result<jiff::Timestamp, _> = raw.parse();
    at.map(jiff::Timestamp::as_millisecond).map_err(|_| {
        "must be a duration such as 90d, or a time such as 2027-01-31T00:00:00Z".into()
    })
}

impl KeyCommand {
    pub(super) fn run(self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        with_library(&config, Expect::Library, async |opened| {
            let accounts = opened.library.accounts();
            match self.verb {
                Verb::Create(create) => create.run(accounts).await,
                Verb::List(list) => list.run(accounts).await,
                Verb::Revoke(revoke) => revoke.run(accounts).await,
            }
        })?;
        Ok(Exit::Done)
    }
}

impl Create {
    async fn run(self, accounts: &Accounts) -> Result<(), Failure> {
        let user = find_user(accounts, &self.email).await?;
        let organization_id = match &self.org {
            Some(name) => Some(find_organization(accounts, name).await?.id),
            None => None,
        };
        let scopes = if self.scope.is_empty() { Scopes::ALL } else { Scopes::of(&self.scope) };
        let new = NewKey {
            name: self.name,
            scopes: Some(scopes),
            expires_at: self.expires,
            organization_id,
        };
        let made = accounts.create_key(&Caller::platform(), user.id, new).await?;
        let (id, secret, token) = (made.key.id, made.secret.expose(), made.token.expose());
        if self.json {
            return output::print_json(&json!({
                "id": id.to_string(), "secret": secret, "token": token,
            }));
        }
        output::print(&format!("id      {id}\nsecret  {secret}\ntoken   {token}\n"))?;
        output::note("secret and token are shown this once");
        Ok(())
    }
}

impl List {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let user = find_user(accounts, &self.email).await?;
        let mut keys: Vec<ApiKey> = Vec::new();
        loop {
            let slice = ListSlice { skip: keys.len() as u64, limit: PAGE };
            let page = accounts.keys(&Caller::platform(), user.id, slice).await?;
            if page.items.is_empty() {
                break;
            }
            keys.extend(page.items);
        }
        if self.json {
            return output::print_json(&keys.iter().map(show).collect());
        }
        let or_dash = |at: Option<Millis>| at.map_or_else(|| "-".to_owned(), output::time);
        let row = |key: &ApiKey| {
            let (made, expires) = (output::time(key.created_at), or_dash(key.expires_at));
            [
                key.id.to_string(),
                key.name.clone(),
                key.prefix.clone(),
                words(key.scopes).join(","),
                made,
                or_dash(key.last_used_at),
                expires,
            ]
        };
        let rows: Vec<_> = keys.iter().map(row).collect();
        let names = ["id", "name", "begins with", "scopes", "made", "last used", "expires"];
        output::print_table(names, &rows)
    }
}

impl Revoke {
    async fn run(&self, accounts: &Accounts) -> Result<(), Failure> {
        let unknown = || Failure::new(Exit::Refused, format!("there is no key {}", self.id));
        let id = Id::parse(&self.id).ok_or_else(unknown)?;
        accounts.revoke_key(&Caller::platform(), id).await?;
        output::print(&format!("{id} is revoked\n"))
    }
}

fn words(scopes: Scopes) -> Vec<&'static str> {
    scopes.list().into_iter().map(Scope::word).collect()
}

fn show(key: &ApiKey) -> Value {
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": words(key.scopes),
        "organization_id": key.organization_id.map(|id| id.to_string()),
        "expires_at": key.expires_at.map(output::time),
        "last_used_at": key.last_used_at.map(output::time),
        "created_at": output::time(key.created_at),
    })
}
