//! Sizes and durations as people write them: `50 MiB`, `15m`.

use std::time::Duration;

const SIZES: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

const DURATIONS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Reads a size in bytes. Units do not care about case; without one it is bytes.
pub(super) fn size(raw: &str) -> Option<u64> {
    let (number, unit) = split(raw)?;
    if unit.is_empty() {
        return Some(number);
    }
    let (_, factor) = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.checked_mul(*factor)
}

/// Reads a duration such as `90s` or `7d`; `None` when it is none. A bare number is refused: nobody
/// can tell seconds from milliseconds.
#[must_use]
pub fn duration(raw: &str) -> Option<Duration> {
    let (number, unit) = split(raw)?;
    let (_, factor) = DURATIONS.iter().find(|(name, _)| *name == unit)?;
    number.checked_mul(*factor).map(Duration::from_millis)
}

/// `bytes` in the largest binary unit that divides it.
pub(super) fn show_size(bytes: u64) -> String {
    let binary = SIZES.iter().filter(|(name, _)| name.ends_with("iB"));
    for (name, factor) in binary {
        if bytes > 0 && bytes.is_multiple_of(*factor) {
            return format!("{} {name}", bytes / factor);
        }
    }
    format!("{bytes} B")
}

/// `duration` in the largest unit that divides it.
pub(super) fn show_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    for (name, factor) in DURATIONS.iter().rev() {
        if millis > 0 && millis.is_multiple_of(*factor) {
            return format!("{}{name}", millis / factor);
        }
    }
    "0s".to_owned()
}

fn split(raw: &str) -> Option<(u64, &str)> {
    let raw = raw.trim();
    let digits = raw.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = raw.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        for (raw, bytes) in [
            ("50 MiB", 50 << 20),
            ("1gib", 1 << 30),
            ("10MB", 10_000_000),
            ("12", 12),
            ("12 B", 12),
            (" 3 KiB ", 3 << 10),
        ] {
            assert_eq!(size(raw), Some(bytes), "{raw}");
        }
        for raw in ["", "MiB", "-1", "1.5 GiB", "5 pounds", "99999999999 TiB"] {
            assert_eq!(size(raw), None, "{raw}");
        }
        assert_eq!(show_size(50 << 20), "50 MiB");
        assert_eq!(show_size(1_000), "1000 B");
        assert_eq!(show_size(0), "0 B");
    }

    #[test]
    fn durations_need_a_unit() {
        for (raw, millis) in
            [("250ms", 250), ("30s", 30_000), ("2 m", 120_000), ("24h", 86_400_000), ("0s", 0)]
        {
            assert_eq!(duration(raw), Some(Duration::from_millis(millis)), "{raw}");
        }
        for raw in ["30", "", "s", "1.5h", "1w", "-3s", "99999999999999999d"] {
            assert_eq!(duration(raw), None, "{raw}");
        }
        assert_eq!(show_duration(Duration::from_secs(86_400)), "1d");
        assert_eq!(show_duration(Duration::from_millis(1_500)), "1500ms");
        assert_eq!(show_duration(Duration::ZERO), "0s");
    }
}
