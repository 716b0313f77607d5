//! `backlot import`: files of this machine into the library.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use backlot_library::Library;
use backlot_library::accounts::{ListSlice, UserList};
use backlot_library::upkeep::{Found, Import, ImportOutcome, walk};
use backlot_model::Fault;
use backlot_model::account::{Caller, User};
use backlot_model::asset::Visibility;
use clap::Args;
use indicatif::HumanBytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::exit::{Exit, Failure};
use super::org::find_organization;
use super::processing::Processing;
use super::progress::{Progress, rate, seconds};
use super::runtime::with_library_to_work;
use super::user::{PAGE, find_user};
use super::{Place, output};
use crate::wiring::{Expect, Opened, ServingLock};

/// Paths found and not yet taken.
const WAITING_MAX: usize = 256;
/// How long a file waits when the queue of unprocessed pictures is full.
const QUEUE_WAIT: Duration = Duration::from_millis(500);
/// How many refusals a summary names.
const REFUSED_NAMED_MAX: usize = 10_000;

/// Import files and folders into the library
#[derive(Debug, Args)]
#[command(after_help = "\
Folders are walked to their depths; links are followed, but no folder is entered twice; hidden files
are passed over. What the owner has already, by content, is skipped: run it again to go on where it
was cut short. Pictures, video, audio and 3D come in; of a picture, the type is told by its bytes,
not by its name.

While a server runs, it makes the thumbnails; otherwise this command does before it ends.

Exits 0 when everything is in, 1 when some files were refused; they are named with the reason.

