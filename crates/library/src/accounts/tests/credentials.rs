//! From credentials to callers; signing keys; when credentials were seen.

use backlot_model::account::Bounds;
use backlot_model::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};

use super::super::{KeyChange, TOKEN_MS_MAX, UserList};
use super::*;

const BAD: (&str, Kind) = ("bad-credentials", Kind::Unauthenticated);

#[tokio::test]
async fn no_credential_and_the_public_token_are_anonymous() {
    let world = World::new().await;
    for credential in [Credential::None, Credential::PublicToken] {
        let before = world.db.statements_run();
        let caller = world.accounts.authenticate(credential).await.unwrap();
        assert_eq!(caller, Caller::Anonymous);
        assert_eq!(world.db.statements_run(), before);
    }
}

#[tokio::test]
async fn a_key_works_in_every_place_with_one_query() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let studio = world.organization("studio", &ada).await;
    world.clock.advance_ms(1);
    let later = world.organization("later", &ada).await;
    let read_only = Scopes::READ;
    let made = world.key(&world.session(&ada).await, new_key(read_only)).await;
    let (token, id) = (made.token.expose().to_owned(), made.key.id);
    let basic =
        |user: String| Credential::Basic { user, password: made.secret.expose().to_owned() };
    let credentials = [
        Credential::Bearer(token.clone()),
        Credential::ApiKey(token),
        basic(id.to_string()),
        basic(id.uuid().simple().to_string()),
        basic(id.dressed("key")),
    ];
    for credential in credentials {
        let before = world.db.statements_run();
        let caller = world.accounts.authenticate(credential.clone()).await.unwrap();
        assert_eq!(world.db.statements_run() - before, 1, "{credential:?}");
        let expected = Member {
            user_id: ada.id,
            username: "ada".to_owned(),
            is_superuser: false,
            scopes: read_only,
            active_organization: Some(studio.id),
            organizations: vec![(studio.id, Role::Owner), (later.id, Role::Owner)],
            bounds: Bounds::default(),
        };
        assert_eq!(caller, Caller::User(expected));
    }
}

#[tokio::test]
async fn a_session_takes_one_query_too() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
    let caller = world.session(&ada).await;
    let long = world.accounts.issue_token(&caller, HOUR_MS).await.unwrap();
    for token in [session.access_token, long.token] {
        let before = world.db.statements_run();
        let credential = Credential::Bearer(token.expose().to_owned());
        world.accounts.authenticate(credential).await.unwrap();
        assert_eq!(world.db.statements_run() - before, 1);
    }
}

#[tokio::test]
async fn bad_credentials_are_all_alike() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let made = world.key(&world.session(&ada).await, new_key(Scopes::ALL)).await;
    let token = made.token.expose();
    let other = world.key(&world.session(&ada).await, new_key(Scopes::ALL)).await;
    let (start, _) = token.split_at(36);
    let mixed = format!("{start}{}", other.secret.expose());
    let unknown = format!("bk_{}_{}", "0".repeat(32), made.secret.expose());
    let basic = |user: &str, password: &str| Credential::Basic {
        user: user.to_owned(),
        password: password.to_owned(),
    };
    let session = world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
    let jwt = session.access_token.expose();
    let credentials = [
        Credential::Bearer(mixed.clone()),
        Credential::ApiKey(mixed),
        Credential::Bearer(unknown),
        Credential::Bearer(String::new()),
        Credential::Bearer("a.b.c".to_owned()),
        Credential::Bearer(format!("{jwt}x")),
        Credential::ApiKey(jwt.to_owned()),
        Credential::ApiKey("x".repeat(100_000)),
        basic(&made.key.id.to_string(), other.secret.expose()),
        basic(&made.key.id.to_string(), ""),
        basic(&made.key.id.to_string(), token),
        basic("ada@example.com", PASSWORD),
        basic("", ""),
    ];
    let mut told = Vec::new();
    for credential in credentials {
        let fault = world.accounts.authenticate(credential.clone()).await.unwrap_err();
        assert_eq!((fault.code, fault.kind), BAD, "{credential:?}");
        let shown = format!("{fault:?} {credential:?}");
        assert!(!shown.contains(made.secret.expose()), "{shown}");
        told.push(fault.message);
    }
    told.dedup();
    assert_eq!(told, ["could not validate credentials"]);
}

