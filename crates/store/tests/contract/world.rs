//! A small library in memory that does what the store has to do, the plain way.

use std::collections::BTreeMap;

use backlot_model::account::{Organization, User};
use backlot_model::asset::{Asset, Collected, Status, Visibility};
use backlot_model::media::MediaKind;
use backlot_model::query::{
    AssetQuery, Branch, Direction, Filter, Order, PixelRange, Position, Reach, ScopeKey, SortKey,
    SortValue, TextField, TextSearch, TimeRange, TypeFilter, Window, fold,
};
use backlot_model::{Id, Millis};
use backlot_store::assets;
use serde_json::Value;

use crate::expressions::{self, any_expression, any_hints};
use crate::samples::{NOW, asset, id};

/// Numbers that look random and are the same for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (bits ^ bits >> 31) % sides
    }

    pub(crate) fn once_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let place = self.roll(from.len() as u64);
        from[usize::try_from(place).unwrap()].clone()
    }

    fn some<T: Clone>(&mut self, from: &[T], at_most: u64) -> Vec<T> {
        let count = self.roll(at_most + 1);
        (0..count).map(|_| self.pick(from)).collect()
    }
}

const TAGS: &[&str] = &["a", "b", "ab", "x y", "\"q\"", ",", "\n", "日本", "A", "\\"];
const TEXTS: &[&str] = &[
    "Blue Sneaker",
    "SNOWMAN on snow",
    "a",
    "日本語のテキスト",
    "50%_off (now!)",
    "it's \"quoted\" - or not",
    "wide 😀👍🏽 face",
    "STRASSE Straße ΟΔΟΣ",
    "nul\0 and \u{FFFF}",
    "aab aab aaab",
    "AND OR NOT NEAR(*)",
    "sneakers sneak-preview wxyz",
    "一枚の写真には千の言葉よりも多くのことが語られている。夕暮れの港で撮影された、古い灯台と小さな漁船の静かな風景",
    "  ",
];
const FILES: &[&str] = &["IMG_0001.JPG", "img_0001.png", "zebra.webp", "Ä.gif", "a", "日本.avif"];
const TYPES: &[&str] = &["uploaded", "face", "inference-txt2img", "inference-img2img", "txt2img"];
const LABELS: &[&str] = &["m1", "m2", "M1", ""];
const PARAMETERS: &[&str] = &[
    "{}",
    r#"{"seed":42,"prompt":"A blue sneaker on 日本 snow"}"#,
    r#"{"seed":42.0,"steps":20,"loras":[{"name":"a"},{"name":"b"}]}"#,
    r#"{"seed":"42","hires":true,"prompt":["no","text"]}"#,
    r#"{"seed":43,"hires":false,"prompt":"50% \"off\""}"#,
];
const PAIRS: &[(&str, &str)] = &[
    ("seed", "42"),
    ("seed", "42.00"),
    ("seed", "43"),
    ("hires", "true"),
    ("loras.1.name", "b"),
    ("steps", "20"),
    ("prompt", "50% \"off\""),
    ("none", ""),
];

/// What the store holds, as it should be.
pub(crate) struct World {
    pub(crate) users: Vec<Id<User>>,
    pub(crate) superusers: Vec<Id<User>>,
    pub(crate) organizations: Vec<Id<Organization>>,
    pub(crate) collections: Vec<Collected>,
    pub(crate) assets: Vec<Asset>,
}

impl World {
    pub(crate) fn is_superuser(&self, user: Id<User>) -> bool {
        self.superusers.contains(&user)
    }

    /// An asset that is not there yet. Some share a millisecond, some a second.
    pub(crate) fn new_asset(&self, dice: &mut Dice) -> Asset {
        let uploader = dice.pick(&self.users);
        let created_at = match dice.roll(3) {
            0 => NOW,
            1 => NOW + Millis::try_from(dice.roll(2_500)).unwrap(),
            _ => NOW + 500 * Millis::try_from(dice.roll(100)).unwrap(),
        };
        let number = dice.roll(1 << 40);
        let plain = Asset {
            id: id(created_at, number),
            created_at,
            updated_at: created_at,
            collections: {
                let mut ids = dice.some(&self.collections, 2);
                ids.sort_unstable();
                ids.dedup();
                ids
            },
            ..asset(uploader, 1)
        };
        let whole = self.changed(plain, dice);
        Asset { updated_at: created_at, ..whole }
    }

