//! Organisations and their members.

use super::super::Whose;
use super::*;

#[tokio::test]
async fn whoever_makes_an_organization_owns_it() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let made = world.accounts.create_organization(&caller, " The Studio ").await.unwrap();
    assert_eq!(made.name, "The Studio");
    let again = world.session(&ada).await;
    assert_eq!(member(&again).organizations, [(made.id, Role::Owner)]);
    let taken = world.accounts.create_organization(&again, "the studio").await;
    assert_eq!(refusal(taken), ("already-exists", Kind::Conflict));
    for name in ["", " ", "a\nb"] {
        let wrong = world.accounts.create_organization(&again, name).await;
        assert_eq!(mistake(wrong).0, "body.name", "{name:?}");
    }
}

#[tokio::test]
async fn the_operator_gets_an_organization_by_name_and_makes_it_once() {
    let world = World::new().await;
    let platform = Caller::platform();
    let (made, is_new) = world.accounts.ensure_organization(&platform, "Studio").await.unwrap();
    assert!(is_new);
    let again = world.accounts.ensure_organization(&platform, "STUDIO").await.unwrap();
    assert_eq!(again, (made.clone(), false));
    assert_eq!(world.accounts.find_organization(&platform, "studio").await.unwrap(), made);
    assert_eq!(world.accounts.members(&platform, made.id, ALL).await.unwrap().count, 0);
    let ada = world.user("ada").await;
    let session = world.session(&ada).await;
    let refused = refusal(world.accounts.ensure_organization(&session, "studio").await);
    assert_eq!(refused.0, "forbidden");
}

#[tokio::test]
async fn one_lists_ones_own_organizations_and_superusers_all() {
    let world = World::new().await;
    let (ada, root) = (world.user("ada").await, world.superuser("root").await);
    let one = world.organization("one", &ada).await;
    let two = world.organization("two", &root).await;
    let caller = world.session(&ada).await;
    let own = world.accounts.organizations(&caller, Whose::Own, None, ALL).await.unwrap();
    assert_eq!((own.items, own.count), (vec![one.clone()], 1));
    let caller = world.session(&root).await;
    let all = world.accounts.organizations(&caller, Whose::Everybodys, None, ALL).await.unwrap();
    assert_eq!(all.items, [one, two.clone()]);
    let own = world.accounts.organizations(&caller, Whose::Own, None, ALL).await.unwrap();
    assert_eq!(own.items, std::slice::from_ref(&two));
    let found = world.accounts.organizations(&caller, Whose::Everybodys, Some("TW"), ALL).await;
    assert_eq!(found.unwrap().items, [two]);
}

#[tokio::test]
async fn members_are_added_by_name_listed_and_counted() {
    let world = World::new().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let studio = world.organization("studio", &ada).await;
    let caller = world.session(&ada).await;
    world.clock.advance_ms(1);
    let added = world.accounts.add_member(&caller, studio.id, "BOB", Role::Member).await.unwrap();
    assert_eq!((&*added.username, &*added.email), ("bob", "bob@example.com"));
    let twice = world.accounts.add_member(&caller, studio.id, &bob.email, Role::Admin).await;
    assert_eq!(refusal(twice), ("already-exists", Kind::Conflict));
    let nobody = world.accounts.add_member(&caller, studio.id, "nobody", Role::Member).await;
    assert_eq!(refusal(nobody), ("user-not-found", Kind::NotFound));
    let page = ListSlice { skip: 1, limit: 1 };
    let listed = world.accounts.members(&caller, studio.id, page).await.unwrap();
    assert_eq!((listed.items, listed.count), (vec![added], 2));
}

#[tokio::test]
async fn admins_manage_members_and_owners_manage_admins() {
    let world = World::new().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let (cleo, dan) = (world.user("cleo").await, world.user("dan").await);
    let studio = world.organization("studio", &ada).await;
    world.join(&studio, &bob, Role::Admin).await;
    world.join(&studio, &cleo, Role::Admin).await;
    let (accounts, id) = (&world.accounts, studio.id);
    let admin = world.session(&bob).await;
    accounts.add_member(&admin, id, "dan", Role::Member).await.unwrap();
    for role in [Role::Admin, Role::Owner] {
        assert_eq!(refusal(accounts.set_role(&admin, id, dan.id, role).await).0, "forbidden");
        assert_eq!(refusal(accounts.set_role(&admin, id, bob.id, role).await).0, "forbidden");
    }
    for officer in [&ada, &cleo] {
        let demoted = accounts.set_role(&admin, id, officer.id, Role::Member).await;
        assert_eq!(refusal(demoted).0, "forbidden");
        assert_eq!(refusal(accounts.remove_member(&admin, id, officer.id).await).0, "forbidden");
    }
    accounts.remove_member(&admin, id, dan.id).await.unwrap();
    let gone = accounts.remove_member(&admin, id, dan.id).await;
    assert_eq!(refusal(gone), ("membership-not-found", Kind::NotFound));

    let owner = world.session(&ada).await;
    accounts.set_role(&owner, id, bob.id, Role::Owner).await.unwrap();
    accounts.set_role(&owner, id, cleo.id, Role::Member).await.unwrap();
    accounts.remove_member(&owner, id, bob.id).await.unwrap();
    let listed = accounts.members(&owner, id, ALL).await.unwrap();
    let left: Vec<_> = listed.items.iter().map(|it| (&*it.username, it.membership.role)).collect();
    assert_eq!(left, [("ada", Role::Owner), ("cleo", Role::Member)]);
}

