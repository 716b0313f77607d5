//! Rate limits: how often one caller may do one thing.
//!
//! **What a limit means.** `3/s` means: no second, wherever it begins, holds more than three calls
//! of one subject. Each subject has a log of the times of its last `count` allowed calls (a
//! sliding-window log). The cheaper token buckets and GCRA were passed over on purpose: with a
//! burst of three they let up to five into one second. A window is half open: a call at 0 ms has
//! left it at 1,000 ms. Refused calls are not logged, so a caller who keeps knocking still gets
//! his rate.
//!
//! **Memory is bounded, and no flood buys anybody his freedom.** A subject whose calls have all
//! left the window is forgotten; one whose have not is never evicted. When `subjects_max` live
//! subjects are there, new ones share a fixed number of common logs (by a hash that is random per
//! process): many strangers at once then limit each other, while those already known, abusers
//! included, are counted as before. A subject that gets a log of its own starts with what the
//! common one holds, so the limit holds across the change too.
//!
//! Owns: the rules and the counting, in memory, for one serving process. Never: who the subject
//! is; use a user's id, [`address_subject`], or an account name in its canonical spelling.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use backlot_model::clock::{HOUR_MS, MINUTE_MS, SECOND_MS};
use backlot_model::{Clock, Fault, Kind, Millis};
use sha2::{Digest as _, Sha256};

/// The most calls a rule may allow in its window: bounds one subject's log to 80 kB.
pub const RULE_COUNT_MAX: u32 = 10_000;

/// Logs that subjects beyond `subjects_max` share.
const COMMON_LOGS: usize = 256;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Attempts to log in to one account.
    LoginAccount,
    /// Attempts to log in from one address.
    LoginAddress,
    /// Uploads by one caller, through whatever door.
    Upload,
    /// Bulk deletions by one caller.
    BulkDelete,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::LoginAccount, Self::LoginAddress, Self::Upload, Self::BulkDelete];

    /// Its stable name, for headers and configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoginAccount => "login-account",
            Self::LoginAddress => "login-address",
            Self::Upload => "upload",
            Self::BulkDelete => "bulk-delete",
        }
    }
}

/// At most `count` calls in any window of `per_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitRule {
    count: u32,
    per_ms: Millis,
}

impl LimitRule {
    /// `count` (1 to [`RULE_COUNT_MAX`]) calls in any `per_ms` (1 ms to an hour).
    ///
    /// # Errors
    /// What would be right.
    pub const fn new(count: u32, per_ms: Millis) -> Result<Self, &'static str> {
        if count == 0 || count > RULE_COUNT_MAX {
            return Err("a rate limit allows 1 to 10000 calls");
        }
        if per_ms < 1 || per_ms > HOUR_MS {
            return Err("a rate limit's window is at most an hour");
        }
        Ok(Self { count, per_ms })
    }

    /// Reads `200/s`, `10/min` or `1000/h`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(raw: &str) -> Result<Self, &'static str> {
        let form = "a rate limit looks like 200/s, 10/min or 1000/h";
        let (count, per) = raw.split_once('/').ok_or(form)?;
        let per_ms = match per {
            "s" => SECOND_MS,
            "min" => MINUTE_MS,
            "h" => HOUR_MS,
            _ => return Err(form),
        };
        Self::new(count.parse().map_err(|_| form)?, per_ms)
    }

    /// How many calls.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// In how long a window, in milliseconds.
    #[must_use]
    pub const fn per_ms(self) -> Millis {
        self.per_ms
    }
}

/// As [`LimitRule::parse`] reads it, or with the window in milliseconds.
impl fmt::Display for LimitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per_ms {
            SECOND_MS => write!(f, "{}/s", self.count),
            MINUTE_MS => write!(f, "{}/min", self.count),
            HOUR_MS => write!(f, "{}/h", self.count),
            per_ms => write!(f, "{}/{per_ms}ms", self.count),
        }
    }
}

