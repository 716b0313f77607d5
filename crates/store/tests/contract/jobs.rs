//! The queue.

use std::collections::BTreeSet;
use std::sync::Arc;

use backlot_model::{Clock as _, HandClock, Id, Ids, Millis};
use backlot_store::jobs::{self, Burial, Claimed, Job, Lease, NewJob, Requeued, State};
use backlot_store::testing::{TestDb, on_every_engine};
use backlot_store::{Db, DbError, Fetch, args};

const LEASE_MS: Millis = 1_000;

/// A queue and the time it is told.
struct Queue<'a> {
    db: &'a Db,
    clock: HandClock,
    ids: Ids,
}

impl<'a> Queue<'a> {
    fn new(db: &'a TestDb) -> Self {
        let clock = HandClock::at(1_000_000);
        Self { db, ids: Ids::new(Arc::new(clock.clone())), clock }
    }

    fn now(&self) -> Millis {
        self.clock.now_ms()
    }

    async fn enqueue_at(&self, key: &str, payload: &str, run_at: Millis) -> Id<Job> {
        let (id, created_at) = (self.ids.next(), self.now());
        let (key, payload) = (key.to_owned(), payload.to_owned());
        let tx = self.db.begin().await.unwrap();
        let job = NewJob { id, kind: "thumbs", key, payload, run_at, created_at };
        jobs::enqueue(&tx, &job).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn enqueue(&self, key: &str) -> Id<Job> {
        self.enqueue_at(key, "{}", self.now()).await
    }

    async fn claim(&self) -> Option<Claimed> {
        jobs::claim(self.db, self.now(), LEASE_MS).await.unwrap()
    }

    async fn bury(&self, claimed: &Claimed, reason: &str) -> Burial {
        let tx = self.db.begin().await.unwrap();
        let burial = jobs::bury(&tx, claimed, reason, self.now()).await.unwrap();
        tx.commit().await.unwrap();
        burial
    }

    /// How many jobs are ready, leased and dead.
    async fn states(&self) -> [u64; 3] {
        let depth = jobs::depth(self.db).await.unwrap();
        [State::Ready, State::Leased, State::Dead]
            .map(|state| depth.iter().filter(|it| it.state == state).map(|it| it.count).sum())
    }
}

#[tokio::test]
async fn jobs_run_in_the_order_they_are_due_and_not_before() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        let later = queue.enqueue_at("later", "{}", queue.now() + 10).await;
        let second = queue.enqueue("second").await;
        let first = queue.enqueue_at("first", "{}", queue.now() - 1).await;
        assert_eq!(queue.claim().await.unwrap().id, first);
        assert_eq!(queue.claim().await.unwrap().id, second);
        assert_eq!(queue.claim().await, None);
        queue.clock.advance_ms(9);
        assert_eq!(queue.claim().await, None);
        queue.clock.advance_ms(1);
        let claimed = queue.claim().await.unwrap();
        assert_eq!((claimed.id, claimed.kind.as_str()), (later, "thumbs"));
        assert_eq!((claimed.attempts, claimed.created_at), (1, 1_000_000));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_is_not_committed_does_not_exist() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        let tx = db.begin().await.unwrap();
        let (id, now) = (queue.ids.next(), queue.now());
        let job = NewJob {
            id,
            kind: "thumbs",
            key: "a".to_owned(),
            payload: "{}".to_owned(),
            run_at: now,
            created_at: now,
        };
        jobs::enqueue(&tx, &job).await.unwrap();
        drop(tx);
        assert_eq!(queue.claim().await, None);
    })
    .await;
}

