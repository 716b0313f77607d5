//! The `RateLimit` fields: what a caller may still do, and when he may do more.
//!
//! Owns: rendering an [`Allowance`]. Never: counting; the library does that.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use backlot_library::limiter::{Allowance, Refused};
use backlot_model::{Fault, Millis};

/// Writes `RateLimit-Policy` and `RateLimit` of the IETF draft, and the three older fields
/// `RateLimit-Limit`, `-Remaining` and `-Reset` that most clients read. Times are in whole
/// seconds, rounded up.
pub fn write(allowance: &Allowance, headers: &mut HeaderMap) {
    let (policy, remaining) = (allowance.limit.name(), allowance.remaining);
    let limit = allowance.rule.count();
    let (window, reset) = (seconds_up(allowance.rule.per_ms()), seconds_up(allowance.reset_ms));
    put(headers, "ratelimit-policy", &format!("\"{policy}\";q={limit};w={window}"));
    put(headers, "ratelimit", &format!("\"{policy}\";r={remaining};t={reset}"));
    put(headers, "ratelimit-limit", &limit.to_string());
    put(headers, "ratelimit-remaining", &remaining.to_string());
    put(headers, "ratelimit-reset", &reset.to_string());
}

/// What is left when the limiter refused: nothing, until it is time again.
#[must_use]
pub fn of_refusal(fault: &Fault) -> Option<Allowance> {
    let refused = fault.cause.as_ref()?.downcast_ref::<Refused>()?;
    let Refused { limit, rule, retry_after_ms } = *refused;
    Some(Allowance { limit, rule, remaining: 0, reset_ms: retry_after_ms })
}

/// Whole seconds, rounded up, at least one: what `Retry-After` and `RateLimit` fields carry.
#[must_use]
pub fn seconds_up(ms: Millis) -> i64 {
    ms.max(1).saturating_add(999) / 1_000
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // A limit's name that does not fit a header is a defect that a missing field shows soon enough.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use backlot_library::limiter::{Limit, LimitRule};

    use super::*;

    #[test]
    fn an_allowance_is_told_in_both_spellings() {
        let refused = Refused {
            limit: Limit::BulkDelete,
            rule: LimitRule::new(3, 1_000).unwrap(),
            retry_after_ms: 1_001,
        };
        let mut headers = HeaderMap::new();
        write(&of_refusal(&Fault::from(refused)).unwrap(), &mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"bulk-delete\";q=3;w=1");
        assert_eq!(headers["ratelimit"], "\"bulk-delete\";r=0;t=2");
        assert_eq!(headers["ratelimit-limit"], "3");
        assert_eq!(headers["ratelimit-remaining"], "0");
        assert_eq!(headers["ratelimit-reset"], "2");
    }

    #[test]
    fn seconds_are_rounded_up_and_never_zero() {
        assert_eq!([0, 1, 1_000, 1_001, -5].map(seconds_up), [1, 1, 1, 2, 1]);
        assert_eq!(seconds_up(i64::MAX), i64::MAX / 1_000);
    }
}
