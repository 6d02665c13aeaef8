//! Hellos of clients that say why a server turns the ordinary ones away.
//!
//! A hello that offers all there is, whether or not a client here could go on with it: what a server agrees to says what
//! the clients here lack. It brings no key share. A server of TLS 1.3 has to name the group that it wants then (RFC 9846,
//! HelloRetryRequest), and one of TLS 1.2 names it in the clear (ServerKeyExchange). Nothing is verified, and
//! nothing follows.
//!
//! A hello that lacks the key of ML-KEM alone, which makes it so long that it may come in two packets: what reads no more
//! than the first takes the short one, and not the ordinary one (tldr.fail).

use std::io;
use std::sync::Arc;

use lab::client::Client;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{CipherSuite, ClientConfig, ClientConnection, NamedGroup, ProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::attempt::FailureKind;
use crate::load::Target;
use crate::load::dialogue::before_tls;
use crate::load::failure::Failed;
use crate::server::advice::Advice;

/// Cipher suites that no client here has: CBC, CCM, key exchange by DHE or by RSA.
const OTHER_SUITES: [u16; 24] = [
    0x1304, 0x1305, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xc023, 0xc024, 0xc027, 0xc028, 0xc009, 0xc00a,
    0xc013, 0xc014, 0x009e, 0x009f, 0xccaa, 0x0033, 0x0039, 0x009c, 0x009d, 0x003c, 0x002f, 0x0035,
];
/// Groups that no client here has: P-521, X448, the Brainpool curves, and finite fields.
const OTHER_GROUPS: [u16; 10] = [25, 30, 26, 27, 28, 31, 32, 33, 256, 257];
/// Every scheme that a server may sign with.
const SCHEMES: [u16; 20] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401,
    0x0501, 0x0601, 0x0904, 0x0905, 0x0906, 0x0203, 0x0201, 0x0303,
];
/// From 1.3 down to 1.0.
const VERSIONS: [u16; 4] = [0x0304, 0x0303, 0x0302, 0x0301];
/// The random of a HelloRetryRequest: SHA-256 of these words.
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];
/// No answer to a hello is longer.
const LONGEST: usize = 256 * 1024;

/// What a server agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    version: u16,
    suite: u16,
    /// Where a group has a part in it.
    group: Option<u16>,
}

/// What a server wants and no client here has, or what of a hello it does not bear; where that is why it turned a client
/// away.
pub(super) async fn unmet(target: &Target, failed: &Failed) -> Option<Advice> {
    let turns_away = [FailureKind::Alert, FailureKind::HandshakeCut];
    let address = *target.address.borrow();
    let unlike = match turns_away.contains(&failed.kind) {
        true => lacked(target).await,
        false => None,
    };
    if let Some((what, change)) = unlike {
        return Some(Advice {
            what,
            tried: format!("a handshake with {address}, and then a hello that offers all there is"),
            seen: format!("{} ({})", failed.kind, failed.error),
            change,
        });
    }
    let is_cut = turns_away.contains(&failed.kind) || failed.kind == FailureKind::Stalled;
    let (usual, short) = match is_cut {
        true => Box::pin(needs_less(target)).await?,
        false => return None,
    };
    Some(Advice {
        what: format!("it does not take a hello of {usual} bytes, and takes one of {short}"),
        tried: format!(
            "a handshake with {address} that offers X25519MLKEM768, as browsers do, and the same without that"
        ),
        seen: format!(
            "{} ({}); without X25519MLKEM768, an answer",
            failed.kind, failed.error
        ),
        change: format!(
            "what reads the hello, be it the server or something before it: it has to read on until the whole record is \
             there. With a key of ML-KEM a hello is longer than many packets, so that it may come in two \
             (https://tldr.fail). Browsers send such hellos, and are turned away as well. To see it by hand, use OpenSSL 3.5 or later: \
             openssl s_client -groups X25519MLKEM768:X25519 -connect {address} -servername {}",
            target.name
        ),
    })
}

