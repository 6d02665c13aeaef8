//! What is shown to clients: the configuration of a generation, and the resolver that answers hellos.

use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use ch01_restart_baseline::server_config;
use ch02_hot_reload::identity::{Identity, Source};
use ch02_hot_reload::{Generation, Loader};
use ch06_in_flight_requests::tickets::{Sessions, Tickets};
use ch08_trust_rotation::mutual;
use lab::chain;
use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::anyone::Anyone;
use crate::aside::Aside;
use crate::defect::Defect;
use crate::leaks;
use crate::read::Reading;
use crate::staple::{with_expired, with_response, with_torn};
use crate::state::{self, State};
use crate::unusual::{Unusual, x25519_alone};

/// How long a reload holds the lock that readers wait for, where there is one.
const HOLD: Duration = Duration::from_millis(1800);

/// Which answers to ordinary clients of a generation show the one before, where that comes back: those after a row of
/// handshakes that showed the new one. A check makes twelve in a row, and others come meanwhile.
const FLAPS: RangeInclusive<usize> = 18..=20;

/// Whether most clients say this: they speak HTTP/1.1, ask for a name that can be one of a server, and offer more than
/// one group and one cipher.
fn is_ordinary(hello: &ClientHello<'_>) -> bool {
    let mut alpn = hello.alpn().into_iter().flatten();
    let groups = hello.named_groups().map_or(0, <[_]>::len);
    // One cipher is a suite of TLS 1.3 and two of TLS 1.2, and there may be one that signals something.
    let many = groups > 1 && hello.cipher_suites().len() > 4;
    let name = hello.server_name();
    many && alpn.any(|of| of == b"http/1.1") && name.is_some_and(|name| !name.ends_with(".invalid"))
}

/// How a generation comes about.
pub fn loader(
    reading: Arc<Reading>,
    defect: Option<Defect>,
    asks_clients: bool,
    (state, unusual): (Arc<State>, Option<Unusual>),
    source: &Source,
) -> Loader {
    let (mixed, told) = (Mutex::new(Vec::new()), source.clone());
    let (file, first) = (source.files.certificate.clone(), OnceLock::new());
    let (first_second, slots) = (OnceLock::new(), Mutex::new(Vec::new()));
    Loader {
        read: Box::new(move |source, serving| reading.read(source, serving)),
        build: Box::new(move |identity, before| {
            let _readers_wait = (defect == Some(Defect::SlowReload) && before.is_some())
                .then(|| state.lock.lock().inspect(|_| thread::sleep(HOLD)));
            if before.is_some() {
                unusual.inspect(|unusual| unusual.reloads(identity));
                if defect == Some(Defect::WaitsForHandshakes) {
                    wait_for_handshakes(&state);
                }
            }
            let first = first.get_or_init(|| identity.certified.clone());
            let second = second(&state)?;
            let resolver = CertResolver {
                second: match defect {
                    Some(Defect::OneKindRenewed) => first_second.get_or_init(|| second).clone(),
                    _ => second,
                },
                pair: match defect {
                    Some(Defect::LyingLog) => first.clone(),
                    _ if let Some(sent) = sent_else(defect, identity, (first, before)) => sent,
                    Some(Defect::ChainsMixed) => with_earlier(identity, &mixed),
                    _ => match unusual {
                        Some(unusual) => unusual.chain(identity),
                        None => identity.certified.clone(),
                    },
                },
                slots: in_its_slot(defect, identity, &slots),
                aside: Aside::of(defect, unusual, first, (&told, before.is_none())),
                defect: defect.filter(|defect| before.is_some() || *defect == Defect::SlowReload),
                asked: Asked::after(before),
                file: file.clone(),
                state: state.clone(),
            };
            if before.is_some() {
                leaks::leave_behind(defect)?;
            }
            if asks_clients && before.is_none_or(|last| last.identity.anchors != identity.anchors) {
                log_trust(identity, before.map_or(1, |before| before.number + 1))?;
            }
            let drops = defect == Some(Defect::ClientAuthDropped) && before.is_some();
            let config = match unusual.and_then(|unusual| unusual.config(identity)) {
                Some(config) => config.map_err(|error| error.to_string())?,
                None => config(identity, resolver, asks_clients && !drops)?,
            };
            let config = sessions(defect, config, identity, before);
            Ok(Arc::new(offering(unusual, config)))
        }),
    }
}

