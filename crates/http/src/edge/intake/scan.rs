//! Finds the strings in a JSON document that carry files, without holding the document.
//!
//! Owns: [`Scan`], fed with chunks. It follows strings, nesting and keys, decodes the strings
//! that stand at one of the given paths, and keeps everything else, with `null` in their places,
//! as the *skeleton*. Whether the document is JSON, the parser of the skeleton decides: the two
//! agree on every document that is, since a string's place in valid JSON is unambiguous.
//! Never: holds more than the skeleton and one chunk.

use backlot_model::Fault;
use bytes::{Bytes, BytesMut};

use crate::edge::intake::base64::Decoder;
use crate::edge::intake::reader::too_large;
use crate::edge::intake::{DEPTH_MAX, FilePart, TEXT_BYTES_MAX, essence};

/// A data URL's type and parameters, in characters.
const DATA_URL_HEAD_CHARS_MAX: usize = 256;
/// A `:` within so many characters makes a string a URL; base64 has none.
const SCHEME_CHARS_MAX: usize = 16;

/// What the scan found in a chunk, in order.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// A file begins.
    Begin(FilePart),
    /// Its next bytes, never empty.
    Bytes(Bytes),
}

/// A document between two chunks.
#[derive(Debug)]
pub struct Scan<'p> {
    byte_fields: &'p [&'p str],
    file_bytes_max: u64,
    stack: Vec<Frame>,
    mode: Mode,
    skeleton: Vec<u8>,
    /// The files found so far; the last one may still be growing.
    pub files: Vec<FilePart>,
}

#[derive(Debug)]
enum Frame {
    Object { key: String, key_next: bool },
    Array { index: usize },
}

#[derive(Debug)]
enum Mode {
    Structure,
    Key { raw: Vec<u8>, escaped: bool },
    Text { escaped: bool },
    File(FileText),
}

/// A string that may carry a file.
#[derive(Debug)]
struct FileText {
    path: String,
    /// As it stands in the document, for as long as it may turn out to be a mere text.
    raw: Vec<u8>,
    escape: Escape,
    stage: Stage,
}

#[derive(Debug, Default)]
enum Escape {
    #[default]
    None,
    Begun,
    Unicode {
        digits: u8,
        value: u32,
    },
}

#[derive(Debug)]
enum Stage {
    /// Not yet known what it is.
    Head(Vec<u8>),
    Bytes {
        decoder: Decoder,
        out: BytesMut,
    },
}

