//! `/tags`.

use axum::Json;
use axum::extract::State;
use backlot_library::listing::Within;
use backlot_model::Id;
use backlot_model::query::{Position, SortValue};

use super::asking::Asking;
use super::listing::page_size;
use super::wire::asset::{project_id, user_id};
use super::wire::collection::{TagBody, TagPage};
use super::wire::refusal::Refused;
use crate::app::App;
use crate::edge::dialect::Refusal;
use crate::edge::fields::Checks;

/// List tags
///
/// Of the assets that `GET /assets` lists, by name, with how many carry each.
#[utoipa::path(
    get, path = "/tags", operation_id = "listTags", tag = "Tags",
    params(
        ("pageSize" = Option<u32>, Query, minimum = 1, maximum = 100, description = "50 if absent."),
        ("paginationToken" = Option<String>, Query,
            description = "The `nextPaginationToken` of the page before."),
        ("projectId" = Option<String>, Query, description = "One of the caller's projects."),
    ),
    responses((status = 200, description = "One page.", body = TagPage), Refused),
)]
pub(super) async fn list(State(app): State<App>, asking: Asking) -> Result<Json<TagPage>, Refusal> {
    let (library, caller) = (app.library(), &asking.caller);
    let mut checks = Checks::default();
    let limit = page_size(&asking.query, 50, &mut checks);
    let token = checks.take(asking.query.one("paginationToken"));
    checks.done()?;
    let owner_id = match caller.member() {
        Some(member) => {
            member.active_organization.map_or_else(|| user_id(member.user_id), project_id)
        }
        None => String::new(),
    };
    let question = format!("scenario tags {owner_id}");
    let after = match token {
        None => None,
        Some(token) => {
            let opened = library.open_position(caller, &question, token);
            match opened.map_err(|fault| fault.at("query.paginationToken", "format"))?.value {
                SortValue::Text(tag) => Some(tag),
                SortValue::Number(_) => None,
            }
        }
    };
    let within = Within::ActiveOrganization;
    let mut found = library.tags(caller, within, after.as_deref(), limit + 1).await?;
    let has_more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_pagination_token = match found.last().filter(|_| has_more) {
        None => None,
        Some(last) => {
            let value = SortValue::Text(last.tag.clone());
            let position = Position { value, id: Id::new(uuid::Uuid::nil()) };
            Some(library.seal_position(caller, &question, &position)?)
        }
    };
    let tags = found.into_iter().map(|count| TagBody::new(count, &owner_id)).collect();
    Ok(Json(TagPage { tags, next_pagination_token }))
}