/// The rules in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitsConfig {
    /// See [`Limit::LoginAccount`].
    pub login_account: LimitRule,
    /// See [`Limit::LoginAddress`].
    pub login_address: LimitRule,
    /// See [`Limit::Upload`].
    pub upload: LimitRule,
    /// See [`Limit::BulkDelete`].
    pub bulk_delete: LimitRule,
    /// How many subjects each rule follows one by one.
    pub subjects_max: usize,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            login_account: LimitRule { count: 10, per_ms: MINUTE_MS },
            login_address: LimitRule { count: 30, per_ms: MINUTE_MS },
            upload: LimitRule { count: 200, per_ms: SECOND_MS },
            bulk_delete: LimitRule { count: 3, per_ms: SECOND_MS },
            subjects_max: 50_000,
        }
    }
}

impl LimitsConfig {
    /// The rule for `limit`.
    #[must_use]
    pub const fn rule(&self, limit: Limit) -> LimitRule {
        match limit {
            Limit::LoginAccount => self.login_account,
            Limit::LoginAddress => self.login_address,
            Limit::Upload => self.upload,
            Limit::BulkDelete => self.bulk_delete,
        }
    }
}

/// A call that may go on, and what is left: the `RateLimit` fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// What was limited.
    pub limit: Limit,
    /// The rule it was held to.
    pub rule: LimitRule,
    /// How many more calls may come now.
    pub remaining: u32,
    /// In how many milliseconds there will be one more than `remaining`.
    pub reset_ms: Millis,
}

/// A call that came too early. Becomes a [`Fault`] by `?`, as whose cause it can be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// What was limited.
    pub limit: Limit,
    /// The rule it was held to.
    pub rule: LimitRule,
    /// In how many milliseconds the next call may come, if none comes in between; at least 1.
    pub retry_after_ms: Millis,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limit of {} is {}", self.limit.name(), self.rule)
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        let message = format!("too many requests: {refused}");
        Self::new(Kind::RateLimited, "rate-limited", message)
            .retry_after_ms(refused.retry_after_ms)
            .because(refused)
    }
}

/// Counts calls and says which may go on.
pub struct Limiter {
    clock: Arc<dyn Clock>,
    config: LimitsConfig,
    tables: [Mutex<Table>; Limit::ALL.len()],
}

impl Limiter {
    /// Nobody has called yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, config: LimitsConfig) -> Self {
        let table = |limit| Mutex::new(Table::new(config.rule(limit), config.subjects_max));
        Self { clock, config, tables: Limit::ALL.map(table) }
    }

    /// The rules in force.
    #[must_use]
    pub const fn config(&self) -> &LimitsConfig {
        &self.config
    }

    /// Counts one call of `subject`, or refuses it.
    ///
    /// Async although nothing is awaited: with several replicas the counts are rows.
    ///
    /// # Errors
    /// When `subject` has used up its window.
    pub async fn check(&self, limit: Limit, subject: &str) -> Result<Allowance, Refused> {
        let mut table = self.tables[limit as usize].lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock, so that times come in order.
        let now_ms = self.clock.now_ms();
        let rule = table.rule;
        match table.count(subject, now_ms) {
            Ok((remaining, reset_ms)) => Ok(Allowance { limit, rule, remaining, reset_ms }),
            Err(retry_after_ms) => Err(Refused { limit, rule, retry_after_ms }),
        }
    }

    /// What `subject` may still do, without counting a call.
    ///
    /// Async for the same reason as [`Self::check`].
    pub async fn peek(&self, limit: Limit, subject: &str) -> Allowance {
        let mut table = self.tables[limit as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let now_ms = self.clock.now_ms();
        let rule = table.rule;
        let (remaining, reset_ms) = table.peek(subject, now_ms);
        Allowance { limit, rule, remaining, reset_ms }
    }
}

