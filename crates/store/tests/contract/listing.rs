//! The listing engine against a library in memory: random assets, random changes, random
//! questions, by every index that could answer them.

use backlot_model::asset::{Asset, Collected, Collection};
use backlot_model::query::{
    AssetQuery, Direction, Filter, Order, Page, Position, Reach, SortKey, TextField, TextSearch,
    Window,
};
use backlot_store::testing::{TestDb, sqlite};
use backlot_store::{Fetch, args, assets, collections};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::samples::{NOW, asset, id, insert, organization, user};
use crate::world::{Dice, World};

async fn new_world(db: &TestDb) -> World {
    let mut users = Vec::new();
    for n in 1..=3 {
        users.push(user(db, n, n == 3).await);
    }
    let organizations = vec![organization(db, 1).await, organization(db, 2).await];
    let mut ids = Vec::new();
    let tx = db.begin().await.unwrap();
    for n in 1..=2 {
        let collection = Collection {
            id: id(3_000, n),
            owner_id: users[0],
            organization_id: (n == 2).then_some(organizations[0]),
            name: format!("collection {n}"),
            asset_count: 0,
            thumbnail: None,
            created_at: NOW,
            updated_at: NOW,
        };
        collections::insert(&tx, &collection).await.unwrap();
        ids.push(Collected::from(&collection));
    }
    tx.commit().await.unwrap();
    World { superusers: vec![users[2]], users, organizations, collections: ids, assets: Vec::new() }
}

/// Does the same to the store and to the world.
async fn act(db: &TestDb, world: &mut World, dice: &mut Dice) {
    let tx = db.begin().await.unwrap();
    let place = usize::try_from(dice.roll(1 + world.assets.len() as u64)).unwrap();
    match (dice.roll(20), world.assets.get(place).cloned()) {
        (0, _) => {
            let who = dice.pick(&world.users);
            let is_superuser = !world.is_superuser(who);
            world.superusers.retain(|it| *it != who);
            if is_superuser {
                world.superusers.push(who);
            }
            let sql = "UPDATE account SET is_superuser = $2 WHERE id = $1";
            tx.execute(sql, args![who, is_superuser]).await.unwrap();
            assets::rescope_uploader(&tx, who, is_superuser).await.unwrap();
            for asset in world.assets.iter_mut().filter(|it| it.uploader_id == who) {
                asset.uploader_is_superuser = is_superuser;
            }
        }
        (1, _) => {
            let before = NOW + 20_000;
            let purged = assets::purge_deleted(&tx, before, 1_000).await.unwrap();
            let goes = |it: &Asset| it.deleted_at.is_some_and(|at| at < before);
            let expected = world.assets.iter().filter(|it| goes(it)).count();
            assert_eq!(purged.len(), expected);
            world.assets.retain(|it| !goes(it));
        }
        (2, _) => {
            let organization = dice.pick(&world.organizations);
            assets::rescope_organization_removed(&tx, organization).await.unwrap();
            let of_it = |it: &&mut Asset| it.organization_id == Some(organization);
            for asset in world.assets.iter_mut().filter(of_it) {
                asset.organization_id = None;
                asset.version += 1;
                asset.access_epoch += 1;
            }
        }
        (3 | 4, Some(asset)) => {
            let collection = dice.pick(&world.collections);
            let kept = &mut world.assets[place].collections;
            if dice.once_in(2) {
                collections::add(&tx, collection.id, &[asset.id], NOW).await.unwrap();
                kept.push(collection);
                kept.sort_unstable();
                kept.dedup();
            } else {
                collections::remove(&tx, collection.id, &[asset.id], NOW).await.unwrap();
                kept.retain(|it| *it != collection);
            }
        }
        (5..=9, Some(before)) => {
            let after = world.changed(before.clone(), dice);
            assets::save(&tx, &before, &after).await.unwrap();
            world.assets[place] = Asset { version: before.version + 1, ..after };
        }
        _ => {
            let asset = world.new_asset(dice);
            assets::insert(&tx, &asset, None).await.unwrap();
            world.assets.push(asset);
        }
    }
    tx.commit().await.unwrap();
}

fn ids(page: &Page<Asset>) -> Vec<String> {
    page.items.iter().map(|it| it.id.to_string()).collect()
}

