//! What the demo's pictures show, and how they came about.

use backlot_imaging::OutputFormat;
use backlot_model::Id;
use backlot_model::asset::{Asset, Visibility};
use serde_json::{Map, Value, json};

use super::chance;
use crate::painting::{Dice, Motif};

const SUBJECTS: &[(&str, Motif, &[&str])] = &[
    ("rolling hills at dawn", Motif::Landscape, &["landscape", "background"]),
    ("a valley under a low sun", Motif::Landscape, &["landscape", "nature"]),
    ("overlapping paper discs", Motif::Discs, &["abstract", "poster"]),
    ("soap bubbles against a wall", Motif::Discs, &["abstract", "product"]),
    ("a grid of coloured fields", Motif::Fields, &["abstract", "pattern"]),
    ("a floor of cracked glaze", Motif::Cells, &["texture", "pattern"]),
    ("stained glass without a saint", Motif::Cells, &["texture", "poster"]),
    ("folded satin in slow light", Motif::Waves, &["fabric", "texture", "product"]),
    ("heat over a summer road", Motif::Waves, &["abstract", "background"]),
    ("a model in a plain knit", Motif::Portrait, &["model", "person", "portrait"]),
    ("a portrait in window light", Motif::Portrait, &["person", "portrait"]),
];
const MOODS: &[&str] = &["calm", "bold", "vintage", "airy", "moody", "graphic", "warm", "cold"];
const LOOKS: &[&str] =
    &["35 mm film", "studio light", "soft focus", "risograph print", "gouache", "overcast day"];
const MODELS: &[&str] = &["atelier-xl-2", "linen-v3", "grain-1.5", "glaze-turbo"];
const SAMPLERS: &[&str] = &["euler", "euler-a", "dpmpp-2m", "unipc"];
const PROJECTS: &[&str] = &["Spring lookbook", "Packaging", "Store windows"];
const SHELVES: &[&str] = &["Moodboard", "Selects", "To retouch", "Backgrounds"];
const NOTES: &[&str] =
    &["keep the highlights soft", "crop tighter for mobile", "match the brand's greens"];
const SIZES: &[(u32, u32)] =
    &[(768, 1024), (1024, 768), (832, 832), (640, 960), (1152, 648), (512, 512)];
const FORMATS: &[OutputFormat] =
    &[OutputFormat::Jpeg, OutputFormat::Jpeg, OutputFormat::Png, OutputFormat::WebP];
/// How many pictures a run gives at most.
const RUN_MAX: usize = 4;

/// A picture to be made.
pub(super) struct Picture {
    pub(super) player: usize,
    pub(super) motif: Motif,
    pub(super) seed: u64,
    pub(super) size: (u32, u32),
    pub(super) format: OutputFormat,
    pub(super) name: String,
    pub(super) filename: String,
    pub(super) description: Option<String>,
    pub(super) project: Option<&'static str>,
    pub(super) asset_type: &'static str,
    pub(super) visibility: Visibility,
    pub(super) tags: Vec<String>,
    pub(super) styling_note: Option<&'static str>,
    pub(super) parent: Option<Id<Asset>>,
    pub(super) inference: Option<String>,
    pub(super) model: Option<&'static str>,
    pub(super) parameters: Option<Map<String, Value>>,
    pub(super) collection: Option<&'static str>,
}

/// A run of a model, under way.
struct Inference {
    id: String,
    player: usize,
    subject: usize,
    prompt: String,
    model: &'static str,
    asset_type: &'static str,
    parent: Option<Id<Asset>>,
    left: usize,
}

/// How a made picture can be made into others.
#[derive(Clone, Copy)]
struct Made {
    id: Id<Asset>,
    player: usize,
    subject: usize,
}

/// Tells the pictures one after the other: uploads, runs of a model, and what was made of those.
pub(super) struct Story {
    dice: Dice,
    seed: u64,
    players: usize,
    told: u64,
    running: Option<Inference>,
    last: Option<(usize, usize)>,
    made: Vec<Made>,
}

impl Story {
    pub(super) fn new(seed: u64, players: usize) -> Self {
        let dice = Dice::new(seed);
        Self { dice, seed, players, told: 0, running: None, last: None, made: Vec::new() }
    }

    /// The next picture.
    pub(super) fn next(&mut self) -> Picture {
        self.told += 1;
        if self.running.is_none() && self.told > 1 && chance(&mut self.dice, 70) {
            self.running = Some(self.begin_inference());
        }
        let Some(mut run) = self.running.take() else { return self.upload() };
        let picture = self.result_of(&run);
        run.left -= 1;
        self.running = (run.left > 0).then_some(run);
        picture
    }

    /// What became of the last picture.
    pub(super) fn remember(&mut self, id: Id<Asset>) {
        if let Some((player, subject)) = self.last.take() {
            self.made.push(Made { id, player, subject });
        }
    }

