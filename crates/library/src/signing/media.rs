//! Signed URLs: who holds one may fetch a picture, or send the bytes of an upload, until it ends.
//!
//! Owns: what is signed and how a signature stands in a query string. Never: paths, or rows. The
//! caller passes an asset's *present* access epoch; a URL signed at an earlier epoch (before the
//! asset was made private or deleted) is then not good any more.

use backlot_model::clock::DAY_MS;
use backlot_model::{Fault, Kind, Millis};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::{SigningKeys, TAG_BYTES, bad_signature};

const MEDIA: &str = "media-url";
const UPLOAD: &str = "upload-url";

/// Which pictures of an asset a signature opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// The bytes as they came in, and every picture derived from them.
    Original,
    /// The stored thumbnails, and derived pictures no larger than the big one. Never the original
    /// bytes, whose metadata may name places and cameras.
    Thumbs,
}

impl Family {
    /// Whether a signature for `self` opens what belongs to `wanted`.
    #[must_use]
    pub const fn opens(self, wanted: Self) -> bool {
        matches!((self, wanted), (Self::Original, _) | (Self::Thumbs, Self::Thumbs))
    }

    const fn letter(self) -> &'static str {
        match self {
            Self::Original => "o",
            Self::Thumbs => "t",
        }
    }

    fn parse(letter: &str) -> Option<Self> {
        [Self::Original, Self::Thumbs].into_iter().find(|family| family.letter() == letter)
    }
}

/// What a media signature is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaTarget {
    /// A library entry, at the access epoch that its row has now.
    Asset {
        /// Which.
        asset: Uuid,
        /// Grows whenever older URLs must end.
        access_epoch: i64,
    },
    /// A media resource of the catalogue.
    Resource {
        /// Which.
        resource: Uuid,
    },
    /// A temporary file, by its key.
    Temporary {
        /// Its key.
        key: String,
    },
    /// A finished download archive.
    Archive {
        /// The task that made it.
        task: Uuid,
    },
}

/// A permission to fetch, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaGrant {
    /// What.
    pub target: MediaTarget,
    /// Which pictures of it.
    pub family: Family,
    /// Not good from then on; see [`expiry_for`].
    pub expires_ms: Millis,
}

/// What an upload signature is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadTarget {
    /// Which upload.
    pub upload: Uuid,
    /// Which part of it, from 1; `None` for an upload in one piece.
    pub part: Option<u32>,
}

/// A permission to send bytes, before it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadGrant {
    /// What for.
    pub target: UploadTarget,
    /// Not good from then on.
    pub expires_ms: Millis,
}

/// A signature as a URL carries it. Reading one proves nothing; verifying it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// Which key made it.
    pub key_id: String,
    /// Which pictures it claims to open; `None` on uploads.
    pub family: Option<Family>,
    /// Until when it claims to be good.
    pub expires_ms: Millis,
    /// The code over all of it and its target.
    pub tag: [u8; TAG_BYTES],
}

impl Signature {
    /// The query string without `?`: `e=…&k=…&s=…`, with `f=…` on media. Needs no escaping.
    #[must_use]
    pub fn query(&self) -> String {
        let family = self.family.map(|family| format!("f={}&", family.letter()));
        let (expires, key) = (self.expires_ms, &self.key_id);
        let tag = URL_SAFE_NO_PAD.encode(self.tag);
        format!("{}e={expires}&k={key}&s={tag}", family.unwrap_or_default())
    }

    /// Reads a signature out of decoded query pairs, leaving other parameters alone. `None` when
    /// the query has no part of one.
    ///
    /// # Errors
    /// `bad-signature` when a part is missing, repeated or not of its form.
    pub fn parse<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Option<Self>, Fault> {
        let mut found: [Option<&str>; 4] = [None; 4];
        for (name, value) in pairs {
            let Some(at) = ["e", "f", "k", "s"].iter().position(|known| *known == name) else {
                continue;
            };
            if found[at].replace(value).is_some() {
                return Err(bad_signature());
            }
        }
        let [expires, family, key_id, tag] = found;
        if found.iter().all(Option::is_none) {
            return Ok(None);
        }
        let read = || {
            let mut bytes = [0; TAG_BYTES];
            let written = URL_SAFE_NO_PAD.decode_slice(tag?, &mut bytes).ok()?;
            Some(Self {
                key_id: key_id?.to_owned(),
                family: family.map(|letter| Family::parse(letter).ok_or(())).transpose().ok()?,
                expires_ms: expires?.parse().ok()?,
                tag: (written == TAG_BYTES).then_some(bytes)?,
            })
        };
        read().map(Some).ok_or_else(bad_signature)
    }
}