#[tokio::test]
async fn a_key_expires_is_revoked_and_is_no_use_without_its_user() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.session(&ada).await;
    let expires_at = Some(ada.created_at + HOUR_MS);
    let made = world.key(&session, NewKey { expires_at, ..new_key(Scopes::ALL) }).await;
    let try_it = || {
        let credential = Credential::ApiKey(made.token.expose().to_owned());
        world.accounts.authenticate(credential)
    };
    world.clock.advance_ms(HOUR_MS - 1);
    assert_eq!(member(&try_it().await.unwrap()).bounds.expires_at, expires_at);
    world.clock.advance_ms(1);
    assert_eq!(refusal(try_it().await), ("expired", Kind::Unauthenticated));
    let change = KeyChange { expires_at: Some(None), ..KeyChange::default() };
    world.accounts.update_key(&session, made.key.id, change).await.unwrap();
    try_it().await.unwrap();
    let platform = Caller::platform();
    world.accounts.set_active(&platform, ada.id, false).await.unwrap();
    assert_eq!(refusal(try_it().await), BAD);
    world.accounts.set_active(&platform, ada.id, true).await.unwrap();
    try_it().await.unwrap();
    world.accounts.revoke_key(&session, made.key.id).await.unwrap();
    assert_eq!(refusal(try_it().await), BAD);
}

#[tokio::test]
async fn a_bound_key_knows_only_its_organization_and_goes_with_the_membership() {
    let world = World::new().await;
    let (ada, bob) = (world.user("ada").await, world.user("bob").await);
    let first = world.organization("first", &ada).await;
    world.clock.advance_ms(1);
    let second = world.organization("second", &bob).await;
    world.join(&second, &ada, Role::Member).await;
    let session = world.session(&ada).await;
    let new = NewKey { organization_id: Some(second.id), ..new_key(Scopes::ALL) };
    let made = world.key(&session, new).await;
    let free = world.key(&session, new_key(Scopes::ALL)).await;
    let caller = world.with_key(&made).await;
    assert_eq!(member(&caller).organizations, [(second.id, Role::Member)]);
    assert_eq!(member(&caller).active_organization, Some(second.id));
    assert_eq!(member(&caller).bounds.organization_id, Some(second.id));
    let own = world.accounts.organizations(&caller, super::super::Whose::Own, None, ALL).await;
    assert_eq!(own.unwrap().items, std::slice::from_ref(&second));
    let profile = world.accounts.me(&caller).await.unwrap();
    assert_eq!(profile.memberships.len(), 1);
    world.accounts.leave(&session, second.id).await.unwrap();
    let credential = Credential::ApiKey(made.token.expose().to_owned());
    assert_eq!(refusal(world.accounts.authenticate(credential).await), BAD);
    let left = world.with_key(&free).await;
    assert_eq!(member(&left).active_organization, Some(first.id));
}

#[tokio::test]
async fn when_a_credential_was_seen_is_written_later_and_once_a_minute() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.session(&ada).await;
    let made = world.key(&session, new_key(Scopes::ALL)).await;
    world.clock.advance_ms(5 * SECOND_MS);
    world.with_key(&made).await;
    let seen = || async {
        let key = world.accounts.key(&session, made.key.id).await.unwrap();
        let user = world.accounts.user(&session, ada.id).await.unwrap().user;
        (user.last_active_at, key.last_used_at)
    };
    assert_eq!(seen().await, (None, None), "nothing is written on the way");
    world.accounts.tidy().await.unwrap();
    let first = ada.created_at + 5 * SECOND_MS;
    assert_eq!(seen().await, (Some(first), Some(first)));
    world.clock.advance_ms(MINUTE_MS - 1);
    world.with_key(&made).await;
    world.accounts.tidy().await.unwrap();
    assert_eq!(seen().await, (Some(first), Some(first)), "the minute is not over");
    world.clock.advance_ms(1);
    world.with_key(&made).await;
    world.accounts.tidy().await.unwrap();
    let second = first + MINUTE_MS;
    assert_eq!(seen().await, (Some(second), Some(second)));
}

