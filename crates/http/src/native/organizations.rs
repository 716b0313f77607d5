//! Organisations and their members.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_library::accounts::Whose;
use backlot_model::account::Organization;
use backlot_model::limits::SEARCH_CHARS_MAX;
use backlot_model::{Fault, Id, Kind};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Answered, Reply, Shown};
use super::envelope::{BadBody, Conflicts, Missing, Refused};
use super::once::Once;
use super::paging::{slice, slice_checked};
use super::wire::account::{MemberBody, NewMember, OrganizationBody, OrganizationName, RoleChange};
use super::wire::{Message, Page};
use crate::app::App;
use crate::app::SignedIn;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

/// The routes under `/organizations`.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, rename, delete))
        .routes(routes!(members, add_member))
        .routes(routes!(set_role, remove_member))
}

fn id_in(path: &PathFields) -> Result<Id<Organization>, Fault> {
    let said = "organization not found";
    path.id("id", || Fault::new(Kind::NotFound, "organization-not-found", said))
}

/// List organisations
///
/// Those that the caller is in, in the order in which they were made.
#[utoipa::path(
    get, path = "/organizations", operation_id = "list_organizations", tag = "organizations",
    params(
        ("all" = Option<bool>, Query, description = "All there are, for superusers"),
        ("search" = Option<String>, Query, description = "A part of the name, whatever the case", max_length = 200),
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<OrganizationBody>), Refused),
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Query(query): Query,
) -> Shown<Page<OrganizationBody>> {
    let mut checks = Checks::default();
    let slice = slice_checked(&query, &mut checks);
    let all = checks.take(query.flag("all")).unwrap_or(false);
    let search = checks.take(query.text_up_to("search", SEARCH_CHARS_MAX));
    checks.done()?;
    let whose = if all { Whose::Everybodys } else { Whose::Own };
    let found = app.library().accounts().organizations(&caller, whose, search, slice).await?;
    Ok(Json(Page::of(found.items, found.count)))
}

/// Make an organisation
///
/// The caller becomes its owner.
#[utoipa::path(
    post, path = "/organizations", operation_id = "create_organization", tag = "organizations",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255)),
    request_body = OrganizationName,
    responses((status = 201, description = "The organisation", body = OrganizationBody), Refused, Conflicts, BadBody),
)]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    once: Once,
    Body(new): Body<OrganizationName>,
) -> Answered {
    let (accounts, by, known) = (app.library().accounts().clone(), caller.clone(), json!(new));
    let work = async move {
        let made = accounts.create_organization(&by, &new.name).await?;
        Reply::new(StatusCode::CREATED, &OrganizationBody::from(made))
    };
    once.run(&app, &caller, &known, None, work).await
}

/// One organisation
#[utoipa::path(
    get, path = "/organizations/{id}", operation_id = "get_organization", tag = "organizations",
    params(("id" = String, Path, description = "The organisation")),
    responses((status = 200, description = "The organisation", body = OrganizationBody), Refused, Missing),
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<OrganizationBody> {
    Ok(Json(app.library().accounts().organization(&caller, id_in(&path)?).await?.into()))
}

/// Rename an organisation
#[utoipa::path(
    patch, path = "/organizations/{id}", operation_id = "update_organization", tag = "organizations",
    params(("id" = String, Path, description = "The organisation")),
    request_body = OrganizationName,
    responses((status = 200, description = "The organisation", body = OrganizationBody), Refused, Missing, Conflicts, BadBody),
)]
async fn rename(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Body(change): Body<OrganizationName>,
) -> Shown<OrganizationBody> {
    let (accounts, id) = (app.library().accounts(), id_in(&path)?);
    Ok(Json(accounts.rename_organization(&caller, id, &change.name).await?.into()))
}

/// Delete an organisation
///
/// With its memberships and the keys bound to it. Its assets stay with their uploaders.
#[utoipa::path(
    delete, path = "/organizations/{id}", operation_id = "delete_organization", tag = "organizations",
    params(("id" = String, Path, description = "The organisation")),
    responses((status = 200, description = "It is deleted", body = Message), Refused, Missing),
)]
async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Shown<Message> {
    app.library().accounts().delete_organization(&caller, id_in(&path)?).await?;
    Ok(Json(Message::new("Organization deleted")))
}

/// List members
///
/// Oldest membership first.
#[utoipa::path(
    get, path = "/organizations/{id}/members", operation_id = "list_members", tag = "organizations",
    params(
        ("id" = String, Path, description = "The organisation"),
        ("skip" = Option<u64>, Query, description = "Leave out so many", minimum = 0),
        ("limit" = Option<u32>, Query, description = "How many to show; 100 if absent", minimum = 1, maximum = 100),
    ),
    responses((status = 200, description = "One page", body = Page<MemberBody>), Refused, Missing),
)]
async fn members(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
    Query(query): Query,
) -> Shown<Page<MemberBody>> {
    let (accounts, id) = (app.library().accounts(), id_in(&path)?);
    let found = accounts.members(&caller, id, slice(&query)?).await?;
    Ok(Json(Page::of(found.items, found.count)))
}

/// Add a member
///
/// Admins add members; only owners add admins and owners.
#[utoipa::path(
    post, path = "/organizations/{id}/members", operation_id = "add_member", tag = "organizations",
    params(
        ("id" = String, Path, description = "The organisation"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated call harmless", max_length = 255),
    ),
    request_body = NewMember,
    responses((status = 201, description = "The member", body = MemberBody), Refused, Missing, Conflicts, BadBody),
)]
async fn add_member(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    (once, path): (Once, PathFields),
    Body(new): Body<NewMember>,
) -> Answered {
    let id = id_in(&path)?;
    let (accounts, by, known) = (app.library().accounts().clone(), caller.clone(), json!(new));
    let work = async move {
        let made = accounts.add_member(&by, id, &new.user, new.role.0).await?;
        Reply::new(StatusCode::CREATED, &MemberBody::from(made))
    };
    once.run(&app, &caller, &known, None, work).await
}

/// Set a member's role
#[utoipa::path(
    put, path = "/organizations/{id}/members/{user_id}", operation_id = "set_member_role", tag = "organizations",
    params(
        ("id" = String, Path, description = "The organisation"),
        ("user_id" = String, Path, description = "The member, or `me`"),
    ),
    request_body = RoleChange,
    responses((status = 200, description = "It is set", body = Message), Refused, Missing, Conflicts, BadBody),
)]
async fn set_role(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
    Body(change): Body<RoleChange>,
) -> Shown<Message> {
    let (id, user) = (id_in(&path)?, signed_in.user(path.text("user_id"))?);
    app.library().accounts().set_role(&signed_in.0, id, user, change.role.0).await?;
    Ok(Json(Message::new("Role set")))
}

/// Take a member out
///
/// Oneself, one may always take out. His assets stay his; his keys that were bound to the
/// organisation are gone.
#[utoipa::path(
    delete, path = "/organizations/{id}/members/{user_id}", operation_id = "remove_member", tag = "organizations",
    params(
        ("id" = String, Path, description = "The organisation"),
        ("user_id" = String, Path, description = "The member, or `me`"),
    ),
    responses((status = 200, description = "He is out", body = Message), Refused, Missing, Conflicts),
)]
async fn remove_member(
    State(app): State<App>,
    signed_in: SignedIn,
    path: PathFields,
) -> Shown<Message> {
    let (id, user) = (id_in(&path)?, signed_in.user(path.text("user_id"))?);
    app.library().accounts().remove_member(&signed_in.0, id, user).await?;
    Ok(Json(Message::new("Member removed")))
}
