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
    /// What is done.
    kind: String,
    /// How far it is.
    status: TaskWord,
    /// In percent.
    #[schema(minimum = 0, maximum = 100)]
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