#[tokio::test]
async fn two_processes_that_start_at_once_share_one_signing_key() {
    let db = backlot_store::testing::sqlite().await;
    let clock = HandClock::default();
    let (one, two) = tokio::join!(accounts(&db, &clock, 1), accounts(&db, &clock, 2));
    assert_eq!(one.signing_keys().current().id(), two.signing_keys().current().id());
    let rows = backlot_store::accounts::signing_keys::load(&*db).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_rotated_key_signs_everywhere_soon_and_the_old_one_is_still_believed() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let other = accounts(&world.db, &world.clock, 2).await;
    let old = world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
    let old_key = world.accounts.signing_keys().current().id().to_owned();
    world.accounts.rotate_signing_key(&Caller::platform()).await.unwrap();
    assert_ne!(world.accounts.signing_keys().current().id(), old_key);
    let new = world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
    let good = |accounts: &Accounts, token: &Secret| {
        let (accounts, token) = (accounts.clone(), token.expose().to_owned());
        async move { accounts.authenticate(Credential::Bearer(token)).await.is_ok() }
    };
    assert!(good(&world.accounts, &old.access_token).await);
    assert!(good(&world.accounts, &new.access_token).await);
    // The other process looks for unknown keys at most every five seconds.
    assert!(!good(&other, &new.access_token).await);
    world.clock.advance_ms(5 * SECOND_MS);
    assert!(good(&other, &new.access_token).await);
    assert_eq!(id_of(&world.session(&ada).await), ada.id);
}

#[tokio::test]
async fn tokens_of_keys_nobody_knows_do_not_make_us_look_again_and_again() {
    let world = World::new().await;
    let foreign = accounts(&backlot_store::testing::sqlite().await, &world.clock, 7).await;
    let ada = world.user("ada").await;
    let claims = world.accounts.claims(&ada, crate::signing::TokenKind::Session, HOUR_MS, 0).0;
    let token = foreign.signing_keys().issue_jwt(&claims);
    world.clock.advance_ms(5 * SECOND_MS);
    let before = world.db.statements_run();
    for _ in 0..10 {
        let outcome = world.accounts.authenticate(Credential::Bearer(token.clone())).await;
        assert_eq!(refusal(outcome), BAD);
    }
    assert_eq!(world.db.statements_run() - before, 1);
}

#[tokio::test]
async fn as_many_signing_keys_as_may_be_and_no_more_until_the_oldest_is_of_no_use() {
    let world = World::new().await;
    let platform = Caller::platform();
    for _ in 1..crate::signing::KEYS_MAX {
        world.accounts.rotate_signing_key(&platform).await.unwrap();
    }
    let refused = refusal(world.accounts.rotate_signing_key(&platform).await);
    assert_eq!(refused, ("limit-reached", Kind::Conflict));
    world.clock.advance_ms(TOKEN_MS_MAX + DAY_MS + 1);
    world.accounts.rotate_signing_key(&platform).await.unwrap();
    let rows = backlot_store::accounts::signing_keys::load(&*world.db).await.unwrap();
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn the_operator_acts_for_active_users_only() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let platform = Caller::platform();
    let as_ada = world.accounts.act_as(&platform, ada.id).await.unwrap();
    assert_eq!((id_of(&as_ada), member(&as_ada).scopes), (ada.id, Scopes::ALL));
    world.accounts.set_active(&platform, ada.id, false).await.unwrap();
    assert_eq!(refusal(world.accounts.act_as(&platform, ada.id).await).0, "forbidden");
    assert_eq!(refusal(world.accounts.act_as(&as_ada, ada.id).await).0, "forbidden");
    let bob = world.user("bob").await;
    assert_eq!(refusal(world.accounts.act_as(&as_ada, bob.id).await).0, "user-not-found");
    let listed = world.accounts.users(&platform, &UserList::default(), ALL).await.unwrap();
    assert_eq!(listed.count, 2, "the operator is no user");
}
