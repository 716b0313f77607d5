//! A library of made-up assets, for figures at size and for trying things out.
//!
//! The same seed gives the same library. Everything is written the way the server writes it, so
//! what it costs to fill is what it costs to insert.

use backlot_model::account::{Organization, User};
use backlot_model::asset::{Asset, Lineage, Status, Visibility};
use backlot_model::clock::SECOND_MS;
use backlot_model::media::{Digest, Facts, MediaKind};
use backlot_model::{Id, Millis};
use sha2::Digest as _;
use uuid::Uuid;

use crate::db::{Db, DbError, Tx};
use crate::{args, assets, blob_rows};

/// How many assets are written in one transaction.
const BATCH: u64 = 1_000;
/// 2025-01-01, when the first asset was made.
const START: Millis = 1_735_689_600_000;

/// Who owns what [`fill`] made.
#[derive(Debug, Clone)]
pub struct Filled {
    /// The first has half of the assets, the last acts for the platform.
    pub users: Vec<Id<User>>,
    /// The first user is in all of them.
    pub organizations: Vec<Id<Organization>>,
    /// The assets, the oldest first.
    pub assets: Vec<Id<Asset>>,
}

/// Adds ten users in three organisations with `n` assets: tags and words of very different
/// frequency, prompts, seeds, models, lineage, all visibilities, one picture in fifty deleted.
///
/// The database has to be empty but for its schema.
pub async fn fill(db: &Db, n: u64, seed: u64) -> Result<Filled, DbError> {
    let mut maker = Maker::new(seed);
    let tx = db.begin().await?;
    for (place, id) in maker.users.iter().enumerate() {
        let sql = "INSERT INTO account
            (id, email, email_folded, username, is_superuser, created_at)
            VALUES ($1, $2, $2, $3, $4, $5)";
        let is_superuser = place + 1 == maker.users.len();
        let (email, name) = (format!("user{place}@example.org"), format!("user{place}"));
        tx.execute(sql, args![*id, email, name, is_superuser, START]).await?;
    }
    for (place, id) in maker.organizations.iter().enumerate() {
        let sql = "INSERT INTO organization (id, name, name_folded, created_at)
            VALUES ($1, $2, $2, $3)";
        tx.execute(sql, args![*id, format!("studio {place}"), START]).await?;
    }
    tx.commit().await?;
    let mut made = Vec::new();
    while (made.len() as u64) < n {
        let tx = db.begin().await?;
        for _ in 0..BATCH.min(n - made.len() as u64) {
            let (asset, facts) = maker.asset(&made);
            write(&tx, &asset, &facts).await?;
            made.push(asset.id);
        }
        tx.commit().await?;
    }
    Ok(Filled { users: maker.users, organizations: maker.organizations, assets: made })
}

async fn write(tx: &Tx, asset: &Asset, facts: &Facts) -> Result<(), DbError> {
    if let Some(digest) = asset.digest {
        blob_rows::upsert(tx, digest, facts, asset.created_at).await?;
        blob_rows::record_facts(tx, digest, facts, 1).await?;
    }
    assets::insert(tx, asset, None).await
}

