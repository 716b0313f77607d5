//! What both sides of the comparison share: the table, the questions, the clock and the report.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const SCOPES: u64 = 8;
pub const PAGE: &str = "SELECT id, scope, created_at, name, kind, mime, size, width, height, tags,
        digest, deleted_at
    FROM asset WHERE scope = $1 AND (created_at, id) < ($2, $3)
    ORDER BY created_at DESC, id DESC LIMIT 100";
pub const ONE: &str = "SELECT id, scope, created_at, name, kind, mime, size, width, height, tags,
        digest, deleted_at
    FROM asset WHERE id = $1";

/// A row of [`PAGE`], owned as a handler would have it.
pub struct Asset {
    pub id: String,
    pub scope: String,
    pub created_at: i64,
    pub name: String,
    pub kind: String,
    pub mime: Option<String>,
    pub size: i64,
    pub width: Option<i64>,
    pub height: Option<i64>,
    pub tags: String,
    pub digest: Option<String>,
    pub deleted_at: Option<i64>,
}

impl Asset {
    /// Touches every field, so that none is optimised away.
    pub fn weight(&self) -> u64 {
        let texts = self.id.len() + self.scope.len() + self.name.len() + self.kind.len();
        let more = self.mime.as_ref().map_or(0, String::len) + self.tags.len();
        let last = self.digest.as_ref().map_or(0, String::len);
        let numbers = self.created_at ^ self.size ^ self.width.unwrap_or(0);
        let rest = self.height.unwrap_or(0) ^ self.deleted_at.unwrap_or(1);
        (texts + more + last) as u64 + (numbers ^ rest) as u64 % 7
    }
}

pub fn id(i: u64) -> String {
    format!("01932b6e-7a40-7cc1-{:04x}-{:012x}", i % 0xffff, i)
}

pub fn created_at(i: u64) -> i64 {
    1_700_000_000_000 + (i as i64) * 37
}

pub fn scope(i: u64) -> String {
    format!("u:{}", id(i % SCOPES))
}

/// A small generator, the same on both sides.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What is measured: file, rows, seconds a run, tasks.
pub struct Plan {
    pub path: String,
    pub rows: u64,
    pub seconds: u64,
    pub tasks: u64,
}

impl Plan {
    pub fn from_args() -> Self {
        let mut args = std::env::args().skip(1);
        let mut next = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
        let path = next("/tmp/backlot-driver.db");
        let mut number = |default: &str| next(default).parse().expect("a number");
        Self { path, rows: number("1000000"), seconds: number("10"), tasks: number("16") }
    }

    /// Runs `ask` in `tasks` tasks for the time of the plan and prints what it cost.
    pub async fn measure<F, Fut>(&self, what: &str, ask: F)
    where
        F: Fn(Dice) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = (u64, Dice)> + Send,
    {
        let (ask, until) = (Arc::new(ask), Instant::now() + Duration::from_secs(self.seconds));
        let (start, cpu) = (Instant::now(), cpu_seconds());
        let mut running = Vec::new();
        for task in 0..self.tasks {
            let ask = Arc::clone(&ask);
            running.push(tokio::spawn(async move {
                let (mut dice, mut weight, mut took) = (Dice(task + 1), 0, Vec::new());
                while Instant::now() < until {
                    let asked = Instant::now();
                    let (answer, back) = ask(dice).await;
                    (dice, weight) = (back, weight + answer);
                    took.push(asked.elapsed());
                }
                (took, weight)
            }));
        }
        let (mut took, mut weight) = (Vec::new(), 0);
        for task in running {
            let (times, answer) = task.await.expect("a task ended");
            took.extend(times);
            weight += answer;
        }
        let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
        took.sort_unstable();
        let at = |share: f64| took[(took.len() as f64 * share) as usize].as_secs_f64() * 1e3;
        let count = took.len() as f64;
        println!(
            "{what:<28} {:>8.0} /s  {:>8.0} /CPU-s  p50 {:>6.2} ms  p99 {:>6.2} ms  ({weight:x})",
            count / wall,
            count / cpu,
            at(0.5),
            at(0.99)
        );
    }
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after = stat.rsplit(')').next().expect("a name in brackets");
    let ticks: u64 =
        after.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>().expect("ticks")).sum();
    ticks as f64 / 100.0
}

/// Resident memory and its peak.
pub fn print_memory(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
        line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("KiB") / 1024
    };
    println!("{when:<28} {} MiB resident, {} MiB at most", of("VmRSS:"), of("VmHWM:"));
}