impl<'p> Scan<'p> {
    /// A scan for files of at most `file_bytes_max` bytes at the paths `byte_fields`, in which
    /// `*` stands for any index or key.
    #[must_use]
    pub fn new(byte_fields: &'p [&'p str], file_bytes_max: u64) -> Self {
        Self {
            byte_fields,
            file_bytes_max,
            stack: Vec::new(),
            mode: Mode::Structure,
            skeleton: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Scans the next chunk.
    ///
    /// # Errors
    /// Nested too deep, too much besides the files, a file too large or no base64, or no object.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Found>, Fault> {
        let mut found = Vec::new();
        let mut rest = chunk;
        while let Some(byte) = rest.first() {
            let used = match &mut self.mode {
                Mode::Structure => self.structure(*byte)?,
                Mode::Key { raw, escaped } => {
                    let ended = ends_string(*byte, escaped);
                    raw.push(*byte);
                    if ended {
                        let key = String::from_utf8_lossy(raw).into_owned();
                        self.key(&key);
                    }
                    self.skeleton.push(*byte);
                    1
                }
                Mode::Text { escaped } => {
                    self.skeleton.push(*byte);
                    if ends_string(*byte, escaped) {
                        self.mode = Mode::Structure;
                    }
                    1
                }
                Mode::File(_) => self.file(rest, &mut found)?,
            };
            rest = &rest[used..];
            if self.skeleton.len() > TEXT_BYTES_MAX {
                return Err(too_large("body", TEXT_BYTES_MAX as u64));
            }
        }
        self.flush(&mut found)?;
        Ok(found)
    }

    /// The document without its files. It may be cut short: the parser will find out.
    #[must_use]
    pub fn into_skeleton(self) -> (Vec<u8>, Vec<FilePart>) {
        (self.skeleton, self.files)
    }

    fn structure(&mut self, byte: u8) -> Result<usize, Fault> {
        if self.stack.is_empty()
            && !self.skeleton_begun()
            && !byte.is_ascii_whitespace()
            && byte != b'{'
        {
            return Err(Fault::invalid("body", "type", "must be a JSON object"));
        }
        match (byte, self.stack.last_mut()) {
            (b'{', _) => self.stack.push(Frame::Object { key: String::new(), key_next: true }),
            (b'[', _) => self.stack.push(Frame::Array { index: 0 }),
            (b'}' | b']', _) => drop(self.stack.pop()),
            (b',', Some(Frame::Object { key_next, .. })) => *key_next = true,
            (b',', Some(Frame::Array { index })) => *index += 1,
            (b':', Some(Frame::Object { key_next, .. })) => *key_next = false,
            (b'"', Some(Frame::Object { key_next: true, .. })) => {
                self.mode = Mode::Key { raw: vec![b'"'], escaped: false };
            }
            (b'"', _) => return Ok(self.value_string()),
            _ => {}
        }
        if self.stack.len() > DEPTH_MAX {
            let message = format!("must not nest deeper than {DEPTH_MAX}");
            return Err(Fault::invalid("body", "length", message));
        }
        if !(byte.is_ascii_whitespace() && self.skeleton.is_empty()) {
            self.skeleton.push(byte);
        }
        Ok(1)
    }

    fn skeleton_begun(&self) -> bool {
        !self.skeleton.is_empty()
    }

    fn key(&mut self, raw: &str) {
        if let Some(Frame::Object { key, .. }) = self.stack.last_mut() {
            // A key that cannot be read matches no path; the parser will refuse the document.
            *key = serde_json::from_str(raw).unwrap_or_default();
        }
        self.mode = Mode::Structure;
    }

    fn value_string(&mut self) -> usize {
        match self.matching_path() {
            Some(path) => {
                let stage = Stage::Head(Vec::new());
                let text = FileText { path, raw: Vec::new(), escape: Escape::None, stage };
                self.mode = Mode::File(text);
            }
            None => {
                self.skeleton.push(b'"');
                self.mode = Mode::Text { escaped: false };
            }
        }
        1
    }

    /// The path that the scan stands at, if files may stand there.
    fn matching_path(&self) -> Option<String> {
        let matches = |pattern: &str| {
            let mut segments = pattern.split('.');
            let all = self.stack.iter().all(|frame| segments.next().is_some_and(|s| frame.is(s)));
            all && segments.next().is_none()
        };
        self.byte_fields.iter().any(|pattern| matches(pattern)).then(|| {
            let segments: Vec<String> = self.stack.iter().map(Frame::segment).collect();
            segments.join(".")
        })
    }

    /// Goes through a string that may carry a file, up to its end or the chunk's.
    fn file(&mut self, rest: &[u8], found: &mut Vec<Found>) -> Result<usize, Fault> {
        let Mode::File(text) = &mut self.mode else { return Ok(0) };
        if let (Stage::Bytes { decoder, out }, Escape::None) = (&mut text.stage, &text.escape) {
            // The long stretch: everything up to the next quote or escape is base64.
            let plain = rest.iter().position(|b| matches!(b, b'"' | b'\\' | 0..0x20));
            let plain = plain.unwrap_or(rest.len());
            if plain > 0 {
                decoder.feed(&rest[..plain], out).map_err(|bad| not_base64(&text.path, bad))?;
                return Ok(plain);
            }
        }
        let byte = rest[0];
        match text.unescape(byte)? {
            Unescaped::Nothing => {}
            Unescaped::End => self.end_file(found)?,
            Unescaped::Character(character) => {
                if let Some(begun) = text.character(character)? {
                    self.begin_file(begun, found);
                } else if text.is_url() {
                    self.skeleton.push(b'"');
                    self.skeleton.append(&mut text.raw);
                    self.mode = Mode::Text { escaped: false };
                }
            }
        }
        Ok(1)
    }

    fn begin_file(&mut self, part: FilePart, found: &mut Vec<Found>) {
        self.files.push(part.clone());
        found.push(Found::Begin(part));
    }

    fn end_file(&mut self, found: &mut Vec<Found>) -> Result<(), Fault> {
        let Mode::File(mut text) = std::mem::replace(&mut self.mode, Mode::Structure) else {
            return Ok(());
        };
        self.skeleton.extend_from_slice(b"null");
        if let Some(part) = text.settle(true)? {
            self.begin_file(part, found);
        }
        let Stage::Bytes { decoder, mut out } = text.stage else { return Ok(()) };
        decoder.finish(&mut out).map_err(|bad| not_base64(&text.path, bad))?;
        self.emit(&mut out, found)
    }

    /// Hands over what the chunk gave of the file that is being read.
    fn flush(&mut self, found: &mut Vec<Found>) -> Result<(), Fault> {
        let Mode::File(FileText { stage: Stage::Bytes { out, .. }, .. }) = &mut self.mode else {
            return Ok(());
        };
        let mut out = std::mem::take(out);
        self.emit(&mut out, found)
    }

    fn emit(&mut self, out: &mut BytesMut, found: &mut Vec<Found>) -> Result<(), Fault> {
        let Some(part) = self.files.last_mut() else { return Ok(()) };
        part.bytes += out.len() as u64;
        if part.bytes > self.file_bytes_max {
            return Err(too_large(&format!("body.{}", part.field), self.file_bytes_max));
        }
        if !out.is_empty() {
            found.push(Found::Bytes(std::mem::take(out).freeze()));
        }
        Ok(())
    }
}

impl Frame {
    fn is(&self, segment: &str) -> bool {
        match self {
            _ if segment == "*" => true,
            Self::Object { key, .. } => key == segment,
            Self::Array { index } => segment.parse() == Ok(*index),
        }
    }

