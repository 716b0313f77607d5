//! Reads a body under a bound, at a least pace.
//!
//! Owns: [`Reader`] and [`Pace`]. A body that stalls or trickles, ends early, or is larger than
//! allowed ends with a fault that says so. Only the time spent waiting for the client counts: a
//! slow disk of ours is not his fault.
//! Never: undoes a content encoding; a small body could become a large one.

use std::time::Duration;

use axum::body::Body as HttpBody;
use axum::http::HeaderValue;
use backlot_model::limits::MIB;
use backlot_model::{Fault, Kind};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};

/// How slow a client may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The longest wait for the next bytes.
    pub stall_max: Duration,
    /// How long the average rate may be under the floor at the beginning.
    pub grace: Duration,
    /// The least average rate after that, in bytes per second.
    pub bytes_per_second_min: u64,
}

/// 60 seconds without a byte; 2 KiB per second after a minute.
impl Default for Pace {
    fn default() -> Self {
        Self {
            stall_max: Duration::from_secs(60),
            grace: Duration::from_secs(60),
            bytes_per_second_min: 2 << 10,
        }
    }
}

/// A body being read.
#[derive(Debug)]
pub struct Reader {
    body: HttpBody,
    pace: Pace,
    bytes_max: u64,
    seen: u64,
    waited: Duration,
}

impl Reader {
    /// Opens a body of which at most `bytes_max` bytes may come.
    ///
    /// # Errors
    /// [`Kind::TooLarge`] at once when the declared length is over it.
    pub(crate) fn open(
        body: HttpBody,
        declared: Option<u64>,
        bytes_max: u64,
        pace: Pace,
    ) -> Result<Self, Fault> {
        if declared.is_some_and(|length| length > bytes_max) {
            return Err(too_large("body", bytes_max));
        }
        Ok(Self { body, pace, bytes_max, seen: 0, waited: Duration::ZERO })
    }

    /// The next bytes, never empty; `None` at the end.
    ///
    /// # Errors
    /// Too many bytes, too slow, or an end before the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let since = Instant::now();
            let frame = timeout(self.pace.stall_max, self.body.frame()).await;
            self.waited += since.elapsed();
            let frame = match frame.map_err(|_| self.stalled())? {
                None => return Ok(None),
                Some(frame) => frame.map_err(broken)?,
            };
            let Ok(bytes) = frame.into_data() else { continue };
            self.seen += bytes.len() as u64;
            if self.seen > self.bytes_max {
                return Err(too_large("body", self.bytes_max));
            }
            self.keeps_pace()?;
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }

    /// All bytes at once; for bodies with a small bound.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(crate) async fn whole(mut self) -> Result<Bytes, Fault> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.next().await? else { return Ok(first) };
        let mut all = BytesMut::from(first);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.next().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    fn keeps_pace(&self) -> Result<(), Fault> {
        let late = self.waited.saturating_sub(self.pace.grace);
        let expected = late.as_secs().saturating_mul(self.pace.bytes_per_second_min);
        if self.waited > self.pace.grace && self.seen < expected {
            let least = self.pace.bytes_per_second_min;
            return Err(truncated(&format!("came slower than {least} bytes per second")));
        }
        Ok(())
    }

    fn stalled(&self) -> Fault {
        let seconds = self.pace.stall_max.as_secs();
        truncated(&format!("stopped coming: no byte arrived for {seconds} seconds"))
    }
}

/// A body that ended early; `how` completes “the body …”.
pub(crate) fn truncated(how: &str) -> Fault {
    Fault::new(Kind::Invalid, "bytes-truncated", format!("the body {how}")).at("body", "length")
}

/// A body or one of its fields that is over `bytes_max`.
pub(crate) fn too_large(path: &str, bytes_max: u64) -> Fault {
    let limit = size(bytes_max);
    let what = path.strip_prefix("body.").unwrap_or("the body");
    let message = format!("{what} is too large: at most {limit} are allowed");
    Fault::new(Kind::TooLarge, "too-large", message).at(path, "length")
}

fn size(bytes: u64) -> String {
    match bytes {
        whole if whole >= MIB && whole % MIB == 0 => format!("{} MiB", whole / MIB),
        big if big >= 10 * MIB => format!("{} MiB", big / MIB),
        small => format!("{small} bytes"),
    }
}

fn broken(error: axum::Error) -> Fault {
    truncated("ended before its end").because(error)
}

/// Refuses a body that is compressed or otherwise encoded.
pub(crate) fn refuse_encoded(encoding: Option<&HeaderValue>) -> Result<(), Fault> {
    match encoding {
        None => Ok(()),
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(()),
        Some(_) => {
            let message = "the body must come without `Content-Encoding`";
            Err(Fault::new(Kind::UnsupportedMedia, "unsupported-media", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use futures::stream;

    use super::*;

    fn reader(pause: Duration, chunks: usize, bytes_max: u64) -> Reader {
        let chunks = stream::iter(0..chunks).then(move |_| async move {
            // The clock is paused: it moves on by itself when there is nothing else to do.
            let _ = tokio::time::timeout(pause, std::future::pending::<()>()).await;
            Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789"))
        });
        let body = HttpBody::from_stream(chunks);
        Reader::open(body, None, bytes_max, Pace::default()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stalls_is_given_up() {
        let fault = reader(Duration::from_secs(61), 2, 100).whole().await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (Kind::Invalid, "bytes-truncated"));
        assert!(fault.message.contains("60 seconds"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up_after_the_grace() {
        let fault = reader(Duration::from_secs(20), 100, 1_000).whole().await.unwrap_err();
        assert!(fault.message.contains("2048 bytes per second"), "{}", fault.message);
        let whole = reader(Duration::from_secs(20), 3, 1_000).whole().await.unwrap();
        assert_eq!(whole.len(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_slowness_does_not_count() {
        let mut reader = reader(Duration::ZERO, 5, 1_000);
        while let Some(bytes) = reader.next().await.unwrap() {
            assert_eq!(bytes.len(), 10);
            tokio::time::advance(Duration::from_secs(100)).await;
        }
    }

    #[tokio::test]
    async fn the_bound_holds_declared_or_not() {
        let fault = reader(Duration::ZERO, 2, 19).whole().await.unwrap_err();
        assert_eq!((fault.kind, fault.fields[0].rule), (Kind::TooLarge, "length"));
        let declared = Reader::open(HttpBody::empty(), Some(2 * MIB), MIB, Pace::default());
        assert!(declared.unwrap_err().message.contains("at most 1 MiB"));
    }

    #[tokio::test]
    async fn a_body_that_ends_early_is_told() {
        let gone = stream::iter([
            Ok(Bytes::from_static(b"x")),
            Err(std::io::Error::other("connection reset")),
        ]);
        let body = HttpBody::from_stream(gone);
        let reader = Reader::open(body, None, 10, Pace::default()).unwrap();
        let fault = reader.whole().await.unwrap_err();
        assert_eq!(fault.code, "bytes-truncated");
        assert!(fault.cause.is_some());
    }

    #[test]
    fn encoded_bodies_are_refused() {
        assert!(refuse_encoded(None).is_ok());
        assert!(refuse_encoded(Some(&HeaderValue::from_static("Identity"))).is_ok());
        assert!(refuse_encoded(Some(&HeaderValue::from_static("gzip"))).is_err());
    }
}
