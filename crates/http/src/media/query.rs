//! What a picture's address asks for: a signature, and how the picture is to be changed.

use axum::http::{HeaderMap, header};
use backlot_library::delivery::{Fit, FormatChoice, OutputFormat, TransformRequest};
use backlot_library::signing::Signature;
use backlot_model::Fault;
use backlot_model::fault::FieldFault;

/// Quality when none is asked for.
const QUALITY: u8 = 80;

/// A parsed query string.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) signature: Option<Signature>,
    pub(super) transform: Option<TransformRequest>,
    /// Whether the answer depends on `Accept`.
    pub(super) varies: bool,
}

impl Query {
    /// Reads `?width=&height=&fit=&format=&quality=` and the signature; others are ignored.
    ///
    /// # Errors
    /// `invalid` with each wrong parameter; `bad-signature`.
    pub(super) fn parse(raw: &str, headers: &HeaderMap) -> Result<Self, Fault> {
        let pairs: Vec<(String, String)> =
            url::form_urlencoded::parse(raw.as_bytes()).into_owned().collect();
        let by_ref = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signature = Signature::parse(by_ref)?;
        let mut faults = Vec::new();
        let last = |name: &str| {
            let found = pairs.iter().rev().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
        };
        let width = last("width").and_then(|it| keep(&mut faults, number("width", it, 16_384)));
        let height = last("height").and_then(|it| keep(&mut faults, number("height", it, 16_384)));
        let quality = last("quality").and_then(|it| keep(&mut faults, number("quality", it, 100)));
        let fit = last("fit").and_then(|it| keep(&mut faults, parse_fit(it)));
        let auto = last("format") == Some("auto");
        let format = match last("format") {
            Some("auto") => Some(FormatChoice::Exactly(best_of(headers))),
            Some(word) => keep(&mut faults, parse_format(word)).map(FormatChoice::Exactly),
            None => None,
        };
        if !faults.is_empty() {
            return Err(Fault::invalid_fields(faults));
        }
        let changed = width.is_some() || height.is_some() || format.is_some();
        let transform = changed.then(|| TransformRequest {
            width,
            height,
            fit: fit.unwrap_or(Fit::Inside),
            format: format.unwrap_or(FormatChoice::Same),
            quality: quality.and_then(|it| u8::try_from(it).ok()).unwrap_or(QUALITY),
        });
        Ok(Self { signature, transform, varies: auto })
    }
}

fn keep<T>(faults: &mut Vec<FieldFault>, read: Result<T, FieldFault>) -> Option<T> {
    read.map_err(|fault| faults.push(fault)).ok()
}

fn number(name: &str, raw: &str, most: u32) -> Result<u32, FieldFault> {
    let found = raw.parse().ok().filter(|it| (1..=most).contains(it));
    found.ok_or_else(|| {
        let said = format!("must be a whole number from 1 to {most}");
        FieldFault::new(&format!("query.{name}"), "range", said).with_input(raw)
    })
}

fn parse_fit(word: &str) -> Result<Fit, FieldFault> {
    Ok(match word {
        "contain" => Fit::Contain,
        "cover" => Fit::Cover,
        "fill" => Fit::Fill,
        "inside" => Fit::Inside,
        _ => {
            let said = "must be contain, cover, fill or inside";
            return Err(FieldFault::new("query.fit", "enum", said).with_input(word));
        }
    })
}

fn parse_format(word: &str) -> Result<OutputFormat, FieldFault> {
    Ok(match word {
        "jpeg" | "jpg" => OutputFormat::Jpeg,
        "png" => OutputFormat::Png,
        "webp" => OutputFormat::WebP,
        "avif" => OutputFormat::Avif,
        _ => {
            let said = "must be auto, jpeg, png, webp or avif";
            return Err(FieldFault::new("query.format", "enum", said).with_input(word));
        }
    })
}

/// The best format that the client says it can show. AVIF costs many times what WebP does to make,
/// so it is made only for who asks for it by name.
fn best_of(headers: &HeaderMap) -> OutputFormat {
    let accepts = |wanted: &str| {
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).any(
            |value| {
                value.split(',').any(|range| {
                    let mut parts = range.split(';').map(str::trim);
                    let named = parts.next().is_some_and(|it| it.eq_ignore_ascii_case(wanted));
                    named && !parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
                })
            },
        )
    };
    if accepts("image/webp") { OutputFormat::WebP } else { OutputFormat::Jpeg }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn every_wrong_parameter_is_named() {
        let raw = "width=0&height=x&fit=squeeze&format=bmp&quality=101&other=1";
        let fault = Query::parse(raw, &HeaderMap::new()).unwrap_err();
        let named: Vec<_> = fault.fields.iter().map(|it| it.path[1].as_str()).collect();
        assert_eq!(named, ["width", "height", "quality", "fit", "format"]);
    }

    #[test]
    fn the_format_follows_what_the_client_can_show() {
        let format = |accept: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            let query = Query::parse("format=auto", &headers).unwrap();
            assert!(query.varies);
            query.transform.unwrap().format
        };
        assert_eq!(format("image/avif,image/webp,*/*"), FormatChoice::Exactly(OutputFormat::WebP));
        assert_eq!(format("image/webp;q=0, */*"), FormatChoice::Exactly(OutputFormat::Jpeg));
        assert_eq!(format("*/*"), FormatChoice::Exactly(OutputFormat::Jpeg));
    }

    #[test]
    fn without_a_wish_there_is_no_change() {
        let query =
            Query::parse("e=1&unknown=2&k=a&s=AAAAAAAAAAAAAAAAAAAAAA&f=o", &HeaderMap::new());
        assert_eq!(query.unwrap().transform, None);
    }
}
