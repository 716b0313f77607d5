//! `multipart/form-data`, streamed.
//!
//! Owns: which parts are files, which are text, and their limits. The syntax is `multer`'s, which
//! reads ahead for as long as bytes are ready and looks for a delimiter in all it has read: it is
//! fed one chunk at a time and may not run on without finding something, so memory stays bounded.
//! Never: decides what the fields mean.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use backlot_model::{Fault, Kind};
use bytes::Bytes;
use futures::{Stream, stream};
use multer::{Field, Multipart};

use crate::edge::fields::Fields;
use crate::edge::intake::reader::{Reader, too_large, truncated};
use crate::edge::intake::{
    Content, FilePart, Incoming, IntakeLimits, Sink, TEXT_BYTES_MAX, TEXT_FIELD_BYTES_MAX,
    TEXT_FIELDS_MAX, essence, last_component,
};

/// How far the parser may run ahead of what it has found, beyond one chunk: a part's header.
const UNCLAIMED_BYTES_MAX: usize = 64 << 10;
/// Room in a body for what is neither file nor text: delimiters, headers, skipped parts.
const OVERHEAD_BYTES_MAX: u64 = 1 << 20;

/// A form that was read to its end.
#[derive(Debug)]
pub struct Form {
    /// The text fields; their faults are under `body`.
    pub fields: Fields,
    /// The files, in the order they came.
    pub files: Vec<FilePart>,
}

pub(super) async fn read<K: Sink>(
    incoming: Incoming,
    file_fields: &[&str],
    limits: IntakeLimits,
    sink: &mut K,
) -> Result<Form, Fault> {
    let boundary = boundary(&incoming)?;
    let files_max = limits.files_max as u64;
    let room = OVERHEAD_BYTES_MAX + TEXT_BYTES_MAX as u64;
    let bytes_max = limits.file_bytes_max.saturating_mul(files_max).saturating_add(room);
    let unclaimed = Arc::new(AtomicUsize::new(0));
    let paced = Paced::new(incoming.reader(bytes_max)?, Arc::clone(&unclaimed));
    let mut parts = Multipart::new(paced, boundary);
    let (mut texts, mut files) = (Texts::default(), Vec::new());
    while let Some(part) = parts.next_field().await.map_err(explain)? {
        unclaimed.store(0, Ordering::Relaxed);
        let mut part = Part { field: part, unclaimed: &unclaimed };
        let name = part.field.name().unwrap_or_default().to_owned();
        if file_fields.contains(&name.as_str()) {
            files.extend(part.into_file(&name, limits, files.len(), sink).await?);
        } else if part.is_text() {
            texts.add(name, &mut part).await?;
        } else {
            while part.chunk().await?.is_some() {}
        }
    }
    Ok(Form { fields: Fields::new("body", texts.pairs), files })
}

fn boundary(incoming: &Incoming) -> Result<String, Fault> {
    if incoming.content() != Content::Multipart {
        let message = "the body must be multipart/form-data";
        return Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", message));
    }
    multer::parse_boundary(incoming.content_type().unwrap_or_default()).map_err(|error| {
        let message = "`Content-Type: multipart/form-data` came without its boundary; let the \
                       client library set this header";
        Fault::invalid("body", "format", message).because(error)
    })
}

/// The text parts so far.
#[derive(Default)]
struct Texts {
    pairs: Vec<(String, String)>,
    bytes: usize,
}

impl Texts {
    async fn add(&mut self, name: String, part: &mut Part<'_>) -> Result<(), Fault> {
        let path = format!("body.{name}");
        if self.pairs.len() == TEXT_FIELDS_MAX {
            let message = format!("a form may hold at most {TEXT_FIELDS_MAX} text fields");
            return Err(Fault::invalid("body", "length", message));
        }
        let mut text = Vec::new();
        while let Some(chunk) = part.chunk().await? {
            if text.len() + chunk.len() > TEXT_FIELD_BYTES_MAX {
                return Err(too_large(&path, TEXT_FIELD_BYTES_MAX as u64));
            }
            text.extend_from_slice(&chunk);
        }
        self.bytes += name.len() + text.len();
        if self.bytes > TEXT_BYTES_MAX {
            return Err(too_large("body", TEXT_BYTES_MAX as u64));
        }
        let text = String::from_utf8(text)
            .map_err(|_| Fault::invalid(&path, "format", "must be UTF-8"))?;
        self.pairs.push((name, text));
        Ok(())
    }
}