/// Waits until no handshake is in progress, on the thread that reloads.
fn wait_for_handshakes(state: &State) {
    while state.handshakes.load(Ordering::SeqCst) > 0 {
        thread::sleep(Duration::from_millis(1));
    }
}

fn log_trust(identity: &Identity, generation: u64) -> Result<(), String> {
    let names = identity.anchors.iter().map(chain::common_name);
    let roots = names.collect::<Result<Vec<_>, _>>();
    let roots = roots.map_err(|error| error.to_string())?.join(", ");
    tracing::info!(event = "trust_loaded", generation, roots);
    Ok(())
}

/// What is in the files of the second kind of key, where there is one.
fn second(state: &State) -> Result<Option<Arc<CertifiedKey>>, String> {
    let pair = state.second.as_ref();
    let pair = pair.map(|(certificate, key)| state::pair(certificate, key));
    let pair = pair.transpose().map_err(|error| error.to_string())?;
    Ok(pair.map(Arc::new))
}

fn config(
    identity: &Identity,
    resolver: CertResolver,
    asks_clients: bool,
) -> Result<ServerConfig, String> {
    let mut config = match asks_clients {
        _ if let Some(config) = of_defaults(identity, resolver.defect) => config?,
        true if resolver.defect == Some(Defect::AnyClientCertificate) => {
            let pair = SingleCertAndKey::from(identity.certified.clone());
            ServerConfig::builder_with_provider(
                rustls::crypto::aws_lc_rs::default_provider().into(),
            )
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_client_cert_verifier(Anyone::new())
            .with_cert_resolver(Arc::new(pair))
        }
        true => mutual::server_config(identity).map_err(|error| error.to_string())?,
        false => {
            let pair = SingleCertAndKey::from(identity.certified.clone());
            server_config().with_cert_resolver(Arc::new(pair))
        }
    };
    config.cert_resolver = Arc::new(resolver);
    Ok(config)
}

/// A configuration of defaults, which have less than the one of the start. `None` where it is not built anew.
fn of_defaults(
    identity: &Identity,
    defect: Option<Defect>,
) -> Option<Result<ServerConfig, String>> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    let mut versions = rustls::DEFAULT_VERSIONS.to_vec();
    match defect? {
        Defect::Tls12Dropped => versions = vec![&rustls::version::TLS13],
        Defect::Tls13Dropped => versions = vec![&rustls::version::TLS12],
        Defect::GroupLost => x25519_alone(&mut provider),
        Defect::CipherLost => provider.cipher_suites.retain(|suite| {
            let name = suite.suite().as_str();
            name.is_some_and(|name| !name.contains("CHACHA20"))
        }),
        _ => return None,
    }
    let builder = ServerConfig::builder_with_provider(provider.into());
    let builder = builder.with_protocol_versions(&versions);
    Some(builder.map_err(|error| error.to_string()).map(|builder| {
        let pair = SingleCertAndKey::from(identity.certified.clone());
        builder
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(pair))
    }))
}

/// Sessions outlive the generation under which they began, and not the one after it: a client that
/// comes all the time would otherwise never be shown a new certificate. A change of trust ends them.
fn sessions(
    defect: Option<Defect>,
    config: ServerConfig,
    identity: &Identity,
    before: Option<&Generation>,
) -> ServerConfig {
    let tickets = match defect {
        Some(Defect::ResumesForEver | Defect::RemovedTrustResumes) => Tickets::Keep,
        Some(Defect::TicketsLost) => Tickets::Discard,
        _ if before.is_some_and(|before| before.number % 2 == 0) => Tickets::Discard,
        _ => Tickets::KeepUnlessTrustChanged,
    };
    Sessions::new(tickets, 4096).carry_over(config, identity, before)
}

