//! Clients that stand aside from the ordinary one: they name a server that this one is not, offer no protocol
//! or another, or come to another address. A server may keep a certificate for each of them.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use std::time::Duration;

use ch06_in_flight_requests::client::Version;
use futures_util::future::join_all;
use lab::client::{Client, Options};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::attempt::Differs;
use crate::attempt::differs::{Cipher, Group, UNKNOWN};
use crate::error::Error;
use crate::load::Target;
use crate::load::offering::{by_cipher, by_group};
use crate::load::staple::{Remembered, Stapling};

/// What is said of a client that waits for longer than clients do.
const NO_ANSWER: &str = "no answer within";

/// Between two looks at what such a client is shown.
const PAUSE: Duration = Duration::from_millis(20);

/// One that differs from the ordinary client in one thing. It makes full handshakes, and no requests.
pub(super) struct Aside {
    differs: Differs,
    client: Client,
    /// Where it remembers what is wrong with an OCSP response, if it checks those.
    stapled: Option<Remembered>,
    /// What its first handshake agreed on.
    agreed: Agreed,
}

/// What a handshake agrees on beside keys: the version of TLS, and a protocol (ALPN) where there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Agreed {
    version: &'static str,
    protocol: Option<Vec<u8>>,
}

impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.protocol {
            Some(protocol) => write!(
                f,
                "TLS {} with {}",
                self.version,
                String::from_utf8_lossy(protocol)
            ),
            None => write!(f, "TLS {} without a protocol (ALPN)", self.version),
        }
    }
}

/// What became of a client that stands aside, which was shown the first certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amiss {
    /// It is still shown an old certificate, while others are shown the new one.
    KeptOld,
    /// Its handshake is not completed any more, for this reason.
    Refused(String),
    /// Its handshake agrees on something else than the first one did, as these words say.
    AgreesElse(String),
    /// It gets an OCSP response with which it has to end the handshake, as these words say.
    StapledElse(String),
}

impl Amiss {
    /// Whether it only waited for longer than a client does.
    pub fn is_slow(&self) -> bool {
        self.error()
            .is_some_and(|error| error.starts_with(NO_ANSWER))
    }

