//! Tells what bytes are from their beginning.
//!
//! Owns: the table of signatures. The type found here wins over file name and declared type.
//! Never: looks past the head it is given, or says whether a thing is well formed.

use backlot_model::media::MediaKind;

use crate::bytes::{Bytes, contains};

/// How many bytes from the start [`sniff`] wants to see; fewer are enough for most formats.
pub const SNIFF_BYTES: usize = 8_192;

/// What some bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The registered media type, or the common one where none is.
    pub media_type: &'static str,
    /// The usual file extension, without the dot.
    pub extension: &'static str,
    /// Which kind of medium.
    pub kind: MediaKind,
}

impl Sniffed {
    const fn new(media_type: &'static str, extension: &'static str, kind: MediaKind) -> Self {
        Self { media_type, extension, kind }
    }

    /// Whether it is active content (SVG, HTML) that must not be stored: shown by a browser, it
    /// could run scripts in our origin.
    #[must_use]
    pub fn is_active_content(&self) -> bool {
        matches!(self.media_type, "image/svg+xml" | "text/html")
    }
}

use MediaKind::{Audio, Document, Image, ImageHdr, Json, Other, Text, ThreeD, Video};

const PNG: Sniffed = Sniffed::new("image/png", "png", Image);
const TIFF: Sniffed = Sniffed::new("image/tiff", "tiff", Image);
const GIF: Sniffed = Sniffed::new("image/gif", "gif", Image);
const AVIF: Sniffed = Sniffed::new("image/avif", "avif", Image);
const HEIC: Sniffed = Sniffed::new("image/heic", "heic", Image);
const HEIF: Sniffed = Sniffed::new("image/heif", "heif", Image);
const HDR: Sniffed = Sniffed::new("image/vnd.radiance", "hdr", ImageHdr);
const MP3: Sniffed = Sniffed::new("audio/mpeg", "mp3", Audio);
const ZIP: Sniffed = Sniffed::new("application/zip", "zip", Other);

/// Signatures that settle the matter, at the offset given.
const SIGNATURES: &[(usize, &[u8], Sniffed)] = &[
    (0, b"\xff\xd8\xff", Sniffed::new("image/jpeg", "jpg", Image)),
    (0, b"\x89PNG\r\n\x1a\n", PNG),
    (0, b"GIF87a", GIF),
    (0, b"GIF89a", GIF),
    (0, b"II*\0", TIFF),
    (0, b"MM\0*", TIFF),
    (0, b"II+\0", TIFF),
    (0, b"MM\0+", TIFF),
    (0, b"#?RADIANCE", HDR),
    (0, b"#?RGBE", HDR),
    (0, b"\x76\x2f\x31\x01", Sniffed::new("image/x-exr", "exr", ImageHdr)),
    (0, b"\xff\x0a", Sniffed::new("image/jxl", "jxl", Image)),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Sniffed::new("image/jxl", "jxl", Image)),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", Sniffed::new("image/jp2", "jp2", Image)),
    (0, b"8BPS", Sniffed::new("image/vnd.adobe.photoshop", "psd", Document)),
    (0, b"%PDF-", Sniffed::new("application/pdf", "pdf", Document)),
    (0, b"{\\rtf", Sniffed::new("application/rtf", "rtf", Document)),
    (0, b"glTF", Sniffed::new("model/gltf-binary", "glb", ThreeD)),
    (0, b"Kaydara FBX Binary  \0", Sniffed::new("model/x-fbx", "fbx", ThreeD)),
    (0, b"ply\n", Sniffed::new("model/x-ply", "ply", ThreeD)),
    (0, b"ply\r\n", Sniffed::new("model/x-ply", "ply", ThreeD)),
    (0, b"PXR-USDC", Sniffed::new("model/vnd.usd", "usdc", ThreeD)),
    (0, b"#usda 1.", Sniffed::new("model/vnd.usd", "usda", ThreeD)),
    (0, b"fLaC", Sniffed::new("audio/flac", "flac", Audio)),
    (0, b"ID3", MP3),
    (0, b"MThd", Sniffed::new("audio/midi", "mid", Audio)),
    (0, b"#!AMR", Sniffed::new("audio/amr", "amr", Audio)),
    (0, b"FLV\x01", Sniffed::new("video/x-flv", "flv", Video)),
    (0, b"\0\0\x01\xba", Sniffed::new("video/mpeg", "mpg", Video)),
    (0, b"\x1f\x8b", Sniffed::new("application/gzip", "gz", Other)),
    (0, b"7z\xbc\xaf\x27\x1c", Sniffed::new("application/x-7z-compressed", "7z", Other)),
    (0, b"Rar!\x1a\x07", Sniffed::new("application/vnd.rar", "rar", Other)),
    (0, b"\x28\xb5\x2f\xfd", Sniffed::new("application/zstd", "zst", Other)),
    (257, b"ustar", Sniffed::new("application/x-tar", "tar", Other)),
];

