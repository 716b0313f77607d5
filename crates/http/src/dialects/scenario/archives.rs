//! Archives: many assets as one ZIP, made after the answer.

use axum::Json;
use axum::extract::State;
use backlot_library::archives::{Archive, NewArchive};
use backlot_library::tasks::{Task, TaskStatus};
use backlot_model::{Fault, Id, Kind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::asking::Asking;
use super::spelling::{Spelling, respelt};
use super::wire::refusal::{Conflict, Refused, UnfitBody};
use crate::app::{App, Links};
use crate::edge::dialect::Refusal;
use crate::edge::intake::body::{Body, Object};
use crate::edge::path::PathFields;

/// An archive that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = scenario::ArchiveRequest)]
pub(super) struct ArchiveRequest {
    #[schema(value_type = ArchiveQuery)]
    query: Object<ArchiveQuery>,
    #[schema(value_type = Option<ArchiveOptions>)]
    options: Option<Object<ArchiveOptions>>,
}

/// What goes in: at most 1,000 assets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ArchiveQuery)]
pub(super) struct ArchiveQuery {
    /// These.
    #[serde(default)]
    asset_ids: Vec<String>,
    /// All that these inferences made.
    #[serde(default)]
    inference_ids: Vec<String>,
    /// All that these models made.
    #[serde(default)]
    model_ids: Vec<String>,
}

/// How it looks inside.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ArchiveOptions)]
pub(super) struct ArchiveOptions {
    /// Of `<id> <seed> <num> <prompt> <generator> <description>`, with `/` between folders; the
    /// extension is appended. `<id>` if absent.
    #[schema(example = "<description>-<id>")]
    file_name_template: Option<String>,
    /// What the archive is called, without `.zip`; `<YYYYMMDD>-export` if absent.
    #[schema(max_length = 251)]
    archive_name: Option<String>,
    /// Whether all files lie side by side.
    flat: Option<bool>,
}

/// The job that makes the archive.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ArchiveJob)]
pub(super) struct ArchiveJob {
    #[schema(example = "job_01932b6e7a407cc19b5e3f1f6a0b9c2d")]
    job_id: String,
}

/// How far the job is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = scenario::ArchiveState)]
pub(super) struct ArchiveState {
    job_id: String,
    /// `queued`, `in-progress`, `success`, `failure` or `canceled`.
    #[schema(example = "success")]
    job_status: &'static str,
    /// Signed; once it is there, and until it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    download_url: Option<String>,
}

/// Download many assets
///
/// Asks for a ZIP, which is made after the answer.
#[utoipa::path(
    post, path = "/assets/download", operation_id = "downloadAssets", tag = "Assets",
    params(("projectId" = Option<String>, Query, description = "One of the caller's projects.")),
    request_body = ArchiveRequest,
    responses((status = 200, description = "The job that makes it.", body = ArchiveJob), Refused, UnfitBody, Conflict),
)]
pub(super) async fn request(
    State(app): State<App>,
    asking: Asking,
    Body(ArchiveRequest { query, options }): Body<ArchiveRequest>,
) -> Result<Json<ArchiveJob>, Refusal> {
    let Object(query) = query;
    let Object(options) = options.unwrap_or(Object(ArchiveOptions::default()));
    let new = NewArchive {
        asset_ids: query.asset_ids,
        inference_ids: query.inference_ids,
        model_ids: query.model_ids,
        template: options.file_name_template,
        name: options.archive_name,
        flat: options.flat.unwrap_or(false),
    };
    let task = app.library().request_archive(&asking.caller, &new).await.map_err(in_body)?;
    Ok(Json(ArchiveJob { job_id: job_id(task.id) }))
}

/// Get an archive
#[utoipa::path(
    get, path = "/assets/download/{jobId}", operation_id = "getAssetsDownload", tag = "Assets",
    params(
        ("jobId" = String, Path, description = "The job's id."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "How far it is.", body = ArchiveState), Refused),
)]
pub(super) async fn get(
    State(app): State<App>,
    asking: Asking,
    links: Links,
    path: PathFields,
) -> Result<Json<ArchiveState>, Refusal> {
    let unknown = || Fault::new(Kind::NotFound, "task-not-found", "job not found");
    let id = path.id("jobId", unknown)?;
    let Archive { task, file } = app.library().archive(&asking.caller, id).await?;
    let job_status = match task.status {
        TaskStatus::Pending => "queued",
        TaskStatus::Running => "in-progress",
        TaskStatus::Completed => "success",
        TaskStatus::Failed => "failure",
        TaskStatus::Cancelled => "canceled",
    };
    let download_url = file.map(|file| links.temp_file(&file));
    Ok(Json(ArchiveState { job_id: job_id(task.id), job_status, download_url }))
}

fn job_id(id: Id<Task>) -> String {
    id.dressed("job")
}

/// The library's names of fields, as this call spells them.
fn in_body(fault: Fault) -> Fault {
    const SPELT: &[Spelling] = &[
        ("asset_ids", &["query", "assetIds"]),
        ("template", &["options", "fileNameTemplate"]),
        ("archive_name", &["options", "archiveName"]),
    ];
    respelt(fault, SPELT)
}
