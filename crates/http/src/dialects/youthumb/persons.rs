//! `/persons`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use backlot_model::{Fault, Kind};

use super::assets::page_and_limit;
use super::wire::{
    Answer, DefaultImageBody, ErrorBody, ImageIdsBody, Message, NewPersonBody, Pagination,
    PersonBody, PersonListBody, PersonUpdateBody,
};
use crate::app::{App, Links, SignedIn};
use crate::edge::dialect::Refusal;
use crate::edge::fields::{Checks, Query};
use crate::edge::intake::body::Body;
use crate::edge::path::PathFields;

type PersonAnswer = Result<Json<Answer<PersonBody>>, Refusal>;

/// Make a person of face assets; the first stands for it.
#[utoipa::path(
    post, path = "/persons", operation_id = "createPerson", tag = "Persons",
    request_body = NewPersonBody,
    responses(
        (status = 201, body = Answer<PersonBody>, description = "The person"),
        (status = 404, body = ErrorBody, description = "One of the pictures is not there"),
    )
)]
pub(super) async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Body(body): Body<NewPersonBody>,
) -> Result<(StatusCode, Json<Answer<PersonBody>>), Refusal> {
    let NewPersonBody { name, image_ids } = body;
    let person = app.library().create_person(&caller, &name, &image_ids).await;
    let person = person.map_err(in_body)?;
    Ok((StatusCode::CREATED, Json(Answer::of(PersonBody::new(person, &links)))))
}

/// List the persons of the caller and his organisation, the newest first.
#[utoipa::path(
    get, path = "/persons", operation_id = "listPersons", tag = "Persons",
    params(
        ("page" = Option<u32>, Query, minimum = 1, maximum = 1000000, description = "1 if absent"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "20 if absent"),
    ),
    responses(
        (status = 200, body = Answer<PersonListBody>, description = "One page"),
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    Query(query): Query,
) -> Result<Json<Answer<PersonListBody>>, Refusal> {
    let mut checks = Checks::default();
    let (page, limit) = page_and_limit(&mut checks, &query);
    checks.done()?;
    let skip = (page - 1) * u64::from(limit);
    let (found, total) = app.library().persons(&caller, skip, limit).await?;
    let persons = found.into_iter().map(|it| PersonBody::new(it, &links)).collect();
    let pagination = Pagination::counted(page, limit, total);
    Ok(Json(Answer::of(PersonListBody { persons, pagination })))
}

/// Get one person.
#[utoipa::path(
    get, path = "/persons/{id}", operation_id = "getPerson", tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person")),
    responses(
        (status = 200, body = Answer<PersonBody>, description = "The person as it is now"),
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> PersonAnswer {
    let person = app.library().person(&caller, path.id("id", not_found)?).await?;
    Ok(Json(Answer::of(PersonBody::new(person, &links))))
}

/// Rename a person.
#[utoipa::path(
    put, path = "/persons/{id}", operation_id = "updatePerson", tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person")),
    request_body = PersonUpdateBody,
    responses(
        (status = 200, body = Answer<PersonBody>, description = "The person as it is now"),
    )
)]
pub(super) async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Body(PersonUpdateBody { name }): Body<PersonUpdateBody>,
) -> PersonAnswer {
    let id = path.id("id", not_found)?;
    let person = app.library().rename_person(&caller, id, &name).await?;
    Ok(Json(Answer::of(PersonBody::new(person, &links))))
}

/// Delete a person; the pictures stay.
#[utoipa::path(
    delete, path = "/persons/{id}", operation_id = "deletePerson", tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person")),
    responses(
        (status = 200, body = Answer<Message>, description = "It is deleted"),
    )
)]
pub(super) async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    path: PathFields,
) -> Result<Json<Answer<Message>>, Refusal> {
    app.library().delete_person(&caller, path.id("id", not_found)?).await?;
    Ok(Json(Answer::said("Person deleted")))
}

/// Add pictures to a person.
#[utoipa::path(
    post, path = "/persons/{id}/images", operation_id = "addPersonImages", tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person")),
    request_body = ImageIdsBody,
    responses(
        (status = 200, body = Answer<PersonBody>, description = "The person as it is now"),
    )
)]
pub(super) async fn add_images(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Body(ImageIdsBody { image_ids }): Body<ImageIdsBody>,
) -> PersonAnswer {
    let id = path.id("id", not_found)?;
    let person = app.library().add_person_images(&caller, id, &image_ids).await;
    let person = person.map_err(in_body)?;
    Ok(Json(Answer::of(PersonBody::new(person, &links))))
}

/// Detach a picture from a person; the picture stays.
#[utoipa::path(
    delete, path = "/persons/{id}/images/{imageId}", operation_id = "removePersonImage",
    tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person"), ("imageId" = String, Path, format = Uuid, description = "The picture")),
    responses(
        (status = 200, body = Answer<PersonBody>, description = "The person as it is now"),
    )
)]
pub(super) async fn remove_image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
) -> PersonAnswer {
    let id = path.id("id", not_found)?;
    let person = app.library().remove_person_image(&caller, id, path.text("imageId")).await?;
    Ok(Json(Answer::of(PersonBody::new(person, &links))))
}

/// Let a picture stand for a person.
#[utoipa::path(
    put, path = "/persons/{id}/default", operation_id = "setDefaultPersonImage", tag = "Persons",
    params(("id" = String, Path, format = Uuid, description = "The person")),
    request_body = DefaultImageBody,
    responses(
        (status = 200, body = Answer<PersonBody>, description = "The person as it is now"),
    )
)]
pub(super) async fn set_default(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    links: Links,
    path: PathFields,
    Body(DefaultImageBody { image_id }): Body<DefaultImageBody>,
) -> PersonAnswer {
    let id = path.id("id", not_found)?;
    let person = app.library().set_default_person_image(&caller, id, &image_id).await?;
    Ok(Json(Answer::of(PersonBody::new(person, &links))))
}

fn not_found() -> Fault {
    Fault::new(Kind::NotFound, "person-not-found", "person not found")
}

/// The library's name of the field, as this vendor spells it.
fn in_body(mut fault: Fault) -> Fault {
    for it in &mut fault.fields {
        if it.path == ["body", "image_ids"] {
            it.path = vec!["body".to_owned(), "imageIds".to_owned()];
        }
    }
    fault
}
