//! Whether the long answer that the description names is one.

use ch06_in_flight_requests::client::{Http, Version};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::attempt::FailureKind;
use crate::error::Error;
use crate::load::Target;
use crate::load::download::LONG;
use crate::load::failure::Failed;
use crate::server::advice::Advice;
use crate::server::spec::Protocol;

/// The beginning of a long answer, which must be long.
///
/// # Errors
/// With what was tried, what was seen, and what to change.
pub(super) async fn long_answer(target: &Target) -> Result<(), Error> {
    let client = target.client(Some(Version::Http1), false, target.identity.as_deref())?;
    let address = *target.address.borrow();
    let asking = async {
        let opened = Http::connect(&client, address).await;
        let mut http = opened.map_err(Failed::opening)?;
        target.ask_for_download(&mut http).await
    };
    let path = target.download_path();
    let advice = |what: String, seen: String, change: &str| {
        Error::Preflight(Box::new(Advice {
            what,
            tried: format!("`GET {path}`, over HTTP/1.1"),
            seen,
            change: change.into(),
        }))
    };
    let answer = target.in_time(Box::pin(asking)).await;
    let answer = answer.map_err(|failed| {
        let error = &failed.error;
        let change = match target.protocol {
            Protocol::Http => {
                "if the server does not answer `GET /bytes/N` with N bytes, set `protocol = \"any_http\"`, or leave out \
                 the class `download` (--classes)"
            }
            _ => "check `download`: it must be the path of an answer of 8 MB or more",
        };
        advice(
            format!("`GET {path}` answered {error}"),
            error.clone(),
            change,
        )
    })?;
    let length = match answer.body().size_hint().exact() {
        Some(length) => Some(length),
        // A server that is too slow to tell has an answer that takes long.
        None if target.download.is_some() => {
            let counted = target.in_time(Box::pin(counted(answer.into_body())));
            counted.await.ok()
        }
        None => None,
    };
    match length.filter(|length| target.download.is_some() && *length < LONG) {
        Some(length) => Err(advice(
            format!(
                "the answer at {path} has {length} bytes: it lies in buffers, whole, before a rotation begins"
            ),
            format!("an answer of {length} bytes"),
            &format!(
                "set `download` to the path of an answer of {LONG} bytes or more, or leave the key out"
            ),
        )),
        None => Ok(()),
    }
}

/// How many bytes an answer has that does not say so before: no more are counted than a long one has.
async fn counted(mut body: Incoming) -> Result<u64, Failed> {
    let mut bytes = 0;
    while bytes < LONG {
        match body.frame().await {
            Some(Ok(frame)) => bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(error)) => return Err(Failed::new(FailureKind::Severed, error.to_string())),
            None => break,
        }
    }
    Ok(bytes)
}