#[tokio::test]
async fn one_key_is_one_job_with_the_latest_payload_at_the_earliest_time() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        let first = queue.enqueue_at("a", "1", queue.now() + 100).await;
        queue.enqueue_at("a", "2", queue.now() + 50).await;
        queue.enqueue_at("a", "3", queue.now() + 70).await;
        queue.clock.advance_ms(50);
        let claimed = queue.claim().await.unwrap();
        assert_eq!((claimed.id, claimed.payload.as_str()), (first, "3"));
        jobs::complete(db, &claimed).await.unwrap();
        assert_eq!(queue.states().await, [0, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_job_enqueued_while_it_runs_runs_again_however_it_ends() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        for end in ["complete", "retry", "bury", "release", "expire"] {
            let id = queue.enqueue_at(end, "1", queue.now()).await;
            let claimed = queue.claim().await.unwrap();
            queue.enqueue_at(end, "2", queue.now()).await;
            assert_eq!(queue.claim().await, None, "it is running");
            match end {
                "complete" => jobs::complete(db, &claimed).await.unwrap(),
                "retry" => jobs::retry(db, &claimed, queue.now(), "oh").await.unwrap(),
                "bury" => assert_eq!(queue.bury(&claimed, "oh").await, Burial::Again),
                "release" => {
                    assert_eq!(
                        jobs::release(db, &claimed, queue.now()).await.unwrap(),
                        Lease::Held
                    );
                }
                _ => queue.clock.advance_ms(LEASE_MS),
            }
            let again = queue.claim().await.unwrap();
            assert_eq!((again.id, again.payload.as_str()), (id, "2"), "{end}");
            let attempts = if end == "expire" { 2 } else { 1 };
            assert_eq!(again.attempts, attempts, "{end}");
            jobs::complete(db, &again).await.unwrap();
            assert_eq!(queue.states().await, [0, 0, 0], "{end}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_on_the_millisecond_and_another_takes_over() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        queue.enqueue("a").await;
        let first = queue.claim().await.unwrap();
        queue.clock.advance_ms(LEASE_MS - 1);
        assert_eq!(queue.claim().await, None);
        let until = queue.now() + LEASE_MS;
        assert_eq!(jobs::heartbeat(db, &first, until).await.unwrap(), Lease::Held);
        queue.clock.advance_ms(LEASE_MS - 1);
        assert_eq!(queue.claim().await, None);
        queue.clock.advance_ms(1);
        let second = queue.claim().await.unwrap();
        assert_eq!((second.id, second.attempts), (first.id, 2));

        // The first one wakes up and can do no harm.
        assert_eq!(jobs::heartbeat(db, &first, until * 2).await.unwrap(), Lease::Lost);
        assert_eq!(jobs::release(db, &first, 0).await.unwrap(), Lease::Lost);
        jobs::retry(db, &first, 0, "oh").await.unwrap();
        assert_eq!(queue.bury(&first, "oh").await, Burial::Lost);
        jobs::complete(db, &first).await.unwrap();
        assert_eq!(queue.states().await, [0, 1, 0]);
        jobs::complete(db, &second).await.unwrap();
        assert_eq!(queue.states().await, [0, 0, 0]);
        assert_eq!(jobs::heartbeat(db, &second, until).await.unwrap(), Lease::Lost);
    })
    .await;
}

#[tokio::test]
async fn an_effect_and_the_end_of_its_job_are_one() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        queue.enqueue("a").await;
        let first = queue.claim().await.unwrap();
        queue.clock.advance_ms(LEASE_MS);
        let second = queue.claim().await.unwrap();
        let effect = "INSERT INTO setting (name, value) VALUES ($1, 'done')";
        for (claimed, lease) in [(&first, Lease::Lost), (&second, Lease::Held)] {
            let tx = db.begin().await.unwrap();
            tx.execute(effect, args!["thumbs"]).await.unwrap();
            assert_eq!(jobs::complete_in(&tx, claimed).await.unwrap(), lease);
            if lease == Lease::Held {
                tx.commit().await.unwrap();
            }
        }
        let sql = "SELECT value FROM setting WHERE name = 'thumbs'";
        assert_eq!(db.fetch(sql, args![], |row| row.get::<String>(0)).await.unwrap(), ["done"]);
        assert_eq!(queue.states().await, [0, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_failed_job_waits_and_counts_its_attempts() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        queue.enqueue("a").await;
        for attempt in 1..=3 {
            let claimed = queue.claim().await.unwrap();
            assert_eq!(claimed.attempts, attempt);
            jobs::retry(db, &claimed, queue.now() + 500, "no disk").await.unwrap();
            queue.enqueue("a").await;
            assert_eq!(queue.claim().await, None, "asking again does not shorten the wait");
            queue.clock.advance_ms(500);
        }
        let claimed = queue.claim().await.unwrap();
        assert_eq!(jobs::release(db, &claimed, queue.now()).await.unwrap(), Lease::Held);
        let again = queue.claim().await.unwrap();
        assert_eq!(again.attempts, 4, "a lease handed back was no attempt");
    })
    .await;
}

