//! Where the next page of a listing begins, as an opaque token.
//!
//! Owns: what a cursor carries. It is bound to the caller and to the query by a code over both, so
//! that it can neither be changed nor be used for another question.

use backlot_model::account::Caller;
use backlot_model::query::{Position, SortValue};
use backlot_model::{Fault, Id};
use uuid::Uuid;

use crate::Library;

const NUMBER: u8 = b'n';
const TEXT: u8 = b't';

impl Library {
    /// The token for `position` in the answer to `query`: any fingerprint of scope, filter and
    /// order that the next call will have again.
    ///
    /// # Errors
    /// `internal` when a file name is longer than one can be.
    pub fn seal_position(
        &self,
        caller: &Caller,
        query: &str,
        position: &Position,
    ) -> Result<String, Fault> {
        let payload = encode(position);
        self.signing().seal_cursor(&caller.subject(), query.as_bytes(), &payload)
    }

    /// The position that was sealed for this caller and query.
    ///
    /// # Errors
    /// `bad-cursor` with the reason; no field is named, dialects call it differently.
    pub fn open_position(
        &self,
        caller: &Caller,
        query: &str,
        token: &str,
    ) -> Result<Position, Fault> {
        let payload = self.signing().open_cursor(&caller.subject(), query.as_bytes(), token)?;
        // It was sealed here, so one that cannot be read is a defect of ours.
        decode(&payload).ok_or_else(|| Fault::internal("a sealed cursor holds no position"))
    }
}

fn encode(position: &Position) -> Vec<u8> {
    let mut bytes = position.id.uuid().as_bytes().to_vec();
    match &position.value {
        SortValue::Number(number) => {
            bytes.push(NUMBER);
            bytes.extend(number.to_be_bytes());
        }
        SortValue::Text(text) => {
            bytes.push(TEXT);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

fn decode(bytes: &[u8]) -> Option<Position> {
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let value = match rest.split_first()? {
        (&NUMBER, number) => SortValue::Number(i64::from_be_bytes(number.try_into().ok()?)),
        (&TEXT, text) => SortValue::Text(String::from_utf8(text.to_vec()).ok()?),
        _ => return None,
    };
    Some(Position { value, id: Id::new(Uuid::from_bytes(*id)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_survives() {
        let id = Id::new(Uuid::from_u128(7));
        for value in [
            SortValue::Number(i64::MIN),
            SortValue::Number(1_767_225_600_000),
            SortValue::Text(String::new()),
            SortValue::Text("übung.jpg".to_owned()),
        ] {
            let position = Position { value, id };
            assert_eq!(decode(&encode(&position)), Some(position));
        }
    }

    #[test]
    fn what_is_no_position_is_none() {
        let long = [b'n'; 40];
        for bytes in [&b""[..], &[0; 16], &[0; 17], &long] {
            assert_eq!(decode(bytes), None);
        }
    }
}
