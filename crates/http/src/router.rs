//! All routers, each at its place: the native API, the dialects, delivery, documents, health.
//!
//! Adding a dialect touches its folder and the list in [`crate::dialects::all`].

use axum::Router;

use crate::app::App;
use crate::docs::Shown;
use crate::edge::openapi::{publish_and_keep, served_at};
use crate::edge::place::{Place, Places};
use crate::{dialects, docs, media, native};

/// Where everything stands unless the operator says otherwise: names and places.
///
/// # Errors
/// A default that is no place, which a test rules out.
pub fn default_places() -> Result<Vec<(&'static str, Place)>, String> {
    let names = std::iter::once(&native::NATIVE).chain(dialects::all().into_iter().map(|it| it.0));
    names.map(|it| Ok((it.name, Place::parse(it.default_prefix)?))).collect()
}

/// The one router. `place_of` says where the dialect of a name stands; `shared` are routes that
/// belong to no dialect (health, metrics). `/docs` shows all of them.
///
/// # Errors
/// Two dialects at one place, or a default that is no place.
pub fn router(
    app: &App,
    place_of: impl Fn(&str) -> Option<Place>,
    shared: Router,
) -> Result<Router, String> {
    let (mut standing, mut shown) = (Vec::new(), Vec::new());
    let all = std::iter::once((&native::NATIVE, native::routes())).chain(dialects::all());
    for (dialect, routes) in all {
        let place = match place_of(dialect.name) {
            Some(place) => place,
            None => Place::parse(dialect.default_prefix)?,
        };
        let (routes, document) = publish_and_keep(dialect, routes);
        shown.push(Shown {
            name: dialect.name,
            title: dialect.title,
            document: served_at(&document, &place.base()),
        });
        standing.push((place, routes.with_state(app.clone())));
    }
    let media = media::routes().with_state(app.clone());
    let docs = docs::routes(&shown).map_err(|error| error.to_string())?;
    let shared = shared.merge(docs).nest(media::MEDIA.default_prefix, media);
    let mut places = Places::new(&native::NATIVE, shared);
    for (place, routes) in standing {
        places.put(&place, routes)?;
    }
    Ok(places.into_router())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_places_and_differ() {
        let places = default_places().unwrap();
        let mut urls: Vec<_> = places.iter().map(|(_, place)| place.base_url("http")).collect();
        urls.sort();
        urls.dedup();
        assert_eq!(urls.len(), places.len());
    }
}
