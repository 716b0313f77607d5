//! Signing in, going on, signing out, and long-lived tokens.

use std::net::{IpAddr, Ipv4Addr};

use backlot_model::clock::{DAY_MS, HOUR_MS, MINUTE_MS};

use super::super::{TOKEN_MS_MAX, TOKEN_MS_MIN, TokenList};
use super::*;

const BAD: (&str, Kind) = ("bad-credentials", Kind::Unauthenticated);
const EXPIRED: (&str, Kind) = ("expired", Kind::Unauthenticated);

fn bearer(token: &Secret) -> Credential {
    Credential::Bearer(token.expose().to_owned())
}

#[tokio::test]
async fn one_signs_in_by_email_or_username_in_any_case() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    world.organization("studio", &ada).await;
    for login in ["ada@example.com", " ADA@Example.com ", "ada", "Ada"] {
        let session = world.accounts.login(login, Secret::new(PASSWORD), None).await.unwrap();
        assert_eq!(session.user, ada, "{login}");
        assert_eq!(session.memberships[0].organization_name, "studio");
        let caller = world.accounts.authenticate(bearer(&session.access_token)).await.unwrap();
        assert_eq!(id_of(&caller), ada.id);
        assert_eq!(member(&caller).scopes, Scopes::ALL);
    }
}

#[tokio::test]
async fn a_wrong_login_never_tells_what_was_wrong() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let barred = world.user("barred").await;
    let platform = Caller::platform();
    world.accounts.set_active(&platform, barred.id, false).await.unwrap();
    let no_password = NewUser {
        email: "robot@example.com".to_owned(),
        username: None,
        name: None,
        password: None,
        is_superuser: false,
    };
    world.accounts.create_user(&platform, no_password).await.unwrap();
    let long = "x".repeat(10_000);
    let attempts = [
        (&*ada.email, "wrong horse"),
        (&ada.email, ""),
        (&barred.email, PASSWORD),
        ("robot@example.com", PASSWORD),
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        (&long, PASSWORD),
        ("", ""),
    ];
    for (login, password) in attempts {
        let outcome = world.accounts.login(login, Secret::new(password), None).await;
        let fault = outcome.unwrap_err();
        assert_eq!((fault.code, fault.kind), BAD, "{login:.20}");
        assert_eq!(fault.message, "incorrect email or password");
    }
}

#[tokio::test]
async fn guessing_is_limited_by_account_and_by_address() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let guess = |login: &str, address| {
        let (accounts, login) = (world.accounts.clone(), login.to_owned());
        async move { refusal(accounts.login(&login, Secret::new("wrong horse"), address).await) }
    };
    for n in 0..10 {
        // The e-mail and the username are one account.
        let login = if n % 2 == 0 { &ada.email } else { &ada.username };
        assert_eq!(guess(login, None).await, BAD);
    }
    assert_eq!(guess(&ada.email, None).await, ("rate-limited", Kind::RateLimited));
    let right = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await;
    assert_eq!(refusal(right).0, "rate-limited");
    world.clock.advance_ms(MINUTE_MS);
    world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();

    let address = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    for n in 0..30 {
        assert_eq!(guess(&format!("nobody{n}"), address).await, BAD);
    }
    assert_eq!(guess("somebody", address).await.0, "rate-limited");
    assert_eq!(guess("somebody", Some(IpAddr::V4(Ipv4Addr::LOCALHOST))).await, BAD);
}

#[tokio::test]
async fn a_session_lives_an_hour_and_its_refresh_token_thirty_days() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
    assert_eq!(session.access_expires_at - ada.created_at, HOUR_MS);
    assert_eq!(session.refresh_expires_at - ada.created_at, 30 * DAY_MS);
    world.clock.advance_ms(HOUR_MS - 1);
    world.accounts.authenticate(bearer(&session.access_token)).await.unwrap();
    world.clock.advance_ms(1);
    let late = world.accounts.authenticate(bearer(&session.access_token)).await;
    assert_eq!(refusal(late), EXPIRED);
    let next = world.accounts.refresh(session.refresh_token.expose()).await.unwrap();
    world.accounts.authenticate(bearer(&next.access_token)).await.unwrap();
    world.clock.advance_ms(30 * DAY_MS);
    let late = world.accounts.refresh(next.refresh_token.expose()).await;
    assert_eq!(refusal(late), EXPIRED);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_for_nothing_else() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
    let refresh = session.refresh_token.expose();
    assert_eq!(refusal(world.accounts.authenticate(bearer(&session.refresh_token)).await), BAD);
    assert_eq!(refusal(world.accounts.refresh(session.access_token.expose()).await), BAD);
    let (one, two) = tokio::join!(world.accounts.refresh(refresh), world.accounts.refresh(refresh));
    assert_eq!([&one, &two].iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert_eq!(refusal(world.accounts.refresh(refresh).await), BAD);
    let next = one.or(two).unwrap();
    world.accounts.sign_out(next.refresh_token.expose()).await.unwrap();
    assert_eq!(refusal(world.accounts.refresh(next.refresh_token.expose()).await), BAD);
    world.accounts.sign_out(next.refresh_token.expose()).await.unwrap();
}

