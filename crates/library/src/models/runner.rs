//! Runs one model at a time, and waits only so long for it.

use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

use backlot_imaging::Preview;
use backlot_imaging::network::{Network, NetworkFault, Tensor};

use super::RunLimits;

/// One waits for as many runs before his own, each as long as one may be.
const QUEUE_MAX: u32 = 8;

/// Lets one model run at a time. A run that was given up keeps the gate until it ends.
#[derive(Default)]
pub struct Gate {
    taken: Mutex<bool>,
    freed: Condvar,
}

/// The right to run; given back when dropped.
struct Pass(Arc<Gate>);

impl Gate {
    fn pass(gate: &Arc<Self>, wait_max: Duration) -> Option<Pass> {
        let taken = gate.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = gate
            .freed
            .wait_timeout_while(taken, wait_max, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && *taken {
            return None;
        }
        *taken = true;
        Some(Pass(Arc::clone(gate)))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.freed.notify_one();
    }
}

/// What runs a picture through a network.
type Work = Arc<dyn Fn(&Preview) -> Result<Vec<Tensor>, NetworkFault> + Send + Sync>;

pub(super) struct Runner {
    name: String,
    work: Work,
    gate: Arc<Gate>,
    time_max: Duration,
}

impl Runner {
    pub(super) fn new(name: String, network: Network, limits: &RunLimits) -> Self {
        let network = Arc::new(network);
        Self::of(name, Arc::new(move |preview| network.run(preview)), limits)
    }

    pub(super) fn of(name: String, work: Work, limits: &RunLimits) -> Self {
        Self { name, work, gate: Arc::clone(&limits.gate), time_max: limits.time_max }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Tells the operator that an answer could not be used.
    pub(super) fn complain(&self, said: &str) {
        tracing::warn!(model = self.name, "the model {} gives nothing: {said}", self.name);
        self.count("failed");
    }

    fn count(&self, end: &'static str) {
        let model = self.name.clone();
        metrics::counter!("backlot_model_runs_total", "model" => model, "end" => end).increment(1);
    }

    /// What the network says; none when it fails or takes too long. Blocks.
    pub(super) fn run(&self, preview: &Preview) -> Option<Vec<Tensor>> {
        match self.answer(preview) {
            Ok(outputs) => {
                self.count("done");
                Some(outputs)
            }
            Err(said) => {
                self.complain(&said);
                None
            }
        }
    }

    fn answer(&self, preview: &Preview) -> Result<Vec<Tensor>, String> {
        let wait_max = self.time_max.saturating_mul(QUEUE_MAX);
        let pass = Gate::pass(&self.gate, wait_max)
            .ok_or_else(|| format!("other runs took longer than {wait_max:?}"))?;
        let (sender, answer) = mpsc::sync_channel(1);
        let (work, preview) = (Arc::clone(&self.work), preview.clone());
        // A run cannot be stopped. On a thread of its own, nobody has to wait for its end.
        let thread = std::thread::Builder::new().name("model".to_owned()).spawn(move || {
            let outputs = work(&preview);
            drop(pass);
            // Whoever gave up does not listen any more.
            let _ = sender.send(outputs);
        });
        thread.map_err(|cause| cause.to_string())?;
        match answer.recv_timeout(self.time_max) {
            Ok(outputs) => outputs.map_err(|fault| fault.to_string()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                Err(format!("it took longer than {:?}", self.time_max))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err("it ended without an answer".to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_given_up_keeps_others_out_until_it_ends() {
        let limits =
            RunLimits { gate: Arc::default(), threads: 1, time_max: Duration::from_millis(50) };
        let (end, told) = mpsc::channel::<()>();
        let told = Mutex::new(told);
        let stuck = move |_: &Preview| {
            let _ = told.lock().unwrap().recv();
            Ok(Vec::new())
        };
        let slow = Runner::of("slow".to_owned(), Arc::new(stuck), &limits);
        let fast = Runner::of("fast".to_owned(), Arc::new(|_: &Preview| Ok(Vec::new())), &limits);
        let preview = Preview { width: 1, height: 1, rgb: vec![0; 3] };
        assert!(slow.answer(&preview).unwrap_err().contains("longer than"));
        assert!(fast.answer(&preview).unwrap_err().contains("other runs"));
        drop(end);
        let patient = Runner { time_max: Duration::from_secs(60), ..fast };
        assert_eq!(patient.answer(&preview), Ok(Vec::new()));
        assert!(patient.run(&preview).is_some());
    }
}
