//! Long work that a user watches.

use backlot_library::tasks::Task;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::at;
use super::word::{TaskWord, Word};

/// Long work.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::native) struct TaskBody {
    /// Identifier.
    #[schema(format = Uuid)]
    id: String,
    /// Who asked for it.
    #[schema(format = Uuid)]
    owner_id: String,
    /// For which organisation.
    #[schema(format = Uuid)]
    organization_id: Option<String>,
    /// What is done.
    kind: String,
    /// What it is about, such as the id of an entity.
    subject: Option<String>,
    /// How far it is.
    status: TaskWord,
    /// In percent.
    #[schema(minimum = 0, maximum = 100, example = 40)]
    progress: u8,
    /// How many items there are, once that is known.
    total_items: Option<u64>,
    /// How many of them are done.
    processed_items: u64,
    /// Why it failed.
    error: Option<String>,
    /// What came of it.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When it began.
    #[schema(format = DateTime)]
    started_at: Option<String>,
    /// When it ended.
    #[schema(format = DateTime)]
    finished_at: Option<String>,
}

impl From<Task> for TaskBody {
    fn from(task: Task) -> Self {
        // What is to be done is the server's own affair.
        let Task {
            id,
            owner_id,
            organization_id,
            kind,
            status,
            subject,
            payload: _,
            progress,
            total_items,
            processed_items,
            error,
            result,
            created_at,
            updated_at,
            started_at,
            finished_at,
        } = task;
        Self {
            id: id.to_string(),
            owner_id: owner_id.to_string(),
            organization_id: organization_id.map(|id| id.to_string()),
            kind,
            status: Word(status),
            subject,
            progress,
            total_items,
            processed_items,
            error,
            result: result.and_then(|json| serde_json::from_str(&json).ok()),
            created_at: at(created_at),
            updated_at: at(updated_at),
            started_at: started_at.map(at),
            finished_at: finished_at.map(at),
        }
    }
}
