//! The models that the operator brings, as the settings name them.
//!
//! Owns: reading the description files and the networks they name, and telling the operator at
//! start-up which of them cannot be used.
//! Invariant: a model that cannot be used is left out and told of; it keeps nothing from starting.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use backlot_imaging::network::{Channels, Fitting, Layout, NetworkInput};
use backlot_library::jobs::Detector;
use backlot_library::models::{
    Activation, EncoderModel, HintModel, Label, Meaning, ModelFiles, RunLimits, Scores,
};
use backlot_library::search::Encoder;
use serde::Deserialize;

use crate::config::ModelsConfig;

/// A longer description is none, in bytes.
const DESCRIPTION_BYTES_MAX: u64 = 4 << 20;
/// How many labels a model may have.
const LABELS_MAX: usize = 100_000;

/// The models that can be used, and those that cannot.
#[derive(Default, Clone)]
pub struct Models {
    /// What finds hints.
    pub detectors: Vec<Arc<dyn Detector>>,
    /// What tells which pictures look alike.
    pub encoder: Option<Arc<dyn Encoder>>,
    /// The description file of each model that was to be loaded, and whether it was.
    pub loaded: Vec<(String, bool)>,
}

impl Models {
    /// Loads all of them. Blocks: networks are read and tried once.
    #[must_use]
    pub fn load(config: &ModelsConfig) -> Self {
        let limits = RunLimits {
            gate: Arc::default(),
            threads: config.threads,
            time_max: config.run_time_max,
        };
        let mut models = Self::default();
        for path in &config.hints {
            let model = told(path, hint_model(path, config, &limits));
            models.loaded.push((path.display().to_string(), model.is_some()));
            models.detectors.extend(model.map(|model| Arc::new(model) as Arc<dyn Detector>));
        }
        if let Some(path) = &config.encoder {
            let model = told(path, encoder_model(path, config, &limits));
            models.loaded.push((path.display().to_string(), model.is_some()));
            models.encoder = model.map(|model| Arc::new(model) as Arc<dyn Encoder>);
        }
        models
    }

    /// Whether there is every model that the settings name.
    #[must_use]
    pub fn all_loaded(&self) -> bool {
        self.loaded.iter().all(|(_, is_loaded)| *is_loaded)
    }

    /// Sets the gauge that says which models are in use.
    pub fn measure(&self) {
        const LOADED: &str = "backlot_model_loaded";
        metrics::describe_gauge!(LOADED, "1 for each model in use, 0 for one that is broken.");
        for (path, is_loaded) in &self.loaded {
            metrics::gauge!(LOADED, "model" => path.clone()).set(f64::from(u8::from(*is_loaded)));
        }
    }
}

fn told<T>(path: &Path, loaded: Result<T, String>) -> Option<T> {
    let model = path.display();
    match loaded {
        Ok(loaded) => {
            tracing::info!(%model, "the model {model} is in use");
            Some(loaded)
        }
        Err(said) => {
            tracing::error!(%model, "the model {model} cannot be used: {said}");
            None
        }
    }
}

fn hint_model(path: &Path, config: &ModelsConfig, limits: &RunLimits) -> Result<HintModel, String> {
    let (described, files) = read(path, config.file_bytes_max)?;
    if described.vector.is_some() {
        return Err("[vector] belongs to an encoder; a model of hints has labels".to_owned());
    }
    let scores = match (described.scores, described.pairs) {
        (Some(scores), None) => scores.into(),
        (None, Some(pairs)) => pairs.into(),
        _ => return Err("it must have either [scores] or [pairs]".to_owned()),
    };
    if !(1..=LABELS_MAX).contains(&described.labels.len()) {
        return Err(format!("it must have 1 to {LABELS_MAX} [[labels]]"));
    }
    let labels = described.labels.into_iter().map(DescribedLabel::read);
    let labels = labels.collect::<Result<_, _>>()?;
    HintModel::load(files, described.input.into(), scores, labels, limits)
}

