//! Media types and the file extensions that go with them.

/// Types and their usual extensions; where a type has several, the first is given.
const NAMES: &[(&str, &str)] = &[
    ("image/jpeg", "jpg"),
    ("image/jpeg", "jpeg"),
    ("image/png", "png"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/avif", "avif"),
    ("image/heic", "heic"),
    ("image/heif", "heif"),
    ("image/bmp", "bmp"),
    ("image/tiff", "tiff"),
    ("image/tiff", "tif"),
    ("image/vnd.radiance", "hdr"),
    ("image/x-exr", "exr"),
    ("image/vnd.adobe.photoshop", "psd"),
    ("video/mp4", "mp4"),
    ("video/quicktime", "mov"),
    ("video/webm", "webm"),
    ("video/x-matroska", "mkv"),
    ("video/x-msvideo", "avi"),
    ("audio/mpeg", "mp3"),
    ("audio/wav", "wav"),
    ("audio/ogg", "ogg"),
    ("audio/flac", "flac"),
    ("audio/mp4", "m4a"),
    ("model/gltf-binary", "glb"),
    ("model/gltf+json", "gltf"),
    ("model/obj", "obj"),
    ("model/stl", "stl"),
    ("application/pdf", "pdf"),
    ("application/json", "json"),
    ("text/plain", "txt"),
    ("application/zip", "zip"),
];

/// The usual extension of a media type, without the dot; `bin` for types that are not known.
#[must_use]
pub fn extension(media_type: &str) -> &'static str {
    NAMES.iter().find(|(known, _)| *known == media_type).map_or("bin", |(_, extension)| extension)
}

/// The media type that a file extension promises, in any case.
#[must_use]
pub fn media_type(extension: &str) -> Option<&'static str> {
    let found = NAMES.iter().find(|(_, known)| known.eq_ignore_ascii_case(extension));
    found.map(|(media_type, _)| *media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        assert_eq!(extension("image/jpeg"), "jpg");
        assert_eq!(media_type("JPEG"), Some("image/jpeg"));
        assert_eq!(extension("application/x-unknown"), "bin");
        assert_eq!(media_type("unknown"), None);
    }
}