    /// The asset with everything that can change changed, a minute later or so.
    pub(crate) fn changed(&self, asset: Asset, dice: &mut Dice) -> Asset {
        let mut tags: Vec<String> = Vec::new();
        for tag in dice.some(TAGS, 4) {
            if !tags.iter().any(|it| it == tag) {
                tags.push(tag.to_owned());
            }
        }
        let mut text = || Some(dice.pick(TEXTS).to_owned()).filter(|_| dice.once_in(2));
        let (project, description, styling_note) = (text(), text(), text());
        let mut label = || Some(dice.pick(LABELS).to_owned()).filter(|_| dice.once_in(2));
        let (inference_id, model_id, author_id) = (label(), label(), label());
        let relatives: Vec<Id<Asset>> = (1..4).map(|n| id(1, n)).collect();
        let mut after = Asset {
            uploader_is_superuser: self.is_superuser(asset.uploader_id),
            organization_id: Some(dice.pick(&self.organizations)).filter(|_| dice.once_in(2)),
            name: dice.pick(TEXTS).to_owned(),
            filename: dice.pick(FILES).to_owned(),
            asset_type: dice.pick(TYPES).to_owned(),
            kind: dice.pick(&[MediaKind::Image, MediaKind::Image, MediaKind::Video]),
            status: dice.pick(Status::ALL),
            visibility: dice.pick(Visibility::ALL),
            parameters: dice.pick(PARAMETERS).to_owned(),
            detected: any_hints(dice),
            size: Some(dice.roll(3) * 100).filter(|_| !dice.once_in(4)),
            width: Some(100 + 10 * u32::try_from(dice.roll(4)).unwrap())
                .filter(|_| !dice.once_in(4)),
            height: Some(100).filter(|_| !dice.once_in(4)),
            updated_at: asset.updated_at + Millis::try_from(dice.roll(60_000)).unwrap(),
            deleted_at: None,
            thumbnail_id: None,
            is_hidden: false,
            lock: None,
            project,
            description,
            styling_note,
            tags,
            ..asset
        };
        after.deleted_at = Some(after.updated_at).filter(|_| dice.once_in(5));
        after.lineage.parent_id = Some(dice.pick(&relatives)).filter(|_| dice.once_in(2));
        after.lineage.root_id = Some(dice.pick(&relatives)).filter(|_| dice.once_in(2));
        after.lineage.inference_id = inference_id;
        after.lineage.model_id = model_id;
        after.lineage.author_id = author_id;
        after
    }

    pub(crate) fn scope(&self, asset: &Asset) -> ScopeKey {
        let is_superuser = self.is_superuser(asset.uploader_id);
        ScopeKey::of(asset.visibility, asset.organization_id, asset.uploader_id, is_superuser)
    }

    /// Everything the query asks for, in order, without its window.
    pub(crate) fn listing(&self, query: &AssetQuery) -> Vec<Asset> {
        let mut found: Vec<Asset> = self
            .assets
            .iter()
            .filter(|asset| self.reaches(&query.reach, asset) && holds(&query.filter, asset))
            .cloned()
            .collect();
        found.sort_by_key(|asset| sort_key(asset, query.order.key));
        if query.order.direction == Direction::Descending {
            found.reverse();
        }
        found
    }

    fn reaches(&self, reach: &Reach, asset: &Asset) -> bool {
        match reach {
            Reach::Branches(branches) => branches.iter().any(|branch| {
                let visible =
                    branch.visibility.is_empty() || branch.visibility.contains(&asset.visibility);
                branch.scope == self.scope(asset) && visible
            }),
            Reach::Uploader(id) => asset.uploader_id == *id,
            Reach::Public => asset.visibility == Visibility::Public,
            Reach::Everything => true,
        }
    }

