//! The integer that ties an asset to its text: the second of its creation, and a number within.

use backlot_model::Millis;
use backlot_model::clock::SECOND_MS;

/// How many assets one second can have: 2^18.
const WITHIN_BITS: u32 = 18;

/// The least `seq` of the second of `at`.
pub(super) fn first_seq(at: Millis) -> i64 {
    at.div_euclid(SECOND_MS).clamp(0, i64::MAX >> WITHIN_BITS) << WITHIN_BITS
}

/// The greatest `seq` of the second of `at`.
pub(super) fn last_seq(at: Millis) -> i64 {
    first_seq(at) | ((1 << WITHIN_BITS) - 1)
}

/// SQL for the least or greatest `seq` of the same second as `seq`.
pub(super) fn same_second(seq: &str, greatest: bool) -> String {
    match greatest {
        false => format!("({seq} >> {WITHIN_BITS}) << {WITHIN_BITS}"),
        true => format!("({seq} | ((1 << {WITHIN_BITS}) - 1))"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_follow_each_other_without_overlap() {
        for at in [0, 999, 1_000, 1_767_225_600_123, i64::MAX, -5] {
            assert!(first_seq(at) <= last_seq(at));
        }
        assert_eq!(first_seq(999), 0);
        assert_eq!(last_seq(999) + 1, first_seq(1_000));
    }
}
