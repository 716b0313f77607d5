//! One operation over many assets.

use axum::Json;
use axum::extract::State;
use backlot_library::limiter::Limit;

use crate::app::App;
use crate::app::SignedIn;
use crate::edge::intake::body::Body;
use crate::native::answer::Shown;
use crate::native::asking::Tally;
use crate::native::envelope::{BadBody, Limited, Refused};
use crate::native::wire::change::{BulkAnswer, BulkChange};
use crate::native::wire::renamed;

/// Change many assets
///
/// All in one go; what is refused for one does not touch the others. Each result has the status
/// that a call on its asset alone would have had. Deletions are limited to a few calls a second.
#[utoipa::path(
    post, path = "/assets/bulk", operation_id = "bulk_change_assets", tag = "assets",
    request_body = BulkChange,
    responses((status = 200, description = "A result for each id, in their order", body = BulkAnswer), Refused, BadBody, Limited),
)]
pub(super) async fn bulk(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    tally: Tally,
    Body(change): Body<BulkChange>,
) -> Shown<BulkAnswer> {
    let library = app.library();
    if change.deletes() {
        let counted = library.limiter().check(Limit::BulkDelete, &caller.subject()).await;
        tally.told(Limit::BulkDelete, counted).await.map_err(backlot_model::Fault::from)?;
    }
    let (bulk, ids) = change.into_bulk()?;
    let results = library.bulk(&caller, &bulk, &ids).await;
    let results =
        results.map_err(|fault| renamed(fault, "body.collection_ids", "body.collection_id"))?;
    Ok(Json(results.into()))
}
