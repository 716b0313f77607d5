//! Users: what they may be called, who comes first, who is the last.

use backlot_model::asset::{Asset, Lineage, Status, TYPE_UPLOADED, Visibility};
use backlot_model::media::MediaKind;
use backlot_model::query::{Branch, Filter, Reach, ScopeKey};
use backlot_store::assets;

use super::super::{UserList, UserUpdate};
use super::*;

fn new(email: &str) -> NewUser {
    NewUser {
        email: email.to_owned(),
        username: None,
        name: None,
        password: None,
        is_superuser: false,
    }
}

#[tokio::test]
async fn a_username_is_made_from_the_email_and_numbered_when_taken() {
    let world = World::new().await;
    let platform = Caller::platform();
    let mut names = Vec::new();
    for email in ["Ada@one.example", "ada@two.example", "ADA@three.example", "\u{5f20}@x.example"] {
        let made = world.accounts.create_user(&platform, new(email)).await.unwrap();
        assert_eq!(made.email, email);
        names.push(made.username);
    }
    assert_eq!(names, ["Ada", "ada-2", "ADA-3", "user"]);
}

#[tokio::test]
async fn a_thousandth_namesake_gets_a_name_as_well() {
    let world = World::new().await;
    let platform = Caller::platform();
    let mut names = std::collections::HashSet::new();
    for n in 0..30 {
        let email = format!("ada@host{n}.example");
        let made = world.accounts.create_user(&platform, new(&email)).await.unwrap();
        assert!(names.insert(made.username.to_lowercase()));
    }
}

