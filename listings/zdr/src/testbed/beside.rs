//! What stands beside the first certificate: one for another kind of key, and another listener. And the
//! clients that are shown it.

use lab::authority::{Authority, Issued, LeafRequest};
use lab::client::Client;

use crate::attempt::{Attempt, Class, Recorder};
use crate::error::Error;
use crate::load::failure::Failed;
use crate::load::target::Sighting;
use crate::load::{QuicClient, Target};
use crate::server::spec::Keys;

/// Issues a certificate of the same name for another kind of key.
pub(super) fn issue_beside(
    authority: &mut Authority,
    name: &str,
    kind: Keys,
) -> Result<Issued, Error> {
    let request = LeafRequest {
        key: Some(kind.into()),
        ..LeafRequest::new(name)
    };
    authority.issue(&request).map_err(Error::issue)
}

/// A client that sees what the first does not: another listener, or another certificate.
pub(super) struct Beside {
    class: Class,
    target: Target,
    client: AnyClient,
}

enum AnyClient {
    Tls(Client),
    Quic(Box<QuicClient>),
}

impl Beside {
    /// Those of these classes.
    pub fn of(target: &Target, classes: &[Class]) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        if classes.contains(&Class::Quic) {
            all.push(Self {
                class: Class::Quic,
                target: target.clone(),
                client: AnyClient::Quic(Box::new(target.quic_client()?)),
            });
        }
        if let Some(target) = target.second().filter(|_| classes.contains(&Class::Second)) {
            let client = target.client(None, false, target.identity.as_deref())?;
            all.push(Self {
                class: Class::Second,
                target,
                client: AnyClient::Tls(client),
            });
        }
        Ok(all)
    }

    /// One that names no server. It sees what a server shows by default, which may be another certificate on
    /// purpose, or none.
    pub fn nameless(target: &Target) -> Result<Self, Error> {
        Ok(Self {
            class: Class::Nameless,
            target: target.clone(),
            client: AnyClient::Tls(target.nameless_client()?),
        })
    }

    /// One handshake of this client.
    pub async fn handshake(&self, recorder: &Recorder) -> Attempt {
        match &self.client {
            AnyClient::Tls(client) => {
                let probing = async || self.target.probe(client).await;
                attempt(self.class, &self.target, recorder, probing).await
            }
            AnyClient::Quic(client) => {
                let probing = async || self.target.probe_quic(client).await;
                attempt(self.class, &self.target, recorder, probing).await
            }
        }
    }
}

/// One handshake and one request, and what came of it.
pub(super) async fn attempt(
    class: Class,
    target: &Target,
    recorder: &Recorder,
    probing: impl AsyncFnOnce() -> (Option<Sighting>, Result<(), Failed>),
) -> Attempt {
    let mut attempt = Attempt::opening(class, recorder.now());
    let (sighting, outcome) = probing().await;
    attempt.done = recorder.now();
    if let Some(sighting) = sighting {
        attempt.handshake_done = Some(recorder.at(sighting.at));
        attempt.shown = target.chains.generation(&sighting.seen);
    }
    if let Err(failed) = outcome {
        (attempt.failed, attempt.error) = (Some(failed.kind), Some(failed.error));
    }
    attempt
}
