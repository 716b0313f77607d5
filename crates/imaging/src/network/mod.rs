//! Networks that the operator brings, in ONNX.
//!
//! Owns: how a picture becomes the numbers that a network takes, and running it on a bounded
//! number of threads. What its answer means is the caller's matter.
//! Invariants: a network sees pictures of one size only, so that one run takes as much memory as
//! the next; a panic inside is a fault. A run cannot be stopped; callers bound how long they wait.
//! Never: reads files.

#[cfg(feature = "onnx")]
mod engine;
mod input;
#[cfg(all(test, feature = "onnx"))]
mod tests;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Preview;
pub use input::{Channels, Fitting, Layout, NetworkInput, SIDE_PX_MAX};

/// More numbers than this are no answer.
const ANSWER_MAX: usize = 16 << 20;

/// Why a network cannot be loaded or run, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFault(String);

impl NetworkFault {
    fn new(said: impl Into<String>) -> Self {
        Self(said.into())
    }
}

impl fmt::Display for NetworkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NetworkFault {}

/// One output of a network. Invariant: `values` has as many members as the product of `shape`.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// In the order in which the last axis runs fastest.
    pub values: Vec<f32>,
}

/// A network that has been tried once.
pub struct Network {
    #[cfg(feature = "onnx")]
    engine: engine::Engine,
    input: NetworkInput,
}

impl Network {
    /// Loads a network from the bytes of its file and tries it on a grey picture, so that what
    /// cannot work is found at once; also gives the shapes of its outputs.
    ///
    /// # Errors
    /// When it cannot be read, has other inputs than one picture of this size, or fails.
    pub fn load(
        model: Vec<u8>,
        input: NetworkInput,
        threads: usize,
    ) -> Result<(Self, Vec<Vec<usize>>), NetworkFault> {
        input.check()?;
        let network = guarded(|| Self::open(model, input, threads))?;
        let grey = Preview { width: 2, height: 2, rgb: vec![128; 12] };
        let outputs = network.run(&grey)?;
        Ok((network, outputs.into_iter().map(|output| output.shape).collect()))
    }

    #[cfg(feature = "onnx")]
    fn open(model: Vec<u8>, input: NetworkInput, threads: usize) -> Result<Self, NetworkFault> {
        Ok(Self { engine: engine::Engine::load(model, threads)?, input })
    }

    #[cfg(not(feature = "onnx"))]
    fn open(_: Vec<u8>, _: NetworkInput, _: usize) -> Result<Self, NetworkFault> {
        Err(NetworkFault::new("this program was built without the feature `onnx`"))
    }

    /// What the network says of a picture: all its outputs, in its order.
    ///
    /// # Errors
    /// When it fails, or an output is not made of numbers.
    pub fn run(&self, preview: &Preview) -> Result<Vec<Tensor>, NetworkFault> {
        guarded(|| {
            let (shape, values) = self.input.tensor(preview)?;
            let outputs = self.ask(shape, values)?;
            match outputs.iter().map(|output| output.values.len()).sum::<usize>() {
                0..=ANSWER_MAX => Ok(outputs),
                more => {
                    Err(NetworkFault::new(format!("it answers {more} numbers, over {ANSWER_MAX}")))
                }
            }
        })
    }

    #[cfg(feature = "onnx")]
    fn ask(&self, shape: [usize; 4], values: Vec<f32>) -> Result<Vec<Tensor>, NetworkFault> {
        self.engine.run(shape, values)
    }

    #[cfg(not(feature = "onnx"))]
    fn ask(&self, _: [usize; 4], _: Vec<f32>) -> Result<Vec<Tensor>, NetworkFault> {
        Err(NetworkFault::new("this program was built without the feature `onnx`"))
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, NetworkFault>) -> Result<T, NetworkFault> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(NetworkFault::new("it gave up on its own content")))
}