    /// The tags of live assets within reach, each with how many have it.
    pub(crate) fn histogram(&self, reach: &Reach) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        let live = self.assets.iter().filter(|asset| asset.deleted_at.is_none());
        for asset in live.filter(|asset| self.reaches(reach, asset)) {
            for tag in &asset.tags {
                *counts.entry(tag.clone()).or_default() += 1;
            }
        }
        counts
    }

    pub(crate) fn any_reach(&self, dice: &mut Dice) -> Reach {
        match dice.roll(8) {
            0 => Reach::Everything,
            1 => Reach::Public,
            2 | 3 => Reach::Uploader(dice.pick(&self.users)),
            _ => {
                let mut scopes = vec![ScopeKey::Platform];
                scopes.extend(self.users.iter().copied().map(ScopeKey::User));
                scopes.extend(self.organizations.iter().copied().map(ScopeKey::Organization));
                scopes.retain(|_| dice.once_in(2));
                let narrowed = |scope, dice: &mut Dice| {
                    let visibility = match dice.once_in(3) {
                        true => dice.some(Visibility::ALL, 2),
                        false => Vec::new(),
                    };
                    Branch { scope, visibility }
                };
                Reach::Branches(scopes.into_iter().map(|it| narrowed(it, dice)).collect())
            }
        }
    }

    /// A query with few conditions, made so that it mostly finds something: they are taken from one
    /// of the assets there are.
    pub(crate) fn any_query(&self, dice: &mut Dice) -> AssetQuery {
        let witness = match self.assets.is_empty() {
            true => asset(self.users[0], 1),
            false => dice.pick(&self.assets),
        };
        let deleted = witness.deleted_at.is_some() != dice.once_in(10);
        let mut filter = Filter { deleted, ..Filter::default() };
        for _ in 0..dice.roll(4) {
            self.narrow(&mut filter, &witness, dice);
        }
        let reach = match dice.roll(6) {
            0 => Reach::Everything,
            1 => Reach::Uploader(witness.uploader_id),
            2 => Reach::Public,
            _ => self.any_reach(dice),
        };
        AssetQuery {
            reach,
            filter,
            order: Order { key: dice.pick(SortKey::ALL), direction: dice.pick(Direction::ALL) },
            window: Window::Offset { skip: 0, limit: 1_000 },
            count: true,
        }
    }

    fn narrow(&self, filter: &mut Filter, witness: &Asset, dice: &mut Dice) {
        let lineage = &witness.lineage;
        match dice.roll(28) {
            0 => {
                filter.visibility = dice.some(Visibility::ALL, 2);
                filter.visibility.push(witness.visibility);
            }
            1 => {
                filter.types = dice.some(&any_types(), 2);
                filter.types.push(TypeFilter::Exact(witness.asset_type.clone()));
            }
            2 => filter.status = vec![witness.status],
            3 => {
                filter.kinds = dice.some(MediaKind::ALL, 2);
                filter.kinds.push(witness.kind);
            }
            4..=6 if !witness.tags.is_empty() => filter.tags_all = dice.some(&witness.tags, 2),
            4 => filter.tags_all = owned(&dice.some(TAGS, 2)),
            7 => filter.tags_none = owned(&dice.some(TAGS, 2)),
            8..=12 => filter.text = any_search(witness, dice),
            13 => filter.created = times_around(witness.created_at, dice),
            14 => filter.updated = times_around(witness.updated_at, dice),
            15 => filter.uploader_id = Some(witness.uploader_id),
            16 => filter.organization_id = witness.organization_id,
            17 => match dice.roll(3) {
                0 => filter.author_id.clone_from(&lineage.author_id),
                1 => filter.model_id.clone_from(&lineage.model_id),
                _ => filter.inference_id.clone_from(&lineage.inference_id),
            },
            18 => match dice.roll(2) {
                0 => filter.parent_id = lineage.parent_id,
                _ => filter.root_id = lineage.root_id,
            },
            19 => filter.collection_id = witness.collections.first().map(|it| it.id),
            20 => {
                let pairs = dice.some(PAIRS, 2).into_iter();
                filter.parameters =
                    pairs.map(|(path, value)| (path.to_owned(), value.to_owned())).collect();
            }
            21..=24 => filter.expression = Some(any_expression(witness, dice, 0)),
            25 | 26 => filter.narrow(any_expression(witness, dice, 0)),
            _ => match dice.roll(3) {
                0 => filter.project.clone_from(&witness.project),
                1 => filter.width = PixelRange { min: Some(110), max: Some(120) },
                _ => filter.height = PixelRange { min: None, max: Some(100) },
            },
        }
    }
}

