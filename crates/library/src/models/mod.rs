//! Models that the operator brings: what finds hints in pictures, and what tells which look alike.
//!
//! Owns: running them one at a time and not longer than allowed, and what their numbers mean.
//! Invariants: a model that is broken, slow or wrong costs hints or likeness, never an asset; a
//! model is known by its name and a digest of all that it consists of, so that what another one
//! found can be told.
//! Never: reads files or settings; what was configured comes in complete.

mod labels;
mod renew;
mod runner;
mod scores;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use backlot_imaging::Preview;
use backlot_imaging::network::{Network, NetworkInput};
use sha2::{Digest as _, Sha256};

pub use labels::{Label, Meaning};
pub use renew::Renewal;
pub use runner::Gate;
use runner::Runner;
pub use scores::{Activation, Scores};

use crate::jobs::{Detector, Hints};
use crate::search::Encoder;

/// How models are run.
#[derive(Clone)]
pub struct RunLimits {
    /// Lets one run at a time; shared by all models.
    pub gate: Arc<Gate>,
    /// Threads of one run.
    pub threads: usize,
    /// How long one run may take.
    pub time_max: Duration,
}

/// The files of a model.
pub struct ModelFiles {
    /// What the operator calls it.
    pub name: String,
    /// The text that describes it; a change of it makes another model.
    pub description: String,
    /// The network, in ONNX.
    pub network: Vec<u8>,
}

impl ModelFiles {
    /// The name, and of what it consists: `clothes@1f0c59a3b27d`.
    fn version(&self) -> String {
        let mut hash = Sha256::new();
        hash.update((self.description.len() as u64).to_le_bytes());
        hash.update(&self.description);
        hash.update(&self.network);
        format!("{}@{}", self.name, hex::encode(&hash.finalize()[..6]))
    }

    fn open(
        self,
        input: NetworkInput,
        limits: &RunLimits,
    ) -> Result<(Runner, Vec<Vec<usize>>), String> {
        let name = self.version();
        let (network, outputs) =
            Network::load(self.network, input, limits.threads).map_err(|it| it.to_string())?;
        Ok((Runner::new(name, network, limits), outputs))
    }
}

/// A detector or classifier: scores for labels, of which each means some hints.
pub struct HintModel {
    runner: Runner,
    scores: Scores,
    labels: Vec<Label>,
}

impl HintModel {
    /// Loads it and tries it once.
    ///
    /// # Errors
    /// Why it cannot be used, for the operator.
    pub fn load(
        files: ModelFiles,
        input: NetworkInput,
        scores: Scores,
        labels: Vec<Label>,
        limits: &RunLimits,
    ) -> Result<Self, String> {
        let (runner, outputs) = files.open(input, limits)?;
        scores.check(&outputs, labels.len())?;
        Ok(Self { runner, scores, labels })
    }
}

impl Detector for HintModel {
    fn name(&self) -> &str {
        self.runner.name()
    }

    fn detect(&self, preview: &Preview) -> Option<Hints> {
        let outputs = self.runner.run(preview)?;
        let scores = self.scores.read(&outputs, self.labels.len());
        match scores {
            Ok(scores) => Some(labels::hints(&self.labels, &scores)),
            Err(said) => {
                self.runner.complain(&said);
                None
            }
        }
    }
}

/// An image encoder: one vector for each picture.
pub struct EncoderModel {
    runner: Runner,
    output: usize,
}

impl EncoderModel {
    /// Loads it and tries it once; `output` says which of its outputs the vector is.
    ///
    /// # Errors
    /// Why it cannot be used, for the operator.
    pub fn load(
        files: ModelFiles,
        input: NetworkInput,
        output: usize,
        limits: &RunLimits,
    ) -> Result<Self, String> {
        let (runner, outputs) = files.open(input, limits)?;
        let Some(shape) = outputs.get(output) else {
            return Err(format!("there is no output {output}; it has {}", outputs.len()));
        };
        match shape.iter().product::<usize>() {
            2..=DIMENSIONS_MAX => Ok(Self { runner, output }),
            n => Err(format!("its vectors have {n} numbers; 2 to {DIMENSIONS_MAX} can be kept")),
        }
    }
}

/// The longest vector that is kept of a picture.
const DIMENSIONS_MAX: usize = 4_096;

impl Encoder for EncoderModel {
    fn name(&self) -> &str {
        self.runner.name()
    }

    fn encode(&self, preview: &Preview) -> Option<Vec<f32>> {
        let outputs = self.runner.run(preview)?;
        let vector = outputs.into_iter().nth(self.output)?.values;
        if vector.len() <= DIMENSIONS_MAX && vector.iter().all(|it| it.is_finite()) {
            return Some(vector);
        }
        self.runner.complain("what it answered is no vector");
        None
    }
}
