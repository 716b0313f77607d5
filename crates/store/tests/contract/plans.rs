//! How SQLite goes about the hot listings: by a named index, from a beginning to an end, and
//! without sorting more than a page.

use backlot_model::Id;
use backlot_model::account::{Organization, User};
use backlot_model::asset::{Asset, Status, Visibility};
use backlot_model::media::MediaKind;
use backlot_model::query::{
    AssetQuery, Branch, Direction, Filter, Order, Position, Reach, ScopeKey, SortKey, SortValue,
    TextField, TextSearch, TimeRange, TypeFilter, Window,
};
use backlot_store::assets;
use backlot_store::testing::{TestDb, sqlite};

use crate::samples::{self, NOW, id};

const USER: u64 = 1;

fn user() -> Id<User> {
    id(1_000, USER)
}

fn team() -> Id<Organization> {
    id(2_000, 1)
}

fn branches(scopes: &[ScopeKey]) -> Reach {
    let branch = |&scope: &ScopeKey| Branch { scope, visibility: Vec::new() };
    Reach::Branches(scopes.iter().map(branch).collect())
}

fn own() -> Reach {
    branches(&[ScopeKey::User(user())])
}

fn query(reach: Reach, filter: Filter) -> AssetQuery {
    AssetQuery {
        reach,
        filter,
        order: Order::default(),
        window: Window::Cursor { after: None, limit: 100 },
        count: false,
    }
}

/// Goes by `index`, reads no table to its end, sorts nothing.
async fn goes_by(db: &TestDb, query: &AssetQuery, index: &str) {
    let steps = assets::explain(db, query).await.unwrap();
    assert!(steps.contains(index), "not by {index}:\n{steps}\n{query:?}");
    assert!(!steps.contains("TEMP B-TREE"), "sorts:\n{steps}\n{query:?}");
    reads_no_table(&steps);
}

/// Walking an index in order is a scan that ends with the page; `k` is the page itself.
fn reads_no_table(steps: &str) {
    for step in steps.lines().filter(|step| step.starts_with("SCAN ")) {
        assert!(step == "SCAN k" || step.contains(" INDEX "), "{step} in\n{steps}");
    }
}

