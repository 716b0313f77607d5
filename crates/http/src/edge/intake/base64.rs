//! base64 as a stream.
//!
//! Owns: decoding of the standard and the URL-safe alphabet, mixed or not, with or without
//! padding, whitespace in between.
//! Never: holds more than three characters back.

use bytes::{BufMut as _, BytesMut};

const SKIP: u8 = 0x40;
const PAD: u8 = 0x41;
const BAD: u8 = 0xff;

const VALUES: [u8; 256] = {
    let mut values = [BAD; 256];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut at = 0u8;
    while at < 64 {
        values[alphabet[at as usize] as usize] = at;
        at += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values[b'=' as usize] = PAD;
    let blanks = b" \t\r\n";
    let mut at = 0;
    while at < blanks.len() {
        values[blanks[at] as usize] = SKIP;
        at += 1;
    }
    values
};

/// Why a text is not base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBase64 {
    /// A character outside both alphabets.
    Character,
    /// Something follows the padding, or there is too much of it.
    Padding,
    /// The text ends in the middle of a byte.
    Length,
}

impl BadBase64 {
    /// Says what was wrong; completes “must be base64: …”.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Character => "it holds a character that base64 does not have",
            Self::Padding => "the padding is wrong",
            Self::Length => "it ends in the middle of a byte",
        }
    }
}

/// A decoder between two chunks.
#[derive(Debug, Default)]
pub struct Decoder {
    bits: u32,
    held: u8,
    pads: u8,
}

impl Decoder {
    /// Decodes the next characters and appends the bytes to `out`.
    ///
    /// # Errors
    /// The text cannot be base64, whatever follows.
    pub fn feed(&mut self, text: &[u8], out: &mut BytesMut) -> Result<(), BadBase64> {
        out.reserve(text.len() / 4 * 3 + 3);
        for character in text {
            match VALUES[usize::from(*character)] {
                SKIP => {}
                BAD => return Err(BadBase64::Character),
                PAD => {
                    self.pads += 1;
                    if self.held < 2 || self.held + self.pads > 4 {
                        return Err(BadBase64::Padding);
                    }
                }
                _ if self.pads > 0 => return Err(BadBase64::Padding),
                value => {
                    self.bits = self.bits << 6 | u32::from(value);
                    self.held += 1;
                    if self.held == 4 {
                        out.put_slice(&self.bits.to_be_bytes()[1..]);
                        (self.bits, self.held) = (0, 0);
                    }
                }
            }
        }
        Ok(())
    }

    /// Ends the text and appends what is left. Bits beyond the last whole byte are ignored.
    ///
    /// # Errors
    /// The text ends in the middle of a byte, or of its padding.
    pub fn finish(self, out: &mut BytesMut) -> Result<(), BadBase64> {
        if self.pads > 0 && self.held + self.pads != 4 {
            return Err(BadBase64::Padding);
        }
        let bytes = (self.bits << (6 * (4 - u32::from(self.held)))).to_be_bytes();
        match self.held {
            0 => {}
            1 => return Err(BadBase64::Length),
            2 => out.put_slice(&bytes[1..2]),
            _ => out.put_slice(&bytes[1..3]),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    fn decode(text: &[u8], cut: usize) -> Result<Vec<u8>, BadBase64> {
        let (mut decoder, mut out) = (Decoder::default(), BytesMut::new());
        for chunk in text.chunks(cut.max(1)) {
            decoder.feed(chunk, &mut out)?;
        }
        decoder.finish(&mut out)?;
        Ok(out.to_vec())
    }

    proptest! {
        #[test]
        fn every_spelling_and_chunking_gives_the_bytes(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            cut in 1usize..50,
        ) {
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let text = engine.encode(&bytes);
                prop_assert_eq!(decode(text.as_bytes(), cut).unwrap(), bytes.clone());
                let wrapped: Vec<u8> = text.bytes().flat_map(|b| [b, b'\r', b'\n', b' ']).collect();
                prop_assert_eq!(decode(&wrapped, cut).unwrap(), bytes.clone());
            }
        }

        #[test]
        fn any_text_ends_in_bytes_or_an_error(text in prop::collection::vec(any::<u8>(), 0..50)) {
            prop_assert_eq!(decode(&text, 1), decode(&text, 50));
        }
    }

    #[test]
    fn what_is_not_base64_is_told_apart() {
        for (text, error) in [
            ("AA*A", BadBase64::Character),
            ("A", BadBase64::Length),
            ("AAAAA", BadBase64::Length),
            ("AA=", BadBase64::Padding),
            ("AA=A", BadBase64::Padding),
            ("A===", BadBase64::Padding),
            ("AAA==", BadBase64::Padding),
            ("AAAA=", BadBase64::Padding),
            ("AA==AA", BadBase64::Padding),
            ("=", BadBase64::Padding),
        ] {
            assert_eq!(decode(text.as_bytes(), 1), Err(error), "{text}");
            assert_eq!(decode(text.as_bytes(), 9), Err(error), "{text}");
        }
    }
}
