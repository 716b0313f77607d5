//! `Range` requests, RFC 9110 § 14, one range at a time.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: no header, one of another unit, or several ranges, which may be answered whole.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Nothing that there is.
    Nothing,
}

/// Reads a `Range` header for a body of `size` bytes.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = header.and_then(|it| it.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    if spec.contains(',') {
        return Wanted::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    match (digits(first), digits(last)) {
        (Some(None), Some(Some(suffix))) => {
            let start = size.saturating_sub(suffix);
            if suffix == 0 || size == 0 { Wanted::Nothing } else { Wanted::Part(start..size) }
        }
        (Some(Some(start)), Some(end)) => {
            let end = end.map_or(size, |end| end.saturating_add(1).min(size));
            match start {
                _ if start >= size => Wanted::Nothing,
                _ if end <= start => Wanted::Whole,
                _ => Wanted::Part(start..end),
            }
        }
        _ => Wanted::Whole,
    }
}

/// `None` when it is no number, `Some(None)` when there is nothing.
fn digits(raw: &str) -> Option<Option<u64>> {
    match raw {
        "" => Some(None),
        _ if raw.bytes().all(|b| b.is_ascii_digit()) => Some(Some(raw.parse().unwrap_or(u64::MAX))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_the_standard_says() {
        let part = |range: Range<u64>| Wanted::Part(range);
        for (header, expected) in [
            (None, Wanted::Whole),
            (Some("bytes=0-0"), part(0..1)),
            (Some("bytes=2-"), part(2..10)),
            (Some("bytes=2-100"), part(2..10)),
            (Some("bytes=-3"), part(7..10)),
            (Some("bytes=-30"), part(0..10)),
            (Some("bytes=-0"), Wanted::Nothing),
            (Some("bytes=10-"), Wanted::Nothing),
            (Some("bytes=99999999999999999999-"), Wanted::Nothing),
            (Some("bytes=5-2"), Wanted::Whole),
            (Some("bytes=0-1,4-5"), Wanted::Whole),
            (Some("bytes=-"), Wanted::Whole),
            (Some("bytes=a-b"), Wanted::Whole),
            (Some("lines=1-2"), Wanted::Whole),
        ] {
            assert_eq!(wanted(header, 10), expected, "{header:?}");
        }
        assert_eq!(wanted(Some("bytes=-1"), 0), Wanted::Nothing);
    }
}
