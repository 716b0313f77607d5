//! The `RateLimit` fields: what a caller may still do, and when he may do more.
//!
//! Owns: rendering an [`Allowance`]. Never: counting; the library does that.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use backlot_model::Millis;

/// What is left of one rate limit, after this request was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The limit's name: lower-case letters, digits and hyphens.
    pub policy: &'static str,
    /// Requests per window.
    pub limit: u32,
    /// The window's length in milliseconds.
    pub window_ms: Millis,
    /// Requests left in this window.
    pub remaining: u32,
    /// Milliseconds from now until the window starts anew.
    pub reset_ms: Millis,
}

impl Allowance {
    /// Writes `RateLimit-Policy` and `RateLimit` of the IETF draft, and the three older fields
    /// `RateLimit-Limit`, `-Remaining` and `-Reset` that most clients read. Times are in whole
    /// seconds, rounded up.
    pub fn write(&self, headers: &mut HeaderMap) {
        let (window, reset) = (seconds_up(self.window_ms), seconds_up(self.reset_ms));
        let Self { policy, limit, remaining, .. } = self;
        put(headers, "ratelimit-policy", &format!("\"{policy}\";q={limit};w={window}"));
        put(headers, "ratelimit", &format!("\"{policy}\";r={remaining};t={reset}"));
        put(headers, "ratelimit-limit", &limit.to_string());
        put(headers, "ratelimit-remaining", &remaining.to_string());
        put(headers, "ratelimit-reset", &reset.to_string());
    }
}

/// Whole seconds, rounded up, at least one: what `Retry-After` and `RateLimit` fields carry.
#[must_use]
pub fn seconds_up(ms: Millis) -> i64 {
    ms.max(1).saturating_add(999) / 1_000
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    // A policy name that does not fit a header is a defect that a missing field shows soon enough.
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_told_in_both_spellings() {
        let mut headers = HeaderMap::new();
        let allowance = Allowance {
            policy: "bulk-delete",
            limit: 3,
            window_ms: 1_000,
            remaining: 0,
            reset_ms: 1_001,
        };
        allowance.write(&mut headers);
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