#[tokio::test]
async fn an_email_or_username_in_another_case_is_taken() {
    let world = World::new().await;
    let platform = Caller::platform();
    let ada = world.user("ada").await;
    let taken = world.accounts.create_user(&platform, new("ADA@EXAMPLE.com")).await;
    assert_eq!(mistake(taken), ("body.email".to_owned(), "unique"));
    let named = NewUser { username: Some("ADA".to_owned()), ..new("other@example.com") };
    let taken = world.accounts.create_user(&platform, named).await;
    assert_eq!(refusal(taken), ("already-exists", Kind::Conflict));
    let bob = world.user("bob").await;
    let update = UserUpdate { username: Some("aDa".to_owned()), ..UserUpdate::default() };
    let taken = world.accounts.update_user(&platform, bob.id, update).await;
    assert_eq!(mistake(taken), ("body.username".to_owned(), "unique"));
    let update = UserUpdate { email: Some(ada.email.to_uppercase()), ..UserUpdate::default() };
    let taken = world.accounts.update_user(&platform, bob.id, update).await;
    assert_eq!(mistake(taken), ("body.email".to_owned(), "unique"));
    let both = UserUpdate {
        email: Some("ADA@example.com".to_owned()),
        username: Some("ADA".to_owned()),
        name: None,
    };
    let own = world.accounts.update_user(&platform, ada.id, both).await.unwrap();
    assert_eq!((&*own.email, &*own.username), ("ADA@example.com", "ADA"));
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_one_gets_it() {
    let world = World::new().await;
    let platform = Caller::platform();
    let attempts = (0..8).map(|n| {
        let named =
            NewUser { username: Some("wanted".to_owned()), ..new(&format!("user{n}@example.com")) };
        world.accounts.create_user(&platform, named)
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let attempts = (0..8).map(|_| world.accounts.create_user(&platform, new("same@example.com")));
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn wrong_fields_are_named() {
    let world = World::new().await;
    let platform = Caller::platform();
    let with = |change: fn(&mut NewUser)| {
        let mut wrong = new("ada@example.com");
        change(&mut wrong);
        let (accounts, platform) = (world.accounts.clone(), platform.clone());
        async move { mistake(accounts.create_user(&platform, wrong).await) }
    };
    let at = |path: &str, rule| (path.to_owned(), rule);
    assert_eq!(with(|new| new.email.clear()).await, at("body.email", "format"));
    assert_eq!(with(|new| new.email = "a@".repeat(200)).await, at("body.email", "length"));
    let said = with(|new| new.username = Some("a@b".to_owned())).await;
    assert_eq!(said, at("body.username", "format"));
    assert_eq!(
        with(|new| new.username = Some(" ".to_owned())).await,
        at("body.username", "length")
    );
    assert_eq!(with(|new| new.name = Some("a\u{7}b".to_owned())).await, at("body.name", "format"));
    let said = with(|new| new.password = Some(Secret::new("seven77"))).await;
    assert_eq!(said, at("body.password", "length"));
    let listed = world.accounts.users(&platform, &UserList::default(), ALL).await.unwrap();
    assert_eq!(listed.count, 0);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let named = UserUpdate { name: Some(Some(" Ada L ".to_owned())), ..UserUpdate::default() };
    let updated = world.accounts.update_user(&caller, ada.id, named).await.unwrap();
    assert_eq!(updated, User { name: Some("Ada L".to_owned()), ..ada.clone() });
    let same = world.accounts.update_user(&caller, ada.id, UserUpdate::default()).await.unwrap();
    assert_eq!(same, updated);
    let cleared = UserUpdate { name: Some(None), ..UserUpdate::default() };
    let cleared = world.accounts.update_user(&caller, ada.id, cleared).await.unwrap();
    assert_eq!(cleared, ada);
}

#[tokio::test]
async fn lists_are_searched_sliced_and_counted() {
    let world = World::new().await;
    let platform = Caller::platform();
    for name in ["ada", "bob", "cleo", "adam", "a_a"] {
        world.user(name).await;
    }
    let ask = |search: &str, is_active, skip, limit| {
        let which = UserList { search: Some(search.to_owned()), is_active };
        let (accounts, platform) = (world.accounts.clone(), platform.clone());
        async move {
            let listed =
                accounts.users(&platform, &which, ListSlice { skip, limit }).await.unwrap();
            let names: Vec<_> = listed.items.into_iter().map(|user| user.username).collect();
            (names, listed.count)
        }
    };
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(ask("", None, 0, 2).await, (names(&["ada", "bob"]), 5));
    assert_eq!(ask("", None, 4, 2).await, (names(&["a_a"]), 5));
    assert_eq!(ask("", None, 9, 2).await, (names(&[]), 5));
    assert_eq!(ask(" ADA", None, 0, 9).await, (names(&["ada", "adam"]), 2));
    assert_eq!(ask("_", None, 0, 9).await, (names(&["a_a"]), 1));
    assert_eq!(ask("%", None, 0, 9).await, (names(&[]), 0));
    let bob = world.accounts.find_user(&platform, "Bob").await.unwrap();
    world.accounts.set_active(&platform, bob.id, false).await.unwrap();
    assert_eq!(ask("", Some(false), 0, 9).await, (names(&["bob"]), 1));
    assert_eq!(ask("", Some(true), 0, 9).await.1, 4);
    for limit in [0, 1_001] {
        let wrong = ListSlice { skip: 0, limit };
        let refused = world.accounts.users(&platform, &UserList::default(), wrong).await;
        assert_eq!(mistake(refused), ("query.limit".to_owned(), "range"));
    }
    let long = UserList { search: Some("x".repeat(201)), is_active: None };
    let refused = world.accounts.users(&platform, &long, ALL).await;
    assert_eq!(mistake(refused), ("query.search".to_owned(), "length"));
}

#[tokio::test]
async fn usernames_are_known_to_all() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    assert_eq!(world.accounts.user_id_of("ADA").await.unwrap(), Some(ada.id));
    assert_eq!(world.accounts.user_id_of("nobody").await.unwrap(), None);
}

#[tokio::test]
async fn whoever_is_deactivated_is_out_at_once() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
    let platform = Caller::platform();
    world.accounts.set_active(&platform, ada.id, false).await.unwrap();
    let token = || Credential::Bearer(session.access_token.expose().to_owned());
    assert_eq!(refusal(world.accounts.authenticate(token()).await).0, "bad-credentials");
    let back = world.accounts.set_active(&platform, ada.id, true).await.unwrap();
    assert!(back.is_active);
    // The sessions from before stay over.
    assert_eq!(refusal(world.accounts.authenticate(token()).await).0, "bad-credentials");
    let refreshed = world.accounts.refresh(session.refresh_token.expose()).await;
    assert_eq!(refusal(refreshed).0, "bad-credentials");
    world.session(&ada).await;
}

#[tokio::test]
async fn there_is_always_an_active_superuser() {
    let world = World::new().await;
    let (root, second) = (world.superuser("root").await, world.superuser("second").await);
    let platform = Caller::platform();
    let accounts = &world.accounts;
    let (one, two) = tokio::join!(
        accounts.set_superuser(&platform, root.id, false),
        accounts.set_active(&platform, second.id, false)
    );
    let refused = [one, two].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].code, refused[0].kind), ("last-superuser", Kind::Conflict));
    let none = UserUpdate::default();
    world.accounts.update_user(&platform, root.id, none).await.unwrap();
}