    /// Why its handshake is not completed, where that is so.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::KeptOld | Self::AgreesElse(_) | Self::StapledElse(_) => None,
            Self::Refused(error) => Some(error),
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
        let make = |differs| {
            let (client, stapled) = client(target, differs)?;
            Ok(Self {
                differs,
                client,
                stapled,
                agreed: Agreed::default(),
            })
        };
        let all: Vec<Self> = ways(target)
            .into_iter()
            .map(make)
            .collect::<Result<_, Error>>()?;
        let shown = join_all(all.iter().map(|aside| aside.shown(target))).await;
        let latest = target.chains.latest();
        let of = all.into_iter().zip(shown);
        let of = of.filter_map(|(aside, shown)| match shown {
            Ok((Some(generation), agreed)) if generation == latest && aside.amiss().is_none() => {
                Some(Self { agreed, ..aside })
            }
            _ => None,
        });
        Ok(of.collect())
    }

    /// Those of these that are not shown this generation, which others were shown, and what became of each.
    /// All are asked at once. Each makes one handshake, or as many more as the server has time until `bound`.
    pub(super) async fn missed(
        asides: &[Self],
        target: &Target,
        generation: u32,
        bound: Instant,
    ) -> Vec<(Differs, Amiss)> {
        let asked = asides.iter().map(async |aside| {
            let amiss = aside.until_shown(target, generation, bound).await?;
            Some((aside.differs, amiss))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Asks until it is shown this generation. If it is not by then, what it meets.
    async fn until_shown(&self, target: &Target, generation: u32, bound: Instant) -> Option<Amiss> {
        loop {
            let amiss = match self.shown(target).await {
                Ok((Some(shown), _)) if shown < generation => Amiss::KeptOld,
                Ok((_, agreed)) if agreed != self.agreed => {
                    Amiss::AgreesElse(format!("{agreed}, instead of {}", self.agreed))
                }
                Ok(_) => Amiss::StapledElse(self.amiss()?),
                Err(error) => Amiss::Refused(error),
            };
            if Instant::now() >= bound {
                // All else is told of the ordinary client, which is like this one otherwise.
                let told = self.stapled.is_none() || matches!(amiss, Amiss::StapledElse(_));
                return told.then_some(amiss);
            }
            sleep(PAUSE).await;
        }
    }

    /// What is wrong with the OCSP response of its last handshake.
    fn amiss(&self) -> Option<String> {
        self.stapled.as_ref()?.lock().clone()
    }

    /// Which generation it is shown, if any of those that were issued, and what is agreed on; or why its handshake
    /// is not completed.
    async fn shown(&self, target: &Target) -> Result<(Option<u32>, Agreed), String> {
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
        match timeout(target.patience, opening).await {
            Ok(Ok((stream, seen))) => {
                let protocol = stream.get_ref().1.alpn_protocol();
                let agreed = Agreed {
                    version: seen.tls,
                    protocol: protocol.map(<[u8]>::to_vec),
                };
                Ok((target.chains.generation(&seen), agreed))
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("{NO_ANSWER} {:?}", target.patience)),
        }
    }
}

/// What may be different. Another address is one of this machine alone: elsewhere it may be another server.
fn ways(target: &Target) -> Vec<Differs> {
    let mut ways = vec![Differs::UnknownName, Differs::ChecksStatus];
    if target.protocol.is_http() {
        ways.extend([Differs::NoProtocol, Differs::Http2Alone]);
    }
    ways.extend(Group::ALL.map(Differs::OneGroup));
    ways.extend(Cipher::ALL.map(Differs::OneCipher));
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

/// The client, and where it remembers what is wrong with an OCSP response, if it checks those.
fn client(target: &Target, differs: Differs) -> io::Result<(Client, Option<Remembered>)> {
    let identity = target.identity.as_deref();
    let version = (differs == Differs::Http2Alone).then_some(Version::Http2);
    let less = match differs {
        Differs::OneGroup(group) => Some(by_group(group)),
        Differs::OneCipher(cipher) => Some(by_cipher(cipher)),
        _ => None,
    };
    let mut config = match less {
        Some(less) => Arc::new(target.config_of(less, rustls::DEFAULT_VERSIONS)?),
        None => target.config_with(version, Options::default(), identity)?,
    };
    let changed = Arc::make_mut(&mut config);
    let (mut name, mut remembered) = (target.name.as_str(), None);
    match differs {
        Differs::NoProtocol => changed.alpn_protocols.clear(),
        Differs::UnknownName => {
            let verifier = target.verifier()?.for_name(name)?;
            changed
                .dangerous()
                .set_certificate_verifier(Arc::new(verifier));
            name = UNKNOWN;
        }
        Differs::ChecksStatus => {
            let (stapling, stapled) = Stapling::new(target.verifier()?);
            changed
                .dangerous()
                .set_certificate_verifier(Arc::new(stapling));
            remembered = Some(stapled);
        }
        Differs::Http2Alone
        | Differs::OneGroup(_)
        | Differs::OneCipher(_)
        | Differs::Address(_) => {}
    }
    Ok((Client::with_config(config, name)?, remembered))
}

#[cfg(test)]
mod tests {
    use lab::authority::Authority;
    use tokio::net::TcpListener;

    use super::*;
    use crate::server::spec::Protocol;

    fn target(address: SocketAddr) -> Target {
        let authority = Authority::new().unwrap();
        let (_, address) = watch::channel(address);
        Target {
            address,
            name: "localhost".into(),
            roots_pem: authority.root_pem().into(),
            protocol: Protocol::AnyHttp,
            told: Arc::default(),
            download: None,
            upload: None,
            websocket: None,
            grpc: false,
            http3: false,
            kinds: None,
            sibling: None,
            identity: None,
            // Less than the client itself has: then it is told as no answer.
            patience: Duration::from_secs(15),
            chains: Arc::default(),
            key_log: None,
            read_ahead: Arc::default(),
            usual: Arc::default(),
        }
    }

    /// This server lets go of its clients when all of them are there.
    #[tokio::test]
    async fn all_are_asked_at_once() {
        let listener = TcpListener::bind(lab::any_port()).await.unwrap();
        let target = target(listener.local_addr().unwrap());
        let three = [
            Differs::UnknownName,
            Differs::NoProtocol,
            Differs::Http2Alone,
        ];
        let asides = three.map(|differs| Aside {
            differs,
            client: client(&target, differs).unwrap().0,
            stapled: None,
            agreed: Agreed::default(),
        });
        let serving = tokio::spawn(async move {
            let mut there = Vec::new();
            while there.len() < three.len() {
                there.push(listener.accept().await.unwrap());
            }
        });
        let missed = Aside::missed(&asides, &target, 1, Instant::now()).await;
        serving.await.unwrap();
        let clients: Vec<_> = missed.iter().map(|(differs, _)| *differs).collect();
        assert_eq!(clients, three);
        let let_go =
            |amiss: &Amiss| matches!(amiss, Amiss::Refused(why) if !why.contains("no answer"));
        assert!(missed.iter().all(|(_, amiss)| let_go(amiss)), "{missed:?}");
    }
}
