//! What goes over the wire: bodies of requests and answers, and their conversions.
//!
//! Owns: field names, the dress of ids (bare UUIDs) and times (RFC 3339 with milliseconds and `Z`).
//! Never: rules; a body that can be read may still be refused by the library.

pub(super) mod account;
pub(super) mod archive;
pub(super) mod asset;
pub(super) mod change;
pub(super) mod collection;
pub(super) mod create;
pub(super) mod detected;
pub(super) mod document;
pub(super) mod event;
pub(super) mod key;
pub(super) mod lock;
pub(super) mod search;
pub(super) mod task;
pub(super) mod upload;
pub(super) mod word;

use backlot_model::Millis;
use backlot_model::fault::FieldFault;
use backlot_model::{Fault, Id};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::edge::time;

/// One page of a list, and how long the whole list is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// In the list's order.
    pub(super) data: Vec<T>,
    /// How many there are in all.
    #[schema(example = 42)]
    pub(super) count: u64,
}

impl<T> Page<T> {
    /// A page of things that are shown as `T`.
    pub(super) fn of<S>(items: Vec<S>, count: u64) -> Self
    where
        T: From<S>,
    {
        Self { data: items.into_iter().map(T::from).collect(), count }
    }
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Message {
    /// A sentence.
    #[schema(example = "Asset deleted")]
    message: &'static str,
}

impl Message {
    /// Says what was done.
    pub(super) const fn new(message: &'static str) -> Self {
        Self { message }
    }
}

/// A time as it is written here.
pub(super) fn at(ms: Millis) -> String {
    time::to_millis(ms)
}

/// For fields of changes: what is absent stays as it is, null clears.
pub(super) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// An id in any dress that names something else than the thing in the path.
pub(super) fn id_at<T>(path: &str, raw: &str) -> Result<Id<T>, Fault> {
    let no_id = || {
        let fault = FieldFault::new(path, "format", "must be an id, such as a UUID");
        Fault::invalid_fields(vec![fault.with_input(raw)])
    };
    Id::parse(raw).ok_or_else(no_id)
}

/// As [`id_at`], where there may be none.
pub(super) fn optional_id_at<T>(path: &str, raw: Option<&str>) -> Result<Option<Id<T>>, Fault> {
    raw.map(|raw| id_at(path, raw)).transpose()
}

/// A fault of the library at the field as it is called here: the library knows fields by the
/// names of the model, and as parts of a body.
pub(super) fn renamed(mut fault: Fault, from: &str, to: &str) -> Fault {
    for field in &mut fault.fields {
        let path = field.path.join(".");
        let rest = path.strip_prefix(from).filter(|rest| rest.is_empty() || rest.starts_with('.'));
        if let Some(rest) = rest {
            field.path = format!("{to}{rest}").split('.').map(str::to_owned).collect();
        }
    }
    fault
}

/// A time in a body.
pub(super) fn time_at(path: &str, raw: &str) -> Result<Millis, Fault> {
    time::parse_field(path, raw).map_err(|fault| Fault::invalid_fields(vec![fault]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_renamed_with_what_stands_below_it() {
        let named = |path: &str| {
            let fault = Fault::invalid(path, "length", "too long");
            renamed(fault, "body.tags", "query.tags").fields[0].path.join(".")
        };
        assert_eq!(named("body.tags.3"), "query.tags.3");
        assert_eq!(named("body.tags"), "query.tags");
        assert_eq!(named("body.tagsy"), "body.tagsy");
        assert_eq!(named("body"), "body");
    }
}
