//! `skip` and `limit`.

use backlot_library::accounts::ListSlice;
use backlot_model::Fault;

use crate::edge::fields::{Checks, Fields};

/// How many things a page shows when nobody says.
pub(super) const LIMIT: u32 = 100;

/// `limit`: 1 to `most`, [`LIMIT`] if absent.
pub(super) fn limit(query: &Fields, most: u32) -> Result<u32, Fault> {
    let mut checks = Checks::default();
    let limit = limit_checked(query, most, &mut checks);
    checks.done()?;
    Ok(limit)
}

/// As [`limit`], noting the fault among others.
pub(super) fn limit_checked(query: &Fields, most: u32, checks: &mut Checks) -> u32 {
    let read = checks.take(query.integer("limit", 1..=i64::from(most)));
    read.and_then(|limit| u32::try_from(limit).ok()).unwrap_or(LIMIT)
}

/// `skip`: 0 or more, 0 if absent.
pub(super) fn skip_checked(query: &Fields, checks: &mut Checks) -> u64 {
    let read = checks.take(query.integer("skip", 0..=i64::MAX));
    read.and_then(|skip| u64::try_from(skip).ok()).unwrap_or(0)
}

/// `skip` and `limit` of a short list.
pub(super) fn slice(query: &Fields) -> Result<ListSlice, Fault> {
    let mut checks = Checks::default();
    let slice = slice_checked(query, &mut checks);
    checks.done()?;
    Ok(slice)
}

/// As [`slice`], noting the faults among others.
pub(super) fn slice_checked(query: &Fields, checks: &mut Checks) -> ListSlice {
    ListSlice { skip: skip_checked(query, checks), limit: limit_checked(query, 100, checks) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Fields {
        Fields::parse("query", raw.as_bytes()).unwrap()
    }

    #[test]
    fn both_have_defaults_and_bounds() {
        assert_eq!(slice(&query("")).unwrap(), ListSlice { skip: 0, limit: 100 });
        assert_eq!(slice(&query("skip=5&limit=1")).unwrap(), ListSlice { skip: 5, limit: 1 });
        let fault = slice(&query("skip=-1&limit=101")).unwrap_err();
        let named: Vec<_> = fault.fields.iter().map(|it| it.path.join(".")).collect();
        assert_eq!(named, ["query.skip", "query.limit"]);
        assert_eq!(limit(&query("limit=1000"), 1_000).unwrap(), 1_000);
    }
}