/// Tells what the bytes are that begin with `head` (give [`SNIFF_BYTES`] of them, or all).
///
/// `None` is for an empty file and for binary data that no signature matches.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Sniffed> {
    let signed = SIGNATURES
        .iter()
        .find(|(at, signature, _)| head.get(*at..).is_some_and(|from| from.starts_with(signature)));
    if let Some((_, _, sniffed)) = signed {
        return Some(*sniffed);
    }
    container(head).or_else(|| text(head)).or_else(|| weak(head))
}

/// Formats that say only inside what they hold.
fn container(head: &[u8]) -> Option<Sniffed> {
    match (head.get(..4)?, head.get(4..8), head.get(8..12)) {
        (b"RIFF", _, Some(form)) => riff(form),
        (b"FORM", _, Some(b"AIFF" | b"AIFC")) => Some(Sniffed::new("audio/aiff", "aiff", Audio)),
        (_, Some(b"ftyp"), _) => ftyp(head),
        (_, Some(b"moov" | b"mdat" | b"wide"), _) => {
            Some(Sniffed::new("video/quicktime", "mov", Video))
        }
        (b"OggS", ..) => Some(ogg(head)),
        (b"\x1a\x45\xdf\xa3", ..) => Some(matroska(head)),
        (b"PK\x03\x04" | b"PK\x05\x06", ..) => Some(zip(head)),
        _ => None,
    }
}

fn riff(form: &[u8]) -> Option<Sniffed> {
    match form {
        b"WEBP" => Some(Sniffed::new("image/webp", "webp", Image)),
        b"WAVE" => Some(Sniffed::new("audio/wav", "wav", Audio)),
        b"AVI " => Some(Sniffed::new("video/x-msvideo", "avi", Video)),
        _ => None,
    }
}

/// ISO base media: the major brand speaks first, then the compatible ones.
fn ftyp(head: &[u8]) -> Option<Sniffed> {
    let mut bytes = Bytes::new(head);
    let len = usize::try_from(bytes.u32_be()?).ok()?.clamp(16, 512).min(head.len());
    let brands: Vec<&[u8]> = head.get(8..len)?.chunks_exact(4).collect();
    let major = *brands.first()?;
    let has = |brand: &[u8]| brands.contains(&brand);
    Some(match major {
        b"avif" | b"avis" => AVIF,
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => HEIC,
        b"mif1" | b"msf1" | b"mif2" if has(b"avif") || has(b"avis") => AVIF,
        b"mif1" | b"msf1" | b"mif2" if has(b"heic") || has(b"heix") || has(b"hevc") => HEIC,
        b"mif1" | b"msf1" | b"mif2" => HEIF,
        b"qt  " => Sniffed::new("video/quicktime", "mov", Video),
        b"M4A " | b"M4B " | b"M4P " => Sniffed::new("audio/mp4", "m4a", Audio),
        b"crx " => Sniffed::new("image/x-canon-cr3", "cr3", Image),
        _ if major.starts_with(b"3gp") => Sniffed::new("video/3gpp", "3gp", Video),
        _ if major.starts_with(b"3g2") => Sniffed::new("video/3gpp2", "3g2", Video),
        _ => Sniffed::new("video/mp4", "mp4", Video),
    })
}

fn ogg(head: &[u8]) -> Sniffed {
    let first_page = &head[..head.len().min(256)];
    if contains(first_page, b"\x80theora") || contains(first_page, b"\x01video") {
        return Sniffed::new("video/ogg", "ogv", Video);
    }
    Sniffed::new("audio/ogg", "ogg", Audio)
}

fn matroska(head: &[u8]) -> Sniffed {
    if contains(&head[..head.len().min(128)], b"webm") {
        return Sniffed::new("video/webm", "webm", Video);
    }
    Sniffed::new("video/x-matroska", "mkv", Video)
}

/// A USDZ is a ZIP whose first entry is a USD layer.
fn zip(head: &[u8]) -> Sniffed {
    let name_len =
        head.get(26..28).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
    let name = head.get(30..30 + name_len).unwrap_or_default().to_ascii_lowercase();
    let is_layer = [".usdc", ".usda", ".usd"].iter().any(|end| name.ends_with(end.as_bytes()));
    if is_layer { Sniffed::new("model/vnd.usdz+zip", "usdz", ThreeD) } else { ZIP }
}

