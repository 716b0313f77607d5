//! What is bound to a statement's placeholders.

use backlot_model::Id;
use backlot_model::media::Digest;

/// One bound value. A null keeps its type, because PostgreSQL asks for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg {
    /// A `BIGINT`; also times and booleans.
    Int(Option<i64>),
    /// A `DOUBLE PRECISION`.
    Real(Option<f64>),
    /// A `TEXT`; also ids, digests and JSON.
    Text(Option<String>),
    /// A `BLOB` or `BYTEA`.
    Blob(Option<Vec<u8>>),
}

/// The arguments of a statement, each by [`Arg::from`]: `args![id, name, now]`.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => {
        ::std::vec![$($crate::db::Arg::from($value)),*]
    };
}

/// A list of texts or ids as one argument, for [`Fetch::each_text`](super::Fetch::each_text).
pub fn texts<T: ToString>(members: impl IntoIterator<Item = T>) -> Arg {
    let members = members.into_iter().map(|member| member.to_string());
    Arg::from(serde_json::Value::from_iter(members).to_string())
}

macro_rules! from {
    ($variant:ident: $($from:ty => $with:expr),+ $(,)?) => {$(
        impl From<$from> for Arg {
            fn from(value: $from) -> Self {
                let with: fn($from) -> _ = $with;
                Self::$variant(Some(with(value)))
            }
        }

        impl From<Option<$from>> for Arg {
            fn from(value: Option<$from>) -> Self {
                Self::$variant(value.map($with))
            }
        }
    )+};
}

from!(Int: i64 => |it| it, i32 => i64::from, u32 => i64::from, u16 => i64::from, u8 => i64::from,
    bool => i64::from);
from!(Real: f64 => |it| it, f32 => f64::from);
from!(Text: String => |it| it, &str => str::to_owned, &String => String::clone);
from!(Blob: Vec<u8> => |it| it, &[u8] => <[u8]>::to_vec);

impl From<&Option<String>> for Arg {
    fn from(value: &Option<String>) -> Self {
        Self::Text(value.clone())
    }
}

impl<T> From<Id<T>> for Arg {
    fn from(id: Id<T>) -> Self {
        Self::Text(Some(id.to_string()))
    }
}

impl<T> From<Option<Id<T>>> for Arg {
    fn from(id: Option<Id<T>>) -> Self {
        Self::Text(id.map(|id| id.to_string()))
    }
}

impl From<Digest> for Arg {
    fn from(digest: Digest) -> Self {
        Self::Text(Some(digest.to_string()))
    }
}

impl From<Option<Digest>> for Arg {
    fn from(digest: Option<Digest>) -> Self {
        Self::Text(digest.map(|digest| digest.to_string()))
    }
}
