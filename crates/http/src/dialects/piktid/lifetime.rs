//! How long a token is to live, in the ways in which clients say it.
//!
//! Owns: seconds as a number, ISO 8601 durations, and the `[-][DD]D[,][HH:MM:]SS[.ffffff]` of
//! Python's pydantic. Never: which lifetimes are allowed.

use std::fmt;

use backlot_model::Millis;
use backlot_model::clock::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use serde::de::{self, Deserialize, Deserializer, Visitor};

const TEXT_BYTES_MAX: usize = 64;

/// A lifetime in milliseconds. A year has 365 days, a month 30.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime(pub(super) Millis);

impl Lifetime {
    fn of_seconds(seconds: f64) -> Self {
        // The cast saturates; what is out of range is refused later.
        Self((seconds * SECOND_MS as f64).round() as Millis)
    }

    fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        if raw.len() > TEXT_BYTES_MAX || !raw.is_ascii() {
            return None;
        }
        let upper = raw.to_ascii_uppercase();
        let (sign, bare) = match upper.strip_prefix(['-', '+']) {
            Some(bare) if upper.starts_with('-') => (-1, bare),
            Some(bare) => (1, bare),
            None => (1, upper.as_str()),
        };
        let ms = match bare.strip_prefix('P') {
            Some(iso) => iso_8601(iso)?,
            None => pydantic(bare)?,
        };
        Some(Self(ms.saturating_mul(sign)))
    }
}

/// What follows the `P`: `30D`, `1Y2M10DT2H30M`, `PT1.5H`, `4W`.
fn iso_8601(raw: &str) -> Option<Millis> {
    const DATE: &[(char, Millis)] =
        &[('Y', 365 * DAY_MS), ('M', 30 * DAY_MS), ('W', 7 * DAY_MS), ('D', DAY_MS)];
    const TIME: &[(char, Millis)] = &[('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)];
    let (date, time) = match raw.split_once('T') {
        Some((_, "")) => return None,
        Some((date, time)) => (date, time),
        None if raw.is_empty() => return None,
        None => (raw, ""),
    };
    Some(units(date, DATE)?.saturating_add(units(time, TIME)?))
}

/// Numbers with their units, each unit at most once and in this order.
fn units(mut raw: &str, mut units: &[(char, Millis)]) -> Option<Millis> {
    let mut sum: Millis = 0;
    while !raw.is_empty() {
        let end = raw.find(|c: char| c.is_ascii_alphabetic())?;
        let unit = raw[end..].chars().next()?;
        let place = units.iter().position(|(letter, _)| *letter == unit)?;
        sum = sum.saturating_add(times(&raw[..end], units[place].1)?);
        units = &units[place + 1..];
        raw = &raw[end + 1..];
    }
    Some(sum)
}

/// `1D,01:02:03.5`, `01:02:03`, `02:03`, `3600`, `7D`.
fn pydantic(raw: &str) -> Option<Millis> {
    let (days, clock) = match raw.split_once('D') {
        Some((days, "")) => return times(days.trim_end(), DAY_MS),
        Some((days, clock)) => {
            (times(days.trim_end(), DAY_MS)?, clock.trim_start_matches([',', ' ']))
        }
        None => (0, raw),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let ms = match parts.as_slice() {
        [seconds] => times(seconds, SECOND_MS)?,
        [minutes, seconds] => whole(minutes)? * MINUTE_MS + below_60(seconds)?,
        [hours, minutes, seconds] if whole(minutes)? < 60 => {
            whole(hours)? * HOUR_MS + whole(minutes)? * MINUTE_MS + below_60(seconds)?
        }
        _ => return None,
    };
    Some(days.saturating_add(ms))
}

fn below_60(seconds: &str) -> Option<Millis> {
    times(seconds, SECOND_MS).filter(|ms| *ms < MINUTE_MS)
}

/// A number of at most six digits.
fn whole(raw: &str) -> Option<Millis> {
    let fits = (1..=6).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_digit());
    if fits { raw.parse().ok() } else { None }
}

/// A decimal number without a sign, of a unit.
fn times(raw: &str, unit: Millis) -> Option<Millis> {
    let plain = raw.replace(',', ".");
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let points = plain.len() - digits;
    if digits == 0 || points > 1 || !plain.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let number: f64 = plain.parse().ok()?;
    Some(Lifetime::of_seconds(number * (unit as f64 / SECOND_MS as f64)).0)
}

impl<'de> Deserialize<'de> for Lifetime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LifetimeVisitor)
    }
}

struct LifetimeVisitor;

impl Visitor<'_> for LifetimeVisitor {
    type Value = Lifetime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds or an ISO 8601 duration such as `P30D`")
    }

    fn visit_i64<E>(self, seconds: i64) -> Result<Lifetime, E> {
        Ok(Lifetime(seconds.saturating_mul(SECOND_MS)))
    }

    fn visit_u64<E>(self, seconds: u64) -> Result<Lifetime, E> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Ok(Lifetime(seconds.saturating_mul(SECOND_MS)))
    }

    fn visit_f64<E>(self, seconds: f64) -> Result<Lifetime, E> {
        Ok(Lifetime::of_seconds(seconds))
    }

    fn visit_str<E: de::Error>(self, raw: &str) -> Result<Lifetime, E> {
        Lifetime::parse(raw).ok_or_else(|| E::invalid_value(de::Unexpected::Str(raw), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_saying_it_is_read() {
        for (raw, seconds) in [
            ("P30D", 2_592_000),
            ("p1w", 604_800),
            ("P1Y", 31_536_000),
            ("P1Y2M3DT4H5M6S", 31_536_000 + 5_184_000 + 259_200 + 14_706),
            ("PT1H", 3_600),
            ("PT1.5H", 5_400),
            ("PT0,5H", 1_800),
            ("+PT1H", 3_600),
            ("-PT1H", -3_600),
            ("P4Y", 126_144_000),
            ("1d,01:02:03", 90_123),
            ("1D01:02:03.000004", 90_123),
            ("7 D", 604_800),
            ("01:02:03", 3_723),
            ("90:00", 5_400),
            ("3600", 3_600),
            ("3600.0", 3_600),
        ] {
            assert_eq!(Lifetime::parse(raw), Some(Lifetime(seconds * SECOND_MS)), "{raw}");
        }
        for (json, seconds) in [("3600", 3_600), ("3600.5", 3_600), ("-1", -1), ("\"PT1H\"", 3_600)]
        {
            let Lifetime(ms) = serde_json::from_str(json).unwrap();
            assert_eq!(ms.div_euclid(SECOND_MS), seconds, "{json}");
        }
        for json in ["1e300", "18446744073709551615", "\"P99999999999999999999Y\""] {
            assert_eq!(serde_json::from_str::<Lifetime>(json).unwrap().0, Millis::MAX, "{json}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for raw in [
            "",
            " ",
            "P",
            "PT",
            "P1",
            "PD",
            "P1DT",
            "P1H",
            "PT1D",
            "P1D1Y",
            "P1D2D",
            "tomorrow",
            "1:2:3:4",
            "1:60",
            "1:60:00",
            "1:00:60",
            ":",
            "1.2.3",
            "1e9",
            "NaN",
            "inf",
            "--1",
            "P-1D",
            "٣",
            "2030-01-01",
        ] {
            assert_eq!(Lifetime::parse(raw), None, "{raw}");
        }
        for json in ["null", "true", "[]", "{}", "\"soon\""] {
            assert!(serde_json::from_str::<Lifetime>(json).is_err(), "{json}");
        }
    }
}
