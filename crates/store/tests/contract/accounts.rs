//! Rows of accounts: who comes first, what is asked in one statement, what goes with what.

use std::collections::HashMap;

use backlot_model::account::{ApiKey, Membership, Organization, Role, Scope, Scopes, User};
use backlot_model::asset::{Asset, Visibility};
use backlot_model::clock::MINUTE_MS;
use backlot_model::event::{Event, EventKind};
use backlot_model::query::{AssetQuery, Branch, Filter, Order, Reach, ScopeKey, Window};
use backlot_model::{HandClock, Id, Ids, Millis};
use backlot_store::accounts::callers::{
    load_caller_by_key, load_caller_by_token, load_caller_by_user,
};
use backlot_store::accounts::tokens::{Token, TokenFilter};
use backlot_store::accounts::users::{NewUser, UserChange, UserFilter};
use backlot_store::accounts::{
    Slice, api_keys, lock, memberships, organizations, rescope, signing_keys, tokens, touches,
    users,
};
use backlot_store::testing::on_every_engine;
use backlot_store::{Db, assets, events};
use uuid::Uuid;

use crate::samples;

const ALL: Slice = Slice { skip: 0, limit: 100 };

fn id<T>(n: u128) -> Id<T> {
    Id::new(Uuid::from_u128(n))
}

fn ids() -> Ids {
    Ids::new(std::sync::Arc::new(HandClock::at(samples::NOW)))
}

fn new_user(n: u128, name: &str) -> NewUser {
    NewUser {
        id: id(n),
        email: format!("{name}@Example.com"),
        email_folded: format!("{name}@example.com").to_lowercase(),
        username: name.to_owned(),
        name: None,
        password_hash: Some("hash".to_owned()),
        is_superuser: false,
        created_at: 1,
    }
}

async fn add_user(db: &Db, n: u128, name: &str) -> Id<User> {
    let tx = db.begin().await.unwrap();
    assert!(users::insert(&tx, &new_user(n, name)).await.unwrap());
    tx.commit().await.unwrap();
    id(n)
}

async fn add_organization(db: &Db, n: u128, name: &str) -> Id<Organization> {
    let tx = db.begin().await.unwrap();
    let made = Organization { id: id(n), name: name.to_owned(), created_at: 1 };
    assert!(organizations::insert(&tx, &made, &name.to_lowercase()).await.unwrap());
    tx.commit().await.unwrap();
    id(n)
}

async fn join(db: &Db, to: Id<Organization>, user: Id<User>, role: Role, at: Millis) {
    let tx = db.begin().await.unwrap();
    assert!(memberships::insert(&tx, to, user, role, at).await.unwrap());
    tx.commit().await.unwrap();
}

async fn add_key(db: &Db, n: u128, user: Id<User>, to: Option<Id<Organization>>) -> ApiKey {
    let key = ApiKey {
        id: id(n),
        user_id: user,
        organization_id: to,
        name: "robot".to_owned(),
        prefix: "bk_1".to_owned(),
        scopes: Scopes::of(&[Scope::Read, Scope::Admin]),
        expires_at: Some(9),
        last_used_at: None,
        created_at: 1,
    };
    let tx = db.begin().await.unwrap();
    api_keys::insert(&tx, &key, "secret hash").await.unwrap();
    tx.commit().await.unwrap();
    key
}