    fn segment(&self) -> String {
        match self {
            Self::Object { key, .. } => key.clone(),
            Self::Array { index } => index.to_string(),
        }
    }
}

enum Unescaped {
    Nothing,
    Character(u8),
    End,
}

impl FileText {
    /// Takes one byte of the document, and gives the character it ends.
    fn unescape(&mut self, byte: u8) -> Result<Unescaped, Fault> {
        if matches!(self.stage, Stage::Head(_)) {
            self.raw.push(byte);
        }
        let character = match (&mut self.escape, byte) {
            (Escape::None, b'"') => return Ok(Unescaped::End),
            (Escape::None, b'\\') => {
                self.escape = Escape::Begun;
                return Ok(Unescaped::Nothing);
            }
            (Escape::None, 0..0x20) => return Err(self.wrong("line breaks must be escaped")),
            (Escape::None, plain) => plain,
            (Escape::Begun, b'u') => {
                self.escape = Escape::Unicode { digits: 0, value: 0 };
                return Ok(Unescaped::Nothing);
            }
            (Escape::Begun, b'n') => b'\n',
            (Escape::Begun, b'r') => b'\r',
            (Escape::Begun, b't') => b'\t',
            (Escape::Begun, same @ (b'/' | b'\\' | b'"')) => same,
            (Escape::Begun, _) => return Err(self.wrong("it holds an escape that JSON has not")),
            (Escape::Unicode { digits, value }, hex) => {
                let Some(digit) = char::from(hex).to_digit(16) else {
                    return Err(self.wrong("it holds an escape that JSON has not"));
                };
                *value = *value << 4 | digit;
                *digits += 1;
                if *digits < 4 {
                    return Ok(Unescaped::Nothing);
                }
                // Beyond ASCII there is nothing in base64 or a data URL's head.
                u8::try_from(*value).unwrap_or(b'*')
            }
        };
        self.escape = Escape::None;
        Ok(Unescaped::Character(character))
    }

    /// Takes one character; gives the file when it is now known to be one.
    fn character(&mut self, character: u8) -> Result<Option<FilePart>, Fault> {
        match &mut self.stage {
            Stage::Head(head) => {
                head.push(character);
                self.settle(false)
            }
            Stage::Bytes { decoder, out } => {
                decoder.feed(&[character], out).map_err(|bad| not_base64(&self.path, bad))?;
                Ok(None)
            }
        }
    }

    /// Decides what the string is, once its head says so or the string has ended.
    fn settle(&mut self, ended: bool) -> Result<Option<FilePart>, Fault> {
        let Stage::Head(head) = &self.stage else { return Ok(None) };
        let is_data_url = head.get(..5).is_some_and(|s| s.eq_ignore_ascii_case(b"data:"));
        let (declared_type, body_at) = match (is_data_url, head.iter().position(|b| *b == b',')) {
            (true, Some(comma)) => (self.data_url_type(&head[5..comma])?, comma + 1),
            (true, None) if ended || head.len() > DATA_URL_HEAD_CHARS_MAX => {
                return Err(self.wrong("the data URL has no comma"));
            }
            (true, None) => return Ok(None),
            (false, _) if ended || head.len() > SCHEME_CHARS_MAX => (None, 0),
            (false, _) => return Ok(None),
        };
        let (mut decoder, mut out) = (Decoder::default(), BytesMut::new());
        decoder.feed(&head[body_at..], &mut out).map_err(|bad| not_base64(&self.path, bad))?;
        self.stage = Stage::Bytes { decoder, out };
        self.raw = Vec::new();
        let field = self.path.clone();
        Ok(Some(FilePart { field, filename: None, declared_type, bytes: 0 }))
    }

    /// Whether the head shows a URL scheme other than `data`.
    fn is_url(&self) -> bool {
        matches!(&self.stage, Stage::Head(head)
            if head.last() == Some(&b':') && !head.eq_ignore_ascii_case(b"data:")
                && !head[..head.len() - 1].contains(&b':'))
    }

    /// `image/png;base64` → `image/png`.
    fn data_url_type(&self, head: &[u8]) -> Result<Option<String>, Fault> {
        let head = std::str::from_utf8(head).unwrap_or_default();
        let marked =
            head.rsplit(';').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("base64"));
        if !marked {
            return Err(self.wrong("of data URLs only those with `;base64` are taken"));
        }
        Ok(essence(head))
    }

    fn wrong(&self, why: &str) -> Fault {
        Fault::invalid(&format!("body.{}", self.path), "format", format!("must be base64: {why}"))
    }
}

fn ends_string(byte: u8, escaped: &mut bool) -> bool {
    let ends = byte == b'"' && !*escaped;
    *escaped = byte == b'\\' && !*escaped;
    ends
}

fn not_base64(path: &str, bad: super::base64::BadBase64) -> Fault {
    let message = format!("must be base64: {}", bad.message());
    Fault::invalid(&format!("body.{path}"), "format", message)
}