async fn lacked(target: &Target) -> Option<(String, String)> {
    let asking = Box::pin(ask(target));
    let agreed = timeout(target.patience, asking).await.ok()?.ok()??;
    lacking(agreed, &aws_lc_rs::default_provider())
}

/// How long the ordinary hello is, and one without the key of ML-KEM; where the server takes that one alone.
async fn needs_less(target: &Target) -> Option<(usize, usize)> {
    let client = |provider| {
        let config = target.config_of(provider, rustls::DEFAULT_VERSIONS).ok()?;
        let config = Arc::new(config);
        let bytes = length(&config, &target.name)?;
        let client = Client::with_config(config, &target.name).ok()?;
        Some((client, bytes))
    };
    let (ordinary, usual) = client(aws_lc_rs::default_provider())?;
    let (other, short) = client(without_ml_kem())?;
    let (_, answered) = target.probe(&other).await;
    answered.ok()?;
    // It may have become ready meanwhile.
    let (_, again) = target.probe(&ordinary).await;
    again.err()?;
    Some((usual, short))
}

fn without_ml_kem() -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    let groups = &mut provider.kx_groups;
    groups.retain(|group| group.name() != NamedGroup::X25519MLKEM768);
    provider
}

/// How many bytes such a client says first.
fn length(config: &Arc<ClientConfig>, name: &str) -> Option<usize> {
    let name = ServerName::try_from(name.to_owned()).ok()?;
    let mut client = ClientConnection::new(config.clone(), name).ok()?;
    let mut hello = Vec::new();
    client.write_tls(&mut hello).ok()?;
    Some(hello.len())
}

async fn ask(target: &Target) -> io::Result<Option<Agreed>> {
    let address = *target.address.borrow();
    let mut tcp = TcpStream::connect(address).await?;
    before_tls(target.speech(), &mut tcp).await?;
    let provider = aws_lc_rs::default_provider();
    tcp.write_all(&hello(&target.name, &provider)).await?;
    let (mut seen, mut bytes) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let read = tcp.read(&mut bytes).await?;
        seen.extend_from_slice(&bytes[..read]);
        let agreed = agreed(&seen);
        if agreed.is_some() || read == 0 || seen.len() > LONGEST {
            return Ok(agreed);
        }
    }
}

/// What of it no client here has, and what to change.
fn lacking(agreed: Agreed, provider: &CryptoProvider) -> Option<(String, String)> {
    if agreed.version < 0x0303 {
        let version = ProtocolVersion::from(agreed.version);
        return Some((
            format!("it speaks no version of TLS above {version:?}"),
            "let it speak TLS 1.2 or 1.3: clients offer nothing older (RFC 8996)".into(),
        ));
    }
    if let Some(group) = agreed
        .group
        .filter(|group| !groups(provider).contains(group))
    {
        let (group, ours) = (NamedGroup::from(group), &provider.kx_groups);
        let ours: Vec<_> = ours.iter().map(|of| format!("{:?}", of.name())).collect();
        return Some((
            format!("it agrees on a key by the group {group:?} alone"),
            format!(
                "let it take one of {} as well: clients here offer these",
                ours.join(", ")
            ),
        ));
    }
    let suite = CipherSuite::from(agreed.suite);
    let has = provider.cipher_suites.iter().any(|of| of.suite() == suite);
    (!has).then(|| {
        (
            format!("it takes the cipher suite {suite:?}, and none that clients here offer"),
            "let it take TLS 1.3, or ECDHE with AES-GCM or ChaCha20-Poly1305: clients offer nothing else"
                .into(),
        )
    })
}

fn groups(provider: &CryptoProvider) -> Vec<u16> {
    let groups = provider.kx_groups.iter();
    groups.map(|group| u16::from(group.name())).collect()
}