#[tokio::test]
async fn promoting_moves_what_is_public_to_the_platform_and_back() {
    let world = World::new().await;
    let (root, ada) = (world.superuser("root").await, world.user("ada").await);
    let studio = world.organization("studio", &ada).await;
    let public = uploaded(&world, &ada, Some(studio.id)).await;
    let listed = || async {
        let branch = |scope| Branch { scope, visibility: Vec::new() };
        let mut found = Vec::new();
        let scopes =
            [ScopeKey::Platform, ScopeKey::Organization(studio.id), ScopeKey::User(ada.id)];
        for scope in scopes {
            let reach = Reach::Branches(vec![branch(scope)]);
            let count = assets::count(&world.db, &reach, &Filter::default()).await.unwrap();
            found.push(count);
        }
        found
    };
    assert_eq!(listed().await, [0, 1, 0]);
    let session = world.session(&root).await;
    let promoted = world.accounts.set_superuser(&session, ada.id, true).await.unwrap();
    assert!(promoted.is_superuser);
    assert_eq!(listed().await, [1, 0, 0]);
    world.accounts.set_superuser(&session, ada.id, false).await.unwrap();
    assert_eq!(listed().await, [0, 1, 0]);
    world.accounts.delete_organization(&session, studio.id).await.unwrap();
    assert_eq!(listed().await, [0, 0, 1]);
    assert!(assets::by_id(&world.db, public).await.unwrap().is_some());
}

/// A public asset without bytes.
async fn uploaded(world: &World, by: &User, to: Option<Id<Organization>>) -> Id<Asset> {
    let asset = Asset {
        id: Id::new(uuid::Uuid::from_u128(1)),
        uploader_id: by.id,
        uploader_name: by.username.clone(),
        uploader_is_superuser: by.is_superuser,
        organization_id: to,
        project: None,
        name: "picture".to_owned(),
        filename: "picture.jpg".to_owned(),
        description: None,
        asset_type: TYPE_UPLOADED.to_owned(),
        kind: MediaKind::Image,
        status: Status::Ready,
        error: None,
        visibility: Visibility::Public,
        tags: Vec::new(),
        styling_note: None,
        detected: None,
        lineage: Lineage::default(),
        parameters: "{}".to_owned(),
        collections: Vec::new(),
        digest: None,
        size: None,
        mime_type: None,
        width: None,
        height: None,
        dominant_color: None,
        thumbhash: None,
        has_thumbnails: false,
        access_epoch: 0,
        version: 1,
        created_at: by.created_at,
        updated_at: by.created_at,
        deleted_at: None,
        thumbnail_id: None,
        is_hidden: false,
        lock: None,
    };
    let tx = world.db.begin().await.unwrap();
    assets::insert(&tx, &asset, None).await.unwrap();
    tx.commit().await.unwrap();
    asset.id
}

#[tokio::test]
async fn the_first_admin_is_made_once_with_a_password_made_up() {
    let world = World::new().await;
    let made = world.accounts.ensure_first_admin(None, None).await.unwrap().unwrap();
    assert!(made.created && made.user.is_superuser);
    assert_eq!((&*made.user.email, &*made.user.username), ("admin@localhost", "admin"));
    let password = made.made_up_password.unwrap();
    assert_eq!(password.expose().len(), 24);
    world.accounts.login("admin", password.clone(), None).await.unwrap();
    let other = Some(Secret::new("another one"));
    let again = world.accounts.ensure_first_admin(Some("x@example.com"), other).await.unwrap();
    assert!(again.is_none());
    world.accounts.login("admin", password, None).await.unwrap();
}

#[tokio::test]
async fn the_first_admin_is_whom_the_operator_names() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let short = world.accounts.ensure_first_admin(None, Some(Secret::new("short"))).await;
    assert_eq!(mistake(short).0, "body.password");
    // One who is there is promoted and keeps his password when none is given.
    let made = world.accounts.ensure_first_admin(Some("ADA@example.com"), None).await.unwrap();
    let made = made.unwrap();
    assert_eq!(made.user, User { is_superuser: true, ..ada });
    assert!(!made.created && made.made_up_password.is_none());
    world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
}

#[tokio::test]
async fn a_given_password_replaces_that_of_a_user_who_becomes_the_first_admin() {
    let world = World::new().await;
    world.user("ada").await;
    let given = Secret::new("battery staple");
    let made =
        world.accounts.ensure_first_admin(Some("ada@example.com"), Some(given.clone())).await;
    assert!(made.unwrap().unwrap().made_up_password.is_none());
    world.accounts.login("ada", given, None).await.unwrap();
}

#[tokio::test]
async fn of_processes_that_start_at_once_one_makes_the_admin() {
    let world = World::new().await;
    let other = accounts(&world.db, &world.clock, 2).await;
    let (one, two) = tokio::join!(
        world.accounts.ensure_first_admin(None, None),
        other.ensure_first_admin(None, None)
    );
    let made = [one.unwrap(), two.unwrap()];
    assert_eq!(made.iter().filter(|made| made.is_some()).count(), 1);
}
