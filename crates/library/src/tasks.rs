//! Long work that a user watches.

use backlot_model::account::{Caller, Scope};
use backlot_model::policy::owned::{Owned, OwnedOperation};
use backlot_model::{Fault, Id};
use backlot_store::db::Tx;
use backlot_store::tasks;

pub use backlot_store::tasks::{Task, TaskStatus};

use crate::Library;
use crate::authority::{allow_owned, member, owned_not_found};

impl Library {
    /// One of the caller's tasks.
    ///
    /// # Errors
    /// `task-not-found`.
    pub async fn task(&self, caller: &Caller, id: Id<Task>) -> Result<Task, Fault> {
        member(caller, Scope::Read)?;
        let found = tasks::by_id(self.db(), id).await?;
        let task = found.ok_or_else(|| owned_not_found(Owned::Task))?;
        let whose = (task.owner_id, task.organization_id);
        allow_owned(caller, OwnedOperation::See, Owned::Task, whose)?;
        Ok(task)
    }

    /// One page of the caller's tasks, the newest first, and how many there are.
    ///
    /// # Errors
    /// `no-credentials`, `insufficient-scope`; database faults.
    pub async fn tasks(
        &self,
        caller: &Caller,
        skip: u64,
        limit: u32,
    ) -> Result<(Vec<Task>, u64), Fault> {
        let member = member(caller, Scope::Read)?;
        Ok(tasks::list(self.db(), member.user_id, skip, limit).await?)
    }

    /// Ends a task as failed, with a reason that its owner can read.
    pub(crate) async fn fail_task(&self, id: Id<Task>, reason: &str) -> Result<(), Fault> {
        let tx = self.db().begin().await?;
        self.fail_task_in(&tx, id, reason).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) async fn fail_task_in(
        &self,
        tx: &Tx,
        id: Id<Task>,
        reason: &str,
    ) -> Result<(), Fault> {
        let found = tasks::by_id_in(tx, id).await?;
        let Some(mut task) = found.filter(|it| !it.status.is_final()) else { return Ok(()) };
        let now = self.now_ms();
        task.status = TaskStatus::Failed;
        task.error = Some(reason.to_owned());
        (task.updated_at, task.finished_at) = (now, Some(now));
        Ok(tasks::save(tx, &task).await?)
    }
}