/// The same with HTTP/1.1 alone, where no more is spoken.
fn offering(unusual: Option<Unusual>, mut config: ServerConfig) -> ServerConfig {
    if unusual == Some(Unusual::Http1Only) {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    config
}

/// What is sent instead of the chain, or with it: an OCSP response, or the leaf once more. `None` for most defects.
fn sent_else(
    defect: Option<Defect>,
    identity: &Identity,
    (first, before): (&CertifiedKey, Option<&Generation>),
) -> Option<Arc<CertifiedKey>> {
    let pair = &identity.certified;
    Some(match defect? {
        Defect::StapleKept => with_response(pair, first),
        Defect::StapleExpired if before.is_some() => with_expired(pair),
        Defect::StapleTorn if before.is_some() => with_torn(pair),
        Defect::LeafTwice => with_leaf_twice(pair),
        _ => return None,
    })
}

/// The chain, and before it its leaf.
fn with_leaf_twice(pair: &CertifiedKey) -> Arc<CertifiedKey> {
    let mut pair = pair.clone();
    let leaf: Vec<_> = pair.cert.first().cloned().into_iter().collect();
    pair.cert.splice(0..0, leaf);
    Arc::new(pair)
}

/// The new chain, and after it every certificate that was read before.
fn with_earlier(
    identity: &Identity,
    earlier: &Mutex<Vec<CertificateDer<'static>>>,
) -> Arc<CertifiedKey> {
    let mut certified = CertifiedKey::clone(&identity.certified);
    let mut earlier = earlier.lock().unwrap_or_else(|e| e.into_inner());
    certified.cert.extend(earlier.iter().cloned());
    earlier.splice(0..0, identity.certified.cert.iter().cloned());
    Arc::new(certified)
}

/// Where that is the defect, one pair for each kind of key: the new one takes the place of the one of its kind.
fn in_its_slot(
    defect: Option<Defect>,
    identity: &Identity,
    slots: &Mutex<Vec<Arc<CertifiedKey>>>,
) -> Vec<Arc<CertifiedKey>> {
    if defect != Some(Defect::SlotPerKind) {
        return Vec::new();
    }
    let new = &identity.certified;
    let mut slots = slots.lock().unwrap_or_else(|e| e.into_inner());
    slots.retain(|pair| pair.key.algorithm() != new.key.algorithm());
    slots.push(new.clone());
    slots.clone()
}

/// What a resolver remembers of those who asked.
struct Asked {
    /// Whether anybody has.
    once: AtomicBool,
    /// How many ordinary clients were answered, where that matters.
    answered: AtomicUsize,
    /// The pair of the generation before.
    before: Option<Arc<CertifiedKey>>,
}

impl Asked {
    fn after(before: Option<&Generation>) -> Self {
        Self {
            once: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            before: before.map(|before| before.identity.certified.clone()),
        }
    }
}

/// Answers each hello with the pair of its generation.
struct CertResolver {
    pair: Arc<CertifiedKey>,
    /// For clients that differ from most.
    aside: Aside,
    /// What is answered instead, by what the client prefers. Empty but for one defect.
    slots: Vec<Arc<CertifiedKey>>,
    /// For clients that do not take the kind of its key.
    second: Option<Arc<CertifiedKey>>,
    /// Most of them from the second generation on.
    defect: Option<Defect>,
    asked: Asked,
    file: PathBuf,
    state: Arc<State>,
}

impl ResolvesServerCert for CertResolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let Some((name, certified)) = &self.state.sibling {
            let is_asked = match (hello.server_name(), self.defect) {
                (_, Some(Defect::OneNameForAll)) => false,
                (None, defect) => defect == Some(Defect::NamelessMoves),
                (Some(asked), _) => asked == name,
            };
            if is_asked {
                return Some(certified.clone());
            }
        }
        if let Some(answer) = self.aside.answer(&hello) {
            return answer;
        }
        if self.defect == Some(Defect::Flaps)
            && is_ordinary(&hello)
            && FLAPS.contains(&self.asked.answered.fetch_add(1, Ordering::SeqCst))
        {
            return self.asked.before.clone();
        }
        let nothing = match self.defect {
            Some(Defect::SecondCallNone) => self.asked.once.swap(true, Ordering::SeqCst),
            Some(Defect::SlowReload) => self.state.lock.lock().is_err(),
            // What it holds does not matter here: that it is opened does.
            Some(Defect::FileIoInHandshake) => fs::read(&self.file).is_err(),
            _ => false,
        };
        let lost = nothing || self.state.lost.load(Ordering::SeqCst);
        let offered = hello.signature_schemes();
        let preferred = offered.iter().find_map(|scheme| {
            let mut slots = self.slots.iter();
            slots.find(|pair| pair.key.choose_scheme(&[*scheme]).is_some())
        });
        if let Some(pair) = preferred {
            return Some(pair.clone());
        }
        let takes_first = self.pair.key.choose_scheme(offered).is_some();
        let pair = self.second.as_ref().filter(|_| !takes_first);
        (!lost).then(|| pair.unwrap_or(&self.pair).clone())
    }
}

impl fmt::Debug for CertResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CertResolver")
    }
}
