//! Clients that stand aside from the ordinary one: they name a server that this one is not, offer no protocol
//! or another, or come to another address. A server may keep a certificate for each of them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ch06_in_flight_requests::client::Version;
use lab::client::{Client, Options};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::Error;
use crate::load::Target;

/// A name of no server (RFC 2606).
const UNKNOWN: &str = "unknown.invalid";

/// One that differs from the ordinary client in one thing. It makes full handshakes, and no requests.
pub(super) struct Aside {
    differs: Differs,
    client: Client,
}

/// In what a client differs from the ordinary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Differs {
    /// It asks for a name that is none of the server's (SNI).
    UnknownName,
    /// It offers no protocol (ALPN).
    NoProtocol,
    /// It offers HTTP/2 alone.
    Http2Alone,
    /// It comes to another address of this machine.
    Address(IpAddr),
}

impl Differs {
    /// The client, for a sentence.
    pub fn words(self) -> String {
        match self {
            Self::UnknownName => {
                format!("a client that asks for a name which is none of the server's ({UNKNOWN})")
            }
            Self::NoProtocol => "a client that offers no protocol (no ALPN)".into(),
            Self::Http2Alone => "a client that offers HTTP/2 alone (ALPN h2)".into(),
            Self::Address(address) => format!("a client that connects to {address}"),
        }
    }
}

impl Aside {
    /// Those that are shown, at this moment, what the ordinary client is shown. Where they are refused, or
    /// shown another certificate on purpose, nothing is known of them.
    ///
    /// # Errors
    /// When such a client cannot be made.
    pub(super) async fn of(target: &Target) -> Result<Vec<Self>, Error> {
        let mut all = Vec::new();
        for differs in ways(target) {
            let client = client(target, differs)?;
            let aside = Self { differs, client };
            if aside.shown(target).await == Some(target.chains.latest()) {
                all.push(aside);
            }
        }
        Ok(all)
    }

    /// In what it differs.
    pub(super) fn differs(&self) -> Differs {
        self.differs
    }

    /// Which generation it is shown, where its handshake is completed with one.
    pub(super) async fn shown(&self, target: &Target) -> Option<u32> {
        let target = match self.differs {
            Differs::Address(address) => {
                let port = target.address.borrow().port();
                let address = SocketAddr::new(address, port);
                let (_, address) = watch::channel(address);
                &Target {
                    address,
                    ..target.clone()
                }
            }
            _ => target,
        };
        let opening = Box::pin(target.open(&self.client));
        let (_, seen) = timeout(target.patience, opening).await.ok()?.ok()?;
        target.chains.generation(&seen)
    }
}

/// What may be different. Another address is one of this machine alone: elsewhere it may be another server.
fn ways(target: &Target) -> Vec<Differs> {
    let mut ways = vec![Differs::UnknownName];
    if target.protocol.is_http() {
        ways.extend([Differs::NoProtocol, Differs::Http2Alone]);
    }
    let here = target.address.borrow().ip();
    if here.is_loopback() {
        let others = [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
        ];
        let others = others.into_iter().filter(|other| *other != here);
        ways.extend(others.map(Differs::Address));
    }
    ways
}

fn client(target: &Target, differs: Differs) -> io::Result<Client> {
    let identity = target.identity.as_deref();
    let version = (differs == Differs::Http2Alone).then_some(Version::Http2);
    let mut config = target.config_with(version, Options::default(), identity)?;
    let changed = Arc::make_mut(&mut config);
    let mut name = target.name.as_str();
    match differs {
        Differs::NoProtocol => changed.alpn_protocols.clear(),
        Differs::UnknownName => {
            let verifier = target.verifier()?.for_name(name)?;
            changed
                .dangerous()
                .set_certificate_verifier(Arc::new(verifier));
            name = UNKNOWN;
        }
        Differs::Http2Alone | Differs::Address(_) => {}
    }
    Ok(Client::with_config(config, name)?)
}