async fn ask(db: &TestDb, world: &World, dice: &mut Dice) -> Result<(), TestCaseError> {
    let mut query = world.any_query(dice);
    let expected = world.listing(&query);
    let count = expected.len() as u64;
    let whole = assets::list(db, &query).await.unwrap();
    prop_assert_eq!(&whole.items, &expected, "{:?}", query);
    prop_assert_eq!(whole.total, Some(count), "{:?}", query);
    let counted = assets::count(db, &query.reach, &query.filter).await.unwrap();
    prop_assert_eq!(counted, count, "{:?}", query);

    let skip = dice.roll(count + 2);
    let limit = 1 + u32::try_from(dice.roll(5)).unwrap();
    query.window = Window::Offset { skip, limit };
    let rest = expected.iter().skip(usize::try_from(skip).unwrap());
    let slice: Vec<String> = rest.take(limit as usize).map(|it| it.id.to_string()).collect();
    let page = assets::list(db, &query).await.unwrap();
    prop_assert_eq!(ids(&page), slice.clone(), "{:?}", query);
    prop_assert_eq!(page.next.is_some(), skip + u64::from(limit) < count, "{:?}", query);
    for (way, page) in assets::every_way(db, &query).await.unwrap() {
        prop_assert_eq!(ids(&page), slice.clone(), "{} for {:?}", way, query);
        prop_assert_eq!(page.total, Some(count), "{} for {:?}", way, query);
    }
    walk(db, query, &expected, 1 + u32::try_from(count / 3).unwrap()).await
}

/// Cursor pages by every index, one after the other, make up the whole.
async fn walk(
    db: &TestDb,
    mut query: AssetQuery,
    expected: &[Asset],
    limit: u32,
) -> Result<(), TestCaseError> {
    let mut after: Option<Position> = None;
    let mut seen = 0;
    loop {
        query.window = Window::Cursor { after, limit };
        let page = assets::list(db, &query).await.unwrap();
        let part: Vec<String> =
            expected.iter().skip(seen).take(limit as usize).map(|it| it.id.to_string()).collect();
        prop_assert_eq!(ids(&page), part.clone(), "{:?}", query);
        for (way, page) in assets::every_way(db, &query).await.unwrap() {
            prop_assert_eq!(ids(&page), part.clone(), "{} for {:?}", way, query);
        }
        seen += page.items.len();
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    prop_assert_eq!(seen, expected.len());
    Ok(())
}

async fn compare_tags(db: &TestDb, world: &World, dice: &mut Dice) -> Result<(), TestCaseError> {
    let reach = world.any_reach(dice);
    let expected: Vec<(String, u64)> = world.histogram(&reach).into_iter().collect();
    let limit = 1 + u32::try_from(dice.roll(4)).unwrap();
    let mut found: Vec<(String, u64)> = Vec::new();
    loop {
        let after = found.last().map(|(tag, _)| tag.clone());
        let page = assets::tag_histogram(db, &reach, after.as_deref(), limit).await.unwrap();
        prop_assert!(page.iter().all(|it| it.created_at <= it.updated_at));
        let is_last = page.len() < limit as usize;
        found.extend(page.into_iter().map(|it| (it.tag, it.count)));
        if is_last {
            break;
        }
    }
    prop_assert_eq!(found, expected, "{:?}", reach);
    Ok(())
}

/// What stands for indexes holds as much as the assets ask for, and no more.
async fn compare_indexes(db: &TestDb, world: &World) -> Result<(), TestCaseError> {
    let live = world.assets.iter().filter(|it| it.deleted_at.is_none()).count();
    let all = world.assets.len();
    let tags: usize = world.assets.iter().map(|it| it.tags.len()).sum();
    let members: usize = world.assets.iter().map(|it| it.collections.len()).sum();
    for (sql, expected) in [
        ("SELECT count(*) FROM asset", all),
        ("SELECT count(*) FROM asset_text", all),
        ("SELECT count(*) FROM asset_fts", live),
        ("SELECT coalesce(sum(n), 0) FROM asset_count", all),
        ("SELECT count(*) FROM asset_count WHERE n <= 0", 0),
        ("SELECT count(*) FROM tag_count WHERE n <= 0", 0),
        ("SELECT count(*) FROM asset_tag", tags),
        ("SELECT count(*) FROM collection_member", members),
        ("SELECT coalesce(sum(collections), 0) FROM asset", members),
        (
            "SELECT count(*) FROM asset_parameter p LEFT JOIN asset a ON a.id = p.id AND \
          a.scope = p.scope AND a.seq = p.seq WHERE a.id IS NULL",
            0,
        ),
        (
            "SELECT count(*) FROM asset_tag t LEFT JOIN asset a ON a.id = t.id AND \
          a.scope = t.scope AND a.seq = t.seq WHERE a.id IS NULL",
            0,
        ),
    ] {
        let found: usize = db.fetch_one(sql, args![], |row| row.get(0)).await.unwrap();
        prop_assert_eq!(found, expected, "{}", sql);
    }
    for collection in &world.collections {
        let is_member = |it: &&Asset| it.collections.contains(collection);
        let count = world.assets.iter().filter(is_member).filter(|it| it.deleted_at.is_none());
        let stored = collections::by_id(db, collection.id).await.unwrap().unwrap();
        prop_assert_eq!(stored.asset_count, count.count() as u64);
    }
    Ok(())
}

async fn case(actions: Vec<u64>, questions: Vec<u64>) -> Result<(), TestCaseError> {
    let db = sqlite().await;
    let mut world = new_world(&db).await;
    for seed in actions {
        act(&db, &mut world, &mut Dice(seed)).await;
    }
    for seed in questions {
        ask(&db, &world, &mut Dice(seed)).await?;
        compare_tags(&db, &world, &mut Dice(seed)).await?;
    }
    compare_indexes(&db, &world).await
}

/// A few cases each time; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(12), ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_listing_is_what_the_plain_way_finds(
        actions in prop::collection::vec(any::<u64>(), 0..150),
        questions in prop::collection::vec(any::<u64>(), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(case(actions, questions))?;
    }
}

