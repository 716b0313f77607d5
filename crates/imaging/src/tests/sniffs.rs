//! Which bytes are what.

use std::io::Cursor;

use super::{ASTRONAUT, HUBBLE, files, heif_files};
use crate::{OtherFacts, probe_other, sniff};

#[track_caller]
fn check(head: &[u8], expected: Option<(&str, &str)>) {
    let got = sniff(head).map(|it| (it.media_type, it.extension));
    assert_eq!(got, expected, "{:?}", String::from_utf8_lossy(&head[..head.len().min(40)]));
}

#[test]
fn pictures_are_known_by_their_bytes() {
    check(HUBBLE, Some(("image/jpeg", "jpg")));
    check(ASTRONAUT, Some(("image/png", "png")));
    check(&files::tiny_gif(1), Some(("image/gif", "gif")));
    check(b"RIFF\x10\0\0\0WEBPVP8 ", Some(("image/webp", "webp")));
    check(b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", Some(("image/avif", "avif")));
    check(b"\0\0\0\x18ftypmif1\0\0\0\0heicmif1", Some(("image/heic", "heic")));
    check(b"\0\0\0\x14ftypmif1\0\0\0\0jpeg", Some(("image/heif", "heif")));
    check(b"\0\0\0\x14ftypheix\0\0\0\0mif1", Some(("image/heic", "heic")));
    check(b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xff", Some(("image/bmp", "bmp")));
    check(b"MM\0*\0\0\0\x08", Some(("image/tiff", "tiff")));
    check(b"#?RADIANCE\n", Some(("image/vnd.radiance", "hdr")));
    check(b"\x76\x2f\x31\x01\x02\0\0\0", Some(("image/x-exr", "exr")));
    check(b"8BPS\0\x01", Some(("image/vnd.adobe.photoshop", "psd")));
}

#[test]
fn films_sound_and_meshes_are_known_by_their_bytes() {
    check(b"\0\0\0\x14ftypisom\0\0\0\0mp42", Some(("video/mp4", "mp4")));
    check(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", Some(("video/quicktime", "mov")));
    check(b"\0\0\0\x14ftypM4A \0\0\0\0M4A ", Some(("audio/mp4", "m4a")));
    check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", Some(("video/webm", "webm")));
    check(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", Some(("video/x-matroska", "mkv")));
    check(b"RIFF\x10\0\0\0AVI LIST", Some(("video/x-msvideo", "avi")));
    check(b"RIFF\x10\0\0\0WAVEfmt ", Some(("audio/wav", "wav")));
    check(b"OggS\0\x02\0\0\0\0\0\0\0\0\x01vorbis", Some(("audio/ogg", "ogg")));
    check(b"ID3\x04\0\0\0\0\0\0", Some(("audio/mpeg", "mp3")));
    check(b"\xff\xfb\x90\x64\0\0\0\0", Some(("audio/mpeg", "mp3")));
    check(b"fLaC\0\0\0\x22", Some(("audio/flac", "flac")));
    check(b"glTF\x02\0\0\0", Some(("model/gltf-binary", "glb")));
    check(br#"{"asset":{"version":"2.0"},"scenes":[]}"#, Some(("model/gltf+json", "gltf")));
    check(b"# cube\nv 0 0 0\nv 0 0 1\nv 0 1 0\n", Some(("model/obj", "obj")));
    check(b"Kaydara FBX Binary  \0\x1a\0", Some(("model/x-fbx", "fbx")));
    check(b"ply\nformat ascii 1.0\n", Some(("model/x-ply", "ply")));
    check(b"solid cube\n facet normal 0 0 1\n", Some(("model/stl", "stl")));
    check(&binary_stl(), Some(("model/stl", "stl")));
    check(&zip_with(b"scene.usdc"), Some(("model/vnd.usdz+zip", "usdz")));
}

#[test]
fn documents_and_text_are_known_by_their_bytes() {
    check(b"%PDF-1.7\n", Some(("application/pdf", "pdf")));
    check(&zip_with(b"picture.png"), Some(("application/zip", "zip")));
    check(b"  {\"a\": 1}", Some(("application/json", "json")));
    check(b"[1, 2]", Some(("application/json", "json")));
    check(b"[see below] and so on", Some(("text/plain", "txt")));
    check("Grüße\n".as_bytes(), Some(("text/plain", "txt")));
    check(&"ü".as_bytes()[..1], None);
    check(&"aü".as_bytes()[..2], Some(("text/plain", "txt")));
    check(b"\xff\xfea\0b\0", Some(("text/plain", "txt")));
    check(b"\x40\0\0\0\0\0\0\0{\"a\":{}", Some(("application/x-safetensors", "safetensors")));
    check(b"", None);
    check(b"MZ\x90\0\x03\0\0\0", None);
    check(b"\x7fELF\x02\x01\x01\0", None);
}

#[test]
fn active_content_is_seen_through_its_disguises() {
    for svg in [
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
        "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<svg/>",
        "\u{feff}  <!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\"><SVG/>",
        "<x:svg xmlns:x='http://www.w3.org/2000/svg'/><svg/>",
    ] {
        check(svg.as_bytes(), Some(("image/svg+xml", "svg")));
        assert!(sniff(svg.as_bytes()).unwrap().is_active_content());
    }
    for html in ["<!DOCTYPE html><p>", "\n <html>", "<script>alert(1)</script>", "<!-- --><html>"] {
        check(html.as_bytes(), Some(("text/html", "html")));
        assert!(sniff(html.as_bytes()).unwrap().is_active_content());
    }
    assert!(!sniff(HUBBLE).unwrap().is_active_content());
}

fn binary_stl() -> Vec<u8> {
    let mut file = vec![0_u8; 80];
    file.extend_from_slice(&1_u32.to_le_bytes());
    let triangle = [0.0_f32, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    triangle.iter().for_each(|number| file.extend_from_slice(&number.to_le_bytes()));
    file.extend_from_slice(&[0, 0]);
    file
}

fn zip_with(name: &[u8]) -> Vec<u8> {
    let mut file = b"PK\x03\x04".to_vec();
    file.resize(26, 0);
    file.extend_from_slice(&(name.len() as u16).to_le_bytes());
    file.extend_from_slice(&[0, 0]);
    file.extend_from_slice(name);
    file
}

#[track_caller]
fn check_other(file: &[u8], width: Option<u32>, height: Option<u32>, duration_ms: Option<u64>) {
    let sniffed = sniff(&file[..file.len().min(crate::SNIFF_BYTES)]).unwrap();
    let facts = probe_other(&mut Cursor::new(file), &sniffed);
    assert_eq!(facts, OtherFacts { width, height, duration_ms }, "{}", sniffed.media_type);
    // Cut anywhere, it gives less, but it gives.
    for len in 0..file.len().min(400) {
        let _ = probe_other(&mut Cursor::new(&file[..len]), &sniffed);
    }
}

#[test]
fn sound_says_how_long_it_is() {
    let mut wav =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data"
            .to_vec();
    wav.extend_from_slice(&16_000_u32.to_le_bytes());
    wav.resize(wav.len() + 16_000, 0);
    check_other(&wav, None, None, Some(1_000));

    let mut flac = b"fLaC\0\0\0\x22".to_vec();
    flac.extend_from_slice(&[0; 10]);
    flac.extend_from_slice(&(44_100_u64 << 44 | 441_000).to_be_bytes());
    check_other(&flac, None, None, Some(10_000));

    // 128 kbit/s, no Xing header: 16,000 bytes are a second.
    let mut mp3 = b"\xff\xfb\x90\x64".to_vec();
    mp3.resize(16_000, 0);
    check_other(&mp3, None, None, Some(1_000));

    let mut ogg = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\x01vorbis\0\0\0\0\x02".to_vec();
    ogg.extend_from_slice(&48_000_u32.to_le_bytes());
    ogg.extend_from_slice(b"OggS\0\x04");
    ogg.extend_from_slice(&96_000_u64.to_le_bytes());
    check_other(&ogg, None, None, Some(2_000));
}

#[test]
fn films_say_how_large_and_long_they_are() {
    let file = heif_files::movie(1_920, 1_080, 600, 3_000, 0);
    check_other(&file, Some(1_920), Some(1_080), Some(5_000));

    let mut webm = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm".to_vec();
    webm.extend_from_slice(b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff");
    webm.extend_from_slice(b"\x15\x49\xa9\x66\x87\x44\x89\x84");
    webm.extend_from_slice(&2_500_f32.to_be_bytes());
    webm.extend_from_slice(b"\x16\x54\xae\x6b\x8c\xae\x8a\xe0\x88\xb0\x82\x02\x80\xba\x82\x01\x68");
    check_other(&webm, Some(640), Some(360), Some(2_500));

    let mut avi = b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrlavih\x38\0\0\0".to_vec();
    for number in [40_000_u32, 0, 0, 0, 50, 0, 1, 0, 320, 240] {
        avi.extend_from_slice(&number.to_le_bytes());
    }
    check_other(&avi, Some(320), Some(240), Some(2_000));
}
