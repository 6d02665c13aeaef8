//! What a sound server may do that most do not: the verifier must not object.

use std::io;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::leaks;
use crate::staple::with_response;
use ch02_hot_reload::identity::Identity;
use clap::ValueEnum;
use lab::chain;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, NamedGroup, ServerConfig, SignatureAlgorithm};

/// A way to be sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unusual {
    /// It sends the root at the end of its chain (`openssl s_server -CAfile`, ipxe#147).
    RootInChain,
    /// It speaks only TLS 1.2, with cipher suites that sign with RSA (botan#3249).
    RsaOnly,
    /// It rejects a key that is neither for ECDSA nor for RSA, and ends if that is its first, as many servers do.
    EcdsaOrRsa,
    /// It has only ML-DSA keys, with which only TLS 1.3 can sign.
    PostQuantum,
    /// It logs words about keys, and everything that is public (acme.sh#1862).
    ChattyLog,
    /// It is slow to reload, and serves the old certificate meanwhile.
    SlowReload,
    /// It has pages of its own, but no `/bytes/N`.
    Ordinary,
    /// It restarts at each change, and hands its socket to its successor.
    SeamlessRestart,
    /// It speaks a little of Redis instead of HTTP.
    Redis,
    /// It speaks a little of Redis, and ends each connection at a certain age, be it rotated or not.
    MaximumAge,
    /// It speaks a little of Redis, and ends each connection after so many commands, be it rotated or not.
    MaximumCommands,
    /// It has gRPC's health service, asks its clients to leave at a reload, but lets their streams live on.
    Grpc,
    /// It rejects each client that names no server, as many proxies do.
    NameWanted,
    /// It rejects each client that asks for a name which is none of its own.
    KnownNames,
    /// It speaks HTTP/1.1 alone, and rejects each client that offers no more than HTTP/2.
    Http1Only,
    /// It has another name, whose certificate is not renewed.
    TwoNames,
    /// It has a certificate for each of two kinds of keys, and renews both.
    TwoKinds,
    /// It sends an OCSP response with each certificate, which speaks of it.
    Staples,
    /// It exchanges keys by X25519 and its hybrid with ML-KEM, and never had another group.
    X25519Alone,
    /// It also speaks HTTP/3.
    Http3,
    /// Two workers, each of which follows the files by itself.
    TwoWorkers,
    /// A pool of memory fills in its first two reloads, and then has its size.
    WarmsUp,
    /// It keeps a processor busy all the time.
    AlwaysBusy,
    /// Each reload has work to do, which goes on for some time after the new certificate is shown, and ends.
    WorksOnReload,
    /// It closes a connection some time after its client has.
    ClosesLate,
}

/// How long the work of a reload takes, where it goes on.
const WORKS: Duration = Duration::from_millis(900);
/// For how long a slow one loads.
const LOADS: Duration = Duration::from_millis(1200);

impl Unusual {
    /// What is shown instead of the chain that was read.
    pub fn chain(self, identity: &Identity) -> Arc<CertifiedKey> {
        let mut certified = CertifiedKey::clone(&identity.certified);
        if self == Self::RootInChain {
            certified.cert.extend(identity.anchors.first().cloned());
        }
        match self {
            Self::Staples => with_response(&certified, &certified),
            _ => Arc::new(certified),
        }
    }

    /// What it does from its start on.
    pub fn begins(self) {
        if self == Self::AlwaysBusy {
            leaks::work(None);
        }
    }

    /// What it does before it publishes another identity.
    pub fn reloads(self, identity: &Identity) {
        match self {
            Self::SlowReload => thread::sleep(LOADS),
            Self::ChattyLog => chat(identity),
            Self::WarmsUp => fill_pool(),
            Self::WorksOnReload => leaks::work(Some(WORKS)),
            _ => {}
        }
    }

    /// A configuration that takes RSA alone, where that is its way.
    pub fn config(self, identity: &Identity) -> Option<Result<ServerConfig, rustls::Error>> {
        match (self, identity.certified.key.algorithm()) {
            (Self::RsaOnly, _) => Some(rsa_only(identity)),
            (Self::X25519Alone, _) => Some(without_curves(identity)),
            (Self::EcdsaOrRsa, SignatureAlgorithm::ECDSA | SignatureAlgorithm::RSA) => None,
            (Self::EcdsaOrRsa, _) => Some(Err(rustls::Error::General(
                "not a key that it takes".into(),
            ))),
            _ => None,
        }
    }
}

/// Adds memory to a pool, as long as that is not full.
fn fill_pool() {
    const PART: usize = 64 << 20;
    static PARTS: AtomicUsize = AtomicUsize::new(0);
    if PARTS.fetch_add(1, Ordering::SeqCst) < 2 {
        mem::forget(vec![1_u8; PART]);
    }
}

/// Takes every group away but X25519 and its hybrid.
pub fn x25519_alone(provider: &mut CryptoProvider) {
    let known = [NamedGroup::X25519, NamedGroup::X25519MLKEM768];
    let groups = &mut provider.kx_groups;
    groups.retain(|group| known.contains(&group.name()));
}

fn without_curves(identity: &Identity) -> Result<ServerConfig, rustls::Error> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    x25519_alone(&mut provider);
    let builder = ServerConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_protocol_versions(rustls::DEFAULT_VERSIONS)?;
    let pair = rustls::sign::SingleCertAndKey::from(identity.certified.clone());
    Ok(builder
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(pair)))
}

fn rsa_only(identity: &Identity) -> Result<ServerConfig, rustls::Error> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.cipher_suites.retain(|suite| {
        let suite = suite.suite();
        suite == CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
            || suite == CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    });
    let builder = ServerConfig::builder_with_provider(Arc::new(provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS12])?;
    let pair = rustls::sign::SingleCertAndKey::from(identity.certified.clone());
    Ok(builder
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(pair)))
}

/// Words of OpenSSL, and the certificate in two encodings, which holds the public half of the key.
fn chat(identity: &Identity) {
    use io::Write;
    let leaf = identity.certified.cert.first().map(|leaf| chain::hex(leaf));
    let leaf = leaf.unwrap_or_default();
    // In two parts: what looks for secrets in a repository takes a whole mark for a key.
    let mark = concat!("-----BEGIN ", "PRIVATE KEY-----");
    let lines = format!(
        "error:0480006C:PEM routines::no start line: Expecting: ANY PRIVATE KEY\n\
         looking for {mark} in tls.key\nleaf {leaf}\n{:?}\n",
        identity.certified.cert
    );
    // A log that cannot be written is no reason to stop serving.
    let _ = io::stderr().lock().write_all(lines.as_bytes());
}