#[tokio::test]
async fn a_new_password_ends_sessions_and_long_tokens_but_not_keys() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
    let caller = world.session(&ada).await;
    let token = world.accounts.issue_token(&caller, TOKEN_MS_MIN).await.unwrap();
    let key = world.key(&caller, new_key(Scopes::ALL)).await;
    let (old, new) = (Secret::new(PASSWORD), Secret::new("battery staple"));
    world.accounts.set_password(&caller, ada.id, Some(old), new.clone()).await.unwrap();
    for dead in [&session.access_token, &token.token] {
        assert_eq!(refusal(world.accounts.authenticate(bearer(dead)).await), BAD);
    }
    assert_eq!(refusal(world.accounts.refresh(session.refresh_token.expose()).await), BAD);
    let wrong = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await;
    assert_eq!(refusal(wrong), BAD);
    world.accounts.login(&ada.email, new, None).await.unwrap();
    world.with_key(&key).await;
}

#[tokio::test]
async fn the_current_password_must_be_given_and_right() {
    let world = World::new().await;
    let (ada, root) = (world.user("ada").await, world.superuser("root").await);
    let caller = world.session(&ada).await;
    let new = || Secret::new("battery staple");
    let set = |caller: Caller, current: Option<&str>, new: Secret| {
        let (accounts, current) = (world.accounts.clone(), current.map(Secret::new));
        async move { accounts.set_password(&caller, ada.id, current, new).await }
    };
    let missing = mistake(set(caller.clone(), None, new()).await);
    assert_eq!(missing, ("body.current_password".to_owned(), "missing"));
    let wrong = mistake(set(caller.clone(), Some("wrong horse"), new()).await);
    assert_eq!(wrong, ("body.current_password".to_owned(), "mismatch"));
    let short = mistake(set(caller.clone(), Some(PASSWORD), Secret::new("short")).await);
    assert_eq!(short, ("body.password".to_owned(), "length"));
    // Guesses count as logins do.
    for _ in 0..8 {
        mistake(set(caller.clone(), Some("wrong horse"), new()).await);
    }
    let refused = refusal(set(caller, Some(PASSWORD), new()).await);
    assert_eq!(refused.0, "rate-limited");
    set(world.session(&root).await, None, new()).await.unwrap();
}

#[tokio::test]
async fn sessions_are_ended_on_demand() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let session = world.accounts.login("ada", Secret::new(PASSWORD), None).await.unwrap();
    let caller = world.session(&ada).await;
    world.accounts.end_sessions(&caller, ada.id).await.unwrap();
    assert_eq!(refusal(world.accounts.authenticate(bearer(&session.access_token)).await), BAD);
    assert_eq!(refusal(world.accounts.refresh(session.refresh_token.expose()).await), BAD);
    world.session(&ada).await;
}

#[tokio::test]
async fn a_session_begun_while_sessions_are_ended_is_stillborn() {
    let world = World::new().await;
    // As read by a login that checks the old password while a new one is set.
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    world.accounts.end_sessions(&caller, ada.id).await.unwrap();
    let tx = world.db.begin().await.unwrap();
    let session = world.accounts.start_session(&tx, ada).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(refusal(world.accounts.authenticate(bearer(&session.access_token)).await), BAD);
    assert_eq!(refusal(world.accounts.refresh(session.refresh_token.expose()).await), BAD);
}

#[tokio::test]
async fn a_cheap_hash_is_made_anew_at_a_good_login() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let parts = AccountsParts {
        db: (*world.db).clone(),
        clock: Arc::new(world.clock.clone()),
        ids: Arc::new(Ids::new(Arc::new(world.clock.clone()))),
        random: Arc::new(SeededRandom::new(9)),
        limiter: Arc::new(Limiter::new(Arc::new(world.clock.clone()), LimitsConfig::default())),
    };
    let password_cost = PasswordCost { memory_kib: 16, passes: 1, lanes: 1 };
    let config = AccountsConfig { password_cost, ..AccountsConfig::default() };
    let dearer = Accounts::open(parts, config).await.unwrap();
    dearer.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
    let stored = backlot_store::accounts::users::get_with_password(&*world.db, ada.id).await;
    let hash = stored.unwrap().unwrap().password_hash.unwrap();
    assert!(hash.contains("m=16,t=1,p=1"), "{hash}");
    dearer.login(&ada.email, Secret::new(PASSWORD), None).await.unwrap();
}

