//! Claims jobs, keeps their leases, ends them.

use std::sync::Arc;
use std::time::Duration;

use backlot_model::clock::DAY_MS;
use backlot_model::{Fault, Id, Kind};
use backlot_store::db::Tx;
use backlot_store::jobs::{self, Burial, Claimed};
use backlot_store::upkeep;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::Job;
use crate::Library;
use crate::secret::random_bytes;

/// How long a worker waits before it looks again when nobody wakes it.
const POLL: Duration = Duration::from_secs(1);
/// For how long a full disk or one out of reach is waited for, before a job of that age ends as any
/// other that fails: pictures are not to be called failed because of an afternoon's outage.
const OUTAGE_MS_MAX: i64 = DAY_MS;
/// How long it is waited then, as an exponent of the pause: 32 to 64 seconds.
const OUTAGE_BACK_OFF: u32 = 5;
/// How long handing leases back may take.
const HAND_BACK_MAX: Duration = Duration::from_secs(2);

/// What the workers are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Take the next job.
    Work,
    /// Finish the job in hand, and end.
    Finish,
    /// Drop the job in hand for another process, and end.
    HandBack,
}

/// The running workers of this process.
pub struct Workers {
    phase: watch::Sender<Phase>,
    tasks: JoinSet<()>,
}

impl Workers {
    /// Starts the configured number of workers.
    #[must_use]
    pub fn start(library: &Library) -> Self {
        let (phase, told) = watch::channel(Phase::Work);
        let mut tasks = JoinSet::new();
        for _ in 0..library.config().job_workers.max(1) {
            tasks.spawn(work(library.clone(), told.clone()));
        }
        Self { phase, tasks }
    }

    /// Lets each worker finish the job in hand; those that are not done by `deadline` hand their
    /// lease back, so that another process can take over at once.
    pub async fn stop(mut self, deadline: Duration) {
        self.phase.send_replace(Phase::Finish);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(deadline, all).await.is_ok() {
            return;
        }
        self.phase.send_replace(Phase::HandBack);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(HAND_BACK_MAX, all).await.is_err() {
            tracing::warn!("some leases were not handed back; they run out by themselves");
            self.tasks.shutdown().await;
        }
    }
}

async fn work(library: Library, mut phase: watch::Receiver<Phase>) {
    while *phase.borrow() == Phase::Work {
        match library.work_once(&mut phase).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(fault) => {
                tracing::error!(cause = ?fault.cause, "the queue is out of reach: {fault}")
            }
        }
        tokio::select! {
            () = library.woken() => {}
            () = tokio::time::sleep(POLL) => {}
            _ = phase.changed() => {}
        }
    }
}

/// Waits until jobs in hand are to be given back, or nobody is left to say so.
async fn told_to_hand_back(phase: &mut watch::Receiver<Phase>) {
    drop(phase.wait_for(|phase| *phase == Phase::HandBack).await);
}

impl Library {
    /// Claims one job that is due and runs it to its end; false when there is none.
    ///
    /// # Errors
    /// When the queue itself is out of reach; a job that fails is no error.
    pub async fn run_next_job(&self) -> Result<bool, Fault> {
        let Some(claimed) = self.claim_job().await? else { return Ok(false) };
        self.run_to_its_end(&claimed).await.map(|()| true)
    }

    /// The same, unless it is told to hand the job back meanwhile.
    async fn work_once(&self, phase: &mut watch::Receiver<Phase>) -> Result<bool, Fault> {
        let Some(claimed) = self.claim_job().await? else { return Ok(false) };
        tokio::select! {
            ended = self.run_to_its_end(&claimed) => ended?,
            () = told_to_hand_back(phase) => {
                // A lease that was lost already is another's.
                let _ = jobs::release(self.db(), &claimed, self.now_ms()).await?;
            }
        }
        Ok(true)
    }

    /// Takes up at once what processes that have died had in hand. Only for the one process that
    /// knows that no other serves this library.
    ///
    /// # Errors
    /// Database faults.
    pub async fn take_over_jobs(&self) -> Result<u64, Fault> {
        Ok(upkeep::release_leases(self.db(), self.now_ms()).await?)
    }

    async fn claim_job(&self) -> Result<Option<Claimed>, Fault> {
        Ok(jobs::claim(self.db(), self.now_ms(), self.config().job_lease_ms).await?)
    }

    async fn run_to_its_end(&self, claimed: &Claimed) -> Result<(), Fault> {
        let mut lease = Lease::keep(self.clone(), claimed);
        let ended = if claimed.attempts > self.config().job_attempts_max {
            // It never came to an end: each time, the process died before.
            Err(Fault::internal("every attempt ended with the process"))
        } else {
            tokio::select! {
                ended = self.run(claimed) => ended,
                () = lease.lost() => {
                    tracing::warn!(job = %claimed.id, "another has the lease of job {}", claimed.id);
                    return Ok(());
                }
            }
        };
        drop(lease);
        self.end(claimed, ended).await
    }

    /// Runs every job that is due, one after the other; how many there were.
    ///
    /// # Errors
    /// As [`Self::run_next_job`].
    pub async fn run_due_jobs(&self) -> Result<usize, Fault> {
        let mut ran = 0;
        while self.run_next_job().await? {
            ran += 1;
        }
        Ok(ran)
    }