#[tokio::test]
async fn every_order_of_every_reach_is_an_index() {
    let db = sqlite().await;
    let several =
        branches(&[ScopeKey::Platform, ScopeKey::User(user()), ScopeKey::Organization(team())]);
    for (reach, name) in [
        (own(), "scope"),
        (several, "scope"),
        (Reach::Uploader(user()), "uploader"),
        (Reach::Public, "public"),
        (Reach::Everything, "all"),
    ] {
        for (key, suffix) in [
            (SortKey::CreatedAt, "created"),
            (SortKey::UpdatedAt, "updated"),
            (SortKey::Filename, "filename"),
            (SortKey::Size, "size"),
        ] {
            for direction in Direction::ALL {
                let value = match key {
                    SortKey::Filename => SortValue::Text("x".to_owned()),
                    _ => SortValue::Number(NOW),
                };
                let after = Some(Position { value, id: id(NOW, 1) });
                for window in
                    [Window::Offset { skip: 500, limit: 100 }, Window::Cursor { after, limit: 100 }]
                {
                    let order = Order { key, direction: *direction };
                    let base = query(reach.clone(), Filter::default());
                    let query = AssetQuery { order, window, ..base };
                    goes_by(&db, &query, &format!("INDEX asset_{name}_{suffix}")).await;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cursor_begins_inside_of_the_index() {
    let db = sqlite().await;
    let after = Some(Position { value: SortValue::Number(NOW), id: id(NOW, 1) });
    let window = Window::Cursor { after, limit: 100 };
    let query = AssetQuery { window, ..query(own(), Filter::default()) };
    let steps = assets::explain(&db, &query).await.unwrap();
    assert!(steps.contains("(scope=? AND (created_at,id)<(?,?))"), "{steps}");
}

/// The filters of the contracts, with the index that each goes by in the order of creation.
fn filters() -> Vec<(Filter, &'static str)> {
    let plain = Filter::default;
    let word = || Some("x".to_owned());
    vec![
        (Filter { types: vec![TypeFilter::Exact("face".to_owned())], ..plain() }, "asset_type"),
        (Filter { types: vec![TypeFilter::Family("img2".to_owned())], ..plain() }, "asset_type"),
        (Filter { kinds: vec![MediaKind::Video], ..plain() }, "asset_kind"),
        (Filter { status: vec![Status::Failed, Status::Processing], ..plain() }, "asset_status"),
        (Filter { parent_id: Some(id(1, 1)), ..plain() }, "asset_parent"),
        (Filter { root_id: Some(id(1, 1)), ..plain() }, "asset_root"),
        (Filter { inference_id: word(), ..plain() }, "asset_inference"),
        (Filter { model_id: word(), ..plain() }, "asset_model"),
        (Filter { author_id: word(), ..plain() }, "asset_author"),
        (Filter { project: word(), ..plain() }, "asset_project"),
        (Filter { organization_id: Some(team()), ..plain() }, "asset_organization"),
        (Filter { tags_all: vec!["x".to_owned()], ..plain() }, "PRIMARY KEY (tag=? AND scope=?"),
        (
            Filter { parameters: vec![("seed".to_owned(), "42".to_owned())], ..plain() },
            "PRIMARY KEY (pair=? AND scope=?",
        ),
        (Filter { collection_id: Some(id(1, 1)), ..plain() }, "PRIMARY KEY (collection_id=?"),
        (Filter { visibility: vec![Visibility::Unlisted], ..plain() }, "asset_scope_unlisted"),
        (Filter { visibility: vec![Visibility::Public], ..plain() }, "asset_scope_public"),
        (Filter { deleted: true, ..plain() }, "asset_scope_created"),
        (
            Filter { created: TimeRange { after: Some(1), before: Some(2) }, ..plain() },
            "(scope=? AND created_at>? AND created_at<?)",
        ),
    ]
}

#[tokio::test]
async fn every_filter_of_the_contracts_is_an_index() {
    let db = sqlite().await;
    let several = branches(&[ScopeKey::User(user()), ScopeKey::Organization(id(2_000, 2))]);
    for (filter, index) in filters() {
        goes_by(&db, &query(own(), filter.clone()), index).await;
        goes_by(&db, &query(several.clone(), filter), index).await;
    }
}

#[tokio::test]
async fn what_the_public_asks_for_is_an_index() {
    let db = sqlite().await;
    let plain = Filter::default;
    for (filter, index) in [
        (Filter { types: vec![TypeFilter::Exact("face".to_owned())], ..plain() }, "public_type"),
        (Filter { model_id: Some("x".to_owned()), ..plain() }, "asset_public_model"),
        (Filter { author_id: Some("x".to_owned()), ..plain() }, "asset_public_author"),
        (Filter { tags_all: vec!["x".to_owned()], ..plain() }, "asset_tag_public"),
    ] {
        goes_by(&db, &query(Reach::Public, filter), index).await;
    }
}

/// Words that nobody uses are known to find nothing.
async fn with_words() -> TestDb {
    let db = sqlite().await;
    let owner = samples::user(&db, USER, false).await;
    let asset = Asset { name: "Blue sneakers".to_owned(), ..samples::asset(owner, 1) };
    samples::insert(&db, &[asset]).await;
    db
}

/// Hits come in the order of creation to the second: no more is sorted than a page and a second.
#[tokio::test]
async fn a_search_reads_hits_until_the_page_is_full() {
    let db = with_words().await;
    let text = TextSearch::parse("blue sneaker", TextField::ALL);
    let filter = Filter { text, ..Filter::default() };
    for reach in [own(), Reach::Public, Reach::Everything, Reach::Uploader(user())] {
        let steps = assets::explain(&db, &query(reach, filter.clone())).await.unwrap();
        let hits: Vec<&str> = steps.lines().filter(|it| it.starts_with("SCAN f ")).collect();
        assert_eq!(hits.len(), 2, "{steps}");
        assert!(hits.iter().all(|it| it.contains("VIRTUAL TABLE INDEX")), "{steps}");
        // The first hits of the page, and the others of the last one's second.
        assert_eq!(steps.matches("TEMP B-TREE").count(), 2, "{steps}");
    }
}

#[tokio::test]
async fn common_totals_are_sums_and_others_are_read_from_an_index() {
    let db = sqlite().await;
    let plain = Filter::default;
    for (filter, table) in [
        (plain(), "asset_count"),
        (Filter { status: vec![Status::Failed], ..plain() }, "asset_count"),
        (Filter { visibility: vec![Visibility::Private], ..plain() }, "asset_count"),
        (Filter { types: vec![TypeFilter::Family("img2".to_owned())], ..plain() }, "asset_count"),
        (Filter { deleted: true, ..plain() }, "asset_count"),
        (Filter { tags_all: vec!["x".to_owned()], ..plain() }, "tag_count"),
        (Filter { tags_none: vec!["x".to_owned()], ..plain() }, "tag_count"),
    ] {
        let steps = assets::explain_count(&db, &own(), &filter).await.unwrap();
        assert!(steps.contains(&format!("SEARCH {table} ")), "{steps}");
        assert!(!steps.contains(" a "), "{steps}");
    }
    for (filter, index) in filters() {
        let steps = assets::explain_count(&db, &own(), &filter).await.unwrap();
        assert!(!steps.contains("TEMP B-TREE"), "{steps}");
        assert!(!steps.contains("SCAN a"), "not by {index}:\n{steps}");
    }
    let model = Filter { model_id: Some("x".to_owned()), ..plain() };
    let steps = assets::explain_count(&db, &own(), &model).await.unwrap();
    assert!(steps.contains("COVERING INDEX asset_model "), "{steps}");
    let db = with_words().await;
    let text = TextSearch::parse("sneaker", TextField::ALL);
    let steps = assets::explain_count(&db, &own(), &Filter { text, ..plain() }).await.unwrap();
    assert!(steps.contains("SCAN f ") && !steps.contains("SEARCH a"), "{steps}");
}
