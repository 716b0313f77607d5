//! What listings cost at size: fills a library and times each sort of question.
//!
//! `cargo run --release -p backlot-store --features testing --example listing -- 200000 [FOLDER]`
//! keeps the library in FOLDER and finds it there the next time.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has no result")]

use std::path::PathBuf;
use std::time::Instant;

use backlot_model::account::User;
use backlot_model::asset::Visibility;
use backlot_model::query::{
    AssetQuery, Branch, Direction, Filter, Order, Position, Reach, ScopeKey, SortKey, TextField,
    TextSearch, TimeRange, TypeFilter, Window,
};
use backlot_model::{Id, asset::Asset};
use backlot_store::assets::Likeness;
use backlot_store::db::{Durability, SqliteOptions};
use backlot_store::testing::fill;
use backlot_store::{Db, Fetch, args, assets, migrate};

/// Each question is asked this often.
const ROUNDS: usize = 101;

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let n: u64 = words.next().map_or(200_000, |it| it.parse().unwrap());
    let folder = words.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("listing-{n}.db"));
    let is_new = !path.try_exists().unwrap();
    let options = SqliteOptions { durability: Durability::Process, ..SqliteOptions::default() };
    let db = Db::open_sqlite(&path, options).await.unwrap();
    if is_new {
        let start = Instant::now();
        migrate::run(&db, migrate::MIGRATIONS, 0).await.unwrap();
        fill(&db, n, 1).await.unwrap();
        let seconds = start.elapsed().as_secs_f64();
        let per_second = n as f64 / seconds;
        println!("filled {n} in {seconds:.0} s, {per_second:.0} a second");
    }
    let bench = Bench::new(&db).await;
    bench.pages().await;
    bench.filters().await;
    bench.searches().await;
    bench.likeness().await;
    db.close().await.unwrap();
}

struct Bench<'a> {
    db: &'a Db,
    own: Reach,
    user: Id<User>,
}

impl<'a> Bench<'a> {
    async fn new(db: &'a Db) -> Self {
        let sql = "SELECT id FROM account WHERE username = 'user0'";
        let user: Id<User> = db.fetch_one(sql, args![], |row| row.get(0)).await.unwrap();
        let sql = "SELECT id FROM organization ORDER BY name";
        let teams = db.fetch(sql, args![], |row| row.get(0)).await.unwrap();
        let mut scopes = vec![ScopeKey::User(user), ScopeKey::Platform];
        scopes.extend(teams.into_iter().map(ScopeKey::Organization));
        let branch = |scope| Branch { scope, visibility: Vec::new() };
        Self { db, own: Reach::Branches(scopes.into_iter().map(branch).collect()), user }
    }

    fn query(&self, filter: Filter, limit: u32) -> AssetQuery {
        AssetQuery {
            reach: self.own.clone(),
            filter,
            order: Order::default(),
            window: Window::Cursor { after: None, limit },
            count: false,
        }
    }

    async fn pages(&self) {
        let base = self.query(Filter::default(), 100);
        let mine = Branch { scope: ScopeKey::User(self.user), visibility: Vec::new() };
        let alone = AssetQuery { reach: Reach::Branches(vec![mine]), ..base.clone() };
        self.time("page of 100, one scope", &alone).await;
        self.time("page of 100, five scopes", &base).await;
        self.time(
            "page of 100, uploader",
            &AssetQuery { reach: Reach::Uploader(self.user), ..base.clone() },
        )
        .await;
        self.time("page of 100, public", &AssetQuery { reach: Reach::Public, ..base.clone() })
            .await;
        self.time(
            "page of 100, everything",
            &AssetQuery { reach: Reach::Everything, ..base.clone() },
        )
        .await;
        for key in SortKey::ALL {
            let order = Order { key: *key, direction: Direction::Ascending };
            self.time(&format!("page of 100, by {key}"), &AssetQuery { order, ..base.clone() })
                .await;
        }
        let after = Some(self.deep(&base).await);
        let window = Window::Cursor { after, limit: 100 };
        self.time("page of 100, last cursor page", &AssetQuery { window, ..base.clone() }).await;
        for skip in [1_000, 50_000] {
            let window = Window::Offset { skip, limit: 100 };
            self.time(
                &format!("page of 100, offset {skip}"),
                &AssetQuery { window, ..base.clone() },
            )
            .await;
        }
        self.count("count, five scopes", Filter::default()).await;
        let visibility = vec![Visibility::Unlisted];
        self.both("visibility=unlisted", Filter { visibility, ..Filter::default() }).await;
    }

    /// A position a hundred assets before the end.
    async fn deep(&self, base: &AssetQuery) -> Position {
        let order = Order { direction: Direction::Ascending, ..base.order };
        let query = AssetQuery { order, ..base.clone() };
        let page = assets::list(self.db, &query).await.unwrap();
        assets::position(page.items.last().unwrap(), order.key)
    }