async fn add_token(db: &Db, kind: tokens::Kind, n: u128, user: Id<User>, expires_at: Millis) {
    let tx = db.begin().await.unwrap();
    let token = Token { id: id(n), user_id: user, expires_at, created_at: 1 };
    tokens::insert(&tx, kind, &token).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_taken_name_is_told_and_leaves_the_transaction_whole() {
    on_every_engine(async |db| {
        add_user(db, 1, "Ada").await;
        let tx = db.begin().await.unwrap();
        let same_email = NewUser { username: "other".to_owned(), ..new_user(2, "ada") };
        assert!(!users::insert(&tx, &same_email).await.unwrap());
        let same_name =
            NewUser { email_folded: "other@example.com".to_owned(), ..new_user(2, "aDA") };
        assert!(!users::insert(&tx, &same_name).await.unwrap());
        assert!(users::insert(&tx, &new_user(2, "bob")).await.unwrap());
        tx.commit().await.unwrap();
        let taken = UserChange { username: Some("ADA".to_owned()), ..UserChange::default() };
        let tx = db.begin().await.unwrap();
        assert!(users::update(&tx, id(2), &taken).await.unwrap_err().is_unique_violation());
        drop(tx);
        let tx = db.begin().await.unwrap();
        assert!(users::update(&tx, id(3), &taken).await.unwrap().is_none());
        let changed = users::update(&tx, id(1), &taken).await.unwrap().unwrap();
        assert_eq!(changed.username, "ADA");
        tx.commit().await.unwrap();
        let found = users::by_username(&**db, "ada").await.unwrap().unwrap();
        assert_eq!(found.user, changed);
    })
    .await;
}

#[tokio::test]
async fn of_two_that_insert_one_name_at_once_one_does() {
    on_every_engine(async |db| {
        let add = async |n: u128| {
            let tx = db.begin().await.unwrap();
            let added = users::insert(&tx, &new_user(n, "ada")).await.unwrap();
            tx.commit().await.unwrap();
            added
        };
        let (one, two, three) = tokio::join!(add(1), add(2), add(3));
        assert_eq!([one, two, three].iter().filter(|&&added| added).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_organizations_name_is_unique_when_made_and_when_renamed() {
    on_every_engine(async |db| {
        let (one, two) =
            (add_organization(db, 1, "One").await, add_organization(db, 2, "Two").await);
        let tx = db.begin().await.unwrap();
        let third = Organization { id: id(3), name: "ONE".to_owned(), created_at: 1 };
        assert!(!organizations::insert(&tx, &third, "one").await.unwrap());
        let renamed = organizations::rename(&tx, one, "oNE", "one").await.unwrap().unwrap();
        assert_eq!(renamed.name, "oNE");
        let taken = organizations::rename(&tx, two, "One", "one").await;
        assert!(taken.unwrap_err().is_unique_violation());
    })
    .await;
}

#[tokio::test]
async fn lists_have_one_order_and_count_beyond_their_end() {
    on_every_engine(async |db| {
        for (n, name) in ["ada", "bob", "ad_am", "Zoë"].into_iter().enumerate() {
            let tx = db.begin().await.unwrap();
            let new = NewUser {
                username: format!("user{n}"),
                name: Some(name.to_uppercase()),
                ..new_user(n as u128, &format!("mail{n}"))
            };
            users::insert(&tx, &new).await.unwrap();
            tx.commit().await.unwrap();
        }
        let ask = async |search: Option<&str>, skip, limit| {
            let filter = UserFilter { search: search.map(str::to_owned), is_active: Some(true) };
            let listed = users::list_users(&**db, &filter, Slice { skip, limit }).await.unwrap();
            let ids: Vec<_> = listed.items.iter().map(|it| it.id.uuid().as_u128()).collect();
            (ids, listed.count)
        };
        assert_eq!(ask(None, 1, 2).await, (vec![1, 2], 4));
        assert_eq!(ask(None, u64::MAX, 2).await, (vec![], 4));
        assert_eq!(ask(Some("ad"), 0, 9).await, (vec![0, 2], 2));
        assert_eq!(ask(Some("d_a"), 0, 9).await, (vec![2], 1));
        assert_eq!(ask(Some("zoë"), 0, 9).await, (vec![3], 1));
        assert_eq!(ask(Some("mail1@"), 0, 9).await, (vec![1], 1));
        assert_eq!(ask(Some("ser2"), 0, 9).await, (vec![2], 1));
        assert_eq!(ask(Some("\\"), 0, 9).await, (vec![], 0));
    })
    .await;
}

#[tokio::test]
async fn members_and_places_come_oldest_first() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        let (one, two) =
            (add_organization(db, 1, "one").await, add_organization(db, 2, "two").await);
        join(db, two, ada, Role::Owner, 5).await;
        join(db, one, ada, Role::Admin, 6).await;
        join(db, two, bob, Role::Member, 4).await;
        let places = memberships::of_user(&**db, ada).await.unwrap();
        let first = Membership {
            organization_id: two,
            organization_name: "two".to_owned(),
            user_id: ada,
            role: Role::Owner,
            created_at: 5,
        };
        assert_eq!(places[0], first);
        assert_eq!(places[1].organization_id, one);
        let slice = Slice { skip: 1, limit: 5 };
        let listed = memberships::of_organization(&**db, two, slice).await.unwrap();
        assert_eq!(listed.count, 2);
        assert_eq!(listed.items.len(), 1);
        assert_eq!((listed.items[0].0.id, &listed.items[0].1), (ada, &first));
        assert_eq!(memberships::count_owners(&**db, two).await.unwrap(), 1);
        let tx = db.begin().await.unwrap();
        assert!(!memberships::insert(&tx, two, ada, Role::Member, 9).await.unwrap());
        assert!(memberships::set_role(&tx, two, ada, Role::Member).await.unwrap());
        assert!(!memberships::set_role(&tx, one, bob, Role::Member).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(memberships::role(&**db, two, ada).await.unwrap(), Some(Role::Member));
        assert_eq!(memberships::role(&**db, one, bob).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_caller_is_loaded_by_one_statement() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        let (one, two) =
            (add_organization(db, 1, "one").await, add_organization(db, 2, "two").await);
        join(db, two, ada, Role::Owner, 5).await;
        join(db, one, ada, Role::Member, 6).await;
        let free = add_key(db, 1, ada, None).await;
        let bound = add_key(db, 2, ada, Some(one)).await;
        let lonely = add_key(db, 3, bob, None).await;
        let places = vec![(two, Role::Owner), (one, Role::Member)];
        for (key, user, expected) in [
            (&free, ada, places.clone()),
            (&bound, ada, vec![(one, Role::Member)]),
            (&lonely, bob, vec![]),
        ] {
            let before = db.statements_run();
            let (row, caller) = load_caller_by_key(db, key.id).await.unwrap().unwrap();
            assert_eq!(db.statements_run() - before, 1);
            assert_eq!((&row.key, &*row.secret_hash), (key, "secret hash"));
            assert_eq!((caller.user.id, caller.organizations), (user, expected));
        }
        assert!(load_caller_by_key(db, id(9)).await.unwrap().is_none());
        let before = db.statements_run();
        let caller = load_caller_by_user(db, ada).await.unwrap().unwrap();
        assert_eq!(db.statements_run() - before, 1);
        assert_eq!(caller.organizations, places);
        assert!(load_caller_by_user(db, id(9)).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_long_token_is_good_while_its_row_is_there_and_for_its_user() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        add_token(db, tokens::Kind::Long, 7, ada, 100).await;
        add_token(db, tokens::Kind::Refresh, 8, ada, 100).await;
        let is_good = async |user, n: u128| {
            load_caller_by_token(db, user, Uuid::from_u128(n)).await.unwrap().is_some()
        };
        assert!(is_good(ada, 7).await);
        assert!(!is_good(bob, 7).await);
        assert!(!is_good(ada, 8).await, "a refresh token is no long one");
        assert!(!tokens::delete_long(db, id(7), bob).await.unwrap());
        assert!(!tokens::delete_long(db, id(8), ada).await.unwrap());
        assert!(tokens::delete_long(db, id(7), ada).await.unwrap());
        assert!(!is_good(ada, 7).await);
    })
    .await;
}

#[tokio::test]
async fn a_refresh_token_is_taken_once() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        add_token(db, tokens::Kind::Refresh, 7, ada, 100).await;
        add_token(db, tokens::Kind::Long, 8, ada, 100).await;
        let take = async |n: u128, user| {
            let tx = db.begin().await.unwrap();
            let taken = tokens::take_refresh(&tx, Uuid::from_u128(n), user).await.unwrap();
            tx.commit().await.unwrap();
            taken
        };
        assert!(!take(7, bob).await);
        assert!(!take(8, ada).await);
        let (one, two) = tokio::join!(take(7, ada), take(7, ada));
        assert!(one != two);
    })
    .await;
}

#[tokio::test]
async fn tokens_are_trimmed_listed_and_swept() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        for n in 1..=4 {
            add_token(db, tokens::Kind::Refresh, n, ada, 100).await;
            add_token(db, tokens::Kind::Long, 10 + n, ada, 100 * i64::try_from(n).unwrap()).await;
        }
        add_token(db, tokens::Kind::Refresh, 5, bob, 100).await;
        let tx = db.begin().await.unwrap();
        tokens::trim_refresh(&tx, ada, 3).await.unwrap();
        assert!(!tokens::take_refresh(&tx, Uuid::from_u128(1), ada).await.unwrap());
        assert!(tokens::take_refresh(&tx, Uuid::from_u128(2), ada).await.unwrap());
        assert!(tokens::take_refresh(&tx, Uuid::from_u128(5), bob).await.unwrap());
        tx.commit().await.unwrap();
        let ask = async |alive_at, newest_first| {
            let filter = TokenFilter { alive_at, newest_first };
            let listed = tokens::list_long(&**db, ada, filter, ALL).await.unwrap();
            listed.items.iter().map(|it| it.id.uuid().as_u128()).collect::<Vec<_>>()
        };
        assert_eq!(ask(None, false).await, [11, 12, 13, 14]);
        assert_eq!(ask(Some(200), true).await, [14, 13]);
        assert_eq!(tokens::count_long(&**db, ada, 200).await.unwrap(), 2);
        assert_eq!(tokens::sweep(db, 200).await.unwrap(), 3, "two refresh tokens and a long one");
        assert_eq!(ask(None, false).await, [12, 13, 14]);
        let tx = db.begin().await.unwrap();
        users::end_sessions(&tx, ada).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ask(None, false).await, Vec::<u128>::new());
        assert_eq!(users::get(&**db, ada).await.unwrap().unwrap().session_epoch, 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_goes_takes_the_keys_bound_there_along_and_no_others() {
    on_every_engine(async |db| {
        let (ada, bob) = (add_user(db, 1, "ada").await, add_user(db, 2, "bob").await);
        let (one, two) =
            (add_organization(db, 1, "one").await, add_organization(db, 2, "two").await);
        for organization in [one, two] {
            join(db, organization, ada, Role::Owner, 1).await;
            join(db, organization, bob, Role::Owner, 1).await;
        }
        let keys = [(1, ada, None), (2, ada, Some(one)), (3, ada, Some(two)), (4, bob, Some(one))];
        for (n, user, to) in keys {
            add_key(db, n, user, to).await;
        }
        let left = async |user| {
            let listed = api_keys::of_user(&**db, user, None, ALL).await.unwrap();
            listed.items.iter().map(|key| key.id.uuid().as_u128()).collect::<Vec<_>>()
        };
        let tx = db.begin().await.unwrap();
        assert!(memberships::remove(&tx, one, ada).await.unwrap());
        assert!(!memberships::remove(&tx, one, ada).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!((left(ada).await, left(bob).await), (vec![1, 3], vec![4]));
        let only = api_keys::of_user(&**db, ada, Some(two), ALL).await.unwrap();
        assert_eq!((only.count, only.items[0].id), (1, id(3)));
        let tx = db.begin().await.unwrap();
        assert!(organizations::delete(&tx, two).await.unwrap());
        assert!(!organizations::delete(&tx, two).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(left(ada).await, [1]);
        assert_eq!(memberships::of_user(&**db, ada).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_touch_is_written_once_a_minute() {
    on_every_engine(async |db| {
        let ada = add_user(db, 1, "ada").await;
        let key = add_key(db, 1, ada, None).await.id;
        let touch = async |at| {
            let (users, keys) = (HashMap::from([(ada, at)]), HashMap::from([(key, at)]));
            touches::touch(db, &users, &keys).await.unwrap();
            let user = users::get(&**db, ada).await.unwrap().unwrap();
            let key = api_keys::get(&**db, key).await.unwrap().unwrap();
            (user.last_active_at.unwrap(), key.last_used_at.unwrap())
        };
        assert_eq!(touch(5).await, (5, 5));
        assert_eq!(touch(5 + MINUTE_MS - 1).await, (5, 5));
        let later = 5 + MINUTE_MS;
        assert_eq!(touch(later).await, (later, later));
        assert_eq!(touch(7).await, (later, later), "time does not go back");
    })
    .await;
}

#[tokio::test]
async fn a_signing_key_is_replaced_kept_and_forgotten() {
    on_every_engine(async |db| {
        for (n, now_ms) in [("k1", 10), ("k2", 20), ("k3", 30)] {
            let tx = db.begin().await.unwrap();
            lock(&tx, "signing-key").await.unwrap();
            signing_keys::replace(&tx, n, "00", now_ms).await.unwrap();
            tx.commit().await.unwrap();
        }
        let loaded = async || {
            let rows = signing_keys::load(&**db).await.unwrap();
            rows.into_iter().map(|row| (row.id, row.retired_at)).collect::<Vec<_>>()
        };
        let (k1, k2, k3) = ("k1".to_owned(), "k2".to_owned(), "k3".to_owned());
        assert_eq!(loaded().await, [(k3.clone(), None), (k2.clone(), Some(30)), (k1, Some(20))]);
        let tx = db.begin().await.unwrap();
        signing_keys::forget(&tx, 30).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(loaded().await, [(k3, None), (k2, Some(30))]);
    })
    .await;
}

/// How many assets the listing under `reach` counts, and which it shows.
async fn listed(db: &Db, reach: Reach) -> (u64, Vec<u64>) {
    let query = AssetQuery {
        reach,
        filter: Filter::default(),
        order: Order::default(),
        window: Window::Offset { skip: 0, limit: 100 },
        count: true,
    };
    let page = assets::list(db, &query).await.unwrap();
    let mut shown: Vec<_> =
        page.items.iter().map(|it| it.name["picture ".len()..].parse().unwrap()).collect();
    shown.sort_unstable();
    (page.total.unwrap(), shown)
}

#[tokio::test]
async fn assets_are_listed_where_their_uploader_and_organization_put_them() {
    on_every_engine(async |db| {
        let (ada, one) = (add_user(db, 1, "ada").await, add_organization(db, 1, "one").await);
        let kinds = [
            (Visibility::Private, Some(one)),
            (Visibility::Shared, Some(one)),
            (Visibility::Public, Some(one)),
            (Visibility::Public, None),
            (Visibility::Unlisted, None),
        ];
        let made: Vec<_> = (0..)
            .zip(kinds)
            .map(|(n, (visibility, organization_id))| Asset {
                visibility,
                organization_id,
                uploader_name: "ada".to_owned(),
                ..samples::asset(ada, n)
            })
            .collect();
        samples::insert(db, &made).await;
        let gone = Asset { deleted_at: Some(samples::NOW), ..samples::asset(ada, 9) };
        let gone = Asset { visibility: Visibility::Public, ..gone };
        samples::insert(db, std::slice::from_ref(&gone)).await;
        let branch = |scope| Branch { scope, visibility: Vec::new() };
        let places = async || {
            let own = Reach::Branches(vec![branch(ScopeKey::User(ada))]);
            let org = Reach::Branches(vec![branch(ScopeKey::Organization(one))]);
            let all = Reach::Branches(vec![branch(ScopeKey::Platform)]);
            (listed(db, own).await, listed(db, org).await, listed(db, all).await)
        };
        let before = places().await;
        assert_eq!(before, ((3, vec![0, 3, 4]), (2, vec![1, 2]), (0, vec![])));
        let make_superuser = async |is_superuser| {
            let tx = db.begin().await.unwrap();
            users::set_superuser(&tx, ada, is_superuser).await.unwrap();
            assert_eq!(rescope::uploader_changed(&tx, ada, &ids(), samples::NOW).await.unwrap(), 3);
            tx.commit().await.unwrap();
        };
        let heard = async |from, scope| {
            let heard = events::after(db, from, &[scope], id(999), 100).await.unwrap();
            let last = heard.last().map_or(from, |event| event.id);
            let told = |event: &Event| (event.kind, event.asset_id, event.is_leaving);
            (heard.iter().map(told).collect::<Vec<_>>(), last)
        };
        make_superuser(true).await;
        let (left, last) = heard(id(0), ScopeKey::Organization(one)).await;
        assert_eq!(left, [(EventKind::Deleted, made[2].id, true)]);
        let (told, _) = heard(id(0), ScopeKey::Platform).await;
        let updated = |n: usize| (EventKind::Updated, made[n].id, false);
        assert_eq!(told, [updated(2), updated(3)], "nothing of what lies deleted");
        let promoted = ((2, vec![0, 4]), (1, vec![1]), (2, vec![2, 3]));
        assert_eq!(places().await, promoted);
        make_superuser(false).await;
        assert_eq!(places().await, before);

        let tx = db.begin().await.unwrap();
        assert_eq!(rescope::organization_goes(&tx, one, &ids(), samples::NOW).await.unwrap(), 3);
        assert!(organizations::delete(&tx, one).await.unwrap());
        tx.commit().await.unwrap();
        let (left, _) = heard(last, ScopeKey::Organization(one)).await;
        let gone = |n: usize| (EventKind::Deleted, made[n].id, true);
        assert_eq!(left, [updated(2), gone(1), gone(2)], "back from the platform, then gone");
        assert_eq!(places().await, ((5, vec![0, 1, 2, 3, 4]), (0, vec![]), (0, vec![])));
        let shared = assets::by_id(db, made[1].id).await.unwrap().unwrap();
        assert_eq!((shared.organization_id, shared.access_epoch), (None, 1), "old URLs end");
        let public = assets::by_id(db, made[2].id).await.unwrap().unwrap();
        assert_eq!((public.organization_id, public.access_epoch), (None, 0));
    })
    .await;
}

#[tokio::test]
async fn more_assets_than_one_batch_move_together() {
    on_every_engine(async |db| {
        let ada = add_user(db, 1, "ada").await;
        let public = |n| Asset { visibility: Visibility::Public, ..samples::asset(ada, n) };
        samples::insert(db, &(0..1_100).map(public).collect::<Vec<_>>()).await;
        let tx = db.begin().await.unwrap();
        users::set_superuser(&tx, ada, true).await.unwrap();
        assert_eq!(rescope::uploader_changed(&tx, ada, &ids(), samples::NOW).await.unwrap(), 1_100);
        tx.commit().await.unwrap();
        let platform = Branch { scope: ScopeKey::Platform, visibility: Vec::new() };
        assert_eq!(listed(db, Reach::Branches(vec![platform])).await.0, 1_100);
    })
    .await;
}