/// Text of any sort: UTF-8 (which may be cut at the end of the head) or UTF-16 with a mark.
fn text(head: &[u8]) -> Option<Sniffed> {
    const PLAIN: Sniffed = Sniffed::new("text/plain", "txt", Text);
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some(PLAIN);
    }
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let body = match std::str::from_utf8(head) {
        Ok(body) => body,
        Err(fault) if fault.error_len().is_none() => {
            std::str::from_utf8(&head[..fault.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return None,
    };
    let is_binary = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b');
    if body.is_empty() || body.contains(is_binary) {
        return None;
    }
    let trimmed = body.trim_start();
    match trimmed.as_bytes().first() {
        Some(b'<') => Some(markup(trimmed)),
        Some(b'{' | b'[') => Some(json(trimmed)),
        _ => Some(mesh(trimmed).unwrap_or(PLAIN)),
    }
}

/// What begins with `<`. SVG and HTML are searched for behind prologues and comments.
fn markup(body: &str) -> Sniffed {
    const HTML_STARTS: &[&str] = &[
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<style",
        "<title",
        "<table",
        "<div",
        "<font",
        "<img",
        "<a ",
        "<p>",
        "<br",
        "<h1",
        "<b>",
    ];
    let lower = body.to_ascii_lowercase();
    if lower.contains("<svg") || lower.contains("//dtd svg") {
        return Sniffed::new("image/svg+xml", "svg", Image);
    }
    let is_html = HTML_STARTS.iter().any(|start| lower.starts_with(start));
    if is_html || lower.contains("<html") || lower.contains("<script") {
        return Sniffed::new("text/html", "html", Text);
    }
    if lower.starts_with("<?xml") {
        return Sniffed::new("application/xml", "xml", Text);
    }
    Sniffed::new("text/plain", "txt", Text)
}

fn json(body: &str) -> Sniffed {
    let is_gltf = body.contains("\"asset\"")
        && ["\"scenes\"", "\"meshes\"", "\"accessors\"", "\"buffers\""]
            .iter()
            .any(|member| body.contains(member));
    if is_gltf {
        return Sniffed::new("model/gltf+json", "gltf", ThreeD);
    }
    // A bracket may open prose as well: JSON goes on with a value, a name or its end.
    let next = body[1..].trim_start().chars().next();
    let goes_on = match (body.as_bytes()[0], next) {
        (_, None) => false,
        (b'{', Some(c)) => matches!(c, '"' | '}'),
        (_, Some(c)) => {
            matches!(c, '"' | '{' | '[' | ']' | '-' | 't' | 'f' | 'n') || c.is_ascii_digit()
        }
    };
    if goes_on {
        return Sniffed::new("application/json", "json", Json);
    }
    Sniffed::new("text/plain", "txt", Text)
}

/// Meshes written as text.
fn mesh(body: &str) -> Option<Sniffed> {
    if body.starts_with("solid") && body.contains("facet normal") {
        return Some(Sniffed::new("model/stl", "stl", ThreeD));
    }
    if body.starts_with("; FBX") {
        return Some(Sniffed::new("model/x-fbx", "fbx", ThreeD));
    }
    let vertices = body.lines().filter(|line| is_vertex(line)).count();
    (vertices >= 3).then_some(Sniffed::new("model/obj", "obj", ThreeD))
}

/// `v 1.0 2.0 3.0`
fn is_vertex(line: &str) -> bool {
    let Some(numbers) = line.strip_prefix("v ") else { return false };
    let numbers: Vec<_> = numbers.split_whitespace().map(str::parse::<f64>).collect();
    numbers.len() >= 3 && numbers.iter().all(Result::is_ok)
}

/// Signatures so short that they are asked last.
fn weak(head: &[u8]) -> Option<Sniffed> {
    if is_bmp(head) {
        return Some(Sniffed::new("image/bmp", "bmp", Image));
    }
    if crate::other::mp3_frame(head).is_some() {
        return Some(MP3);
    }
    if head.len() > 2 && head[0] == 0xff && matches!(head[1], 0xf1 | 0xf9) {
        return Some(Sniffed::new("audio/aac", "aac", Audio));
    }
    if is_safetensors(head) {
        return Some(Sniffed::new("application/x-safetensors", "safetensors", Other));
    }
    is_binary_stl(head).then_some(Sniffed::new("model/stl", "stl", ThreeD))
}

fn is_bmp(head: &[u8]) -> bool {
    let header_len =
        head.get(14..18).map(|len| u32::from_le_bytes([len[0], len[1], len[2], len[3]]));
    head.starts_with(b"BM") && matches!(header_len, Some(12 | 40 | 52 | 56 | 64 | 108 | 124))
}

/// A header length, then a JSON object of that length.
fn is_safetensors(head: &[u8]) -> bool {
    let mut bytes = Bytes::new(head);
    let header_len = bytes.u64_le().unwrap_or(0);
    (2..100_000_000).contains(&header_len) && bytes.rest().starts_with(b"{\"")
}

/// Eighty bytes of anything, a count, and triangles: the first one's normal has length one or
/// none, and its attribute word is zero.
fn is_binary_stl(head: &[u8]) -> bool {
    let mut bytes = Bytes::new(head);
    let Some(count) = bytes.skip(80).and_then(|()| bytes.u32_le()) else { return false };
    let mut floats = [0_f32; 12];
    for float in &mut floats {
        match bytes.u32_le() {
            Some(bits) => *float = f32::from_bits(bits),
            None => return false,
        }
    }
    let length = floats[..3].iter().map(|axis| axis * axis).sum::<f32>().sqrt();
    let is_normal = length == 0.0 || (0.99..1.01).contains(&length);
    let is_somewhere = floats[3..].iter().any(|place| *place != 0.0);
    count > 0
        && is_normal
        && is_somewhere
        && floats.iter().all(|float| float.is_finite() && float.abs() < 1e9)
        && bytes.u16_le() == Some(0)
}
