//! API keys: none reaches further than what it was made with.

use backlot_model::account::Scope;
use backlot_model::clock::HOUR_MS;
use proptest::prelude::*;

use super::super::KeyChange;
use super::*;

#[tokio::test]
async fn a_secret_is_shown_once_and_stored_nowhere() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let made = world.key(&caller, new_key(Scopes::ALL)).await;
    assert!(made.token.expose().starts_with(&made.key.prefix));
    assert!(made.token.expose().ends_with(made.secret.expose()));
    let listed = world.accounts.keys(&caller, ada.id, ALL).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&made.key));
    world.db.close().await.unwrap();
    let stored = std::fs::read(world.db.path()).unwrap();
    let holds = |text: &str| stored.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&made.key.id.to_string()), "the row is in this file");
    assert!(!holds(made.secret.expose()));
}

#[tokio::test]
async fn a_key_is_changed_and_listed_in_order() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let first = world.key(&caller, new_key(Scopes::ALL)).await.key;
    let second = world.key(&caller, new_key(Scopes::READ)).await.key;
    let change = KeyChange {
        name: Some(" new ".to_owned()),
        scopes: Some(Scopes::of(&[Scope::Read, Scope::Write])),
        expires_at: Some(Some(ada.created_at + HOUR_MS)),
    };
    let changed = world.accounts.update_key(&caller, first.id, change).await.unwrap();
    assert_eq!(changed.name, "new");
    assert_eq!(changed.scopes.list(), [Scope::Read, Scope::Write]);
    assert_eq!(changed.expires_at, Some(ada.created_at + HOUR_MS));
    let same = world.accounts.update_key(&caller, first.id, KeyChange::default()).await.unwrap();
    assert_eq!(same, changed);
    let page = ListSlice { skip: 1, limit: 1 };
    let listed = world.accounts.keys(&caller, ada.id, page).await.unwrap();
    assert_eq!((listed.items, listed.count), (vec![second], 2));
}

#[tokio::test]
async fn wrong_keys_are_refused() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let create = |new: NewKey| world.accounts.create_key(&caller, ada.id, new);
    let nameless = NewKey { name: " ".to_owned(), ..new_key(Scopes::ALL) };
    assert_eq!(mistake(create(nameless).await).0, "body.name");
    assert_eq!(mistake(create(new_key(Scopes::NONE)).await).0, "body.scopes");
    let past = NewKey { expires_at: Some(ada.created_at), ..new_key(Scopes::ALL) };
    assert_eq!(mistake(create(past).await), ("body.expires_at".to_owned(), "range"));
    let unknown = Id::new(uuid::Uuid::from_u128(1));
    let nowhere = NewKey { organization_id: Some(unknown), ..new_key(Scopes::ALL) };
    assert_eq!(refusal(create(nowhere).await).0, "organization-not-found");
    let foreign = world.organization("foreign", &world.user("bob").await).await;
    let outside = NewKey { organization_id: Some(foreign.id), ..new_key(Scopes::ALL) };
    assert_eq!(refusal(create(outside.clone()).await).0, "organization-not-found");
    // The operator is told what is amiss.
    let platform = Caller::platform();
    let outside = world.accounts.create_key(&platform, ada.id, outside).await;
    assert_eq!(refusal(outside), ("membership-not-found", Kind::NotFound));
    let nobody =
        world.accounts.create_key(&platform, Id::new(uuid::Uuid::max()), new_key(Scopes::ALL));
    assert_eq!(refusal(nobody.await), ("user-not-found", Kind::NotFound));
}

#[tokio::test]
async fn the_operator_makes_keys_for_others() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let studio = world.organization("studio", &ada).await;
    let new = NewKey { organization_id: Some(studio.id), scopes: None, ..new_key(Scopes::ALL) };
    let made = world.accounts.create_key(&Caller::platform(), ada.id, new).await.unwrap();
    let caller = world.with_key(&made).await;
    assert_eq!(id_of(&caller), ada.id);
    assert_eq!(member(&caller).scopes, Scopes::ALL);
    assert_eq!(member(&caller).active_organization, Some(studio.id));
}