/// The record of the hello. What clients here have comes first: a server that takes it is not to choose another.
fn hello(name: &str, provider: &CryptoProvider) -> Vec<u8> {
    let suites = provider.cipher_suites.iter();
    let suites = suites.map(|suite| u16::from(suite.suite()));
    let suites: Vec<u16> = suites.chain(OTHER_SUITES).collect();
    let groups: Vec<u16> = groups(provider).into_iter().chain(OTHER_GROUPS).collect();
    let extensions = [
        (0, sized(&[&[0], &sized(name.as_bytes())[..]].concat())),
        (10, numbers(&groups)),
        (11, vec![1, 0]),
        (13, numbers(&SCHEMES)),
        (23, Vec::new()),
        (
            43,
            [&[2 * VERSIONS.len() as u8], &flat(&VERSIONS)[..]].concat(),
        ),
        (45, vec![1, 1]),
        (51, vec![0, 0]),
        (0xff01, vec![0]),
    ];
    let extensions = extensions
        .map(|(kind, body): (u16, Vec<u8>)| [&kind.to_be_bytes()[..], &sized(&body)].concat());
    let mut body = vec![3, 3];
    // Which bytes does not matter: no key is made.
    body.extend([0x5a; 32]);
    body.extend([32; 33]);
    body.extend(numbers(&suites));
    body.extend([1, 0]);
    body.extend(sized(&extensions.concat()));
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[1], &length[1..], &body].concat();
    [&[22, 3, 1], &sized(&message)[..]].concat()
}

/// These bytes behind their length.
fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn flat(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|of| of.to_be_bytes()).collect()
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    sized(&flat(numbers))
}

/// What the records say so far. `None` where they do not say it, or not yet.
fn agreed(records: &[u8]) -> Option<Agreed> {
    let mut messages = Messages(handshake(records));
    let (2, server_hello) = messages.next()? else {
        return None;
    };
    let mut hello = server_hello.as_slice();
    let legacy = u16_of(&mut hello)?;
    let random = take(&mut hello, 32)?;
    let session = usize::from(*take(&mut hello, 1)?.first()?);
    take(&mut hello, session)?;
    let suite = u16_of(&mut hello)?;
    take(&mut hello, 1)?;
    let version = extension(hello, 43).and_then(|mut of| u16_of(&mut of));
    let version = version.unwrap_or(legacy);
    if random == RETRY {
        let group = extension(hello, 51).and_then(|mut of| u16_of(&mut of));
        return Some(Agreed {
            version,
            suite,
            group,
        });
    }
    for (kind, body) in messages {
        let group = match (kind, body.as_slice()) {
            // A curve by its name.
            (12, [3, high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            (12 | 14, _) => None,
            _ => continue,
        };
        return Some(Agreed {
            version,
            suite,
            group,
        });
    }
    None
}

/// The bytes of all whole records of a handshake, one after the other.
fn handshake(mut records: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [22, _, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((record, next)) = rest.split_at_checked(length) else {
            break;
        };
        bytes.extend_from_slice(record);
        records = next;
    }
    bytes
}

/// The messages in these bytes, by their kind.
struct Messages(Vec<u8>);

impl Iterator for Messages {
    type Item = (u8, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, a, b, c, rest @ ..] = self.0.as_slice() else {
            return None;
        };
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let (body, next) = rest.split_at_checked(length)?;
        let message = (*kind, body.to_vec());
        self.0 = next.to_vec();
        Some(message)
    }
}

/// The body of one extension of a server's hello.
fn extension(mut hello: &[u8], wanted: u16) -> Option<&[u8]> {
    u16_of(&mut hello)?;
    loop {
        let kind = u16_of(&mut hello)?;
        let length = u16_of(&mut hello)?;
        let body = take(&mut hello, length.into())?;
        if kind == wanted {
            return Some(body);
        }
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn u16_of(bytes: &mut &[u8]) -> Option<u16> {
    let taken = take(bytes, 2)?;
    Some(u16::from_be_bytes([taken[0], taken[1]]))
}
