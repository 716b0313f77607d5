//! The limits, by a clock that is moved by hand.

use std::net::{Ipv4Addr, Ipv6Addr};

use backlot_model::HandClock;
use proptest::prelude::*;

use super::*;

fn rule(count: u32, per_ms: Millis) -> LimitRule {
    LimitRule::new(count, per_ms).unwrap()
}

fn limiter(clock: &HandClock, bulk_delete: LimitRule, subjects_max: usize) -> Limiter {
    let config = LimitsConfig { bulk_delete, subjects_max, ..LimitsConfig::default() };
    Limiter::new(Arc::new(clock.clone()), config)
}

async fn delete(limiter: &Limiter, subject: &str) -> Result<(u32, Millis), Millis> {
    let outcome = limiter.check(Limit::BulkDelete, subject).await;
    outcome.map(|it| (it.remaining, it.reset_ms)).map_err(|it| it.retry_after_ms)
}

#[tokio::test]
async fn the_fourth_call_in_a_second_is_told_when_to_return() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(3, 1_000), 10);
    assert_eq!(delete(&limiter, "ann").await, Ok((2, 1_000)));
    clock.advance_ms(400);
    assert_eq!(delete(&limiter, "ann").await, Ok((1, 600)));
    assert_eq!(delete(&limiter, "ann").await, Ok((0, 600)));
    assert_eq!(delete(&limiter, "ann").await, Err(600));
    assert_eq!(delete(&limiter, "bob").await, Ok((2, 1_000)), "another caller is not concerned");
    clock.advance_ms(599);
    assert_eq!(delete(&limiter, "ann").await, Err(1), "a token bucket would have let this in");
    clock.advance_ms(1);
    assert_eq!(delete(&limiter, "ann").await, Ok((0, 400)));
    assert_eq!(delete(&limiter, "ann").await, Err(400));
}

#[tokio::test]
async fn a_refusal_becomes_a_fault_that_says_when_to_return() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(1, 1_000), 10);
    delete(&limiter, "ann").await.unwrap();
    let refused = limiter.check(Limit::BulkDelete, "ann").await.unwrap_err();
    let fault = Fault::from(refused);
    assert_eq!((fault.kind, fault.code), (Kind::RateLimited, "rate-limited"));
    assert_eq!(fault.retry_after_ms, Some(1_000));
    assert_eq!(fault.message, "too many requests: the limit of bulk-delete is 1/s");
    let cause = fault.cause.as_ref().and_then(|cause| cause.downcast_ref::<Refused>());
    assert_eq!(cause, Some(&refused));
}

#[tokio::test]
async fn each_limit_counts_for_itself_by_its_default() {
    let clock = HandClock::default();
    let limiter = Limiter::new(Arc::new(clock), LimitsConfig::default());
    let counts = [10, 30, 200, 3];
    for (limit, count) in Limit::ALL.into_iter().zip(counts) {
        for left in (0..count).rev() {
            let allowance = limiter.check(limit, "ann").await.unwrap();
            assert_eq!(allowance.remaining, left, "{}", limit.name());
        }
        assert!(limiter.check(limit, "ann").await.is_err(), "{}", limit.name());
    }
}

#[tokio::test]
async fn a_flood_of_strangers_does_not_free_an_abuser() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(3, 1_000), 100);
    for _ in 0..3 {
        delete(&limiter, "abuser").await.unwrap();
    }
    for stranger in 0..10_000 {
        let _ = delete(&limiter, &format!("stranger {stranger}")).await;
    }
    assert_eq!(delete(&limiter, "abuser").await, Err(1_000));
    let table = limiter.tables[Limit::BulkDelete as usize].lock().unwrap();
    assert_eq!(table.younger.len() + table.older.len(), 100);
    assert_eq!(table.common.len(), COMMON_LOGS);
    assert!(table.common.iter().all(|log| log.0.len() <= 3));
}

#[tokio::test]
async fn when_the_flood_is_over_everybody_has_a_log_again() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(3, 1_000), 100);
    for stranger in 0..10_000 {
        let _ = delete(&limiter, &format!("stranger {stranger}")).await;
    }
    clock.advance_ms(1_000);
    assert!(delete(&limiter, "stranger 0").await.is_ok(), "turns the generations");
    clock.advance_ms(1_000);
    for late in 0..99 {
        assert_eq!(delete(&limiter, &format!("late {late}")).await, Ok((2, 1_000)));
    }
    let table = limiter.tables[Limit::BulkDelete as usize].lock().unwrap();
    assert_eq!(table.younger.len() + table.older.len(), 100);
}

