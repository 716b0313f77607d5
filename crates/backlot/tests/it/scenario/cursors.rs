//! Walks through a listing while others write.
//!
//! Whatever comes, goes and changes meanwhile: every asset that a question found when a walk began
//! and that stayed as it was is met exactly once, in every order, direction and filter.

use std::collections::{BTreeMap, BTreeSet};

use backlot_library::assets::{AssetPatch, Expected, NewAsset};
use backlot_model::Id;
use backlot_model::account::Caller;
use backlot_model::asset::{Asset, Collection, Visibility};
use backlot_model::media::Digest;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

use super::{ASSETS, upload};
use crate::app::{Person, TestApp};

/// What an asset is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Make {
    asset_type: &'static str,
    is_public: bool,
    is_result: bool,
    is_collected: bool,
}

const TYPES: &[&str] = &["txt2img", "inference-txt2img", "inference-img2img", "uploaded"];

/// A filter, and what it finds.
type Question = (&'static str, fn(Make) -> bool);

const QUESTIONS: &[Question] = &[
    ("", |_| true),
    ("type=txt2img", |it| it.asset_type == "txt2img"),
    ("types=uploaded,txt2img", |it| matches!(it.asset_type, "txt2img" | "uploaded")),
    ("type=inference-", |it| it.asset_type.starts_with("inference-")),
    ("inferenceId=run", |it| it.is_result),
    ("modelId=model", |it| it.is_result),
    ("authorId=painter", |it| it.is_result),
    ("parentAssetId={parent}", |it| it.is_result),
    ("rootAssetId={parent}", |it| it.is_result),
    ("collectionId={collection}", |it| it.is_collected),
    ("privacy=private", |it| !it.is_public),
    ("privacy=public", |it| it.is_public),
    ("privacy=public&tags=tag", |it| it.is_public && it.is_result),
    ("type=txt2img&modelId=model&collectionId={collection}", |it| {
        it.asset_type == "txt2img" && it.is_result && it.is_collected
    }),
];

#[derive(Debug, Clone, Copy)]
enum Step {
    Make(Make),
    Rename(usize),
    Delete(usize),
    Restore(usize),
    Wait,
    Begin { question: usize, by_change: bool, ascending: bool, page_size: usize },
    Read(usize),
}

fn make() -> impl Strategy<Value = Make> {
    (0..TYPES.len(), any::<[bool; 3]>()).prop_map(|(word, [is_public, is_result, is_collected])| {
        Make { asset_type: TYPES[word], is_public, is_result, is_collected }
    })
}

fn step() -> impl Strategy<Value = Step> {
    let begin = (0..QUESTIONS.len(), any::<bool>(), any::<bool>(), 1..4_usize);
    prop_oneof![
        3 => make().prop_map(Step::Make),
        2 => any::<usize>().prop_map(Step::Rename),
        2 => any::<usize>().prop_map(Step::Delete),
        1 => any::<usize>().prop_map(Step::Restore),
        3 => Just(Step::Wait),
        2 => begin.prop_map(|(question, by_change, ascending, page_size)| Step::Begin {
            question, by_change, ascending, page_size,
        }),
        6 => any::<usize>().prop_map(Step::Read),
    ]
}

/// What the listing should know.
struct Known {
    id: Id<Asset>,
    make: Make,
    is_deleted: bool,
}

/// A reader on his way.
struct Walk {
    query: String,
    by_change: bool,
    /// What he found when he began and nobody has touched since.
    expected: BTreeSet<Id<Asset>>,
    /// What nobody touched since he began, or since it was made.
    untouched: BTreeSet<Id<Asset>>,
    seen: BTreeMap<Id<Asset>, usize>,
    token: Option<String>,
    is_over: bool,
}

struct World {
    app: TestApp,
    anna: Person,
    caller: Caller,
    digest: Digest,
    parent: Id<Asset>,
    collection: Id<Collection>,
    known: Vec<Known>,
    walks: Vec<Walk>,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let anna = app.user("anna").await;
        app.organization("Acme", &[&anna]).await;
        let caller = app.caller(&anna).await;
        let parent = upload(&app, &anna, "parent").await;
        let parent: Id<Asset> = Id::parse(parent["id"].as_str().unwrap()).unwrap();
        let digest = app.library.asset(&caller, parent).await.unwrap().digest.unwrap();
        let collection = app.library.create_collection(&caller, "c", None).await.unwrap().id;
        let first = Make {
            asset_type: "uploaded",
            is_public: false,
            is_result: false,
            is_collected: false,
        };
        let known = vec![Known { id: parent, make: first, is_deleted: false }];
        Self { app, anna, caller, digest, parent, collection, known, walks: Vec::new() }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Make(make) => self.make(make).await,
            Step::Rename(at) => self.rename(at).await,
            Step::Delete(at) => self.delete(at).await,
            Step::Restore(at) => self.restore(at).await,
            Step::Wait => self.app.clock.advance_ms(1),
            Step::Begin { question, by_change, ascending, page_size } => {
                self.begin(question, by_change, ascending, page_size);
            }
            Step::Read(at) => {
                let open = |walk: &Walk| !walk.is_over;
                let open: Vec<usize> =
                    (0..self.walks.len()).filter(|at| open(&self.walks[*at])).collect();
                if !open.is_empty() {
                    self.read(open[at % open.len()]).await;
                }
            }
        }
    }

    async fn make(&mut self, make: Make) {
        let result = |word: &str| make.is_result.then(|| word.to_owned());
        let new = NewAsset {
            asset_type: Some(make.asset_type.to_owned()),
            visibility: Some(if make.is_public { Visibility::Public } else { Visibility::Shared }),
            tags: result("tag").into_iter().collect(),
            parent_id: make.is_result.then(|| self.parent.to_string()),
            inference_id: result("run"),
            model_id: result("model"),
            author_id: result("painter"),
            collection_ids: make
                .is_collected
                .then(|| self.collection.to_string())
                .into_iter()
                .collect(),
            ..NewAsset::default()
        };
        // The parent may be deleted just now: then there are no results.
        let made = self.app.library.create_asset_from_hash(&self.caller, self.digest, new).await;
        let Ok(made) = made else { return };
        self.walks.iter_mut().for_each(|walk| walk.untouched.extend([made.id]));
        self.known.push(Known { id: made.id, make, is_deleted: false });
    }

    /// One of those that are deleted, or are not.
    fn pick(&self, at: usize, is_deleted: bool) -> Option<usize> {
        let fits = |it: &&usize| self.known[**it].is_deleted == is_deleted;
        let all: Vec<usize> = (0..self.known.len()).collect();
        let all: Vec<usize> = all.iter().filter(fits).copied().collect();
        (!all.is_empty()).then(|| all[at % all.len()])
    }

    async fn rename(&mut self, at: usize) {
        let Some(at) = self.pick(at, false) else { return };
        let (id, name) = (self.known[at].id, format!("{}", self.app.library.now_ms()));
        let patch = AssetPatch { name: Some(name), ..AssetPatch::default() };
        let library = &self.app.library;
        library.change_asset(&self.caller, id, &Expected::default(), patch).await.unwrap();
        for walk in &mut self.walks {
            walk.untouched.remove(&id);
            if walk.by_change {
                walk.expected.remove(&id);
            }
        }
    }

    async fn delete(&mut self, at: usize) {
        let Some(at) = self.pick(at, false) else { return };
        let id = self.known[at].id;
        let library = &self.app.library;
        library.delete_asset(&self.caller, id, &Expected::default()).await.unwrap();
        self.known[at].is_deleted = true;
        for walk in &mut self.walks {
            walk.untouched.remove(&id);
            walk.expected.remove(&id);
        }
    }

    async fn restore(&mut self, at: usize) {
        let Some(at) = self.pick(at, true) else { return };
        self.app.library.restore_asset(&self.caller, self.known[at].id).await.unwrap();
        self.known[at].is_deleted = false;
    }

    fn begin(&mut self, question: usize, by_change: bool, ascending: bool, page_size: usize) {
        let (filter, finds) = QUESTIONS[question];
        let filter = filter
            .replace("{parent}", &self.parent.dressed("asset"))
            .replace("{collection}", &self.collection.dressed("collection"));
        let key = if by_change { "updatedAt" } else { "createdAt" };
        let direction = if ascending { "asc" } else { "desc" };
        let live = self.known.iter().filter(|it| !it.is_deleted);
        let untouched = live.clone().map(|it| it.id).collect();
        let expected = live.filter(|it| finds(it.make)).map(|it| it.id).collect();
        let query = format!("pageSize={page_size}&sortBy={key}&sortDirection={direction}&{filter}");
        self.walks.push(Walk {
            query,
            by_change,
            expected,
            untouched,
            seen: BTreeMap::new(),
            token: None,
            is_over: false,
        });
    }

    async fn read(&mut self, at: usize) {
        let walk = &self.walks[at];
        let mut target = format!("{ASSETS}?{}", walk.query);
        if let Some(token) = &walk.token {
            target = format!("{target}&paginationToken={token}");
        }
        let page = self.app.get(&target).by(&self.anna).answers(200).await;
        let walk = &mut self.walks[at];
        for asset in page["assets"].as_array().unwrap() {
            let id = Id::parse(asset["id"].as_str().unwrap()).unwrap();
            *walk.seen.entry(id).or_default() += 1;
        }
        let next = page["nextPaginationToken"].as_str().map(str::to_owned);
        assert!(next.is_none() || next != walk.token, "a token came twice");
        walk.is_over = page["nextPaginationToken"] == Value::Null;
        walk.token = next;
    }

    async fn finish(mut self) {
        for at in 0..self.walks.len() {
            while !self.walks[at].is_over {
                self.read(at).await;
            }
            let walk = &self.walks[at];
            for id in &walk.expected {
                assert_eq!(walk.seen.get(id), Some(&1), "{id} in {}", walk.query);
            }
            for (id, times) in &walk.seen {
                let may_move = walk.by_change && !walk.untouched.contains(id);
                assert!(*times == 1 || may_move, "{id} {times} times in {}", walk.query);
            }
        }
    }
}