    async fn run(&self, claimed: &Claimed) -> Result<(), Fault> {
        let job: Job = serde_json::from_str(&claimed.payload).map_err(Fault::internal)?;
        let asset = |raw: &str| Id::parse(raw).ok_or_else(|| Fault::internal("no id in a job"));
        match &job {
            Job::Process { asset: id } => self.process_asset(asset(id)?).await,
            Job::ImportUrl { asset: id, accepts } => self.import_url(asset(id)?, *accepts).await,
            Job::Upload { upload } => {
                let id = Id::parse(upload).ok_or_else(|| Fault::internal("no id in a job"))?;
                self.import_upload(id).await
            }
            Job::Archive { task } => {
                let id = Id::parse(task).ok_or_else(|| Fault::internal("no id in a job"))?;
                self.make_archive(id).await
            }
            Job::Detect { asset: id } => self.detect(asset(id)?).await,
            Job::Embed { asset: id } => self.embed_asset(asset(id)?).await,
            Job::Renew { of, models, after } => self.renew(*of, models, after.as_deref()).await,
        }
    }

    async fn end(&self, claimed: &Claimed, ended: Result<(), Fault>) -> Result<(), Fault> {
        let now = self.now_ms();
        let Err(fault) = ended else {
            metrics::counter!("backlot_jobs_total", "kind" => claimed.kind.clone(), "end" => "done")
                .increment(1);
            return jobs::complete(self.db(), claimed).await.map_err(Fault::from);
        };
        if is_outage(&fault) && now - claimed.created_at < OUTAGE_MS_MAX {
            // The job is not to blame, so the attempt does not count.
            tracing::warn!(job = %claimed.id, cause = ?fault.cause, "job {}: {fault}; later", claimed.id);
            let later = now + self.back_off_ms(OUTAGE_BACK_OFF, fault.kind);
            let _ = jobs::release(self.db(), claimed, later).await?;
            return Ok(());
        }
        let last = claimed.attempts >= self.config().job_attempts_max;
        let (end, job) = (if last { "dead" } else { "retry" }, claimed.id);
        metrics::counter!("backlot_jobs_total", "kind" => claimed.kind.clone(), "end" => end)
            .increment(1);
        tracing::warn!(%job, kind = claimed.kind, cause = ?fault.cause, "job {job}: {fault}; {end}");
        if !last {
            let run_at = now + self.back_off_ms(claimed.attempts, fault.kind);
            return jobs::retry(self.db(), claimed, run_at, &fault.to_string())
                .await
                .map_err(Fault::from);
        }
        let tx = self.db().begin().await?;
        // Who lost the lease must not fail what another works on, nor what will be tried again.
        if jobs::bury(&tx, claimed, &fault.to_string(), now).await? == Burial::Dead {
            self.give_up(&tx, claimed, &fault).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Ends what the job was for, so that nothing stays `processing`.
    async fn give_up(&self, tx: &Tx, claimed: &Claimed, fault: &Fault) -> Result<(), Fault> {
        match serde_json::from_str(&claimed.payload) {
            Ok(Job::Process { asset } | Job::ImportUrl { asset, .. }) => match Id::parse(&asset) {
                Some(id) => self.fail_asset_in(tx, id, &fault.message).await,
                None => Ok(()),
            },
            Ok(Job::Upload { upload }) => match Id::parse(&upload) {
                Some(id) => self.end_upload_in(tx, id, Err(&fault.message)).await,
                None => Ok(()),
            },
            Ok(Job::Archive { task }) => match Id::parse(&task) {
                Some(id) => self.fail_task_in(tx, id, &fault.message).await,
                None => Ok(()),
            },
            Ok(Job::Detect { .. } | Job::Embed { .. } | Job::Renew { .. }) | Err(_) => Ok(()),
        }
    }

    /// Twice as long after each attempt, with jitter, from one second up to five minutes.
    fn back_off_ms(&self, attempts: u32, kind: Kind) -> i64 {
        let base = if kind == Kind::Unavailable { 2_000 } else { 1_000 };
        let full = (base << attempts.min(8)).min(300_000);
        let dice = i64::from(random_bytes::<1>(self.random())[0]);
        full / 2 + full / 2 * dice / i64::from(u8::MAX)
    }
}

/// Whether a job failed because the store or the database did.
fn is_outage(fault: &Fault) -> bool {
    matches!(fault.code, "storage-full" | "storage-unavailable" | "database-unavailable")
}

/// Keeps a lease alive while its job runs, until it is lost; dropping it stops the heartbeat.
struct Lease(tokio::task::JoinHandle<()>);

impl Lease {
    fn keep(library: Library, claimed: &Claimed) -> Self {
        let claimed = Arc::new(claimed.clone());
        let lease_ms = library.config().job_lease_ms;
        let every = Duration::from_millis(u64::try_from(lease_ms / 3).unwrap_or(1).max(1));
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let until = library.now_ms() + lease_ms;
                match jobs::heartbeat(library.db(), &claimed, until).await {
                    Ok(jobs::Lease::Held) => {}
                    Ok(jobs::Lease::Lost) => return,
                    Err(error) => tracing::warn!(%error, "no heartbeat for job {}", claimed.id),
                }
            }
        }))
    }

    /// Waits until the lease is another's.
    async fn lost(&mut self) {
        // The heartbeat ends on nothing else; one that panicked proves nothing about the lease.
        if (&mut self.0).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.abort();
    }
}