#[tokio::test]
async fn a_dead_job_has_its_reason_and_can_be_let_run_again() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        let id = queue.enqueue_at("a", "{\"asset\":1}", queue.now()).await;
        let claimed = queue.claim().await.unwrap();
        assert_eq!(queue.bury(&claimed, &"x".repeat(10_000)).await, Burial::Dead);
        assert_eq!(queue.states().await, [0, 0, 1]);
        queue.clock.advance_ms(LEASE_MS * 2);
        assert_eq!(queue.claim().await, None);
        let dead = jobs::buried(db, None, 10).await.unwrap().remove(0);
        assert_eq!((dead.id, dead.key.as_str(), dead.attempts), (id, "a", 1));
        assert_eq!((dead.payload.as_str(), dead.died_at), ("{\"asset\":1}", 1_000_000));
        assert_eq!(dead.reason.unwrap().len(), 2_000);

        assert_eq!(jobs::requeue(db, id, queue.now()).await.unwrap(), Requeued::Ready);
        assert_eq!(jobs::requeue(db, id, queue.now()).await.unwrap(), Requeued::Unknown);
        let again = queue.claim().await.unwrap();
        assert_eq!((again.id, again.attempts), (id, 1));
        assert_eq!(queue.bury(&again, "still not").await, Burial::Dead);

        // The same job made anew runs beside its dead one, which then has nothing left to do.
        let anew = queue.enqueue("a").await;
        assert_eq!(jobs::requeue(db, id, queue.now()).await.unwrap(), Requeued::Merged);
        assert_eq!(queue.claim().await.unwrap().id, anew);
        assert_eq!(queue.states().await, [0, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn dead_jobs_are_paged_latest_first_and_swept_by_age() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        for i in 0..7 {
            queue.enqueue(&i.to_string()).await;
            let claimed = queue.claim().await.unwrap();
            assert_eq!(queue.bury(&claimed, "no").await, Burial::Dead);
            // Some die in the same millisecond.
            queue.clock.advance_ms(i % 2);
        }
        let (mut keys, mut before) = (Vec::new(), None);
        loop {
            let page = jobs::buried(db, before, 2).await.unwrap();
            let Some(last) = page.last() else { break };
            before = Some((last.died_at, last.id));
            keys.extend(page.into_iter().map(|it| it.key));
        }
        assert_eq!(keys, ["6", "5", "4", "3", "2", "1", "0"]);
        let tx = db.begin().await.unwrap();
        for count in [1, 1, 0] {
            assert_eq!(jobs::sweep_dead(&tx, 1_000_001, 1).await.unwrap(), count);
        }
        tx.commit().await.unwrap();
        assert_eq!(queue.states().await, [0, 0, 5]);
    })
    .await;
}

#[tokio::test]
async fn the_depth_tells_counts_by_kind_and_how_late_the_queue_is() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        assert_eq!(jobs::depth(db).await.unwrap(), []);
        assert_eq!(jobs::waiting(db).await.unwrap(), 0);
        for key in ["a", "b", "c"] {
            queue.enqueue(key).await;
            queue.clock.advance_ms(10);
        }
        queue.claim().await.unwrap();
        let before = db.statements_run();
        let depth = jobs::depth(db).await.unwrap();
        assert_eq!(db.statements_run() - before, 1);
        let found: Vec<_> =
            depth.iter().map(|it| (it.state.word(), it.count, it.oldest_due_at)).collect();
        assert_eq!(found, [("leased", 1, 1_001_030), ("ready", 2, 1_000_010)]);
        assert_eq!(jobs::waiting(db).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn many_workers_claim_every_job_exactly_once() {
    on_every_engine(async |db| {
        let queue = Queue::new(db);
        let mut enqueued = BTreeSet::new();
        for i in 0..100 {
            enqueued.insert(queue.enqueue(&i.to_string()).await);
        }
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (db, now) = (Db::clone(db), queue.now());
            workers.spawn(async move {
                let mut done = Vec::new();
                while let Some(claimed) = jobs::claim(&db, now, LEASE_MS).await? {
                    jobs::complete(&db, &claimed).await?;
                    done.push(claimed.id);
                }
                Ok::<_, DbError>(done)
            });
        }
        let mut done = Vec::new();
        while let Some(worker) = workers.join_next().await {
            done.extend(worker.unwrap().unwrap());
        }
        assert_eq!(done.len(), 100);
        assert_eq!(BTreeSet::from_iter(done), enqueued);
    })
    .await;
}