#[test]
fn every_walk_meets_what_stays_exactly_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let script = prop::collection::vec(step(), 40..120);
    let run = TestRunner::new(config).run(&script, |script| {
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in script {
                world.take(step).await;
            }
            world.finish().await;
        });
        Ok(())
    });
    run.unwrap();
}

/// Writers and readers at the same time, in every order and direction.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn walks_beside_writers_meet_what_stays_exactly_once() {
    let world = std::sync::Arc::new(World::new().await);
    let plain =
        Make { asset_type: "txt2img", is_public: false, is_result: false, is_collected: false };
    let mut stays = vec![world.parent];
    let mut moves = Vec::new();
    for n in 0..90 {
        world.app.clock.advance_ms(1);
        let made = create(&world, plain).await;
        if n % 3 == 0 { moves.push(made) } else { stays.push(made) }
    }
    let writer = {
        let world = std::sync::Arc::clone(&world);
        tokio::spawn(async move {
            for id in moves {
                world.app.clock.advance_ms(1);
                create(&world, plain).await;
                let library = &world.app.library;
                let patch = AssetPatch { name: Some("moved".to_owned()), ..AssetPatch::default() };
                library.change_asset(&world.caller, id, &Expected::default(), patch).await.unwrap();
                library.delete_asset(&world.caller, id, &Expected::default()).await.unwrap();
            }
        })
    };
    for round in 0.. {
        let is_over = writer.is_finished();
        let key = ["createdAt", "updatedAt"][round % 2];
        let direction = ["asc", "desc"][round / 2 % 2];
        let query = format!("pageSize=7&sortBy={key}&sortDirection={direction}");
        let met = walk(&world, &query).await;
        for id in &stays {
            assert_eq!(met.iter().filter(|it| *it == id).count(), 1, "{id} in {query}");
        }
        if is_over && round > 4 {
            break;
        }
    }
    writer.await.unwrap();
}

async fn create(world: &World, make: Make) -> Id<Asset> {
    let new = NewAsset {
        asset_type: Some(make.asset_type.to_owned()),
        visibility: Some(Visibility::Shared),
        ..NewAsset::default()
    };
    let library = &world.app.library;
    library.create_asset_from_hash(&world.caller, world.digest, new).await.unwrap().id
}

async fn walk(world: &World, query: &str) -> Vec<Id<Asset>> {
    let (mut met, mut token) = (Vec::new(), String::new());
    loop {
        let target = format!("{ASSETS}?{query}{token}");
        let page = world.app.get(&target).by(&world.anna).answers(200).await;
        let ids = page["assets"].as_array().unwrap().iter();
        met.extend(ids.map(|it| Id::<Asset>::parse(it["id"].as_str().unwrap()).unwrap()));
        match page["nextPaginationToken"].as_str() {
            Some(next) => token = format!("&paginationToken={next}"),
            None => return met,
        }
    }
}