#[tokio::test]
async fn a_reach_of_nothing_is_an_empty_page() {
    let db = sqlite().await;
    let query = AssetQuery {
        reach: Reach::Branches(Vec::new()),
        filter: Filter::default(),
        order: Order::default(),
        window: Window::Cursor { after: None, limit: 10 },
        count: true,
    };
    let page = assets::list(&db, &query).await.unwrap();
    assert_eq!(page, Page { items: Vec::new(), total: Some(0), next: None });
}

async fn found(db: &TestDb, reach: &Reach, words: &str) -> Vec<String> {
    let text = TextSearch::parse(words, TextField::ALL);
    let query = AssetQuery {
        reach: reach.clone(),
        filter: Filter { text, ..Filter::default() },
        order: Order { key: SortKey::CreatedAt, direction: Direction::Ascending },
        window: Window::Offset { skip: 0, limit: 1_000 },
        count: true,
    };
    let page = assets::list(db, &query).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as u64), "{words}");
    page.items.into_iter().map(|it| it.name).collect()
}

/// Part of more words than are looked up, and words too long to be listed.
#[tokio::test]
async fn a_search_finds_what_is_in_too_many_and_too_long_words() {
    let db = sqlite().await;
    let owner = user(&db, 1, false).await;
    let named = |n: u64, name: String| Asset { name, ..asset(owner, n) };
    let mut all: Vec<Asset> = (0..320).map(|n| named(n, format!("abcd{n:03}x abce"))).collect();
    let long = format!("{}abcd{}", "m".repeat(30), "n".repeat(30));
    all.push(named(320, long.clone()));
    all.push(named(321, "bcd abc-bcd".to_owned()));
    insert(&db, &all).await;
    let names = |places: std::ops::RangeInclusive<usize>| -> Vec<String> {
        all[places].iter().map(|it| it.name.clone()).collect()
    };
    let reach = Reach::Everything;
    assert_eq!(found(&db, &reach, "abcd").await, names(0..=320));
    assert_eq!(found(&db, &reach, "cd31").await, names(310..=319));
    assert_eq!(found(&db, &reach, "ABCD0 abce").await, names(0..=99));
    assert_eq!(found(&db, &reach, &long).await, names(320..=320));
    assert_eq!(found(&db, &reach, &long[1..45]).await, names(320..=320));
    assert_eq!(found(&db, &reach, &format!("{long}x")).await, names(0..=0)[1..]);
    assert_eq!(found(&db, &reach, "mab").await, names(320..=320));
    assert_eq!(found(&db, &reach, "-bcd").await, names(321..=321));
    assert_eq!(found(&db, &Reach::Public, "abcd").await, Vec::<String>::new());
}

/// Further orders settle what is equal by the first, by whatever index the assets are found.
#[tokio::test]
async fn further_orders_settle_what_the_first_leaves_equal() {
    let db = sqlite().await;
    let owner = user(&db, 1, false).await;
    let sized = |n: u64, size: u64, filename: &str| Asset {
        size: Some(size),
        filename: filename.to_owned(),
        name: "cat".to_owned(),
        ..asset(owner, n)
    };
    let all = [sized(1, 5, "b"), sized(2, 5, "A"), sized(3, 4, "z"), sized(4, 5, "b")];
    insert(&db, &all).await;
    let order = |key, direction| Order { key, direction };
    let then = [order(SortKey::Filename, Direction::Descending)];
    for text in [None, TextSearch::parse("cat", TextField::ALL)] {
        let query = |key| AssetQuery {
            reach: Reach::Uploader(owner),
            filter: Filter { text: text.clone(), ..Filter::default() },
            order: order(key, Direction::Ascending),
            window: Window::Offset { skip: 1, limit: 3 },
            count: false,
        };
        let by_size = assets::list_then(&db, &query(SortKey::Size), &then).await.unwrap();
        assert_eq!(by_size.items, [all[0].clone(), all[3].clone(), all[1].clone()]);
        let by_time = assets::list_then(&db, &query(SortKey::CreatedAt), &then).await.unwrap();
        assert_eq!(by_time.items, [all[0].clone(), all[3].clone(), all[1].clone()]);
    }
}