    fn upload(&mut self) -> Picture {
        let player = self.dice.below(self.players);
        let subject = self.dice.below(SUBJECTS.len());
        let is_portrait = SUBJECTS[subject].1 == Motif::Portrait;
        let asset_type = match (is_portrait, self.dice.below(4)) {
            (true, 0..2) => "face",
            (false, 0) => "template",
            _ => "uploaded",
        };
        self.picture(player, subject, asset_type)
    }

    fn begin_inference(&mut self) -> Inference {
        let from = chance(&mut self.dice, 60) && !self.made.is_empty();
        let from = from.then(|| *self.dice.pick(&self.made));
        let (player, subject, asset_type) = match from {
            Some(made) => {
                let kinds = ["inference-img2img", "upscale", "inference-inpaint", "restyle"];
                (made.player, made.subject, *self.dice.pick(&kinds))
            }
            None => {
                let (player, subject) =
                    (self.dice.below(self.players), self.dice.below(SUBJECTS.len()));
                (player, subject, "inference-txt2img")
            }
        };
        let (mood, look) = (*self.dice.pick(MOODS), *self.dice.pick(LOOKS));
        let model = *self.dice.pick(MODELS);
        Inference {
            id: format!("inf_demo_{}_{}", self.seed, self.told),
            player,
            subject,
            prompt: format!("{}, {mood}, {look}", SUBJECTS[subject].0),
            model,
            asset_type,
            parent: from.map(|made| made.id),
            left: 1 + self.dice.below(RUN_MAX),
        }
    }

    fn result_of(&mut self, run: &Inference) -> Picture {
        let mut picture = self.picture(run.player, run.subject, run.asset_type);
        let steps = 20 + 2 * self.dice.below(11);
        let parameters = json!({
            "prompt": run.prompt,
            "negative_prompt": "text, watermark, extra fingers",
            "seed": picture.seed % 4_294_967_296,
            "steps": steps,
            "guidance": 3.0 + self.dice.below(10) as f64 / 2.0,
            "sampler": *self.dice.pick(SAMPLERS),
            "width": picture.size.0,
            "height": picture.size.1,
        });
        picture.parameters = parameters.as_object().cloned();
        picture.description = Some(run.prompt.clone());
        picture.inference = Some(run.id.clone());
        picture.model = Some(run.model);
        picture.parent = run.parent;
        picture.tags.push("generated".to_owned());
        picture
    }

    fn picture(&mut self, player: usize, subject: usize, asset_type: &'static str) -> Picture {
        let (words, motif, tags) = SUBJECTS[subject];
        let dice = &mut self.dice;
        let mut tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        if chance(dice, 60) {
            tags.push((*dice.pick(MOODS)).to_owned());
        }
        let visibility = match dice.below(100) {
            0..20 => Visibility::Private,
            20..80 => Visibility::Shared,
            80..85 => Visibility::Unlisted,
            _ => Visibility::Public,
        };
        let (format, told) = (*dice.pick(FORMATS), self.told);
        let slug: String =
            words.split(' ').filter(|word| word.len() > 2).take(3).collect::<Vec<_>>().join("-");
        self.last = Some((player, subject));
        let mut maybe = |percent: usize, choices: &'static [&'static str]| {
            chance(dice, percent).then(|| *dice.pick(choices))
        };
        let is_private = visibility == Visibility::Private;
        let collection = maybe(35, SHELVES).filter(|_| !is_private);
        Picture {
            player,
            motif,
            seed: self.seed.wrapping_mul(1_000_003).wrapping_add(told),
            project: maybe(50, PROJECTS),
            styling_note: maybe(10, NOTES),
            collection,
            size: *dice.pick(SIZES),
            format,
            name: format!("{words} {told}"),
            filename: format!("{slug}-{told:04}.{}", format.extension()),
            description: None,
            asset_type,
            visibility,
            tags,
            parent: None,
            inference: None,
            model: None,
            parameters: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use backlot_model::asset::is_asset_type;

    use super::*;

    #[test]
    fn the_same_seed_tells_the_same_story() {
        let tell = |seed: u64| {
            let mut story = Story::new(seed, 3);
            let mut names = Vec::new();
            for number in 0..200 {
                let picture = story.next();
                assert!(is_asset_type(picture.asset_type), "{}", picture.asset_type);
                assert!(picture.parent.is_none() || picture.inference.is_some());
                story.remember(Id::new(uuid(number)));
                names.push((picture.filename, picture.parent, picture.parameters));
            }
            names
        };
        let told = tell(1);
        assert_eq!(told, tell(1));
        assert_ne!(told, tell(2));
        assert!(told.iter().any(|(_, parent, _)| parent.is_some()));
    }

    fn uuid(number: u64) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(0, number)
    }
}
