//! `backlot demo`: a library that looks lived in, made of generated pictures.

mod story;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backlot_library::Library;
use backlot_library::accounts::{NewKey, NewUser};
use backlot_library::assets::NewAsset;
use backlot_library::ingest::{Accepts, Received};
use backlot_library::secret::{Secret, SystemRandom, random_token};
use backlot_model::account::{Caller, Organization, Role};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::clock::{DAY_MS, MINUTE_MS};
use backlot_model::{Fault, HandClock, Id};
use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};

use super::exit::{Exit, Failure};
use super::processing::Processing;
use super::progress::Progress;
use super::runtime::with_library_to_work;
use super::{Place, output};
use crate::painting::{Dice, paint};
use crate::wiring::{Expect, Opened, ServingLock};
use story::{Picture, Story};

const ORGANIZATION: &str = "Demo Studio";
/// What is made before is spread over so many days.
const DAYS: i64 = 30;
/// Putting more at once into a collection is another call.
const COLLECTED_AT_ONCE: usize = 500;
/// How long a picture waits when there is no room for it now.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Fill a library with generated pictures, to try things out
#[derive(Debug, Args)]
#[command(after_help = "\
Makes the organisation `Demo Studio` with three users, and pictures of theirs with tags, prompts,
lineage and collections, dated over the last 30 days. Prints how to sign in. Also works while the
server runs; refuses a library that has a demo already.

Examples:
  backlot demo
  backlot demo --count 5000 --data-dir /tmp/demo
  backlot demo --json | jq -r '.users[0].token'")]
pub struct DemoCommand {
    /// How many pictures
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// The same pictures for the same number
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// One of the three.
struct Player {
    email: String,
    username: String,
    role: Role,
    password: Secret,
    token: Secret,
    caller: Caller,
}

impl DemoCommand {
    pub(super) fn run(&self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        with_library_to_work(&config, Expect::LibraryOrNew, async |opened| {
            let is_served = ServingLock::is_held(&config)?;
            self.fill(opened, is_served).await
        })?;
        Ok(Exit::Done)
    }