Examples:
  backlot import ~/Pictures
  backlot import shoot-12/*.jpg --tag shoot-12 --tag linen --visibility shared
  backlot import /mnt/archive --email ada@example.com --org Studio --json > summary.json")]
pub struct ImportCommand {
    /// Files and folders
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// A tag for each; give it again for more
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// private, shared, unlisted or public [default: private]
    #[arg(long, value_parser = visibility)]
    visibility: Option<Visibility>,
    /// E-mail address or username of their owner [default: the first superuser]
    #[arg(long)]
    email: Option<String>,
    /// The organisation they belong to [default: the owner's oldest]
    #[arg(long, value_name = "NAME")]
    org: Option<String>,
    /// Take text and JSON files, too
    #[arg(long)]
    text: bool,
    /// How many files are read at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// Print a summary as JSON
    #[arg(long)]
    json: bool,
}

fn visibility(raw: &str) -> Result<Visibility, String> {
    Visibility::parse(raw).ok_or_else(|| "must be private, shared, unlisted or public".to_owned())
}

/// What became of all files.
#[derive(Default)]
struct Summary {
    created: u64,
    present: u64,
    bytes: u64,
    refused: BTreeMap<PathBuf, (String, String)>,
    refused_count: u64,
    failed: Vec<(String, String)>,
    left_processing: u64,
    is_cut_short: bool,
}

impl Summary {
    fn refuse(&mut self, path: PathBuf, code: &str, reason: String) {
        self.refused_count += 1;
        if self.refused.len() < REFUSED_NAMED_MAX {
            self.refused.insert(path, (code.to_owned(), reason));
        }
    }

    fn count(&mut self, path: PathBuf, bytes: u64, done: Result<ImportOutcome, Fault>) {
        match done {
            Ok(ImportOutcome::Created(_)) => {
                self.created += 1;
                self.bytes += bytes;
            }
            Ok(ImportOutcome::Present) => self.present += 1,
            Err(fault) => {
                let code = fault.code;
                self.refuse(path, code, Failure::from(fault).message);
            }
        }
    }

    const fn done(&self) -> u64 {
        self.created + self.present + self.refused_count
    }

    fn exit(&self) -> Exit {
        let is_whole = self.refused_count == 0 && self.failed.is_empty() && !self.is_cut_short;
        if is_whole { Exit::Done } else { Exit::Failed }
    }
}

impl ImportCommand {
    pub(super) fn run(self, place: &Place) -> Result<Exit, Failure> {
        let config = place.load()?.config;
        with_library_to_work(&config, Expect::Library, async |opened| {
            let is_served = ServingLock::is_held(&config)?;
            self.run_in(opened, is_served).await
        })
    }

    async fn run_in(self, opened: &Opened, is_served: bool) -> Result<Exit, Failure> {
        let library = &opened.library;
        let owner = self.owner(library).await?;
        let organization_id = match &self.org {
            Some(name) => Some(find_organization(library.accounts(), name).await?.id.to_string()),
            None => None,
        };
        let caller = library.accounts().act_as(&Caller::platform(), owner.id).await?;
        let import = Arc::new(Import {
            owner: caller,
            tags: self.tag.clone(),
            visibility: self.visibility,
            organization_id,
            takes_text: self.text,
        });
        let mut progress = Progress::new("files", self.json);
        progress.doing("looking for files");
        let (total, _) = self.count().await?;
        let since = library.now_ms();
        let processing = Processing::start(library, is_served);
        let mut summary = self.import_all(library, &import, total, &mut progress).await?;
        if !summary.is_cut_short {
            progress.doing("making thumbnails");
            summary.left_processing = processing.finish(&import.owner, since).await?;
            summary.failed = library.failed_since(&import.owner, since).await?;
        } else {
            processing.stop().await;
        }
        let elapsed = progress.end();
        if self.json {
            output::print_json(&summary.show(elapsed))?;
        } else {
            summary.tell(&owner, elapsed)?;
        }
        Ok(summary.exit())
    }

    async fn owner(&self, library: &Library) -> Result<User, Failure> {
        if let Some(login) = &self.email {
            return find_user(library.accounts(), login).await;
        }
        let mut skip = 0;
        loop {
            let slice = ListSlice { skip, limit: PAGE };
            let which = UserList { is_active: Some(true), ..UserList::default() };
            let page = library.accounts().users(&Caller::platform(), &which, slice).await?;
            skip += page.items.len() as u64;
            if page.items.is_empty() {
                let said = "there is no superuser to own the files; name their owner by --email";
                return Err(Failure::new(Exit::Usage, said));
            }
            if let Some(first) = page.items.into_iter().find(|user| user.is_superuser) {
                return Ok(first);
            }
        }
    }

    /// How many files there are, and their bytes. Walked twice, so that no list is kept.
    async fn count(&self) -> Result<(u64, u64), Failure> {
        let paths = self.paths.clone();
        let counting = tokio::task::spawn_blocking(move || {
            let (mut files, mut bytes) = (0, 0);
            walk(&paths, |found| {
                files += 1;
                if let Found::File(_, size) = found {
                    bytes += size;
                }
                true
            });
            (files, bytes)
        });
        counting.await.map_err(|error| Failure::new(Exit::Failed, error.to_string()))
    }

    async fn import_all(
        &self,
        library: &Library,
        import: &Arc<Import>,
        total: u64,
        progress: &mut Progress,
    ) -> Result<Summary, Failure> {
        let (send, mut found) = mpsc::channel(WAITING_MAX);
        let paths = self.paths.clone();
        let is_over = Arc::new(AtomicBool::new(false));
        let walk_is_over = Arc::clone(&is_over);
        tokio::task::spawn_blocking(move || {
            walk(&paths, |found| {
                !walk_is_over.load(Ordering::Relaxed) && send.blocking_send(found).is_ok()
            });
        });
        let mut summary = Summary::default();
        let mut running = JoinSet::new();
        let mut bytes_read = 0;
        let mut interrupted = std::pin::pin!(tokio::signal::ctrl_c());
        loop {
            tokio::select! {
                _ = &mut interrupted, if !summary.is_cut_short => {
                    summary.is_cut_short = true;
                    is_over.store(true, Ordering::Relaxed);
                    found.close();
                }
                next = found.recv(), if running.len() < usize::from(self.parallel) => match next {
                    Some(Found::File(..)) if summary.is_cut_short => {}
                    Some(Found::File(path, bytes)) => {
                        let (library, import) = (library.clone(), Arc::clone(import));
                        running.spawn(async move {
                            let done = import_patiently(&library, &import, path.clone()).await;
                            (path, bytes, done)
                        });
                    }
                    Some(Found::Unreadable(path, error)) => {
                        summary.refuse(path, "storage-unavailable", error.to_string());
                    }
                    None if running.is_empty() => return Ok(summary),
                    None => finish_one(&mut running, &mut summary, &mut bytes_read).await?,
                },
                joined = running.join_next(), if !running.is_empty() => {
                    take(joined, &mut summary, &mut bytes_read)?;
                }
            }
            progress.at(summary.done(), total, bytes_read);
        }
    }
}

type Imported = (PathBuf, u64, Result<ImportOutcome, Fault>);

async fn finish_one(
    running: &mut JoinSet<Imported>,
    summary: &mut Summary,
    bytes_read: &mut u64,
) -> Result<(), Failure> {
    take(running.join_next().await, summary, bytes_read)
}

fn take(
    joined: Option<Result<Imported, tokio::task::JoinError>>,
    summary: &mut Summary,
    bytes_read: &mut u64,
) -> Result<(), Failure> {
    let Some(joined) = joined else { return Ok(()) };
    let (path, bytes, done) =
        joined.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    *bytes_read += bytes;
    summary.count(path, bytes, done);
    Ok(())
}

/// Waits while more pictures are unprocessed than may be.
async fn import_patiently(
    library: &Library,
    import: &Import,
    path: PathBuf,
) -> Result<ImportOutcome, Fault> {
    loop {
        match library.import_file(import, path.clone()).await {
            Err(fault) if fault.code == "queue-full" => tokio::time::sleep(QUEUE_WAIT).await,
            done => return done,
        }
    }
}

impl Summary {
    fn show(&self, elapsed: Duration) -> Value {
        let refused = self.refused.iter().map(|(path, (code, reason))| {
            json!({"path": path.to_string_lossy(), "code": code, "reason": reason})
        });
        let failed = self
            .failed
            .iter()
            .map(|(filename, reason)| json!({"filename": filename, "reason": reason}));
        json!({
            "created": self.created,
            "present": self.present,
            "refused_count": self.refused_count,
            "refused": refused.collect::<Vec<_>>(),
            "failed": failed.collect::<Vec<_>>(),
            "left_processing": self.left_processing,
            "bytes": self.bytes,
            "seconds": elapsed.as_secs_f64(),
            "complete": !self.is_cut_short,
        })
    }

    fn tell(&self, owner: &User, elapsed: Duration) -> Result<(), Failure> {
        let mut text = String::new();
        for (path, (_, reason)) in &self.refused {
            text.push_str(&format!("refused: {}: {reason}\n", path.display()));
        }
        let unnamed = self.refused_count - self.refused.len() as u64;
        if unnamed > 0 {
            text.push_str(&format!("and {unnamed} more were refused\n"));
        }
        for (filename, reason) in &self.failed {
            text.push_str(&format!("failed: {filename}: {reason}\n"));
        }
        text.push_str(&format!(
            "{} imported for {} ({}), {} there already, {} refused, {} failed; {} ({}/s)\n",
            self.created,
            owner.email,
            HumanBytes(self.bytes),
            self.present,
            self.refused_count,
            self.failed.len(),
            seconds(elapsed.as_secs()),
            rate(self.done(), elapsed),
        ));
        if self.left_processing > 0 {
            let left = self.left_processing;
            text.push_str(&format!("the running server is making thumbnails of {left}\n"));
        }
        if self.is_cut_short {
            text.push_str("it was cut short; run it again to go on\n");
        }
        output::print(&text)
    }
}
