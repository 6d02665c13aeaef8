//! Before anything is rotated: does the server answer as its description says?
//!
//! A mistake in the TOML file would otherwise be told as the server's. Here it is told as what it is, and
//! nothing was measured.

use std::time::Duration;

use ch06_in_flight_requests::client::{Http, Version};
use ch11_verification::attempt::FailureKind;
use hyper::body::Body;
use tokio::time::{Instant, sleep};

use crate::error::Error;
use crate::load::Target;
use crate::load::failure::Failed;
use crate::server::spec::Protocol;

/// An answer of fewer bytes lies in buffers, whole, when a rotation begins.
const LONG: u64 = 8 << 20;

/// A server behind a proxy may still be on its way.
const PAUSE: Duration = Duration::from_millis(50);

/// Asks for what clients ask for, and for a long answer where `downloads` says so.
///
/// # Errors
/// With what was asked, what came, and what may be wrong in the description.
pub(crate) async fn preflight(target: &Target, downloads: bool) -> Result<(), Error> {
    let client = target.client(None, false, target.identity.as_deref())?;
    let began = Instant::now();
    while let (_, Err(failed)) = target.probe(&client).await {
        let is_final = failed.kind == FailureKind::Status && failed.error.starts_with('4');
        if is_final || began.elapsed() >= target.patience {
            let words = not_answered(target, &failed);
            return Err(Error::Server(format!(
                "before anything was rotated: {words}"
            )));
        }
        sleep(PAUSE).await;
    }
    if let Some(sibling) = target.sibling() {
        Box::pin(other_name(&sibling)).await?;
    }
    match downloads && target.protocol != Protocol::Lab {
        true => download(target).await,
        false => Ok(()),
    }
}

/// Whether the other name has its own certificate.
async fn other_name(sibling: &Target) -> Result<(), Error> {
    let client = sibling.client(None, false, sibling.identity.as_deref())?;
    let (_, answer) = sibling.probe(&client).await;
    answer.map_err(|failed| {
        let (name, kind, error) = (&sibling.name, failed.kind, &failed.error);
        Error::Server(format!(
            "before anything was rotated: asked for `{name}`, which is `other_name`, it failed: {kind} \
             ({error}). Does it read `{{other_certificate}}` and `{{other_key}}`?"
        ))
    })
}

/// The beginning of a long answer, which must be long.
async fn download(target: &Target) -> Result<(), Error> {
    let client = target.client(Some(Version::Http1), false, target.identity.as_deref())?;
    let address = *target.address.borrow();
    let asking = async {
        let opened = Http::connect(&client, address).await;
        let mut http = opened.map_err(Failed::opening)?;
        target.ask_for_download(&mut http).await
    };
    let path = target.download_path();
    let answer = target.in_time(Box::pin(asking)).await;
    let answer = answer.map_err(|failed| {
        let hint = match target.protocol {
            Protocol::Http => {
                ": leave out the class `download`, or is this `protocol = \"any_http\"`?"
            }
            _ => ": is `download` right?",
        };
        let error = &failed.error;
        Error::Server(format!(
            "before anything was rotated: `GET {path}` answered {error}{hint}"
        ))
    })?;
    let length = answer.body().size_hint().exact();
    match length.filter(|length| target.download.is_some() && *length < LONG) {
        Some(length) => Err(Error::Invalid(format!(
            "`download`: the answer at {path} has {length} bytes, which lie in buffers before a \
             rotation begins. Name one of {LONG} bytes or more, or leave `download` out"
        ))),
        None => Ok(()),
    }
}

/// What came instead of an answer, and which line of the description that may be.
fn not_answered(target: &Target, failed: &Failed) -> String {
    let error = &failed.error;
    let refuses = [
        "HandshakeFailure",
        "InsufficientSecurity",
        "no shared cipher",
    ];
    let nothing_in_common = refuses.iter().any(|word| error.contains(word));
    match (failed.kind, target.protocol) {
        (kind, _) if shows_something_else(kind) => format!(
            "it does not show what was written: {kind} ({error}). Does it read the files that it is given, \
             `{{certificate}}` and `{{key}}`?"
        ),
        (FailureKind::Alert, _) if nothing_in_common => format!(
            "it and a client have no cipher or signature in common ({error}). Does it take keys of \
             another kind only? `keys` may be \"ecdsa\", \"rsa\" or \"ed25519\""
        ),
        (FailureKind::Status, Protocol::Http) => {
            format!("`GET /bytes/1` answered {error}: is this `protocol = \"any_http\"`?")
        }
        (FailureKind::Corrupt | FailureKind::Severed, Protocol::Http) => format!(
            "`GET /bytes/1` did not answer with the one byte that is asked for ({error}): is this \
             `protocol = \"any_http\"`?"
        ),
        (FailureKind::Status, Protocol::AnyHttp) => format!("`GET /` answered {error}"),
        (kind, _) => format!("no client is served: {kind} ({error})"),
    }
}

/// Whether the handshake failed by what was shown in it.
fn shows_something_else(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::WrongChain
            | FailureKind::UnknownIssuer
            | FailureKind::WrongKey
            | FailureKind::WrongName
            | FailureKind::Expired
            | FailureKind::NotYetValid
    )
}