fn encoder_model(
    path: &Path,
    config: &ModelsConfig,
    limits: &RunLimits,
) -> Result<EncoderModel, String> {
    let (described, files) = read(path, config.file_bytes_max)?;
    let has_labels = described.scores.is_some() || described.pairs.is_some();
    if has_labels || !described.labels.is_empty() {
        return Err("an encoder has a [vector] and no labels".to_owned());
    }
    let Some(vector) = described.vector else {
        return Err("an encoder must have a [vector]".to_owned());
    };
    EncoderModel::load(files, described.input.into(), vector.output, limits)
}

/// The description and the files of a model.
fn read(path: &Path, file_bytes_max: u64) -> Result<(Described, ModelFiles), String> {
    let description = read_up_to(path, DESCRIPTION_BYTES_MAX)?;
    let description = String::from_utf8(description).map_err(|_| "it is no text".to_owned())?;
    let described: Described =
        toml::from_str(&description).map_err(|error| error.to_string().trim().to_owned())?;
    let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    if !(1..=64).contains(&described.name.len()) || !described.name.chars().all(plain) {
        return Err("name must be 1 to 64 letters, digits, `-`, `_` or `.`".to_owned());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let network = read_up_to(&folder.join(&described.file), file_bytes_max)?;
    let name = described.name.clone();
    Ok((described, ModelFiles { name, description, network }))
}

fn read_up_to(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(wrong)?;
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(wrong)?;
    match bytes.len() as u64 > bytes_max {
        true => Err(format!("{} is larger than {bytes_max} bytes", path.display())),
        false => Ok(bytes),
    }
}

/// A description file. Whatever decides what a model sees or means has to be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Described {
    name: String,
    file: String,
    input: DescribedInput,
    scores: Option<DescribedScores>,
    pairs: Option<DescribedPairs>,
    vector: Option<DescribedVector>,
    #[serde(default)]
    labels: Vec<DescribedLabel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedInput {
    width: u32,
    height: u32,
    layout: DescribedLayout,
    channels: DescribedChannels,
    fit: DescribedFit,
    mean: [f32; 3],
    deviation: [f32; 3],
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DescribedLayout {
    Nchw,
    Nhwc,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DescribedChannels {
    Rgb,
    Bgr,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DescribedFit {
    Stretch,
    Pad,
    Crop,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedScores {
    output: usize,
    axis: usize,
    first: usize,
    objectness: Option<usize>,
    activation: DescribedActivation,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DescribedActivation {
    None,
    Sigmoid,
    Softmax,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedPairs {
    classes: usize,
    scores: usize,
    first: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedVector {
    output: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DescribedLabel {
    /// For whoever reads the file.
    name: String,
    threshold: f32,
    absent_below: Option<f32>,
    #[serde(default)]
    has_person: bool,
    #[serde(default)]
    has_clothing: bool,
    person_attribute: Option<String>,
    clothing_item: Option<String>,
    category: Option<String>,
}

impl From<DescribedInput> for NetworkInput {
    fn from(it: DescribedInput) -> Self {
        let DescribedInput { width, height, layout, channels, fit, mean, deviation } = it;
        Self {
            width,
            height,
            layout: match layout {
                DescribedLayout::Nchw => Layout::Nchw,
                DescribedLayout::Nhwc => Layout::Nhwc,
            },
            channels: match channels {
                DescribedChannels::Rgb => Channels::Rgb,
                DescribedChannels::Bgr => Channels::Bgr,
            },
            fitting: match fit {
                DescribedFit::Stretch => Fitting::Stretch,
                DescribedFit::Pad => Fitting::Pad,
                DescribedFit::Crop => Fitting::Crop,
            },
            mean,
            deviation,
        }
    }
}

impl From<DescribedScores> for Scores {
    fn from(it: DescribedScores) -> Self {
        let DescribedScores { output, axis, first, objectness, activation } = it;
        let activation = match activation {
            DescribedActivation::None => Activation::None,
            DescribedActivation::Sigmoid => Activation::Sigmoid,
            DescribedActivation::Softmax => Activation::Softmax,
        };
        Self::Along { output, axis, first, objectness, activation }
    }
}

impl From<DescribedPairs> for Scores {
    fn from(it: DescribedPairs) -> Self {
        let DescribedPairs { classes, scores, first } = it;
        Self::Pairs { classes, scores, first }
    }
}

impl DescribedLabel {
    fn read(self) -> Result<Label, String> {
        let Self { name, threshold, absent_below, has_person, has_clothing, .. } = self;
        let is_score = |it: f32| (0.0..=1.0).contains(&it);
        if !is_score(threshold) || !absent_below.is_none_or(|it| is_score(it) && it <= threshold) {
            return Err(format!(
                "label `{name}`: threshold must be from 0 to 1, and absent_below not above it"
            ));
        }
        let word = |word: Option<String>| match word {
            Some(word) if word.is_empty() || word.chars().count() > 100 => {
                Err(format!("label `{name}`: hints must have 1 to 100 characters"))
            }
            word => Ok(word),
        };
        let meaning = Meaning {
            has_person,
            has_clothing,
            person_attribute: word(self.person_attribute)?,
            clothing_item: word(self.clothing_item)?,
            category: word(self.category)?,
        };
        Ok(Label { threshold, absent_below, meaning })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use backlot_imaging::testing::colour_classes;

    use super::*;

    const INPUT: &str = r#"
name = "colours"
file = "colours.onnx"
[input]
width = 8
height = 8
layout = "nchw"
channels = "rgb"
fit = "stretch"
mean = [0.0, 0.0, 0.0]
deviation = [1.0, 1.0, 1.0]
"#;
    const SCORES: &str = r#"
[scores]
output = 0
axis = 1
first = 0
activation = "none"
[[labels]]
name = "red"
threshold = 0.5
category = "warm"
[[labels]]
name = "blue"
threshold = 0.5
absent_below = 0.1
has_person = true
"#;

    fn load(description: &str) -> Models {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.toml");
        std::fs::write(&path, description).unwrap();
        let network = colour_classes(8, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        std::fs::write(dir.path().join("colours.onnx"), network).unwrap();
        let is_encoder = description.contains("[vector]");
        let hints = if is_encoder { Vec::new() } else { vec![path.clone()] };
        Models::load(&ModelsConfig {
            hints,
            encoder: Some(path).filter(|_| is_encoder),
            threads: 1,
            run_time_max: Duration::from_secs(60),
            file_bytes_max: 1 << 20,
        })
    }

    #[test]
    fn a_described_model_is_loaded() {
        let models = load(&format!("{INPUT}{SCORES}"));
        assert!(models.detectors[0].name().starts_with("colours@"));
        assert!(models.all_loaded() && models.encoder.is_none());
        let models = load(&format!("{INPUT}[vector]\noutput = 0\n"));
        assert!(models.encoder.unwrap().name().starts_with("colours@"));
    }

    #[test]
    fn a_broken_model_is_left_out() {
        let cut = INPUT.replace("width = 8\n", "");
        let odd = INPUT.replace("colours.onnx", "model.toml");
        let missing = INPUT.replace("colours.onnx", "nowhere.onnx");
        let high = SCORES.replace("absent_below = 0.1", "absent_below = 0.6");
        let few = SCORES.split("[[labels]]\nname = \"blue\"").next().unwrap();
        for description in [
            format!("{cut}{SCORES}"),
            format!("{odd}{SCORES}"),
            format!("{missing}{SCORES}"),
            format!("{INPUT}{high}"),
            format!("{INPUT}{few}"),
            format!("{INPUT}{SCORES}[vector]\noutput = 0\n"),
            INPUT.to_owned(),
            "no = toml = at all".to_owned(),
        ] {
            let models = load(&description);
            assert!(models.detectors.is_empty() && models.encoder.is_none(), "{description}");
            assert_eq!(models.loaded.len(), 1);
            assert!(!models.all_loaded());
        }
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path: PathBuf = dir.path().join("large");
        std::fs::write(&path, [0; 11]).unwrap();
        assert!(read_up_to(&path, 10).unwrap_err().contains("larger than 10 bytes"));
        assert_eq!(read_up_to(&path, 11).unwrap().len(), 11);
    }
}