/// Pieces of what the asset has, one to a few characters long.
fn any_search(witness: &Asset, dice: &mut Dice) -> Option<TextSearch> {
    let mut texts = vec![witness.name.clone(), witness.filename.clone()];
    texts.extend(witness.tags.iter().chain(&witness.project).cloned());
    texts.extend(witness.styling_note.iter().chain(&witness.description).cloned());
    texts.push(witness.parameters.clone());
    let mut words = Vec::new();
    for _ in 0..=dice.roll(2) {
        let text: Vec<char> = dice.pick(&texts).chars().collect();
        let start = usize::try_from(dice.roll(1 + text.len() as u64)).unwrap();
        let longest = if dice.once_in(8) { 60 } else { 6 };
        let length = 1 + usize::try_from(dice.roll(longest)).unwrap();
        words.push(text.iter().skip(start).take(length).collect::<String>());
    }
    let mut fields = dice.some(TextField::ALL, 3);
    fields.push(TextField::Name);
    fields.sort_unstable();
    fields.dedup();
    let fields = if dice.once_in(3) { &fields } else { TextField::ALL };
    TextSearch::parse(&words.join(" "), fields)
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn any_types() -> Vec<TypeFilter> {
    let exact = TYPES.iter().map(|&word| TypeFilter::Exact(word.to_owned()));
    let families = ["inference-", "inference", "none"];
    let families = families.map(|start| TypeFilter::Family(start.to_owned()));
    exact.chain(families).collect()
}

fn times_around(at: Millis, dice: &mut Dice) -> TimeRange {
    let mut near = || Millis::try_from(dice.roll(20_000)).unwrap() - 1_000;
    let (after, before) = (at - near(), at + near());
    TimeRange {
        after: Some(after).filter(|_| dice.once_in(2)),
        before: Some(before).filter(|_| dice.once_in(2)),
    }
}

fn sort_key(asset: &Asset, key: SortKey) -> (i64, String, Id<Asset>) {
    match assets::position(asset, key) {
        Position { value: SortValue::Number(value), id } => (value, String::new(), id),
        Position { value: SortValue::Text(value), id } => (0, value, id),
    }
}

fn holds(filter: &Filter, asset: &Asset) -> bool {
    let any = |given: bool, it: bool| !given || it;
    let same = |wanted: &Option<String>, it: &Option<String>| wanted.is_none() || wanted == it;
    let within = |range: TimeRange, at: Millis| {
        range.after.is_none_or(|after| at > after) && range.before.is_none_or(|before| at < before)
    };
    let sized = |range: PixelRange, size: Option<u32>| {
        range == PixelRange::default()
            || size.is_some_and(|size| {
                range.min.is_none_or(|min| size >= min) && range.max.is_none_or(|max| size <= max)
            })
    };
    let of_type = |wanted: &TypeFilter| match wanted {
        TypeFilter::Exact(word) => asset.asset_type == *word,
        TypeFilter::Family(start) => asset.asset_type.starts_with(start),
    };
    let lineage = &asset.lineage;
    asset.deleted_at.is_some() == filter.deleted
        && any(!filter.visibility.is_empty(), filter.visibility.contains(&asset.visibility))
        && any(!filter.types.is_empty(), filter.types.iter().any(of_type))
        && any(!filter.status.is_empty(), filter.status.contains(&asset.status))
        && any(!filter.kinds.is_empty(), filter.kinds.contains(&asset.kind))
        && filter.tags_all.iter().all(|tag| asset.tags.contains(tag))
        && !filter.tags_none.iter().any(|tag| asset.tags.contains(tag))
        && filter.text.as_ref().is_none_or(|search| found(search, asset))
        && within(filter.created, asset.created_at)
        && within(filter.updated, asset.updated_at)
        && filter.uploader_id.is_none_or(|id| asset.uploader_id == id)
        && filter.organization_id.is_none_or(|id| asset.organization_id == Some(id))
        && same(&filter.author_id, &lineage.author_id)
        && same(&filter.inference_id, &lineage.inference_id)
        && same(&filter.model_id, &lineage.model_id)
        && same(&filter.project, &asset.project)
        && filter.parent_id.is_none_or(|id| lineage.parent_id == Some(id))
        && filter.root_id.is_none_or(|id| lineage.root_id == Some(id))
        && filter.collection_id.is_none_or(|id| asset.collections.iter().any(|it| it.id == id))
        && sized(filter.width, asset.width)
        && sized(filter.height, asset.height)
        && filter.parameters.iter().all(|(path, value)| has(&asset.parameters, path, value))
        && filter.expression.as_ref().is_none_or(|it| expressions::holds(it, asset))
}

fn found(search: &TextSearch, asset: &Asset) -> bool {
    let parameters: Value = serde_json::from_str(&asset.parameters).unwrap();
    let texts = |field: &TextField| match field {
        TextField::Name => vec![asset.name.clone()],
        TextField::Filename => vec![asset.filename.clone()],
        TextField::Tags => asset.tags.clone(),
        TextField::Project => asset.project.iter().cloned().collect(),
        TextField::Note => asset.styling_note.iter().cloned().collect(),
        TextField::Description => asset.description.iter().cloned().collect(),
        TextField::Prompt => parameters["prompt"].as_str().map(str::to_owned).into_iter().collect(),
    };
    let texts: Vec<String> = search.fields.iter().flat_map(texts).map(|it| fold(&it)).collect();
    search.words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
}

/// Numbers are compared as numbers, anything else as text.
pub(crate) fn has(parameters: &str, path: &str, wanted: &str) -> bool {
    let parameters: Value = serde_json::from_str(parameters).unwrap();
    let pointer = format!("/{}", path.replace('.', "/"));
    let text = match parameters.pointer(&pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
        _ => return false,
    };
    match (text.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(value), Ok(wanted)) => (value - wanted).abs() < f64::EPSILON,
        _ => text == wanted,
    }
}