    async fn filters(&self) {
        let plain = Filter::default;
        for tag in ["portrait", "bokeh", "lantern", "set-4000"] {
            let filter = Filter { tags_all: vec![tag.to_owned()], ..plain() };
            self.both(&format!("tag {tag}"), filter).await;
        }
        let tags = ["portrait", "light"].map(str::to_owned).to_vec();
        self.both("two common tags", Filter { tags_all: tags, ..plain() }).await;
        let tags = vec!["portrait".to_owned()];
        self.both("without a common tag", Filter { tags_none: tags, ..plain() }).await;
        let filter = Filter { tags_all: vec!["bokeh".to_owned()], ..plain() };
        let order = Order { key: SortKey::Filename, direction: Direction::Ascending };
        let query = AssetQuery { order, ..self.query(filter, 100) };
        self.time("tag bokeh, by filename", &query).await;
        let seed = self.seed().await;
        let pair = |path: &str, value: &str| vec![(path.to_owned(), value.to_owned())];
        self.both("parameters.seed", Filter { parameters: pair("seed", &seed), ..plain() }).await;
        self.both("parameters.steps", Filter { parameters: pair("steps", "25"), ..plain() }).await;
        let filter = Filter { model_id: Some("model-3".to_owned()), ..plain() };
        self.both("model", filter).await;
        let filter = Filter { inference_id: Some("inference-77".to_owned()), ..plain() };
        self.both("inference", filter).await;
        let types = vec![TypeFilter::Exact("face".to_owned())];
        self.both("type face", Filter { types, ..plain() }).await;
        let types = vec![TypeFilter::Family("inference-".to_owned())];
        self.both("family inference-", Filter { types, ..plain() }).await;
        let created = TimeRange { after: Some(1_735_700_000_000), before: Some(1_735_800_000_000) };
        self.both("created within a day", Filter { created, ..plain() }).await;
        let tags = |limit| assets::tag_histogram(self.db, &self.own, None, limit);
        self.run("tag histogram, 100", async || tags(100).await.unwrap().len()).await;
    }

    async fn seed(&self) -> String {
        let query = self.query(Filter::default(), 1);
        let page = assets::list(self.db, &query).await.unwrap();
        let parameters: serde_json::Value =
            serde_json::from_str(&page.items[0].parameters).unwrap();
        parameters["seed"].to_string()
    }

    async fn searches(&self) {
        for text in [
            "portrait",
            "lantern",
            "fireworks",
            "lant",
            "img_0012345",
            "blue lantern",
            "xyzzy",
            "qu",
        ] {
            let search = TextSearch::parse(text, TextField::ALL);
            self.both(&format!("text {text}"), Filter { text: search, ..Filter::default() }).await;
        }
        let search = TextSearch::parse("lantern", &[TextField::Name]);
        self.both("text lantern in names", Filter { text: search, ..Filter::default() }).await;
        let text = TextSearch::parse("lantern", TextField::ALL);
        let order = Order { key: SortKey::Filename, direction: Direction::Ascending };
        let query = AssetQuery { order, ..self.query(Filter { text, ..Filter::default() }, 100) };
        self.time("text lantern, by filename", &query).await;
    }

    async fn likeness(&self) {
        for bits in [3, 7, 11] {
            let likeness = Likeness {
                like: vec![0x0123_4567_89AB_CDEF],
                distance_max: bits,
                ..Likeness::default()
            };
            let filter = Filter::default();
            let near = || assets::near_duplicates(self.db, &self.own, &filter, &likeness, 10);
            self.run(&format!("near-duplicates within {bits} bits"), async || {
                near().await.unwrap().len()
            })
            .await;
        }
    }

    async fn both(&self, name: &str, filter: Filter) {
        self.time(name, &self.query(filter.clone(), 100)).await;
        self.count(&format!("  {name}, count"), filter).await;
    }

    async fn time(&self, name: &str, query: &AssetQuery) {
        self.run(name, async || {
            let items: Vec<Asset> = assets::list(self.db, query).await.unwrap().items;
            items.len()
        })
        .await;
    }

    async fn count(&self, name: &str, filter: Filter) {
        self.run(name, async || {
            let count = assets::count(self.db, &self.own, &filter).await.unwrap();
            usize::try_from(count).unwrap()
        })
        .await;
    }

    /// The median and the worst of the rounds, the processor's time of each, and what came out.
    async fn run(&self, name: &str, ask: impl AsyncFn() -> usize) {
        let mut times = Vec::new();
        let mut found = 0;
        let busy = busy_ms();
        for _ in 0..ROUNDS {
            let start = Instant::now();
            found = ask().await;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        let cpu = (busy_ms() - busy) / ROUNDS as f64;
        times.sort_by(f64::total_cmp);
        let (p50, worst) = (times[ROUNDS / 2], times[ROUNDS - 1]);
        println!(
            "{name:36} {found:>8} found  cpu {cpu:8.3} ms  p50 {p50:8.3} ms  worst {worst:8.3} ms"
        );
    }
}

/// How long all threads of this process have run, in milliseconds, as Linux tells it.
fn busy_ms() -> f64 {
    let mut nanos = 0.0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("schedstat"));
        let first = stat.unwrap().split_whitespace().next().map(str::to_owned);
        nanos += first.and_then(|it| it.parse::<f64>().ok()).unwrap_or(0.0);
    }
    nanos / 1e6
}
