//! The crate that runs networks, behind what we need of it.

use std::sync::Arc;

use rten::{Model, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;

use super::{NetworkFault, Tensor};

pub(super) struct Engine {
    model: Model,
    pool: Arc<ThreadPool>,
}

impl Engine {
    pub(super) fn load(model: Vec<u8>, threads: usize) -> Result<Self, NetworkFault> {
        let model = Model::load(model)
            .map_err(|cause| NetworkFault::new(format!("it is no network in ONNX: {cause}")))?;
        match model.input_ids().len() {
            1 => Ok(Self { model, pool: Arc::new(ThreadPool::with_num_threads(threads.max(1))) }),
            n => {
                Err(NetworkFault::new(format!("it takes {n} inputs; one picture is what it gets")))
            }
        }
    }

    pub(super) fn run(
        &self,
        shape: [usize; 4],
        values: Vec<f32>,
    ) -> Result<Vec<Tensor>, NetworkFault> {
        let failed =
            |cause: &dyn std::fmt::Display| NetworkFault::new(format!("it failed: {cause}"));
        let input = Value::from_shape(shape, values).map_err(|cause| failed(&cause))?;
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::clone(&self.pool));
        let inputs = self.model.input_ids().iter().take(1).map(|id| (*id, input.clone().into()));
        let outputs = self.model.run(inputs.collect(), self.model.output_ids(), Some(options));
        outputs.map_err(|cause| failed(&cause))?.into_iter().map(tensor).collect()
    }
}

fn tensor(value: Value) -> Result<Tensor, NetworkFault> {
    match value {
        Value::FloatTensor(it) => Ok(Tensor { shape: it.shape().to_vec(), values: it.to_vec() }),
        Value::Int32Tensor(it) => {
            #[expect(clippy::cast_precision_loss, reason = "numbers of classes are small")]
            let values = it.iter().map(|it| *it as f32).collect();
            Ok(Tensor { shape: it.shape().to_vec(), values })
        }
        Value::UInt8Tensor(it) => {
            let values = it.iter().map(|it| f32::from(*it)).collect();
            Ok(Tensor { shape: it.shape().to_vec(), values })
        }
        Value::Int8Tensor(it) => {
            let values = it.iter().map(|it| f32::from(*it)).collect();
            Ok(Tensor { shape: it.shape().to_vec(), values })
        }
        _ => Err(NetworkFault::new("an output is no tensor of numbers")),
    }
}