#[tokio::test]
async fn the_limit_holds_for_who_gets_a_log_of_his_own() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(3, 1_000), 1);
    delete(&limiter, "first").await.unwrap();
    clock.advance_ms(1_000);
    assert_eq!(delete(&limiter, "second").await, Ok((2, 1_000)), "and turns the generations");
    clock.advance_ms(900);
    assert_eq!(delete(&limiter, "second").await, Ok((1, 100)));
    assert_eq!(delete(&limiter, "second").await, Ok((0, 100)));
    assert_eq!(delete(&limiter, "second").await, Err(100));
    clock.advance_ms(100);
    // The first one is forgotten now; the second takes his place along with what he has done.
    assert_eq!(delete(&limiter, "second").await, Ok((0, 900)));
    assert_eq!(limiter.tables[Limit::BulkDelete as usize].lock().unwrap().younger.len(), 1);
    assert_eq!(delete(&limiter, "second").await, Err(900));
    clock.advance_ms(1_000);
    assert_eq!(delete(&limiter, "second").await, Ok((2, 1_000)));
}

#[tokio::test]
async fn a_clock_set_back_locks_nobody_out_for_longer_than_a_window() {
    let clock = HandClock::default();
    let limiter = limiter(&clock, rule(2, 1_000), 10);
    delete(&limiter, "ann").await.unwrap();
    delete(&limiter, "ann").await.unwrap();
    clock.advance_ms(-3_600_000);
    assert_eq!(delete(&limiter, "ann").await, Err(1_000));
    clock.advance_ms(1_000);
    assert_eq!(delete(&limiter, "ann").await, Ok((1, 1_000)));
}

#[test]
fn an_address_stands_for_whoever_has_it() {
    let v4 = Ipv4Addr::new(192, 0, 2, 7);
    assert_eq!(address_subject(v4.into()), "192.0.2.7");
    assert_eq!(address_subject(v4.to_ipv6_mapped().into()), "192.0.2.7");
    let one: Ipv6Addr = "2001:db8:1:2::1".parse().unwrap();
    let neighbour: Ipv6Addr = "2001:db8:1:2:ffff::2".parse().unwrap();
    let other: Ipv6Addr = "2001:db8:1:3::1".parse().unwrap();
    assert_eq!(address_subject(one.into()), "2001:db8:1:2::/64");
    assert_eq!(address_subject(one.into()), address_subject(neighbour.into()));
    assert_ne!(address_subject(one.into()), address_subject(other.into()));
}

#[test]
fn a_rule_is_read_as_it_is_written() {
    for (raw, count, per_ms) in [("3/s", 3, 1_000), ("10/min", 10, 60_000), ("9/h", 9, 3_600_000)] {
        assert_eq!(LimitRule::parse(raw), LimitRule::new(count, per_ms));
        assert_eq!(LimitRule::parse(raw).unwrap().to_string(), raw);
    }
    for raw in ["", "3", "3/", "/s", "0/s", "-1/s", "10001/s", "3/day", "3/s/s", "x/s"] {
        assert!(LimitRule::parse(raw).is_err(), "{raw}");
    }
    assert!(LimitRule::new(1, 0).is_err());
    assert!(LimitRule::new(1, HOUR_MS + 1).is_err());
}

proptest! {
    /// Against the definition: a call is allowed exactly when the window that ends with it holds
    /// fewer than `count` allowed ones, and a refused one would be allowed when it was told to
    /// come back and not a millisecond earlier. Also under more subjects than are followed, where
    /// only the first half need hold.
    #[test]
    fn no_window_holds_more_than_the_rule_allows(
        count in 1_u32..5,
        per_ms in 1_i64..50,
        subjects_max in 1_usize..8,
        calls in prop::collection::vec((0_i64..30, 0_u8..6), 1..200),
    ) {
        let mut table = Table::new(rule(count, per_ms), subjects_max);
        let mut allowed: HashMap<u8, Vec<Millis>> = HashMap::new();
        let mut now_ms = 0;
        for (wait_ms, subject) in calls {
            now_ms += wait_ms;
            let log = allowed.entry(subject).or_default();
            let in_window = |at_ms: Millis| {
                log.iter().filter(|&&then_ms| at_ms - then_ms < per_ms).count()
            };
            let outcome = table.count(&subject.to_string(), now_ms);
            let used = in_window(now_ms);
            if outcome.is_ok() {
                prop_assert!(used < count as usize);
            }
            if subjects_max >= 6 {
                prop_assert_eq!(outcome.is_ok(), used < count as usize);
            }
            match outcome {
                Ok(_) => log.push(now_ms),
                Err(retry_ms) => {
                    prop_assert!(retry_ms >= 1 && retry_ms <= per_ms);
                    prop_assert!(in_window(now_ms + retry_ms) < count as usize);
                    if subjects_max >= 6 {
                        prop_assert_eq!(in_window(now_ms + retry_ms - 1), count as usize);
                    }
                }
            }
        }
    }
}
