//! `Idempotency-Key`: a creating call that is sent twice happens once.
//!
//! Owns: what makes two calls the same (method, path, the fields, the bytes), and that a call goes
//! on to its end when its client goes away, so that the answer is there when he asks again.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use backlot_library::Library;
use backlot_library::idempotency::{self, Ticket};
use backlot_model::account::Caller;
use backlot_model::media::Digest;
use backlot_model::{Fault, Kind};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::answer::{Answered, Reply};
use crate::app::App;
use crate::edge::dialect::Refusal;

const KEY: &str = "idempotency-key";
/// Stands in an answer that was kept from the first call.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The key of a call, if it has one.
#[derive(Debug)]
pub(super) struct Once {
    key: Option<String>,
    call: String,
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Refusal> {
        let key = parts.headers.get(KEY).map(|value| value.to_str().map(str::to_owned));
        let key = key.transpose().map_err(|_| {
            let said = "must have 1 to 255 printable ASCII characters";
            Fault::invalid("header.Idempotency-Key", "format", said)
        })?;
        Ok(Self { key, call: format!("{} {}", parts.method, parts.uri.path()) })
    }
}

impl Once {
    /// Runs `work`, or gives the answer that it had when it ran under this key. `said` and `bytes`
    /// are what the call is known by, beside its address and caller.
    pub(super) async fn run<W>(
        self,
        app: &App,
        caller: &Caller,
        said: &(impl Serialize + Sync),
        bytes: Option<Digest>,
        work: W,
    ) -> Answered
    where
        W: Future<Output = Result<Reply, Fault>> + Send + 'static,
    {
        let Some(key) = &self.key else { return Ok(work.await?.into_response()) };
        let library = app.library().clone();
        let fingerprint = fingerprint(&self.call, said, bytes)?;
        match library.once(caller, key, &fingerprint).await? {
            idempotency::Once::Answer(status, body) => Ok(replayed(status, body)),
            idempotency::Once::Run(ticket) => {
                let run = async move { kept(&library, ticket, work.await).await };
                let reply = tokio::spawn(run).await.map_err(Fault::internal)??;
                Ok(reply.into_response())
            }
        }
    }
}

/// Keeps the answer, or frees the key of a call that changed nothing.
async fn kept(
    library: &Library,
    ticket: Ticket,
    done: Result<Reply, Fault>,
) -> Result<Reply, Fault> {
    let noted = match &done {
        Ok(reply) => {
            let (status, body) = reply.kept();
            library.answered(ticket, status, body).await
        }
        Err(_) => library.forgotten(ticket).await,
    };
    // What was done is done, and must be told; the key stays taken for a while.
    if let Err(fault) = noted {
        tracing::warn!(error = %fault, "the answer to a call with a key could not be kept");
    }
    done
}

fn fingerprint(call: &str, said: &impl Serialize, bytes: Option<Digest>) -> Result<String, Fault> {
    let said = serde_json::to_vec(said).map_err(Fault::internal)?;
    let bytes = bytes.map(|digest| digest.to_string()).unwrap_or_default();
    let hash = Sha256::new()
        .chain_update(call)
        .chain_update([0])
        .chain_update(bytes)
        .chain_update([0])
        .chain_update(said)
        .finalize();
    Ok(Digest(hash.into()).to_string())
}

fn replayed(status: u16, body: String) -> Response {
    let Ok(status) = StatusCode::from_u16(status) else {
        let fault = Fault::new(Kind::Internal, "internal", "something went wrong on our side");
        return Refusal(fault.because("a kept answer has no status")).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart_by_address_fields_and_bytes() {
        let of = |call, said: &str, bytes| fingerprint(call, &said, bytes).unwrap();
        let one = of("POST /assets", "a", Some(Digest([1; 32])));
        assert_eq!(one, of("POST /assets", "a", Some(Digest([1; 32]))));
        assert_eq!(one.len(), 64);
        for other in [
            of("PUT /assets", "a", Some(Digest([1; 32]))),
            of("POST /assets", "b", Some(Digest([1; 32]))),
            of("POST /assets", "a", Some(Digest([2; 32]))),
            of("POST /assets", "a", None),
        ] {
            assert_ne!(one, other);
        }
    }
}