/// One part, whose progress counts as something found.
struct Part<'p> {
    field: Field<'static>,
    unclaimed: &'p AtomicUsize,
}

impl Part<'_> {
    async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let chunk = self.field.chunk().await.map_err(explain)?;
            self.unclaimed.store(0, Ordering::Relaxed);
            match chunk {
                Some(bytes) if bytes.is_empty() => {}
                other => return Ok(other),
            }
        }
    }

    /// A part without a file name is text, and so is what browsers send for a `Blob` of text.
    fn is_text(&self) -> bool {
        let declared = self.field.content_type().map(|kind| kind.essence_str());
        self.field.file_name().is_none()
            || matches!(declared, Some("application/json" | "text/plain"))
    }

    /// Streams the part into the sink; `None` for the empty part that a browser sends when no
    /// file was chosen.
    async fn into_file<K: Sink>(
        mut self,
        name: &str,
        limits: IntakeLimits,
        files_before: usize,
        sink: &mut K,
    ) -> Result<Option<FilePart>, Fault> {
        let path = format!("body.{name}");
        let mut next = self.chunk().await?;
        if next.is_none() && self.field.file_name() == Some("") {
            return Ok(None);
        }
        if files_before == limits.files_max {
            let message = match limits.files_max {
                1 => "must be given only once".to_owned(),
                many => format!("at most {many} files may be given"),
            };
            return Err(Fault::invalid(&path, "length", message));
        }
        let mut file = FilePart {
            field: name.to_owned(),
            filename: self.field.file_name().and_then(last_component),
            declared_type: self.field.content_type().and_then(|kind| essence(kind.as_ref())),
            bytes: 0,
        };
        sink.begin(&file).await?;
        while let Some(chunk) = next {
            file.bytes += chunk.len() as u64;
            if file.bytes > limits.file_bytes_max {
                return Err(too_large(&path, limits.file_bytes_max));
            }
            sink.write(chunk).await?;
            next = self.chunk().await?;
        }
        Ok(Some(file))
    }
}