/// Whom an address stands for: an IPv4 address, or an IPv6 network of 64 bits, of which anybody
/// with one connection has all addresses.
#[must_use]
pub fn address_subject(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// A subject by its hash: names of any length take the same room.
type Subject = u128;

/// The calls under one rule.
///
/// Subjects live in two generations. Whoever calls is moved to the younger one; once a window the
/// older one is dropped whole. Who was in it has not called for a window at least.
struct Table {
    rule: LimitRule,
    subjects_max: usize,
    younger: HashMap<Subject, Log>,
    older: HashMap<Subject, Log>,
    turned_ms: Millis,
    common: Vec<Log>,
    hasher: RandomState,
}

impl Table {
    fn new(rule: LimitRule, subjects_max: usize) -> Self {
        Self {
            rule,
            subjects_max,
            younger: HashMap::new(),
            older: HashMap::new(),
            turned_ms: Millis::MIN,
            common: vec![Log::default(); COMMON_LOGS],
            hasher: RandomState::new(),
        }
    }

    fn count(&mut self, subject: &str, now_ms: Millis) -> Result<(u32, Millis), Millis> {
        self.turn(now_ms);
        let rule = self.rule;
        self.log_of(key_of(subject), now_ms).admit(rule, now_ms)
    }

    fn peek(&mut self, subject: &str, now_ms: Millis) -> (u32, Millis) {
        self.turn(now_ms);
        let rule = self.rule;
        self.log_of(key_of(subject), now_ms).left(rule, now_ms)
    }

    fn turn(&mut self, now_ms: Millis) {
        if now_ms.saturating_sub(self.turned_ms) >= self.rule.per_ms {
            self.older = std::mem::take(&mut self.younger);
            self.turned_ms = now_ms;
        }
        // A clock that was set back must not keep the generations from turning.
        self.turned_ms = self.turned_ms.min(now_ms);
    }

    fn log_of(&mut self, subject: Subject, now_ms: Millis) -> &mut Log {
        let common = usize::try_from(self.hasher.hash_one(subject) % COMMON_LOGS as u64);
        let common = &mut self.common[common.unwrap_or(0)];
        let followed = self.younger.len() + self.older.len();
        let known = match self.older.remove(&subject) {
            Some(log) => Some(log),
            None if self.younger.contains_key(&subject) => None,
            None if followed >= self.subjects_max => return common,
            None => {
                common.forget(self.rule.per_ms, now_ms);
                Some(common.clone())
            }
        };
        let log = self.younger.entry(subject).or_default();
        if let Some(known) = known {
            *log = known;
        }
        log
    }
}

fn key_of(subject: &str) -> Subject {
    let hash: [u8; 32] = Sha256::digest(subject.as_bytes()).into();
    let mut key = [0; 16];
    key.copy_from_slice(&hash[..16]);
    Subject::from_le_bytes(key)
}

/// When the calls of a window were, oldest first.
#[derive(Default, Clone)]
struct Log(VecDeque<Millis>);

impl Log {
    /// Drops what has left the window. Times from before the clock was set back count as now: they
    /// are forgotten a window from here at the latest.
    fn forget(&mut self, per_ms: Millis, now_ms: Millis) {
        while self.0.front().is_some_and(|&then_ms| now_ms.saturating_sub(then_ms) >= per_ms) {
            self.0.pop_front();
        }
        for then_ms in self.0.iter_mut().rev().take_while(|then_ms| **then_ms > now_ms) {
            *then_ms = now_ms;
        }
    }

    /// How many calls are left, and when there is one more.
    fn left(&mut self, rule: LimitRule, now_ms: Millis) -> (u32, Millis) {
        self.forget(rule.per_ms, now_ms);
        let used = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let oldest_ms = self.0.front().copied().unwrap_or(now_ms);
        (rule.count.saturating_sub(used), rule.per_ms - (now_ms - oldest_ms))
    }

    /// How many calls are left and when there is one more; or, refused, when to come back.
    fn admit(&mut self, rule: LimitRule, now_ms: Millis) -> Result<(u32, Millis), Millis> {
        self.forget(rule.per_ms, now_ms);
        let used = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        let allowed = used < rule.count;
        if allowed {
            self.0.push_back(now_ms);
        }
        let oldest_ms = self.0.front().copied().unwrap_or(now_ms);
        let frees_ms = rule.per_ms - (now_ms - oldest_ms);
        if allowed { Ok((rule.count - used - 1, frees_ms)) } else { Err(frees_ms) }
    }
}

#[cfg(test)]
mod tests;
