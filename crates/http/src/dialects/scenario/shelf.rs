//! Showing assets, with the pictures that stand for some of them.

use std::collections::HashMap;

use backlot_model::account::Caller;
use backlot_model::{Fault, Id, asset};
use serde::Serialize;
use utoipa::ToSchema;

use super::wire::asset::Asset;
use crate::app::{App, Links};

/// One asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = scenario::OneAsset)]
pub(super) struct OneAsset {
    pub(super) asset: Asset,
}

/// The assets as `caller` sees them, in their order.
pub(super) async fn shown(
    app: &App,
    caller: &Caller,
    links: &Links,
    assets: Vec<asset::Asset>,
) -> Result<Vec<Asset>, Fault> {
    let standing: Vec<Id<asset::Asset>> = assets.iter().filter_map(|it| it.thumbnail_id).collect();
    let found = match standing.as_slice() {
        [] => Vec::new(),
        ids => app.library().assets(caller, ids).await?,
    };
    let found: HashMap<_, _> = found.into_iter().map(|it| (it.id, it)).collect();
    let now = app.library().now_ms();
    let show = |it: asset::Asset| {
        let stands_for = it.thumbnail_id.and_then(|id| found.get(&id));
        Asset::new(it, stands_for, now, links, caller)
    };
    Ok(assets.into_iter().map(show).collect())
}

/// One asset as `caller` sees it.
pub(super) async fn one(
    app: &App,
    caller: &Caller,
    links: &Links,
    asset: asset::Asset,
) -> Result<OneAsset, Fault> {
    let mut shown = shown(app, caller, links, vec![asset]).await?;
    let asset = shown.pop().ok_or_else(|| Fault::internal("an asset got lost on its way out"))?;
    Ok(OneAsset { asset })
}
