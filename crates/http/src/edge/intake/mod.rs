//! How bytes and fields come in: raw, multipart, JSON with base64 inside, plain JSON, forms.
//!
//! Owns: reading a body as a stream, under limits and at a least pace, and handing the bytes of
//! files to a [`Sink`]. Memory does not grow with a file.
//! Never: keeps a file, or looks into one. When a read fails or the client goes away the future
//! ends, and what was written is the sink's to clean up when it is dropped.

pub mod base64;
pub mod body;
pub mod json;
pub mod multipart;
pub mod reader;
pub mod scan;

use std::convert::Infallible;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use backlot_model::Fault;
use bytes::Bytes;

use crate::edge::intake::json::JsonForm;
use crate::edge::intake::multipart::Form;
use crate::edge::intake::reader::{Pace, Reader};

/// Text fields of one form.
pub const TEXT_FIELDS_MAX: usize = 100;
/// One text field, in bytes.
pub const TEXT_FIELD_BYTES_MAX: usize = 64 << 10;
/// All text fields of a form, or all of a JSON body but the bytes inside, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// How deep JSON may nest.
pub const DEPTH_MAX: usize = 64;

const _: () = assert!(TEXT_FIELD_BYTES_MAX < TEXT_BYTES_MAX, "one field fits a form");

/// Where the bytes of files go.
pub trait Sink: Send {
    /// A file begins; its `bytes` are still 0. Refusing here spares the client the upload.
    ///
    /// # Errors
    /// The upload ends with the fault.
    fn begin(&mut self, part: &FilePart) -> impl Future<Output = Result<(), Fault>> + Send {
        let _ = part;
        async { Ok(()) }
    }

    /// The next bytes of the file that began last; never empty.
    ///
    /// # Errors
    /// The upload ends with the fault.
    fn write(&mut self, bytes: Bytes) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What a client says about a file it sent. None of it is to be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The field that carried it: `file`, `images.0.base64`; `body` for a raw body.
    pub field: String,
    /// The last component of the file name that was given with it; never empty.
    pub filename: Option<String>,
    /// Its media type without parameters, in lower case.
    pub declared_type: Option<String>,
    /// How many bytes came.
    pub bytes: u64,
}

/// What one call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntakeLimits {
    /// One file, in bytes, decoded.
    pub file_bytes_max: u64,
    /// How many files; one more is a fault that names its field.
    pub files_max: usize,
}

impl IntakeLimits {
    /// One file of at most this many bytes.
    #[must_use]
    pub const fn one_file(file_bytes_max: u64) -> Self {
        Self { file_bytes_max, files_max: 1 }
    }
}

/// The form that a body is in, by its `Content-Type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// There is no `Content-Type`.
    Undeclared,
    /// `application/json`, or any type with the suffix `+json`.
    Json,
    /// `multipart/form-data`.
    Multipart,
    /// `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// Anything else: bytes.
    Bytes,
}

/// A request's body, not yet read, and the header fields that say what it is.
#[derive(Debug)]
pub struct Incoming {
    headers: HeaderMap,
    pace: Pace,
    body: HttpBody,
}

impl Incoming {
    /// The form that the body is in.
    #[must_use]
    pub fn content(&self) -> Content {
        match self.declared_type().as_deref() {
            None => Content::Undeclared,
            Some("multipart/form-data") => Content::Multipart,
            Some("application/x-www-form-urlencoded") => Content::UrlEncoded,
            Some("application/json" | "text/json") => Content::Json,
            Some(other) if other.ends_with("+json") => Content::Json,
            Some(_) => Content::Bytes,
        }
    }

    /// The declared media type without parameters, in lower case.
    #[must_use]
    pub fn declared_type(&self) -> Option<String> {
        essence(self.content_type()?)
    }

    /// The declared length in bytes; absent for a chunked body.
    #[must_use]
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Streams the whole body into `sink` as one file.
    ///
    /// # Errors
    /// Too large, an encoding we do not undo, a body that ends early or stalls; the sink's own.
    pub async fn raw<K: Sink>(
        self,
        filename: Option<&str>,
        file_bytes_max: u64,
        sink: &mut K,
    ) -> Result<FilePart, Fault> {
        let mut part = FilePart {
            field: "body".to_owned(),
            filename: filename.and_then(last_component),
            declared_type: self.declared_type(),
            bytes: 0,
        };
        let mut reader = self.reader(file_bytes_max)?;
        sink.begin(&part).await?;
        while let Some(chunk) = reader.next().await? {
            part.bytes += chunk.len() as u64;
            sink.write(chunk).await?;
        }
        Ok(part)
    }

    /// Reads a multipart form: the parts named in `file_fields` go to `sink` as they come, text
    /// parts are collected, other files are skipped. Parts may come in any order.
    ///
    /// # Errors
    /// Not multipart, broken or truncated, too many or too large parts, text that is not UTF-8,
    /// more files than allowed; the sink's own.
    pub async fn multipart<K: Sink>(
        self,
        file_fields: &[&str],
        limits: IntakeLimits,
        sink: &mut K,
    ) -> Result<Form, Fault> {
        multipart::read(self, file_fields, limits, sink).await
    }

    /// Reads a JSON object whose fields `byte_fields` (paths such as `image` or
    /// `images.*.base64`) may hold base64 or a base64 data URL: the bytes go to `sink` as they
    /// come and the field becomes null. A string with another URL scheme stays a string.
    ///
    /// # Errors
    /// Not JSON, broken or truncated, a key twice, nested over [`DEPTH_MAX`], over
    /// [`TEXT_BYTES_MAX`] without the bytes, bad base64, too large; the sink's own.
    pub async fn json_with_bytes<K: Sink>(
        self,
        byte_fields: &[&str],
        limits: IntakeLimits,
        sink: &mut K,
    ) -> Result<JsonForm, Fault> {
        json::read(self, byte_fields, limits, sink).await
    }

