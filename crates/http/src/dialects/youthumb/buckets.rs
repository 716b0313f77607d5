//! Temporary files, which this dialect lists as assets of the type `bucket`.

use backlot_model::Fault;
use backlot_model::account::Caller;

use super::wire::{AssetBody, ListBody, Pagination};
use crate::app::{App, Links};

/// A page of the caller's own temporary files. They are not counted.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    links: &Links,
    page: u64,
    limit: u32,
) -> Result<ListBody, Fault> {
    let skip = (page - 1) * u64::from(limit);
    let (files, has_more) = app.library().temp_files(caller, skip, limit).await?;
    let assets = files.into_iter().map(|file| AssetBody::bucket(file, links)).collect();
    let pagination = Pagination { page, limit, total: None, total_pages: None, has_more };
    Ok(ListBody { assets, pagination })
}