impl SigningKeys {
    /// Signs a permission to fetch.
    #[must_use]
    pub fn sign_media(&self, grant: &MediaGrant) -> Signature {
        let parts = media_parts(&grant.target, grant.family, grant.expires_ms);
        self.sign(MEDIA, &parts, Some(grant.family), grant.expires_ms)
    }

    /// Which pictures of `target` the signature opens now.
    ///
    /// # Errors
    /// `bad-signature` when it is not ours or is over something else, `expired` when it was good;
    /// both [`Kind::Forbidden`]. For things that must not be known to exist, answer as for an
    /// unknown id instead.
    pub fn verify_media(
        &self,
        target: &MediaTarget,
        signature: &Signature,
        now_ms: Millis,
    ) -> Result<Family, Fault> {
        let family = signature.family.ok_or_else(bad_signature)?;
        let parts = media_parts(target, family, signature.expires_ms);
        self.verify(MEDIA, &parts, signature, now_ms)?;
        Ok(family)
    }

    /// Signs a permission to send bytes.
    #[must_use]
    pub fn sign_upload(&self, grant: &UploadGrant) -> Signature {
        let parts = upload_parts(grant.target, grant.expires_ms);
        self.sign(UPLOAD, &parts, None, grant.expires_ms)
    }

    /// Whether the signature lets bytes in for `target` now.
    ///
    /// # Errors
    /// As [`SigningKeys::verify_media`].
    pub fn verify_upload(
        &self,
        target: UploadTarget,
        signature: &Signature,
        now_ms: Millis,
    ) -> Result<(), Fault> {
        if signature.family.is_some() {
            return Err(bad_signature());
        }
        self.verify(UPLOAD, &upload_parts(target, signature.expires_ms), signature, now_ms)
    }

    fn sign(
        &self,
        domain: &str,
        parts: &[Vec<u8>],
        family: Option<Family>,
        expires_ms: Millis,
    ) -> Signature {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let (key_id, tag) = self.mac(domain, &parts);
        Signature { key_id: key_id.to_owned(), family, expires_ms, tag }
    }

    fn verify(
        &self,
        domain: &str,
        parts: &[Vec<u8>],
        signature: &Signature,
        now_ms: Millis,
    ) -> Result<(), Fault> {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        if !self.verify_mac(domain, &parts, &signature.key_id, &signature.tag) {
            return Err(bad_signature());
        }
        if now_ms >= signature.expires_ms {
            return Err(Fault::new(Kind::Forbidden, "expired", "this URL has expired"));
        }
        Ok(())
    }
}

fn media_parts(target: &MediaTarget, family: Family, expires_ms: Millis) -> Vec<Vec<u8>> {
    let (kind, id, epoch): (&str, &[u8], i64) = match target {
        MediaTarget::Asset { asset, access_epoch } => ("asset", asset.as_bytes(), *access_epoch),
        MediaTarget::Resource { resource } => ("resource", resource.as_bytes(), 0),
        MediaTarget::Temporary { key } => ("temporary", key.as_bytes(), 0),
        MediaTarget::Archive { task } => ("archive", task.as_bytes(), 0),
    };
    vec![
        kind.into(),
        id.to_vec(),
        epoch.to_be_bytes().to_vec(),
        family.letter().into(),
        expires_ms.to_be_bytes().to_vec(),
    ]
}

fn upload_parts(target: UploadTarget, expires_ms: Millis) -> Vec<Vec<u8>> {
    vec![
        target.upload.as_bytes().to_vec(),
        target.part.map(|part| part.to_be_bytes().to_vec()).unwrap_or_default(),
        expires_ms.to_be_bytes().to_vec(),
    ]
}