    pub(crate) fn content_type(&self) -> Option<&str> {
        self.headers.get(header::CONTENT_TYPE)?.to_str().ok()
    }

    /// Opens the body for reading at most `bytes_max` bytes.
    pub(crate) fn reader(self, bytes_max: u64) -> Result<Reader, Fault> {
        let length = self.content_length();
        let encoding = self.headers.get(header::CONTENT_ENCODING);
        reader::refuse_encoded(encoding)?;
        Reader::open(self.body, length, bytes_max, self.pace)
    }
}

impl<S: Sync> FromRequest<S> for Incoming {
    type Rejection = Infallible;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Infallible> {
        let (parts, body) = request.into_parts();
        let pace = parts.extensions.get::<Pace>().copied().unwrap_or_default();
        Ok(Self { headers: parts.headers, pace, body })
    }
}

/// `Image/PNG; q=1` → `image/png`; `None` for what is no media type.
pub(crate) fn essence(content_type: &str) -> Option<String> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    let word = |text: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
        !text.is_empty() && text.bytes().all(fits)
    };
    (word(kind) && word(subtype) && essence.len() <= 255).then_some(essence)
}

/// The last component of a file name that may come with a path of any system.
pub(crate) fn last_component(filename: &str) -> Option<String> {
    let last = filename.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    (!last.is_empty()).then(|| last.to_owned())
}

#[cfg(test)]
pub(crate) mod testing {
    //! A sink that remembers, and bodies in any chunking.

    use super::*;

    /// Keeps what was written; fails when told to.
    #[derive(Debug, Default)]
    pub(crate) struct Kept {
        pub(crate) begun: Vec<FilePart>,
        pub(crate) files: Vec<Vec<u8>>,
        pub(crate) largest_write: usize,
        pub(crate) fail_after: Option<usize>,
    }

    impl Sink for Kept {
        async fn begin(&mut self, part: &FilePart) -> Result<(), Fault> {
            self.begun.push(part.clone());
            self.files.push(Vec::new());
            Ok(())
        }

        async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
            assert!(!bytes.is_empty());
            self.largest_write = self.largest_write.max(bytes.len());
            self.files.last_mut().unwrap().extend_from_slice(&bytes);
            let written: usize = self.files.iter().map(Vec::len).sum();
            if self.fail_after.is_some_and(|limit| written > limit) {
                let kind = backlot_model::Kind::Unavailable;
                return Err(Fault::new(kind, "storage-full", "the storage is full"));
            }
            Ok(())
        }
    }

    /// A request body of `bytes`, cut after each of the lengths `cuts` in turn.
    pub(crate) fn incoming(content_type: &str, bytes: &[u8], cuts: &[usize]) -> Incoming {
        let mut rest = Bytes::copy_from_slice(bytes);
        let mut chunks = Vec::new();
        for cut in cuts.iter().cycle().take(bytes.len() * 2) {
            if rest.is_empty() {
                break;
            }
            chunks.push(Ok::<_, std::io::Error>(rest.split_to((*cut).min(rest.len()))));
        }
        chunks.push(Ok(rest));
        from_stream(content_type, futures::stream::iter(chunks))
    }

    /// A request body from a stream.
    pub(crate) fn from_stream(
        content_type: &str,
        stream: impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static,
    ) -> Incoming {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        Incoming { headers, pace: Pace::default(), body: HttpBody::from_stream(stream) }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Kept, incoming};
    use super::*;

    #[test]
    fn content_is_told_by_its_type() {
        for (declared, content) in [
            ("application/json; charset=utf-8", Content::Json),
            ("application/problem+JSON", Content::Json),
            ("multipart/form-data; boundary=x", Content::Multipart),
            ("application/x-www-form-urlencoded", Content::UrlEncoded),
            ("image/png", Content::Bytes),
            ("nonsense", Content::Undeclared),
        ] {
            assert_eq!(incoming(declared, b"", &[1]).content(), content, "{declared}");
        }
    }

    #[test]
    fn only_the_last_component_of_a_file_name_counts() {
        for (given, kept) in [
            ("a.png", Some("a.png")),
            ("C:\\pictures\\a.png", Some("a.png")),
            ("../../etc/passwd", Some("passwd")),
            ("folder/", None),
            ("  ", None),
        ] {
            assert_eq!(last_component(given).as_deref(), kept);
        }
    }

    #[tokio::test]
    async fn a_raw_body_streams_through() {
        let mut sink = Kept::default();
        let body = incoming("Image/PNG", b"0123456789", &[3]);
        let part = body.raw(Some("x/a.png"), 10, &mut sink).await.unwrap();
        assert_eq!(part.bytes, 10);
        assert_eq!(part.filename.as_deref(), Some("a.png"));
        assert_eq!(part.declared_type.as_deref(), Some("image/png"));
        assert_eq!((sink.files[0].as_slice(), sink.largest_write), (&b"0123456789"[..], 3));
        assert_eq!(sink.begun[0].bytes, 0);
    }

    #[tokio::test]
    async fn the_limit_holds_and_the_sink_may_refuse() {
        let mut sink = Kept::default();
        let over = incoming("image/png", b"0123456789", &[3]).raw(None, 9, &mut sink).await;
        let fault = over.unwrap_err();
        assert_eq!(fault.kind, backlot_model::Kind::TooLarge);
        let mut full = Kept { fail_after: Some(2), ..Kept::default() };
        let fault = incoming("image/png", b"0123", &[3]).raw(None, 9, &mut full).await;
        assert_eq!(fault.unwrap_err().code, "storage-full");
    }
}