#[tokio::test]
async fn a_bound_key_makes_and_sees_only_its_like() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (one, two) = (world.organization("one", &ada).await, world.organization("two", &ada).await);
    let session = world.session(&ada).await;
    let free = world.key(&session, new_key(Scopes::ALL)).await.key;
    let bound = NewKey { organization_id: Some(one.id), ..new_key(Scopes::ALL) };
    let bound = world.key(&session, bound).await;
    let caller = world.with_key(&bound).await;
    let made = world.key(&caller, new_key(Scopes::ALL)).await.key;
    assert_eq!(made.organization_id, Some(one.id));
    let other = NewKey { organization_id: Some(two.id), ..new_key(Scopes::ALL) };
    let refused = refusal(world.accounts.create_key(&caller, ada.id, other).await);
    assert_eq!(refused.0, "organization-not-found");
    let listed = world.accounts.keys(&caller, ada.id, ALL).await.unwrap();
    assert_eq!(listed.items.iter().map(|key| key.id).collect::<Vec<_>>(), [bound.key.id, made.id]);
    assert_eq!(refusal(world.accounts.key(&caller, free.id).await).0, "key-not-found");
    assert_eq!(refusal(world.accounts.revoke_key(&caller, free.id).await).0, "key-not-found");
}

#[tokio::test]
async fn a_key_does_not_lengthen_its_own_life_or_another_that_may_more() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.session(&ada).await;
    let end = ada.created_at + HOUR_MS;
    let managing = Scopes::of(&[Scope::Write, Scope::Admin]);
    let new = NewKey { expires_at: Some(end), ..new_key(managing) };
    let made = world.key(&session, new).await;
    let full = NewKey { expires_at: Some(end - 1), ..new_key(Scopes::ALL) };
    let full = world.key(&session, full).await.key;
    let caller = world.with_key(&made).await;
    let live = |until| KeyChange { expires_at: Some(until), ..KeyChange::default() };
    for until in [None, Some(end + 1)] {
        let refused = world.accounts.update_key(&caller, made.key.id, live(until)).await;
        assert_eq!(mistake(refused).0, "body.expires_at");
    }
    let widened = KeyChange { scopes: Some(Scopes::ALL), ..KeyChange::default() };
    let refused = world.accounts.update_key(&caller, made.key.id, widened).await;
    assert_eq!(refusal(refused).0, "insufficient-scope");
    let refused = world.accounts.update_key(&caller, full.id, live(Some(end))).await;
    assert_eq!(refusal(refused).0, "insufficient-scope");
    let renamed = KeyChange { name: Some("fine".to_owned()), ..KeyChange::default() };
    world.accounts.update_key(&caller, full.id, renamed).await.unwrap();
}

fn scopes() -> impl Strategy<Value = Scopes> {
    prop::sample::subsequence(Scope::ALL.to_vec(), 1..=3).prop_map(|scopes| Scopes::of(&scopes))
}

/// A key to be made: its scopes, its hour of expiry, and which of three organisations it names.
fn wish() -> impl Strategy<Value = (Option<Scopes>, Option<i64>, Option<usize>)> {
    (prop::option::of(scopes()), prop::option::of(1..5_i64), prop::option::of(0..3_usize))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A chain of keys, each made with the one before: none reaches further than any before it.
    #[test]
    fn no_key_reaches_further_than_what_it_was_made_with(
        wishes in prop::collection::vec(wish(), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            let ada = world.user("ada").await;
            let mut organizations = Vec::new();
            for name in ["one", "two"] {
                organizations.push(world.organization(name, &ada).await.id);
            }
            // In the third she is not.
            organizations.push(world.organization("three", &world.user("bob").await).await.id);
            let mut caller = world.session(&ada).await;
            for (scopes, hours, organization) in wishes {
                let new = NewKey {
                    name: "link".to_owned(),
                    scopes,
                    expires_at: hours.map(|hours| ada.created_at + hours * HOUR_MS),
                    organization_id: organization.map(|n| organizations[n]),
                };
                let Ok(made) = world.accounts.create_key(&caller, ada.id, new).await else {
                    continue;
                };
                let before = member(&caller).clone();
                let next = world.with_key(&made).await;
                let after = member(&next);
                prop_assert!(after.scopes.within(before.scopes));
                prop_assert!(before.bounds.organization_id.is_none()
                    || after.bounds.organization_id == before.bounds.organization_id);
                let end = before.bounds.expires_at.unwrap_or(i64::MAX);
                prop_assert!(after.bounds.expires_at.unwrap_or(i64::MAX) <= end);
                prop_assert!(after.organizations.iter().all(|it| before.organizations.contains(it)));
                prop_assert_ne!(after.bounds.organization_id, Some(organizations[2]));
                caller = next;
            }
            Ok(())
        })?;
    }
}