#[tokio::test]
async fn a_long_token_lives_as_long_as_asked_and_can_be_ended() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    for lifetime_ms in [0, -1, TOKEN_MS_MIN - 1, TOKEN_MS_MAX + 1, i64::MAX] {
        let refused = mistake(world.accounts.issue_token(&caller, lifetime_ms).await);
        assert_eq!(refused, ("body.expiration".to_owned(), "range"));
    }
    let long = world.accounts.issue_token(&caller, TOKEN_MS_MAX).await.unwrap();
    world.clock.advance_ms(TOKEN_MS_MAX - 1);
    let its = world.accounts.authenticate(bearer(&long.token)).await.unwrap();
    assert_eq!(member(&its).scopes, Scopes::ALL);
    world.clock.advance_ms(1);
    assert_eq!(refusal(world.accounts.authenticate(bearer(&long.token)).await), EXPIRED);
    let other = world.accounts.issue_token(&caller, TOKEN_MS_MIN).await.unwrap();
    world.accounts.revoke_token(&caller, other.id).await.unwrap();
    assert_eq!(refusal(world.accounts.authenticate(bearer(&other.token)).await), BAD);
    let again = world.accounts.revoke_token(&caller, other.id).await;
    assert_eq!(refusal(again), ("token-not-found", Kind::NotFound));
}

#[tokio::test]
async fn a_long_token_makes_none_that_outlives_it() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let long = world.accounts.issue_token(&world.session(&ada).await, 2 * HOUR_MS).await.unwrap();
    let caller = world.accounts.authenticate(bearer(&long.token)).await.unwrap();
    world.clock.advance_ms(MINUTE_MS);
    let refused = mistake(world.accounts.issue_token(&caller, 2 * HOUR_MS).await);
    assert_eq!(refused.0, "body.expiration");
    world.accounts.issue_token(&caller, HOUR_MS).await.unwrap();
    let key = world.key(&caller, new_key(Scopes::ALL)).await;
    assert_eq!(key.key.expires_at, Some(long.expires_at));
}

#[tokio::test]
async fn twenty_long_tokens_are_good_at_a_time() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let caller = world.session(&ada).await;
    let mut made = Vec::new();
    for _ in 0..20 {
        made.push(world.accounts.issue_token(&caller, TOKEN_MS_MIN).await.unwrap().id);
    }
    let refused = refusal(world.accounts.issue_token(&caller, TOKEN_MS_MIN).await);
    assert_eq!(refused, ("limit-reached", Kind::Conflict));
    let alive = TokenList { include_expired: false, newest_first: true };
    let page = ListSlice { skip: 18, limit: 5 };
    let listed = world.accounts.tokens(&caller, ada.id, alive, page).await.unwrap();
    assert_eq!(listed.count, 20);
    let shown: Vec<_> = listed.items.iter().map(|token| token.id).collect();
    assert_eq!(shown, [made[1], made[0]]);
    world.clock.advance_ms(TOKEN_MS_MIN);
    assert_eq!(world.accounts.tokens(&caller, ada.id, alive, ALL).await.unwrap().count, 0);
    let newest = world.accounts.issue_token(&caller, TOKEN_MS_MIN).await.unwrap().id;
    let all = TokenList { include_expired: true, newest_first: false };
    let listed = world.accounts.tokens(&caller, ada.id, all, ALL).await.unwrap();
    assert_eq!(listed.count, 21);
    assert_eq!(listed.items[20].id, newest);
    world.clock.advance_ms(30 * DAY_MS + HOUR_MS + 1);
    world.accounts.tidy().await.unwrap();
    assert_eq!(world.accounts.tokens(&caller, ada.id, all, ALL).await.unwrap().count, 0);
}

#[tokio::test]
async fn the_oldest_of_too_many_sessions_goes() {
    let world = World::new().await;
    let ada = world.user("ada").await;
    let mut sessions = Vec::new();
    for _ in 0..=backlot_model::limits::SESSIONS_PER_USER_MAX {
        world.clock.advance_ms(MINUTE_MS);
        let session = world.accounts.login(&ada.email, Secret::new(PASSWORD), None).await;
        sessions.push(session.unwrap().refresh_token);
    }
    assert_eq!(refusal(world.accounts.refresh(sessions[0].expose()).await), BAD);
    world.accounts.refresh(sessions[1].expose()).await.unwrap();
}