/// When a URL signed now for `ttl_ms` ends: rounded up to a whole day (UTC), so that a thing's URL
/// stays the same for a day and caches hit. Never earlier than asked, less than a day later.
#[must_use]
pub const fn expiry_for(now_ms: Millis, ttl_ms: Millis) -> Millis {
    let ends_ms = now_ms.saturating_add(ttl_ms);
    let past_midnight_ms = ends_ms.rem_euclid(DAY_MS);
    if past_midnight_ms == 0 { ends_ms } else { ends_ms.saturating_add(DAY_MS - past_midnight_ms) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{earlier_keys, foreign_keys, keys};
    use super::*;

    const NOW_MS: Millis = 1_767_225_600_000;

    fn asset(id: u128, access_epoch: i64) -> MediaTarget {
        MediaTarget::Asset { asset: Uuid::from_u128(id), access_epoch }
    }

    fn grant(target: MediaTarget, family: Family) -> MediaGrant {
        MediaGrant { target, family, expires_ms: NOW_MS + 1_000 }
    }

    fn parse(query: &str) -> Result<Option<Signature>, Fault> {
        Signature::parse(query.split('&').filter_map(|pair| pair.split_once('=')))
    }

    #[test]
    fn a_signature_opens_its_own_target_until_it_ends() {
        let keys = keys();
        let signature = keys.sign_media(&grant(asset(1, 4), Family::Thumbs));
        let verify = |target: &MediaTarget, now_ms| keys.verify_media(target, &signature, now_ms);
        assert_eq!(verify(&asset(1, 4), NOW_MS).unwrap(), Family::Thumbs);
        assert_eq!(verify(&asset(1, 4), NOW_MS + 999).unwrap(), Family::Thumbs);
        assert_eq!(verify(&asset(1, 4), NOW_MS + 1_000).unwrap_err().code, "expired");
        let same_id = Uuid::from_u128(1);
        for other in [
            asset(2, 4),
            asset(1, 5),
            MediaTarget::Resource { resource: same_id },
            MediaTarget::Archive { task: same_id },
            MediaTarget::Temporary { key: same_id.to_string() },
        ] {
            assert_eq!(verify(&other, NOW_MS).unwrap_err().code, "bad-signature", "{other:?}");
        }
    }

    #[test]
    fn no_part_of_a_signature_can_be_changed() {
        let keys = keys();
        let target = asset(1, 4);
        let good = keys.sign_media(&grant(target.clone(), Family::Thumbs));
        let mut other_tag = good.tag;
        other_tag[TAG_BYTES - 1] ^= 1;
        for bad in [
            Signature { family: Some(Family::Original), ..good.clone() },
            Signature { family: None, ..good.clone() },
            Signature { expires_ms: good.expires_ms + 1, ..good.clone() },
            Signature { key_id: "k1".into(), ..good.clone() },
            Signature { key_id: "k9".into(), ..good.clone() },
            Signature { tag: other_tag, ..good.clone() },
            foreign_keys().sign_media(&grant(target.clone(), Family::Thumbs)),
        ] {
            let fault = keys.verify_media(&target, &bad, NOW_MS).unwrap_err();
            assert_eq!((fault.kind, fault.code), (Kind::Forbidden, "bad-signature"), "{bad:?}");
        }
    }

    #[test]
    fn a_forged_signature_is_not_told_that_it_has_expired() {
        let mut forged = keys().sign_media(&grant(asset(1, 4), Family::Thumbs));
        forged.expires_ms = 1;
        let fault = keys().verify_media(&asset(1, 4), &forged, NOW_MS).unwrap_err();
        assert_eq!(fault.code, "bad-signature");
    }

    #[test]
    fn a_rotated_key_keeps_urls_alive() {
        let older = earlier_keys().sign_media(&grant(asset(1, 4), Family::Original));
        assert!(keys().verify_media(&asset(1, 4), &older, NOW_MS).is_ok());
        assert_eq!(keys().sign_media(&grant(asset(1, 4), Family::Original)).key_id, "k2");
    }

    #[test]
    fn an_upload_url_is_for_one_part_and_fetches_nothing() {
        let keys = keys();
        let upload = Uuid::from_u128(1);
        let target = UploadTarget { upload, part: Some(2) };
        let signature = keys.sign_upload(&UploadGrant { target, expires_ms: NOW_MS + 1 });
        assert!(keys.verify_upload(target, &signature, NOW_MS).is_ok());
        let late = keys.verify_upload(target, &signature, NOW_MS + 1).unwrap_err();
        assert_eq!(late.code, "expired");
        for part in [None, Some(0), Some(1), Some(3)] {
            let other = UploadTarget { upload, part };
            assert!(keys.verify_upload(other, &signature, NOW_MS).is_err(), "{part:?}");
        }
        let as_media = Signature { family: Some(Family::Original), ..signature };
        assert!(keys.verify_media(&asset(1, 0), &as_media, NOW_MS).is_err());
        assert!(keys.verify_upload(target, &as_media, NOW_MS).is_err());
    }

    #[test]
    fn an_original_opens_all_and_thumbs_only_thumbs() {
        assert!(Family::Original.opens(Family::Original));
        assert!(Family::Original.opens(Family::Thumbs));
        assert!(Family::Thumbs.opens(Family::Thumbs));
        assert!(!Family::Thumbs.opens(Family::Original));
    }

    #[test]
    fn a_query_carries_a_signature_beside_what_clients_append() {
        let signature = keys().sign_media(&grant(asset(1, 4), Family::Original));
        let query = format!("{}&format=jpeg&quality=80&width=256", signature.query());
        assert_eq!(parse(&query).unwrap(), Some(signature));
        assert_eq!(parse("format=jpeg&width=256").unwrap(), None);
        assert_eq!(parse("").unwrap(), None);
    }

    #[test]
    fn half_a_signature_is_a_bad_one() {
        let query = keys().sign_media(&grant(asset(1, 4), Family::Original)).query();
        let tag = query.split("s=").nth(1).unwrap();
        for bad in [
            "e=1",
            "s=",
            &query.replace("k=k2&", ""),
            &query.replace("f=o", "f=x"),
            &query.replace("e=", "e=x"),
            &format!("{query}&e=1"),
            &format!("{query}&s={tag}"),
            &query[..query.len() - 1],
            &format!("{query}AAAA"),
        ] {
            assert_eq!(parse(bad).unwrap_err().code, "bad-signature", "{bad}");
        }
    }

    #[test]
    fn an_expiry_stands_for_a_day() {
        let week = 7 * DAY_MS;
        assert_eq!(expiry_for(NOW_MS, week), NOW_MS + week);
        assert_eq!(expiry_for(NOW_MS + 1, week), NOW_MS + week + DAY_MS);
        assert_eq!(expiry_for(NOW_MS + DAY_MS, week), NOW_MS + week + DAY_MS);
        assert_eq!(expiry_for(NOW_MS, Millis::MAX), Millis::MAX);
    }

    proptest! {
        #[test]
        fn an_expiry_is_never_early_and_less_than_a_day_late(
            now_ms in 0..10_000 * DAY_MS, ttl_ms in 0..100 * DAY_MS,
        ) {
            let late_ms = expiry_for(now_ms, ttl_ms) - (now_ms + ttl_ms);
            prop_assert!((0..DAY_MS).contains(&late_ms));
        }

        #[test]
        fn every_signature_survives_its_url(
            id: u128, epoch: i64, expires_ms in 1..Millis::MAX, thumbs: bool,
        ) {
            let family = if thumbs { Family::Thumbs } else { Family::Original };
            let target = asset(id, epoch);
            let made = keys().sign_media(&MediaGrant { target: target.clone(), family, expires_ms });
            let read = parse(&made.query()).unwrap().unwrap();
            prop_assert_eq!(&read, &made);
            prop_assert_eq!(keys().verify_media(&target, &read, 0).unwrap(), family);
        }

        #[test]
        fn no_query_breaks_the_parser(pairs in prop::collection::vec(("[efks]", ".{0,40}"), 0..6)) {
            let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
            let _ = Signature::parse(pairs);
        }
    }
}
