//! Times on the wire: from and to [`Millis`].
//!
//! Owns: the shapes that the dialects write, and every usual ISO 8601 shape that clients send.
//! Never: asks what time it is.

use backlot_model::Millis;
use backlot_model::fault::FieldFault;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::{Offset, TimeZone};

/// `2024-01-15T10:30:00Z`; the fraction is cut.
#[must_use]
pub fn to_seconds(ms: Millis) -> String {
    zulu(ms.div_euclid(1_000) * 1_000, 0)
}

/// `2024-01-15T10:30:00.000Z`.
#[must_use]
pub fn to_millis(ms: Millis) -> String {
    zulu(ms, 3)
}

/// `2024-01-15T10:30:00.000000Z`.
#[must_use]
pub fn to_micros(ms: Millis) -> String {
    zulu(ms, 6)
}

/// `2024-01-15T10:30:00.000000+00:00`, as Python's `isoformat` writes it.
#[must_use]
pub fn to_micros_offset(ms: Millis) -> String {
    let printer = DateTimePrinter::new().precision(Some(6));
    printer.timestamp_with_offset_to_string(&timestamp(ms), Offset::UTC)
}

/// `Mon, 15 Jan 2024 10:30:00 GMT`, as `Last-Modified` wants it.
#[must_use]
pub fn http_date(ms: Millis) -> String {
    timestamp(ms).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn zulu(ms: Millis, precision: u8) -> String {
    let printer = DateTimePrinter::new().precision(Some(precision));
    printer.timestamp_to_string(&timestamp(ms))
}

/// Times that no calendar can name are shown as the nearest one that it can.
fn timestamp(ms: Millis) -> Timestamp {
    let nearest = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(nearest)
}

/// Reads a time: `2024-01-15`, `2024-01-15T10:30`, with seconds, with a fraction (cut to
/// milliseconds), with `Z` or an offset. Without an offset it is UTC; a date alone is its midnight.
///
/// A blank before the offset is read as `+`: that is what an unescaped `+` in a query becomes.
#[must_use]
pub fn parse(raw: &str) -> Option<Millis> {
    let raw = raw.trim();
    if raw.len() > 64 || raw.contains('[') {
        return None;
    }
    let mended;
    let raw = match raw.rfind(' ') {
        Some(at) if at > 10 => {
            mended = format!("{}+{}", &raw[..at], &raw[at + 1..]);
            &mended
        }
        _ => raw,
    };
    let instant = raw.parse::<Timestamp>().ok();
    let instant = instant.or_else(|| utc(raw.parse::<DateTime>().ok()?));
    let instant =
        instant.or_else(|| utc(raw.parse::<Date>().ok()?.to_datetime(Default::default())));
    Millis::try_from(instant?.as_nanosecond().div_euclid(1_000_000)).ok()
}

fn utc(civil: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// As [`parse`], with a fault that names the field.
///
/// # Errors
/// The field at `path` with rule `format`.
pub fn parse_field(path: &str, raw: &str) -> Result<Millis, FieldFault> {
    parse(raw).ok_or_else(|| {
        let message = "must be a time such as 2024-01-15T10:30:00Z, or a date such as 2024-01-15";
        FieldFault::new(path, "format", message).with_input(raw)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_THIRTY: Millis = 1_705_314_600_000;

    #[test]
    fn every_dialect_finds_its_shape() {
        assert_eq!(to_seconds(TEN_THIRTY + 999), "2024-01-15T10:30:00Z");
        assert_eq!(to_millis(TEN_THIRTY + 7), "2024-01-15T10:30:00.007Z");
        assert_eq!(to_micros(TEN_THIRTY + 7), "2024-01-15T10:30:00.007000Z");
        assert_eq!(to_micros_offset(TEN_THIRTY), "2024-01-15T10:30:00.000000+00:00");
        assert_eq!(to_millis(-1), "1969-12-31T23:59:59.999Z");
        assert_eq!(to_seconds(-1), "1969-12-31T23:59:59Z");
        assert!(to_millis(i64::MAX).starts_with("9999-"));
    }

    #[test]
    fn the_usual_shapes_are_read() {
        for raw in [
            "2024-01-15T10:30:00Z",
            "2024-01-15t10:30:00z",
            "2024-01-15 10:30:00",
            "2024-01-15T10:30",
            "2024-01-15T10:30Z",
            "2024-01-15T10:30:00.000Z",
            "2024-01-15T10:30:00.000000",
            "2024-01-15T10:30:00.000999999Z",
            "2024-01-15T10:30:00,000Z",
            "2024-01-15T12:30:00+02:00",
            "2024-01-15T12:30:00+0200",
            "2024-01-15T12:30:00+02",
            "2024-01-15T12:30:00 02:00",
            "2024-01-15T05:00:00-05:30",
            "20240115T103000Z",
            " 2024-01-15T10:30:00Z ",
        ] {
            assert_eq!(parse(raw), Some(TEN_THIRTY), "{raw}");
        }
        assert_eq!(parse("2024-01-15"), Some(TEN_THIRTY - 37_800_000));
        assert_eq!(parse("1969-12-31T23:59:59.9999Z"), Some(-1));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for raw in [
            "",
            "yesterday",
            "1705314600",
            "2024-13-01",
            "2024-02-30",
            "2024-01-15T25:00:00Z",
            "2024-01-15T10:30:00+99:00",
            "2024-01-15T10:30:00Z[Europe/Rome]",
            "2024-01-15T10:30:00Zjunk",
            "10:30",
            "2024-01",
        ] {
            assert_eq!(parse(raw), None, "{raw}");
        }
        let fault = parse_field("query.created_after", "soon").unwrap_err();
        assert_eq!(fault.path, ["query", "created_after"]);
        assert_eq!(fault.input.as_deref(), Some("soon"));
    }
}