struct Maker {
    state: u64,
    at: Millis,
    users: Vec<Id<User>>,
    organizations: Vec<Id<Organization>>,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let mut maker =
            Self { state: seed, at: START, users: Vec::new(), organizations: Vec::new() };
        maker.users = (0..10).map(|_| maker.id()).collect();
        maker.organizations = (0..3).map(|_| maker.id()).collect();
        maker
    }

    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ bits >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits() % end.max(1) as u64).unwrap_or(0)
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Small numbers often, great ones rarely.
    fn skewed(&mut self, end: usize) -> usize {
        let (one, two, three) = (self.below(end), self.below(end), self.below(end));
        one.min(two).min(three)
    }

    fn id<T>(&mut self) -> Id<T> {
        let at = u128::try_from(self.at).unwrap_or(0);
        let random = u128::from(self.bits());
        Id::new(Uuid::from_u128(at << 80 | 7 << 76 | random >> 52 << 64 | 0b10 << 62 | random >> 2))
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.skewed(WORDS.len())]
    }

    fn words(&mut self, count: usize) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    fn tags(&mut self) -> Vec<String> {
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.below(7) {
            let tag = match self.once_in(4) {
                true => format!("set-{}", self.skewed(5_000)),
                false => self.word().to_owned(),
            };
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    fn asset(&mut self, made: &[Id<Asset>]) -> (Asset, Facts) {
        self.at += 1 + i64::try_from(self.below(20)).unwrap_or(0) * SECOND_MS / 4;
        let number = made.len();
        let id = self.id();
        let place = if self.once_in(2) { 0 } else { self.below(self.users.len()) };
        let is_superuser = place + 1 == self.users.len();
        let visibility = match self.below(20) {
            0 => Visibility::Unlisted,
            1 => Visibility::Public,
            2..=7 => Visibility::Shared,
            _ if is_superuser => Visibility::Public,
            _ => Visibility::Private,
        };
        let team = self.organizations[place % self.organizations.len()];
        let digest = Digest(sha2::Sha256::digest(id.to_string()).into());
        let facts = self.facts();
        let prompt_words = 8 + self.below(18);
        let prompt = self.words(prompt_words);
        let parent_id = (!made.is_empty() && self.once_in(3)).then(|| made[self.below(number)]);
        let asset = Asset {
            id,
            uploader_id: self.users[place],
            uploader_name: format!("user{place}"),
            uploader_is_superuser: is_superuser,
            organization_id: Some(team),
            project: self.once_in(3).then(|| format!("project {}", self.below(30))),
            name: self.words(3),
            filename: format!("IMG_{number:07}.jpg"),
            description: self.once_in(5).then(|| self.words(12)),
            asset_type: TYPES[self.skewed(TYPES.len())].to_owned(),
            kind: MediaKind::Image,
            status: if self.once_in(500) { Status::Failed } else { Status::Ready },
            error: None,
            visibility,
            tags: self.tags(),
            styling_note: self.once_in(10).then(|| self.words(6)),
            detected: None,
            lineage: Lineage {
                parent_id,
                root_id: parent_id,
                inference_id: Some(format!("inference-{}", number / 4)),
                model_id: Some(format!("model-{}", self.skewed(40))),
                author_id: Some(format!("author-{}", self.below(100))),
            },
            parameters: serde_json::json!({
                "prompt": prompt,
                "seed": self.bits() % 1_000_000,
                "steps": 20 + self.below(10),
                "guidance": 3.5,
                "sampler": "euler",
            })
            .to_string(),
            collections: Vec::new(),
            digest: Some(digest),
            size: Some(facts.size),
            mime_type: Some(facts.mime_type.clone()),
            width: facts.width,
            height: facts.height,
            dominant_color: facts.dominant_color.clone(),
            thumbhash: facts.thumbhash.clone(),
            has_thumbnails: true,
            access_epoch: 0,
            version: 1,
            created_at: self.at,
            updated_at: self.at,
            deleted_at: self.once_in(50).then_some(self.at),
            thumbnail_id: None,
            is_hidden: false,
            lock: None,
        };
        (asset, facts)
    }

    fn facts(&mut self) -> Facts {
        Facts {
            kind: MediaKind::Image,
            mime_type: "image/jpeg".to_owned(),
            size: 100_000 + self.bits() % 5_000_000,
            width: Some(1_024 + 64 * u32::try_from(self.below(8)).unwrap_or(0)),
            height: Some(1_024),
            orientation: Some(1),
            dominant_color: Some(format!("#{:06x}", self.bits() % 0x100_0000)),
            color_profile: None,
            thumbhash: Some((0..25).map(|_| self.bits().to_le_bytes()[0]).collect()),
            perceptual_hash: Some(self.bits()),
            animated: false,
            duration_ms: None,
        }
    }
}

const TYPES: &[&str] = &[
    "txt2img",
    "uploaded",
    "img2img",
    "inference-txt2img",
    "upscale",
    "face",
    "background-removal",
];

/// Common ones first.
const WORDS: &[&str] = &[
    "portrait",
    "light",
    "studio",
    "photo",
    "model",
    "white",
    "background",
    "soft",
    "woman",
    "man",
    "color",
    "detail",
    "natural",
    "fashion",
    "product",
    "street",
    "black",
    "shadow",
    "blue",
    "red",
    "green",
    "summer",
    "winter",
    "sneaker",
    "jacket",
    "dress",
    "shirt",
    "coat",
    "boots",
    "hat",
    "sunset",
    "sunrise",
    "mountain",
    "forest",
    "river",
    "ocean",
    "beach",
    "desert",
    "city",
    "night",
    "neon",
    "rain",
    "snow",
    "fog",
    "cloud",
    "storm",
    "garden",
    "flower",
    "tree",
    "leaf",
    "wood",
    "stone",
    "marble",
    "metal",
    "glass",
    "leather",
    "cotton",
    "silk",
    "velvet",
    "denim",
    "linen",
    "vintage",
    "modern",
    "minimal",
    "luxury",
    "elegant",
    "casual",
    "sport",
    "formal",
    "editorial",
    "cinematic",
    "dramatic",
    "bright",
    "dark",
    "warm",
    "cold",
    "pastel",
    "vivid",
    "muted",
    "golden",
    "silver",
    "bronze",
    "copper",
    "crimson",
    "scarlet",
    "violet",
    "indigo",
    "turquoise",
    "emerald",
    "amber",
    "ivory",
    "charcoal",
    "camera",
    "lens",
    "macro",
    "wide",
    "closeup",
    "aerial",
    "drone",
    "bokeh",
    "grain",
    "film",
    "analog",
    "digital",
    "render",
    "sketch",
    "painting",
    "watercolor",
    "illustration",
    "poster",
    "banner",
    "texture",
    "pattern",
    "gradient",
    "geometric",
    "abstract",
    "surreal",
    "fantasy",
    "dragon",
    "castle",
    "knight",
    "wizard",
    "robot",
    "spaceship",
    "planet",
    "galaxy",
    "astronaut",
    "rocket",
    "car",
    "bicycle",
    "train",
    "airplane",
    "boat",
    "bridge",
    "tower",
    "house",
    "kitchen",
    "bedroom",
    "window",
    "door",
    "table",
    "chair",
    "lamp",
    "mirror",
    "book",
    "guitar",
    "piano",
    "violin",
    "coffee",
    "bread",
    "cheese",
    "apple",
    "orange",
    "lemon",
    "cherry",
    "strawberry",
    "chocolate",
    "cake",
    "wine",
    "bottle",
    "cup",
    "plate",
    "knife",
    "spoon",
    "cat",
    "dog",
    "horse",
    "bird",
    "eagle",
    "owl",
    "fox",
    "wolf",
    "bear",
    "tiger",
    "lion",
    "elephant",
    "whale",
    "dolphin",
    "butterfly",
    "bee",
    "smile",
    "laugh",
    "freckles",
    "curly",
    "blonde",
    "brunette",
    "ponytail",
    "beard",
    "glasses",
    "necklace",
    "bracelet",
    "earrings",
    "watch",
    "handbag",
    "backpack",
    "umbrella",
    "scarf",
    "gloves",
    "belt",
    "tie",
    "suit",
    "kimono",
    "sari",
    "poncho",
    "hoodie",
    "cardigan",
    "blazer",
    "turtleneck",
    "skirt",
    "trousers",
    "shorts",
    "sandals",
    "loafers",
    "heels",
    "ballerina",
    "dancer",
    "runner",
    "climber",
    "surfer",
    "skater",
    "chef",
    "doctor",
    "farmer",
    "teacher",
    "painter",
    "sculptor",
    "lighthouse",
    "waterfall",
    "glacier",
    "volcano",
    "canyon",
    "meadow",
    "orchard",
    "vineyard",
    "harbor",
    "market",
    "temple",
    "cathedral",
    "palace",
    "ruins",
    "festival",
    "carnival",
    "fireworks",
    "lantern",
    "candle",
];