    async fn fill(&self, opened: &Opened, is_served: bool) -> Result<(), Failure> {
        let library = &opened.library;
        let (organization, players) = cast(library).await?;
        let mut progress = Progress::new("pictures", self.json);
        let since = library.now_ms() - DAYS * DAY_MS;
        let clock = HandClock::at(since);
        let past = opened.with_clock(Arc::new(clock.clone())).await?;
        let processing = Processing::start(library, is_served);
        let mut story = Story::new(self.seed, players.len());
        let mut shelves: BTreeMap<(usize, &'static str), Vec<Id<Asset>>> = BTreeMap::new();
        let mut bytes = 0;
        let step_ms = (DAYS * DAY_MS - 10 * MINUTE_MS) / i64::from(self.count);
        for made in 0..self.count {
            let picture = story.next();
            let player = &players[picture.player];
            let (received, size) = receive(library, player, &picture).await?;
            let new = describe(&picture, &organization);
            let asset = past.create_asset(&player.caller, received, new).await?.id;
            story.remember(asset);
            if let Some(shelf) = picture.collection {
                shelves.entry((picture.player, shelf)).or_default().push(asset);
            }
            bytes += size;
            clock.advance_ms(step_ms);
            progress.at(u64::from(made) + 1, u64::from(self.count), bytes);
        }
        fill_shelves(library, &organization, &players, &shelves).await?;
        progress.doing("making thumbnails");
        for player in &players {
            if is_served {
                break;
            }
            Processing::wait(library, &player.caller, since).await?;
        }
        processing.stop().await;
        progress.end();
        self.tell(&players, shelves.len())
    }

    fn tell(&self, players: &[Player], collections: usize) -> Result<(), Failure> {
        if self.json {
            let users: Vec<Value> = players.iter().map(show).collect();
            return output::print_json(&json!({
                "organization": ORGANIZATION, "users": users, "pictures": self.count,
                "collections": collections,
            }));
        }
        let row = |it: &Player| {
            let (password, token) = (it.password.expose(), it.token.expose());
            [it.email.clone(), it.role.to_string(), password.to_owned(), token.to_owned()]
        };
        let rows: Vec<_> = players.iter().map(row).collect();
        let count = self.count;
        output::print(&format!(
            "{count} pictures in {collections} collections of three users of {ORGANIZATION}\n\n"
        ))?;
        output::print_table(["email", "role", "password", "API key"], &rows)?;
        output::note("passwords and API keys are shown this once");
        Ok(())
    }
}

fn show(player: &Player) -> Value {
    json!({
        "email": player.email,
        "username": player.username,
        "role": player.role.word(),
        "password": player.password.expose(),
        "token": player.token.expose(),
    })
}

/// Makes the organisation and its three users.
async fn cast(library: &Library) -> Result<(Organization, Vec<Player>), Failure> {
    let (accounts, platform) = (library.accounts(), Caller::platform());
    let (organization, is_new) = accounts.ensure_organization(&platform, ORGANIZATION).await?;
    if !is_new {
        let said = format!("there is a demo already: the organisation {ORGANIZATION}");
        return Err(Failure::new(Exit::Refused, said));
    }
    let mut players = Vec::new();
    for (name, full, role) in [
        ("ada", "Ada Quill", Role::Owner),
        ("ben", "Ben Okafor", Role::Admin),
        ("cleo", "Cleo Marsh", Role::Member),
    ] {
        let password = random_token::<12>(&SystemRandom);
        let new = NewUser {
            email: format!("{name}@demo.example"),
            username: None,
            name: Some(full.to_owned()),
            password: Some(password.clone()),
            is_superuser: false,
        };
        let user = accounts.create_user(&platform, new).await?;
        accounts.add_member(&platform, organization.id, &user.email, role).await?;
        let key = NewKey {
            name: "demo".to_owned(),
            scopes: None,
            expires_at: None,
            organization_id: None,
        };
        let token = accounts.create_key(&platform, user.id, key).await?.token;
        let caller = accounts.act_as(&platform, user.id).await?;
        let (email, username) = (user.email, user.username);
        players.push(Player { email, username, role, password, token, caller });
    }
    Ok((organization, players))
}

/// Paints a picture and takes it in; waits while more are unprocessed than may be.
async fn receive(
    library: &Library,
    player: &Player,
    picture: &Picture,
) -> Result<(Received, u64), Failure> {
    let Picture { motif, seed, size, format, .. } = *picture;
    let painting = tokio::task::spawn_blocking(move || paint(motif, seed, size, format));
    let painted = painting.await.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let bytes = Bytes::from(painted?);
    let accepts = Accepts::pictures(&library.config().uploads);
    let mut intake = loop {
        match library.receive(&player.caller, accepts).await {
            Err(Fault { code: "queue-full" | "rate-limited", .. }) => {
                tokio::time::sleep(RETRY_AFTER).await;
            }
            opened => break opened?,
        }
    };
    let size = bytes.len() as u64;
    intake.write(bytes).await?;
    Ok((intake.finish().await?, size))
}

fn describe(picture: &Picture, organization: &Organization) -> NewAsset {
    let is_private = picture.visibility == Visibility::Private;
    NewAsset {
        name: Some(picture.name.clone()),
        filename: Some(picture.filename.clone()),
        description: picture.description.clone(),
        project: picture.project.map(str::to_owned),
        asset_type: Some(picture.asset_type.to_owned()),
        visibility: Some(picture.visibility),
        tags: picture.tags.clone(),
        styling_note: picture.styling_note.map(str::to_owned),
        parent_id: picture.parent.map(|id| id.to_string()),
        inference_id: picture.inference.clone(),
        model_id: picture.model.map(str::to_owned),
        parameters: picture.parameters.clone(),
        organization_id: (!is_private).then(|| organization.id.to_string()),
        ..NewAsset::default()
    }
}

async fn fill_shelves(
    library: &Library,
    organization: &Organization,
    players: &[Player],
    shelves: &BTreeMap<(usize, &'static str), Vec<Id<Asset>>>,
) -> Result<(), Failure> {
    for ((player, name), assets) in shelves {
        let caller = &players[*player].caller;
        let made = library.create_collection(caller, name, Some(organization.id)).await?;
        for some in assets.chunks(COLLECTED_AT_ONCE) {
            library.add_to_collection(caller, made.id, some).await?;
        }
    }
    Ok(())
}

/// A throw that decides by percent.
fn chance(dice: &mut Dice, percent: usize) -> bool {
    dice.below(100) < percent
}
