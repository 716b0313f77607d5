//! Archives: many assets as one ZIP, made by a job, kept as a temporary file.
//!
//! Owns: which assets go in, and the task that tells how far it is. Never: changes a byte of them;
//! what is in an archive is stored as it is, since pictures do not get smaller twice.

mod names;
mod write;

use backlot_model::account::{Caller, Scope};
use backlot_model::asset::Asset;
use backlot_model::limits::{ARCHIVE_BYTES_MAX, BULK_IDS_MAX, NAME_CHARS_MAX};
use backlot_model::query::{Direction, Filter, Order, Page, SortKey, Window};
use backlot_model::{Fault, Id, Kind};
use backlot_store::tasks::{self, Task, TaskStatus};
use backlot_store::temp_files::{self, TempFile};
use serde::{Deserialize, Serialize};

use crate::Library;
use crate::assets::text;
use crate::authority::{asset_not_found, member};
use crate::jobs::Job;
use crate::listing::{ListRequest, Within};
use names::Template;

/// The kind of the tasks that make archives.
pub const TASK_ARCHIVE: &str = "archive";

/// An archive that is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewArchive {
    /// These assets, in any dress.
    pub asset_ids: Vec<String>,
    /// All that these runs made and the caller can list.
    pub inference_ids: Vec<String>,
    /// All that these models made and the caller can list.
    pub model_ids: Vec<String>,
    /// How files are called: `<id> <seed> <num> <prompt> <generator> <description>`, with `/`
    /// between folders; the extension is appended. `<id>` if absent.
    pub template: Option<String>,
    /// What the archive is called, without extension; `<YYYYMMDD>-export` if absent.
    pub name: Option<String>,
    /// Whether all files lie side by side, whatever the template says.
    pub flat: bool,
}

/// An archive and how far it is.
#[derive(Debug, Clone)]
pub struct Archive {
    /// How far it is.
    pub task: Task,
    /// Where it is; none before the task is completed and after the file has expired.
    pub file: Option<TempFile>,
}

/// What the job needs to know.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    assets: Vec<String>,
    template: String,
    name: String,
    flat: bool,
}

impl Library {
    /// Asks for an archive of at most 1,000 assets. The answer is the task that makes it.
    ///
    /// # Errors
    /// `asset-not-found` when the caller does not see one of the assets named; `invalid` for a bad
    /// template, for no asset at all or too many; `too-large` for more than 20 GiB; `queue-full`.
    pub async fn request_archive(&self, caller: &Caller, new: &NewArchive) -> Result<Task, Fault> {
        let member = member(caller, Scope::Read)?;
        let template = new.template.as_deref().unwrap_or("<id>");
        Template::parse(template)?;
        let now = self.now_ms();
        let name = match new.name.as_deref() {
            Some(raw) => text("archive_name", raw, NAME_CHARS_MAX - ".zip".len())
                .map_err(|it| Fault::invalid_fields(vec![it]))?,
            None => None,
        };
        let name = name.unwrap_or_else(|| names::dated(now));
        self.refuse_when_full().await?;
        let assets = self.archived_assets(caller, new).await?;
        let contents = Contents {
            assets: assets.iter().map(ToString::to_string).collect(),
            template: template.to_owned(),
            name: names::sanitised(&name),
            flat: new.flat,
        };
        let task = Task {
            id: self.ids().next(),
            owner_id: member.user_id,
            organization_id: member.active_organization,
            kind: TASK_ARCHIVE.to_owned(),
            status: TaskStatus::Pending,
            subject: None,
            payload: serde_json::to_string(&contents).map_err(Fault::internal)?,
            progress: 0,
            total_items: Some(assets.len() as u64),
            processed_items: 0,
            error: None,
            result: None,
            created_at: now,
            updated_at: now,
            started_at: None,
            finished_at: None,
        };
        let tx = self.db().begin().await?;
        tasks::insert(&tx, &task).await?;
        self.enqueue(&tx, &Job::Archive { task: task.id.to_string() }).await?;
        tx.commit().await?;
        Ok(task)
    }

    /// How far one of the caller's archives is.
    ///
    /// # Errors
    /// `task-not-found`, also for tasks that make no archive.
    pub async fn archive(&self, caller: &Caller, id: Id<Task>) -> Result<Archive, Fault> {
        let task = self.task(caller, id).await?;
        if task.kind != TASK_ARCHIVE {
            return Err(Fault::new(Kind::NotFound, "task-not-found", "task not found"));
        }
        let file = temp_files::by_task(self.db(), id).await?;
        let file = file.filter(|it| it.expires_at > self.now_ms());
        Ok(Archive { task, file })
    }

    /// The ids of what goes in: first what was named, then what runs and models made, each once.
    async fn archived_assets(
        &self,
        caller: &Caller,
        new: &NewArchive,
    ) -> Result<Vec<Id<Asset>>, Fault> {
        let mut ids: Vec<Id<Asset>> = Vec::new();
        for raw in &new.asset_ids {
            let id = Id::parse(raw).ok_or_else(asset_not_found)?;
            if !ids.contains(&id) {
                ids.push(id);
            }
            refuse_too_many(ids.len())?;
        }
        let mut found = self.assets(caller, &ids).await?;
        if found.len() < ids.len() {
            return Err(asset_not_found());
        }
        let by_run = |id: &String| Filter { inference_id: Some(id.clone()), ..Filter::default() };
        let by_model = |id: &String| Filter { model_id: Some(id.clone()), ..Filter::default() };
        let filters =
            new.inference_ids.iter().map(by_run).chain(new.model_ids.iter().map(by_model));
        for filter in filters {
            for asset in self.all_listed(caller, filter).await? {
                if found.iter().all(|it| it.id != asset.id) {
                    found.push(asset);
                }
            }
            refuse_too_many(found.len())?;
        }
        if found.is_empty() {
            return Err(Fault::invalid("body.asset_ids", "missing", "must name an asset"));
        }
        if found.iter().filter_map(|it| it.size).sum::<u64>() > ARCHIVE_BYTES_MAX {
            let said = format!("the assets are more than {ARCHIVE_BYTES_MAX} bytes together");
            return Err(Fault::new(Kind::TooLarge, "too-large", said));
        }
        Ok(found.into_iter().map(|it| it.id).collect())
    }

    async fn all_listed(&self, caller: &Caller, filter: Filter) -> Result<Vec<Asset>, Fault> {
        let limit = u32::try_from(BULK_IDS_MAX + 1).unwrap_or(u32::MAX);
        let request = ListRequest {
            within: Within::Own(None),
            filter,
            uploader_name: None,
            order: Order { key: SortKey::CreatedAt, direction: Direction::Ascending },
            window: Window::Offset { skip: 0, limit },
            count: false,
        };
        let Page { items, .. } = self.list(caller, request).await?;
        Ok(items)
    }
}

fn refuse_too_many(count: usize) -> Result<(), Fault> {
    if count <= BULK_IDS_MAX {
        return Ok(());
    }
    let said = format!("must be at most {BULK_IDS_MAX} assets");
    Err(Fault::invalid("body.asset_ids", "length", said))
}