#[tokio::test]
async fn the_last_owner_stays() {
    let world = World::new().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let studio = world.organization("studio", &ada).await;
    world.join(&studio, &bob, Role::Admin).await;
    let (accounts, id) = (&world.accounts, studio.id);
    let owner = world.session(&ada).await;
    const LAST: (&str, Kind) = ("last-owner", Kind::Conflict);
    assert_eq!(refusal(accounts.leave(&owner, id).await), LAST);
    assert_eq!(refusal(accounts.set_role(&owner, id, ada.id, Role::Admin).await), LAST);
    assert_eq!(refusal(accounts.remove_member(&owner, id, ada.id).await), LAST);
    assert_eq!(refusal(accounts.remove_member(&Caller::platform(), id, ada.id).await), LAST);
    accounts.set_role(&owner, id, ada.id, Role::Owner).await.unwrap();
    // Of two owners who leave at once, one stays.
    accounts.set_role(&owner, id, bob.id, Role::Owner).await.unwrap();
    let other = world.session(&bob).await;
    let (one, two) = tokio::join!(accounts.leave(&owner, id), accounts.leave(&other, id));
    let refused = [one, two].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].code, "last-owner");
}

#[tokio::test]
async fn anybody_leaves_by_himself() {
    let world = World::new().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let studio = world.organization("studio", &ada).await;
    world.join(&studio, &bob, Role::Member).await;
    let caller = world.session(&bob).await;
    world.accounts.remove_member(&caller, studio.id, bob.id).await.unwrap();
    let fresh = world.session(&bob).await;
    assert_eq!(member(&fresh).organizations, []);
    let gone = world.accounts.organization(&fresh, studio.id).await;
    assert_eq!(refusal(gone), ("organization-not-found", Kind::NotFound));
}

#[tokio::test]
async fn renaming_keeps_names_unique() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let (one, _) = (world.organization("one", &ada).await, world.organization("two", &ada).await);
    let caller = world.session(&ada).await;
    let taken = world.accounts.rename_organization(&caller, one.id, "TWO").await;
    assert_eq!(mistake(taken), ("body.name".to_owned(), "unique"));
    let renamed = world.accounts.rename_organization(&caller, one.id, "ONE").await.unwrap();
    assert_eq!(renamed, Organization { name: "ONE".to_owned(), ..one });
}

#[tokio::test]
async fn a_deleted_organization_is_gone_with_its_bound_keys() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let studio = world.organization("studio", &ada).await;
    let caller = world.session(&ada).await;
    let bound = NewKey { organization_id: Some(studio.id), ..new_key(Scopes::ALL) };
    let bound = world.key(&caller, bound).await;
    world.key(&caller, new_key(Scopes::READ)).await;
    world.accounts.delete_organization(&caller, studio.id).await.unwrap();
    let token = Credential::ApiKey(bound.token.expose().to_owned());
    assert_eq!(refusal(world.accounts.authenticate(token).await).0, "bad-credentials");
    assert_eq!(world.accounts.keys(&caller, ada.id, ALL).await.unwrap().count, 1);
    let fresh = world.session(&ada).await;
    assert_eq!(member(&fresh).active_organization, None);
    let again = world.accounts.create_organization(&fresh, "studio").await.unwrap();
    assert_ne!(again.id, studio.id);
}

#[tokio::test]
async fn nobody_is_in_more_organizations_than_authentication_reads() {
    use backlot_model::limits::ORGANIZATIONS_PER_USER_MAX;
    let world = World::new().await;
    let ada = world.user("ada").await;
    let last = world.organization("last", &world.user("bob").await).await;
    let tx = world.db.begin().await.unwrap();
    for n in 0..ORGANIZATIONS_PER_USER_MAX {
        let id = Id::new(uuid::Uuid::from_u128(u128::from(n) + 1));
        let made = Organization { id, name: format!("o{n}"), created_at: 0 };
        let name = made.name.clone();
        backlot_store::accounts::organizations::insert(&tx, &made, &name).await.unwrap();
        let role = Role::Member;
        backlot_store::accounts::memberships::insert(&tx, id, ada.id, role, 0).await.unwrap();
    }
    tx.commit().await.unwrap();
    let caller = world.session(&ada).await;
    assert_eq!(member(&caller).organizations.len(), 1_000);
    let refused = world.accounts.create_organization(&caller, "one more").await;
    assert_eq!(refusal(refused), ("limit-reached", Kind::Conflict));
    let platform = Caller::platform();
    let refused = world.accounts.add_member(&platform, last.id, "ada", Role::Member).await;
    assert_eq!(refusal(refused).0, "limit-reached");
}