/// Tells apart our own faults, which went through the parser, and the parser's.
fn explain(error: multer::Error) -> Fault {
    match error {
        multer::Error::StreamReadFailed(inner) => match inner.downcast::<Fault>() {
            Ok(fault) => *fault,
            Err(inner) => truncated("ended before its end").because(inner),
        },
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => {
            truncated("ended before the form's closing delimiter").because(error)
        }
        other => {
            let message = format!("must be a well-formed multipart form: {other}");
            Fault::invalid("body", "format", message).because(other)
        }
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, Fault>> + Send>>;

/// Hands out one chunk per poll, and gives up when nothing is found in what was handed out.
struct Paced {
    chunks: Chunks,
    unclaimed: Arc<AtomicUsize>,
    handed_out: bool,
}

impl Paced {
    fn new(reader: Reader, unclaimed: Arc<AtomicUsize>) -> Self {
        let chunks = stream::try_unfold(reader, async |mut reader| {
            Ok(reader.next().await?.map(|bytes| (bytes, reader)))
        });
        Self { chunks: Box::pin(chunks), unclaimed, handed_out: false }
    }
}

impl Stream for Paced {
    type Item = Result<Bytes, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.handed_out) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.unclaimed.load(Ordering::Relaxed) > UNCLAIMED_BYTES_MAX {
            let message = "no delimiter where one must stand; is the boundary the right one?";
            return Poll::Ready(Some(Err(Fault::invalid("body", "format", message))));
        }
        let next = ready!(self.chunks.as_mut().poll_next(cx));
        if let Some(Ok(bytes)) = &next {
            self.handed_out = true;
            self.unclaimed.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edge::intake::testing::{Kept, from_stream, incoming};

    const TYPE: &str = "multipart/form-data; boundary=XX";

    /// A form of `(header parameters after form-data, content type, bytes)`.
    fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (parameters, content_type, bytes) in parts {
            let head = format!("--XX\r\nContent-Disposition: form-data; {parameters}\r\n");
            body.extend_from_slice(head.as_bytes());
            if !content_type.is_empty() {
                body.extend_from_slice(format!("Content-Type: {content_type}\r\n").as_bytes());
            }
            body.extend_from_slice(b"\r\n");
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--XX--\r\n");
        body
    }

    fn run(body: &[u8], cuts: &[usize], limits: IntakeLimits) -> (Result<Form, Fault>, Kept) {
        let mut sink = Kept::default();
        let read = incoming(TYPE, body, cuts).multipart(&["file"], limits, &mut sink);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let form = runtime.unwrap().block_on(read);
        (form, sink)
    }

    const LIMITS: IntakeLimits = IntakeLimits::one_file(1 << 20);

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_form(
            file in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b'X'), any::<u8>()], 0..300),
            cuts in prop::collection::vec(1usize..40, 1..6),
        ) {
            // The delimiter itself cannot be inside a file: the client picks another one.
            prop_assume!(!file.windows(6).any(|window| window == b"\r\n--XX"));
            let body = form(&[
                ("name=\"tags[]\"", "", b"a"),
                ("name=\"file\"; filename=\"x.png\"", "image/png", &file),
                ("name=\"tags[]\"", "", "\u{e9}".as_bytes()),
            ]);
            let (form, sink) = run(&body, &cuts, LIMITS);
            let form = form.unwrap();
            prop_assert_eq!(&sink.files, std::slice::from_ref(&file));
            prop_assert_eq!(form.files[0].bytes, file.len() as u64);
            let tags = form.fields.list("tags").unwrap();
            prop_assert_eq!(tags, Some(vec!["a".to_owned(), "\u{e9}".to_owned()]));
        }

        #[test]
        fn a_form_cut_short_is_refused_wherever_it_is_cut(keep in 0usize..160, cut in 1usize..20) {
            let body = form(&[
                ("name=\"file\"; filename=\"x.png\"", "image/png", b"0123456789"),
                ("name=\"name\"", "", b"face"),
            ]);
            let end = body.len() - "--\r\n".len();
            let (form, _) = run(&body[..keep.min(end)], &[cut], LIMITS);
            prop_assert_eq!(form.unwrap_err().kind, Kind::Invalid);
        }
    }

    fn fault(parts: &[(&str, &str, &[u8])], limits: IntakeLimits) -> Fault {
        run(&form(parts), &[7], limits).0.unwrap_err()
    }

    #[test]
    fn what_the_client_says_of_a_file_is_kept() {
        let body = form(&[
            ("name=\"file\"; filename=\"C:\\fakepath\\a b.png\"", "Image/PNG; x=y", b"1"),
            ("name=\"other\"; filename=\"skipped.bin\"", "application/zip", &[0xff; 9_000]),
            ("name=\"parameters\"; filename=\"blob\"", "application/json", b"{}"),
        ]);
        let (form, sink) = run(&body, &[100], LIMITS);
        let form = form.unwrap();
        assert_eq!(form.files.len(), 1);
        assert_eq!(form.files[0].filename.as_deref(), Some("a b.png"));
        assert_eq!(form.files[0].declared_type.as_deref(), Some("image/png"));
        assert_eq!(sink.begun[0].field, "file");
        assert_eq!(form.fields.one("parameters").unwrap(), Some("{}"));
        assert_eq!(form.fields.one("other").unwrap(), None);
    }

    #[test]
    fn a_file_input_left_empty_is_no_file() {
        let empty = ("name=\"file\"; filename=\"\"", "application/octet-stream", &b""[..]);
        let (form, sink) = run(&form(&[empty]), &[50], LIMITS);
        assert!(form.unwrap().files.is_empty());
        assert!(sink.files.is_empty());
    }

    #[test]
    fn limits_name_the_field() {
        let file = ("name=\"file\"; filename=\"a\"", "image/png", &b"0123456789"[..]);
        let large = fault(&[file], IntakeLimits::one_file(9));
        assert_eq!(
            (large.kind, large.fields[0].path.join(".")),
            (Kind::TooLarge, "body.file".into())
        );
        let twice = fault(&[file, file], LIMITS);
        assert_eq!(twice.message, "body.file: must be given only once");
        let text = fault(&[("name=\"note\"", "", &[b'x'; TEXT_FIELD_BYTES_MAX + 1])], LIMITS);
        assert_eq!(
            (text.kind, text.fields[0].path.join(".")),
            (Kind::TooLarge, "body.note".into())
        );
        let many = vec![("name=\"t\"", "", &b"x"[..]); TEXT_FIELDS_MAX + 1];
        assert_eq!(fault(&many, LIMITS).fields[0].rule, "length");
        let bulky = vec![("name=\"t\"", "", &[b'x'; TEXT_FIELD_BYTES_MAX][..]); 17];
        assert_eq!(fault(&bulky, LIMITS).kind, Kind::TooLarge);
        let latin = fault(&[("name=\"note\"", "", b"\xe9")], LIMITS);
        assert_eq!(latin.message, "body.note: must be UTF-8");
    }

    #[test]
    fn endless_headers_and_preambles_are_given_up() {
        for start in ["", "--XX\r\nX-Endless: "] {
            let body = [start.as_bytes(), &[b'a'; 300_000]].concat();
            let fault = run(&body, &[1_000], LIMITS).0.unwrap_err();
            assert!(fault.message.contains("no delimiter"), "{fault}");
        }
    }

    #[tokio::test]
    async fn a_missing_boundary_is_explained() {
        let mut sink = Kept::default();
        let bare = incoming("multipart/form-data", b"", &[1]);
        let fault = bare.multipart(&["file"], LIMITS, &mut sink).await.unwrap_err();
        assert!(fault.message.contains("let the client library set this header"));
        let json = incoming("application/json", b"{}", &[1]);
        let fault = json.multipart(&["file"], LIMITS, &mut sink).await.unwrap_err();
        assert_eq!(fault.kind, Kind::UnsupportedMedia);
    }

    #[tokio::test]
    async fn bytes_pass_through_as_they_come() {
        let head = form(&[("name=\"file\"; filename=\"a\"", "image/png", b"")]);
        let head = Bytes::copy_from_slice(&head[..head.len() - "\r\n--XX--\r\n".len()]);
        let chunk = Bytes::from_static(&[b'x'; 10_000]);
        let chunks = [head].into_iter().chain(std::iter::repeat_n(chunk, 500));
        let tail = Bytes::from_static(b"\r\n--XX--\r\n");
        let stream = stream::iter(chunks.chain([tail]).map(Ok));
        let mut sink = Kept::default();
        let limits = IntakeLimits::one_file(10 << 20);
        let form = from_stream(TYPE, stream).multipart(&["file"], limits, &mut sink).await;
        assert_eq!(form.unwrap().files[0].bytes, 5_000_000);
        assert!(sink.largest_write <= 20_000, "{}", sink.largest_write);
    }

    #[tokio::test]
    async fn a_client_that_goes_away_ends_the_read() {
        let body = form(&[("name=\"file\"; filename=\"a\"", "image/png", b"0123456789")]);
        let begun = Bytes::copy_from_slice(&body[..body.len() - 20]);
        let gone = Err(std::io::Error::other("connection reset"));
        let mut sink = Kept::default();
        let request = from_stream(TYPE, stream::iter([Ok(begun), gone]));
        let fault = request.multipart(&["file"], LIMITS, &mut sink).await.unwrap_err();
        assert_eq!(fault.code, "bytes-truncated");
        assert!(fault.cause.is_some());
    }
}
