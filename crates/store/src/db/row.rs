//! One result row and how its columns are read.

use backlot_model::Id;
use backlot_model::media::Digest;
use uuid::Uuid;

use super::DbError;

/// A result row while it is being mapped.
pub struct Row<'a> {
    inner: Inner<'a>,
}

enum Inner<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
}

impl<'a> Row<'a> {
    pub(super) fn sqlite(row: &'a rusqlite::Row<'a>) -> Self {
        Self { inner: Inner::Sqlite(row) }
    }

    /// Column `index`, counted from 0, as the type asked for. `&str` and `&[u8]` do not copy.
    ///
    /// Fails when the statement has no such column or the value is of another type.
    pub fn get<T: FromColumn<'a>>(&self, index: usize) -> Result<T, DbError> {
        let value = self.value(index)?;
        T::from_column(value).ok_or_else(|| {
            DbError::column(index, format!("expected {}, found {}", T::WANTED, value.name()))
        })
    }

    fn value(&self, index: usize) -> Result<Value<'a>, DbError> {
        match self.inner {
            Inner::Sqlite(row) => {
                use rusqlite::types::ValueRef;
                let value = row
                    .get_ref(index)
                    .map_err(|_| DbError::column(index, "there is no such column"))?;
                Ok(match value {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Int(value),
                    ValueRef::Real(value) => Value::Real(value),
                    ValueRef::Blob(value) => Value::Blob(value),
                    ValueRef::Text(value) => match std::str::from_utf8(value) {
                        Ok(value) => Value::Text(value),
                        Err(_) => return Err(DbError::column(index, "the text is not UTF-8")),
                    },
                })
            }
        }
    }
}

/// A column's value, the same for every engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
}

impl Value<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Int(_) => "an integer",
            Self::Real(_) => "a number",
            Self::Text(_) => "a text",
            Self::Blob(_) => "bytes",
        }
    }
}

/// What a column can be read as. `Option` of it reads NULL as `None`.
pub trait FromColumn<'a>: Sized {
    /// What is expected, for the error message.
    const WANTED: &'static str;

    /// `None` when the value is of another type or out of range.
    fn from_column(value: Value<'a>) -> Option<Self>;
}

impl<'a, T: FromColumn<'a>> FromColumn<'a> for Option<T> {
    const WANTED: &'static str = T::WANTED;

    fn from_column(value: Value<'a>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_column(value).map(Some),
        }
    }
}

macro_rules! integers {
    ($($integer:ty),+) => {$(
        impl FromColumn<'_> for $integer {
            const WANTED: &'static str = concat!("an integer that fits ", stringify!($integer));

            fn from_column(value: Value<'_>) -> Option<Self> {
                match value {
                    Value::Int(value) => <$integer>::try_from(value).ok(),
                    _ => None,
                }
            }
        }
    )+};
}

integers!(i64, u64, i32, u32, u16, u8, usize);

impl FromColumn<'_> for bool {
    const WANTED: &'static str = "0 or 1";

    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Int(0) => Some(false),
            Value::Int(1) => Some(true),
            _ => None,
        }
    }
}

impl FromColumn<'_> for f64 {
    const WANTED: &'static str = "a number";

    fn from_column(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Real(value) => Some(value),
            _ => None,
        }
    }
}

impl<'a> FromColumn<'a> for &'a str {
    const WANTED: &'static str = "a text";

    fn from_column(value: Value<'a>) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }
}

impl FromColumn<'_> for String {
    const WANTED: &'static str = "a text";

    fn from_column(value: Value<'_>) -> Option<Self> {
        <&str>::from_column(value).map(str::to_owned)
    }
}

impl<'a> FromColumn<'a> for &'a [u8] {
    const WANTED: &'static str = "bytes";

    fn from_column(value: Value<'a>) -> Option<Self> {
        match value {
            Value::Blob(value) => Some(value),
            _ => None,
        }
    }
}

impl FromColumn<'_> for Vec<u8> {
    const WANTED: &'static str = "bytes";

    fn from_column(value: Value<'_>) -> Option<Self> {
        <&[u8]>::from_column(value).map(<[u8]>::to_vec)
    }
}

impl<T> FromColumn<'_> for Id<T> {
    const WANTED: &'static str = "a UUID";

    fn from_column(value: Value<'_>) -> Option<Self> {
        let text = <&str>::from_column(value)?;
        Uuid::try_parse(text).ok().map(Self::new)
    }
}

impl FromColumn<'_> for Digest {
    const WANTED: &'static str = "a SHA-256";

    fn from_column(value: Value<'_>) -> Option<Self> {
        <&str>::from_column(value).and_then(Self::parse)
    }
}
